import math
import string

import pytest
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from hypothesis import given
from hypothesis import strategies as st

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api import tag_checks
from servery_registry.api.convert import value_from_proto, value_to_proto
from servery_registry.domain.alias import is_alias

SMALL = string.ascii_lowercase
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def set_alias(**given):
    return tag_checks.set_alias, pb.SetAliasRequest(**({"model": "iris", "alias": "champion", "version": 1} | given))


def set_tag(**given):
    request = {"model": "iris", "name": "team", "value": Value(string_value="vision")} | given
    return tag_checks.set_tag, pb.SetTagRequest(**request)


def set_schema(**given):
    return tag_checks.set_tag_schema, pb.SetTagSchemaRequest(tag_schema=pb.TagSchema(**({"name": "team"} | given)))


WRONG = [
    (set_alias(model=""), "model"),
    (set_alias(project="."), "project"),
    (set_alias(alias=""), "alias"),
    (set_alias(alias="latest"), "alias"),
    (set_alias(alias="Champion"), "alias"),
    (set_alias(version=0), "version"),
    (set_alias(version=-1), "version"),
    (set_alias(previous_version=-1), "previous_version"),
    ((tag_checks.delete_alias, pb.DeleteAliasRequest(model="iris", alias="latest")), "alias"),
    (set_tag(model="a b"), "model"),
    (set_tag(version=-1), "version"),
    (set_tag(name=""), "name"),
    (set_tag(name="a.b"), "name"),
    (set_tag(name="x" * 64), "name"),
    (set_tag(value=None), "value"),
    (set_tag(value=Value()), "value"),
    (set_tag(value=Value(number_value=math.nan)), "value"),
    (set_tag(value=Value(list_value=ListValue(values=[Value(number_value=math.inf)]))), "value"),
    (set_tag(value=Value(list_value=ListValue(values=[Value()]))), "value"),
    (set_tag(value=Value(struct_value=Struct(fields={"a\0": Value(bool_value=True)}))), "value"),
    (set_tag(value=Value(string_value="a\0")), "value"),
    (set_tag(value=Value(string_value="x" * (64 * 1024 - 1))), "value"),
    (set_tag(value=Value(string_value="花" * (22 * 1024))), "value"),
    ((tag_checks.delete_tag, pb.DeleteTagRequest(model="iris", name="..")), "name"),
    (set_schema(name="a b"), "tag_schema.name"),
    (set_schema(project="a b"), "tag_schema.project"),
    (set_schema(json_schema="{"), "tag_schema.json_schema"),
    (set_schema(json_schema='{"minimum": Infinity}'), "tag_schema.json_schema"),
    (set_schema(json_schema="true" + " " * 64 * 1024), "tag_schema.json_schema"),
    ((tag_checks.delete_tag_schema, pb.DeleteTagSchemaRequest()), "name"),
]


@pytest.mark.parametrize(("case", "field"), WRONG, ids=[f"{case[0].__name__}-{field}" for case, field in WRONG])
def test_a_wrong_field_is_named(case, field):
    check, request = case
    with pytest.raises(InvalidArgument) as caught:
        check(request)
    assert caught.value.field == field
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "case",
    [
        set_alias(),
        set_alias(alias="a" + "-_09z" * 12 + "zz", previous_version=0),
        set_alias(alias="latest-2"),
        set_tag(version=0),
        set_tag(name="A-z_9", value=Value(null_value=0)),
        set_tag(value=Value(string_value="x" * (64 * 1024 - 2))),
        set_schema(),
        set_schema(json_schema="true", mandatory=True),
    ],
)
def test_what_the_contract_allows_passes(case):
    check, request = case
    check(request)


@given(st.sampled_from(SMALL), st.text(SMALL + string.digits + "_-", max_size=62))
def test_what_follows_the_grammar_is_an_alias(first, rest):
    assert is_alias(first + rest) is (first + rest != "latest")


@given(st.text(SMALL + string.digits + "_-", max_size=62), st.characters(), st.text(SMALL, max_size=5))
def test_one_foreign_character_makes_it_none(before, char, after):
    if char in SMALL or (before and char in string.digits + "_-"):
        return
    assert not is_alias(before + char + after)


@given(st.text(SMALL, min_size=64, max_size=200))
def test_what_is_too_long_is_none(text):
    assert not is_alias(text)


@given(JSON)
def test_json_comes_back_from_the_wire_as_it_went(value):
    sent = pb.SetTagRequest.FromString(pb.SetTagRequest(value=value_to_proto(value)).SerializeToString())
    tag_checks.tag_value(sent.value, "value")
    assert value_from_proto(sent.value) == value
