"""JSON that is kept as text, so that its numbers and spaces stay as its author wrote them."""

import json
from typing import Any, Final, NoReturn

MAX_INPUT_EXAMPLE_BYTES: Final = 1024 * 1024


def json_problem(text: str, max_bytes: int) -> str | None:
    """What is wrong with a text that should be JSON, for a person; None when nothing is."""
    size = len(text.encode())
    if size > max_bytes:
        return f"must be at most {max_bytes} bytes, is {size}"
    try:
        # Numbers stay text: nobody asks for their value, and some are too long to be had.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except ValueError as error:
        return f"is not JSON: {error}"
    except RecursionError:
        return "nests too deep"
    return None


def json_text(value: Any) -> str:
    """A JSON value as text, as short as it goes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it has no {constant}; write null")
