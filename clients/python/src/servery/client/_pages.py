"""Lists that come in pages, read as one iterator."""

from collections.abc import Callable, Iterator
from typing import Any, Final

PAGE_SIZE: Final = 200


def pages(ask: Callable[[int, str], Any]) -> Iterator[Any]:
    """The answers of a List method, page by page, as they are wanted. `ask` takes page size and page token."""
    token = ""
    while True:
        answer = ask(PAGE_SIZE, token)
        yield answer
        token = answer.next_page_token
        if not token:
            return
