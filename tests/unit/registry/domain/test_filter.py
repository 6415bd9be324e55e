import math
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import InvalidArgument
from servery_registry.domain.filter import Comparison, Field, Operator, filter_text
from servery_registry.domain.filter_parsing import MAX_COMPARISONS, MAX_TEXT, parse_filter
from servery_registry.domain.version import Framework, State
from tests.fakes.filters import filters

EQ, GT, LE = Operator.EQ, Operator.GT, Operator.LE


@given(filters())
def test_a_filter_that_is_written_down_is_read_back(where):
    assert parse_filter(filter_text(where)) == where
    assert [type(each.value) for each in parse_filter(filter_text(where))] == [type(each.value) for each in where]


_PIECES = [
    *("model", "metrics.", "tags.", "tags.a", "alias", "create_time", "AND", "and", "null", "true", "1e999", "-1"),
    *("=", "!=", "<", ">=", "*", "(", ".", '"', "\\", "\0", '"2026-01-01T00:00:00Z"', "0001-01-01T00:00:00+14:00"),
]


@given(st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=3))).map(" ".join)))
def test_any_text_is_a_filter_or_an_invalid_argument(text):
    try:
        where = parse_filter(text)
    except InvalidArgument:
        return
    assert parse_filter(filter_text(where)) == where


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("framework = SKLEARN", Comparison(Field.FRAMEWORK, EQ, "SKLEARN")),
        ('framework="SKLEARN"', Comparison(Field.FRAMEWORK, EQ, "SKLEARN")),
        ("state != PENDING", Comparison(Field.STATE, Operator.NE, "PENDING")),
        ('model = "iris*"', Comparison(Field.MODEL, EQ, "iris*")),
        ("model = 8-bit*", Comparison(Field.MODEL, EQ, "8-bit*")),
        ("alias=*", Comparison(Field.ALIAS, EQ, "*")),
        ('creator = "a \\"b\\" \\\\ \n花"', Comparison(Field.CREATOR, EQ, 'a "b" \\ \n花')),
        ("metrics.accuracy>.9", Comparison(Field.METRIC, GT, 0.9, "accuracy")),
        ("metrics.val/f1.macro@5 <= -1E-3", Comparison(Field.METRIC, LE, -0.001, "val/f1.macro@5")),
        ('metrics."größe in m" > 3', Comparison(Field.METRIC, GT, 3.0, "größe in m")),
        ("tags.team = vision", Comparison(Field.TAG, EQ, "vision", "team")),
        ('tags.team = "true"', Comparison(Field.TAG, EQ, "true", "team")),
        ("tags.ok = true", Comparison(Field.TAG, EQ, True, "ok")),
        ("tags.n > 3", Comparison(Field.TAG, GT, 3.0, "n")),
        ("version <= 7", Comparison(Field.VERSION, LE, 7)),
        (
            "create_time > 2026-01-31T12:00:00.5+01:00",
            Comparison(Field.CREATE_TIME, GT, datetime(2026, 1, 31, 11, 0, 0, 500_000, UTC)),
        ),
    ],
)
def test_a_comparison_is_read(text, comparison):
    assert parse_filter(text) == (comparison,)
    assert parse_filter(f" {text}\n AND\t{text} ") == (comparison, comparison)
    assert type(parse_filter(text)[0].value) is type(comparison.value)


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_filter_asks_for_all(text):
    assert parse_filter(text) == ()


