import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_kit.paging import next_token
from servery_registry.api import windows
from servery_registry.api.search import key_from_text, key_text, search_from_proto
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.order import Part
from servery_registry.domain.order_parsing import parse_order
from servery_registry.domain.version import Framework, State, Version
from tests.fakes.filters import NUMBERS, TIMES

ASKED = {
    "model": "iris",
    "filter": "metrics.accuracy > 0.9 AND framework = ONNX",
    "order_by": "metrics.accuracy desc",
}
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,255}", fullmatch=True)
ORDERS = st.sampled_from(["", "version", "create_time desc", "model", "metrics.accuracy", "metrics.accuracy desc"])
TIME = datetime(2026, 1, 1, tzinfo=UTC)


def version(name: str = "iris", number: int = 3, value: float = 0.95, time: datetime = TIME) -> Version:
    return Version(
        project="default",
        model=name,
        number=number,
        id="v",
        state=State.READY,
        framework=Framework.ONNX,
        metrics={"accuracy": value},
        description="",
        creator="me",
        create_time=time,
        update_time=time,
        etag="e",
    )


def token_of(**asked) -> str:
    return windows.versions_token(search_from_proto(pb.ListVersionsRequest(**asked)), Listing([version()], more=True))


def window_of(**asked) -> Window:
    request = pb.ListVersionsRequest(**asked)
    return windows.versions_window(request, search_from_proto(request))


@given(NAMES, st.integers(1, 2**31 - 1), NUMBERS, TIMES, ORDERS)
def test_a_token_leads_on_from_the_last_version_of_a_page(name, number, value, time, order_by):
    request = pb.ListVersionsRequest(model="-", order_by=order_by, page_size=7)
    search = search_from_proto(request)
    last = version(name, number, value, time)
    request.page_token = windows.versions_token(search, Listing([last], more=True))
    of_part = {Part.MODEL: name, Part.NUMBER: number, Part.VALUE: value, Part.CREATE_TIME: time}
    after = tuple(of_part[part] for part, _ in search.order.parts)
    assert windows.versions_window(request, search) == Window(size=7, after=after)


def test_the_last_page_has_no_token():
    search = search_from_proto(pb.ListVersionsRequest(**ASKED))
    assert windows.versions_token(search, Listing([version()], more=False)) == ""
    assert windows.versions_token(search, Listing([], more=False)) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"project": "other"},
        {"model": "digits"},
        {"model": "-"},
        {"show_pending": True},
        {"filter": ""},
        {"filter": ASKED["filter"] + " AND version > 1"},
        {"filter": "metrics.accuracy >= 0.9 AND framework = ONNX"},
        {"order_by": ""},
        {"order_by": "metrics.accuracy"},
        {"order_by": "metrics.loss desc"},
    ],
)
def test_a_token_of_another_list_is_refused(change):
    with pytest.raises(InvalidArgument, match="another list") as caught:
        window_of(**(ASKED | change), page_token=token_of(**ASKED))
    assert caught.value.field == "page_token"


@pytest.mark.parametrize(
    "change",
    [
        {"project": "default"},
        {"page_size": 9},
        {"filter": 'metrics."accuracy">.9 AND framework="ONNX"'},
        {"order_by": '  metrics."accuracy"  desc '},
    ],
)
def test_a_token_fits_the_same_list_asked_for_in_other_words(change):
    assert window_of(**(ASKED | change), page_token=token_of(**ASKED)).after == (0.95, "iris", 3)


@given(st.text(min_size=1, max_size=80))
def test_any_text_as_a_token_is_refused(text):
    with pytest.raises(InvalidArgument):
        window_of(**ASKED, page_token=text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("iris"),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(ORDERS, st.lists(_JSON, min_size=1, max_size=4).map(json.dumps) | st.text(max_size=10))
def test_a_forged_place_is_none_or_of_the_right_types(order_by, text):
    order = parse_order(order_by)
    key = key_from_text(text, order)
    if key is not None:
        assert key_from_text(key_text(key), order) == key
        types = {Part.MODEL: str, Part.NUMBER: int, Part.VALUE: float, Part.CREATE_TIME: datetime}
        assert [type(value) for value in key] == [types[part] for part, _ in order.parts]


@pytest.mark.parametrize(
    ("order_by", "key"),
    [
        ("", ""),
        ("", "7"),
        ("", "[" * 100_000),
        ("", '["iris"]'),
        ("", '["iris", 0]'),
        ("", '["iris", true]'),
        ("", '["iris", 2147483648]'),
        ("", '["../x", 1]'),
        ("", '["iris", 1, 1]'),
        ("metrics.a", '[NaN, "iris", 1]'),
        ("metrics.a", '[1e999, "iris", 1]'),
        ("metrics.a", '[1, "iris", 1]'),
        ("create_time", '["2026-01-01T00:00:00", "iris", 1]'),
        ("create_time", '["0001-01-01T00:00:00+14:00", "iris", 1]'),
        ("create_time", '["yesterday", "iris", 1]'),
    ],
)
def test_a_forged_place_in_a_token_is_refused(order_by, key):
    request = pb.ListVersionsRequest(model="-", order_by=order_by)
    search = search_from_proto(request)
    request.page_token = next_token(key, *search.scope)
    with pytest.raises(InvalidArgument) as caught:
        windows.versions_window(request, search)
    assert caught.value.field == "page_token"


@pytest.mark.parametrize(("wrong", "field"), [({"filter": "x"}, "filter"), ({"order_by": "x"}, "order_by")])
def test_what_is_no_filter_or_no_order_is_refused(wrong, field):
    with pytest.raises(InvalidArgument) as caught:
        search_from_proto(pb.ListVersionsRequest(model="iris", **wrong))
    assert caught.value.field == field
