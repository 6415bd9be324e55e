import base64
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_kit.paging import next_token
from servery_registry.api import windows
from servery_registry.domain.listing import Listing, Window

names = st.from_regex(r"[A-Za-z0-9_-]{1,255}", fullmatch=True)


def ends_with(**key) -> Listing:
    return Listing([SimpleNamespace(**key)], more=True)


@given(names, st.integers(1, 1000))
def test_a_token_of_models_leads_on(name, size):
    request = pb.ListModelsRequest(page_size=size)
    request.page_token = windows.models_token(request, ends_with(name=name))
    assert windows.models_window(request) == Window(size=size, after=name)
    request.project = "default"  # the same as none
    assert windows.models_window(request).after == name


@given(st.integers(1, 2**31 - 1), st.lists(names, min_size=1, max_size=3).map("/".join))
def test_a_token_of_the_latest_files_stays_at_its_version(number, path):
    request = pb.ListFilesRequest(model="iris")
    request.page_token = windows.files_token(request, number, ends_with(path=path))
    assert windows.files_window(request) == (number, Window(size=50, after=path))


def test_the_last_page_has_no_token():
    assert windows.models_token(pb.ListModelsRequest(), Listing([], more=False)) == ""


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (1, 1), (1000, 1000), (1001, 1000), (2**31 - 1, 1000)])
def test_a_page_has_a_size(asked, size):
    assert windows.models_window(pb.ListModelsRequest(page_size=asked)).size == size


def test_a_negative_size_is_refused():
    with pytest.raises(InvalidArgument) as caught:
        windows.models_window(pb.ListModelsRequest(page_size=-1))
    assert caught.value.field == "page_size"


@given(st.text(max_size=80))
def test_any_text_as_a_token_is_refused_or_none(text):
    for window, request in (
        (windows.models_window, pb.ListModelsRequest(page_token=text)),
        (windows.files_window, pb.ListFilesRequest(page_token=text)),
    ):
        if text:
            with pytest.raises(InvalidArgument):
                window(request)


def test_a_token_that_nests_without_end_is_refused():
    token = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    with pytest.raises(InvalidArgument):
        windows.models_window(pb.ListModelsRequest(page_token=token))


@pytest.mark.parametrize("key", ["", "..", "a/b", "a\0", "x" * 256])
def test_a_forged_name_in_a_token_is_refused(key):
    with pytest.raises(InvalidArgument):
        windows.models_window(pb.ListModelsRequest(page_token=next_token(key, "models", "default", "")))


@pytest.mark.parametrize("key", ["", "1", "x/a", "1/../a", "2/a"])
def test_a_forged_path_in_a_token_is_refused(key):
    token = next_token(key, "files", "default", "iris", 1)
    assert json.loads(base64.urlsafe_b64decode(token + "=="))[0] == key
    with pytest.raises(InvalidArgument):
        windows.files_window(pb.ListFilesRequest(model="iris", version=1, page_token=token))


def test_a_page_is_cut_where_the_message_would_grow_too_large():
    def to_proto(size):
        return pb.Model(description="x" * size)

    third = windows.ANSWER_BYTES // 3
    small = Listing([1, 2], more=False)
    assert windows.fitting(small, to_proto)[1] == small
    messages, shown = windows.fitting(Listing([third] * 5, more=False), to_proto)
    assert (len(messages), shown) == (2, Listing([third] * 2, more=True))
    messages, shown = windows.fitting(Listing([4 * third, 1], more=False), to_proto)
    assert (len(messages), shown) == (1, Listing([4 * third], more=True))
    assert windows.fitting(Listing([], more=False), to_proto) == ([], Listing([], more=False))