@pytest.mark.parametrize(
    ("text", "at", "allowed"),
    [
        ("accuracy > 0.9", 1, "choose from model, framework"),
        ("model.x = a", 1, "metrics.NAME"),
        ("metrics > 1", 1, "1 to 255 characters"),
        ('metrics. "a" > 1', 1, "1 to 255 characters"),
        ("tags.a.b = 1", 1, "letters, digits, - and _"),
        ("metrics.a* > 1", 1, "a field must stand here"),
        ('"model" = a', 1, "a field must stand here"),
        ("model = a AND", 14, "a field must stand here"),
        ("model = a and model = b", 11, "AND"),
        ("model = a OR model = b", 11, "AND"),
        ("(model = a)", 1, "double quotes"),
        ("model = a, state = READY", 10, "double quotes"),
        ("NOT model = a", 1, "a field must stand here"),
        ("model : a", 7, "operator"),
        ("model == a", 8, "a value must follow"),
        ("model", 6, "operator"),
        ("model =", 8, "a value must follow"),
        ('model = "a', 9, "closing quote"),
        ('creator = "\\n"', 11, "closing quote"),
        ("model = 'a'", 9, "double quotes"),
        ("model = a/b", 9, "1 to 255 letters"),
        ("model = *a", 10, "AND"),
        ("model > a", 7, "= and != only"),
        ("framework = sklearn", 13, ", ".join(framework.value for framework in Framework)),
        ("state = DONE", 9, ", ".join(state.value for state in State)),
        ("creator < a", 9, "= and != only"),
        ("alias = Champion", 9, "small letter"),
        ("alias = latest", 9, "version desc"),
        ("alias > a", 7, "= and != only"),
        ("tags.a > b", 8, "unless with a number"),
        ("tags.a = null", 10, "quotes"),
        ("tags.a = a*", 10, "quotes"),
        ("metrics.a > high", 13, "a number"),
        ('metrics.a > "1"', 13, "without quotes"),
        ("metrics.a > 1e999", 13, "1.7e308"),
        ("metrics.a > nan", 13, "a number"),
        ("metrics.a > 0x1", 13, "a number"),
        ("metrics.a > ٣", 13, "double quotes"),
        ("version = 1.5", 11, "whole number"),
        ("version = -1", 11, "whole number"),
        ("version = 2147483648", 11, "2147483647"),
        ('version = "1"', 11, "without quotes"),
        ("create_time > yesterday", 15, "2026-01-31T12:00:00Z"),
        ("create_time > 2026-01-31", 15, "2026-01-31T12:00:00Z"),
        ("create_time > 2026-02-30T00:00:00Z", 15, "2026-01-31T12:00:00Z"),
        ("create_time > 2026-01-31T12:00:00", 15, "2026-01-31T12:00:00Z"),
        ("create_time > 2026-01-31T12:00:00.1234567Z", 15, "microseconds"),
        ("create_time > 0001-01-01T00:00:00+14:00", 15, "2026-01-31T12:00:00Z"),
        ('creator = "a\0"', 13, "NUL"),
    ],
)
def test_what_is_wrong_is_shown_with_its_place_and_what_is_allowed(text, at, allowed):
    with pytest.raises(InvalidArgument, match=re.escape(allowed)) as caught:
        parse_filter(text)
    rest = text[at - 1 :]
    assert (caught.value.field, caught.value.reason) == ("filter", "FILTER_INVALID")
    assert len(str(caught.value)) < 300
    assert f"at character {at}, {rest[:24]!r}" in str(caught.value) if rest else "at its end" in str(caught.value)


def test_a_filter_is_bounded():
    longest = f'creator = "{"x" * (MAX_TEXT - 12)}"'
    assert len(longest) == MAX_TEXT
    assert len(parse_filter(longest)) == 1
    with pytest.raises(InvalidArgument, match="4096"):
        parse_filter(longest + " ")
    most = " AND ".join(["version > 1"] * MAX_COMPARISONS)
    assert len(parse_filter(most)) == MAX_COMPARISONS
    with pytest.raises(InvalidArgument, match="at most 20 comparisons"):
        parse_filter(most + " AND version > 1")


def test_a_time_is_written_in_utc():
    time = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert filter_text([Comparison(Field.CREATE_TIME, EQ, time)]) == 'create_time = "2025-12-31T23:00:00Z"'


def test_all_ways_to_write_a_filter_are_written_as_one():
    ways = ['tags."team"!=vision  AND version=007', 'tags.team != "vision" AND version = 7']
    assert {filter_text(parse_filter(way)) for way in ways} == {ways[1]}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_all_its_digits(number):
    (read,) = parse_filter(f"metrics.a = {number!r}")
    assert read.value == number
    assert math.copysign(1, float(read.value)) == math.copysign(1, number)
