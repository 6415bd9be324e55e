from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import InvalidArgument
from servery_registry.domain.order import NEWEST, Order, Part, order_text
from servery_registry.domain.order_parsing import parse_order
from servery_registry.domain.version import Framework, State, Version, key_of
from tests.fakes.filters import METRIC_NAMES


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", NEWEST),
        ("  ", NEWEST),
        ("version", Order(((Part.NUMBER, False), (Part.MODEL, False)))),
        (" model\tdesc ", Order(((Part.MODEL, True), (Part.NUMBER, True)))),
        ("create_time", Order(((Part.CREATE_TIME, False), (Part.MODEL, False), (Part.NUMBER, False)))),
        ("metrics.a.b desc", Order(((Part.VALUE, True), (Part.MODEL, True), (Part.NUMBER, True)), "a.b")),
        ('metrics."a\\" \\\\"', Order(((Part.VALUE, False), (Part.MODEL, False), (Part.NUMBER, False)), 'a" \\')),
        ("metrics.desc", Order(((Part.VALUE, False), (Part.MODEL, False), (Part.NUMBER, False)), "desc")),
    ],
)
def test_an_order_is_read_and_written_down(text, order):
    assert parse_order(text) == order
    assert parse_order(order_text(order)) == order


@given(METRIC_NAMES, st.booleans())
def test_a_metric_of_any_name_orders(name, down):
    order = Order(tuple((part, down) for part in (Part.VALUE, Part.MODEL, Part.NUMBER)), name)
    assert parse_order(order_text(order)) == order


@pytest.mark.parametrize(
    "text",
    [
        *(
            "name",
            "version asc",
            "version DESC",
            "version,model",
            "versiondesc",
            "model desc desc",
            "framework",
            "desc",
        ),
        *("metrics", "metrics.", 'metrics.""', 'metrics."', "metrics.a b", "metrics.a\0", f"metrics.{'x' * 256}"),
        *("desc", "x" * 10_000),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(text):
    with pytest.raises(InvalidArgument, match=r"choose from version, create_time, model and metrics\.NAME") as caught:
        parse_order(text)
    assert (caught.value.field, caught.value.reason) == ("order_by", "ORDER_INVALID")
    assert len(str(caught.value)) < 500


@given(st.text())
def test_any_text_is_an_order_or_an_invalid_argument(text):
    try:
        order = parse_order(text)
    except InvalidArgument:
        return
    assert parse_order(order_text(order)) == order


def test_a_version_has_a_place_in_each_order():
    time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)
    version = Version(
        project="default",
        model="iris",
        number=3,
        id="v",
        state=State.READY,
        framework=Framework.ONNX,
        metrics={"a": 1},
        description="",
        creator="me",
        create_time=time,
        update_time=time,
        etag="e",
    )
    keys = {text: key_of(version, parse_order(text)) for text in ("", "version desc", "create_time", "metrics.a")}
    assert keys == {
        "": ("iris", 3),
        "version desc": (3, "iris"),
        "create_time": (time, "iris", 3),
        "metrics.a": (1.0, "iris", 3),
    }
