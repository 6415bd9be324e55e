"""From page tokens to windows of a list, and back. A key out of a token is checked like any other input."""

from collections.abc import Callable
from typing import Final, TypeVar

from google.protobuf.message import Message

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_kit import paging
from servery_registry.api.convert import project_from_proto
from servery_registry.api.search import Search, key_from_text, key_text
from servery_registry.domain.file import File, path_problem
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import MAX_NUMBER, Model, is_name
from servery_registry.domain.order import Key
from servery_registry.domain.tag import TagSchema, is_tag_name
from servery_registry.domain.version import Version, key_of

T = TypeVar("T")
M = TypeVar("M", bound=Message)

ANSWER_BYTES: Final = 3 * 1024 * 1024
"""Where a page is cut: a message must stay under 4 MiB, and a thousand long descriptions would not."""


def fitting(found: Listing[T], to_proto: Callable[[T], M]) -> tuple[list[M], Listing[T]]:
    """The messages of a page, as many as fit in one answer (one at least), and the window that they are."""
    messages: list[M] = []
    size = 0
    for item in found.items:
        message = to_proto(item)
        size += message.ByteSize()
        if messages and size > ANSWER_BYTES:
            break
        messages.append(message)
    count = len(messages)
    return messages, Listing(found.items[:count], more=found.more or count < len(found.items))


def models_window(request: pb.ListModelsRequest) -> Window[str]:
    """Raise InvalidArgument when the token is not one that was given out for this list."""
    page = paging.request_page(request.page_size, request.page_token, *_models(request))
    if page.after is not None and not is_name(page.after):
        raise _forged()
    return Window(size=page.size, after=page.after)


def models_token(request: pb.ListModelsRequest, found: Listing[Model]) -> str:
    return paging.next_token(found.items[-1].name if found.more else None, *_models(request))


def versions_window(request: pb.ListVersionsRequest, search: Search) -> Window[Key]:
    """Raise InvalidArgument when the token is not one that was given out for this list."""
    page = paging.request_page(request.page_size, request.page_token, *search.scope)
    if page.after is None:
        return Window(size=page.size)
    after = key_from_text(page.after, search.order)
    if after is None:
        raise _forged()
    return Window(size=page.size, after=after)


def versions_token(search: Search, found: Listing[Version]) -> str:
    after = key_text(key_of(found.items[-1], search.order)) if found.more else None
    return paging.next_token(after, *search.scope)


def files_window(request: pb.ListFilesRequest) -> tuple[int, Window[str]]:
    """The version to list, and the window: the pages after the first stay at what was the latest version then.

    Raise InvalidArgument when the token is not one that was given out for this list.
    """
    page = paging.request_page(request.page_size, request.page_token, *_files(request))
    if page.after is None:
        return request.version, Window(size=page.size)
    number, _, path = page.after.partition("/")
    if path_problem(path) or request.version not in (0, _number(number)):
        raise _forged()
    return _number(number), Window(size=page.size, after=path)


def files_token(request: pb.ListFilesRequest, version: int, found: Listing[File]) -> str:
    return paging.next_token(f"{version}/{found.items[-1].path}" if found.more else None, *_files(request))


def tag_schemas_window(request: pb.ListTagSchemasRequest) -> Window[str]:
    """Raise InvalidArgument when the token is not one that was given out for this list."""
    page = paging.request_page(request.page_size, request.page_token, *_tag_schemas(request))
    if page.after is not None and not is_tag_name(page.after):
        raise _forged()
    return Window(size=page.size, after=page.after)


def tag_schemas_token(request: pb.ListTagSchemasRequest, found: Listing[TagSchema]) -> str:
    return paging.next_token(found.items[-1].name if found.more else None, *_tag_schemas(request))


def _models(request: pb.ListModelsRequest) -> tuple[object, ...]:
    return "models", project_from_proto(request.project), request.name_prefix


def _files(request: pb.ListFilesRequest) -> tuple[object, ...]:
    return "files", project_from_proto(request.project), request.model, request.version


def _tag_schemas(request: pb.ListTagSchemasRequest) -> tuple[object, ...]:
    return "tag_schemas", project_from_proto(request.project)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER))):
        raise _forged()
    return min(int(text), MAX_NUMBER)


def _forged() -> InvalidArgument:
    return InvalidArgument("page_token is not one that this service gave out", field="page_token")
