"""JSON Schema as the registry understands it: what is refused, what fits, and that neither takes for ever."""

import json
import time

import pytest

from servery_registry.adapters.json_schema import MAX_PARTS, LibraryJsonSchemas

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def nested(depth: int) -> dict:
    schema: dict = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


def doubling(depth: int) -> dict:
    """A schema that asks for 2 ** depth looks at a value that does not fit."""
    steps = {f"s{n}": {"anyOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/s0", "$defs": steps | {f"s{depth}": {"type": "string"}}}


@pytest.fixture
def schemas() -> LibraryJsonSchemas:
    return LibraryJsonSchemas()


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        (5, "2020-12"),
        ([], "2020-12"),
        ({"type": "strin"}, "$.type"),
        ({"required": "a"}, "$.required"),
        ({"properties": {"a": {"minimum": "x"}}}, "$.properties.a.minimum"),
        ({"$ref": "https://example.com/s.json"}, "example.com"),
        ({"$ref": "file:///etc/passwd"}, "passwd"),
        ({"$ref": "s.json"}, "s.json"),
        ({"$ref": DRAFT}, "only references within"),
        ({"properties": {"a": {"$dynamicRef": "https://example.com/#x"}}}, "example.com"),
        ({"$ref": "#/$defs/none"}, "#/$defs/none"),
        ({"$ref": "#none"}, "#none"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "draft-07"),
        ({"items": {"$schema": DRAFT}}, "$schema"),
        ({"items": {"$id": "https://example.com/"}}, "$id"),
        ({"pattern": "(a+)+$"}, "(a+)+$"),
        ({"x": {"pattern": "(a+)+$"}, "$ref": "#/x"}, "(a+)+$"),
        ({"patternProperties": {"(a+)+$": {}}}, "patternProperties"),
        ({"allOf": [{}] * MAX_PARTS}, str(MAX_PARTS)),
        (nested(65), "64"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
async def test_a_schema_that_can_not_be_used_is_refused(schemas, schema, word):
    problem = await schemas.problem(json.dumps(schema))
    assert problem is not None
    assert word in problem
    assert len(problem) < 500


@pytest.mark.parametrize("text", ["{", "", "[" * 60_000, "NaN{"])
async def test_a_schema_that_is_no_json_is_refused(schemas, text):
    assert await schemas.problem(text) is not None


FITTING = [
    (True, None),
    ({}, {"a": [1]}),
    ({"$schema": DRAFT, "$id": "https://example.com/s", "type": "string"}, "x"),
    ({"type": "integer"}, 3),
    ({"enum": ["a", None]}, None),
    ({"pattern": "^[a-z]+$"}, "abc"),
    ({"pattern": "^[a-z]+$"}, 5),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"$anchor": "b", "type": "string"}}}, "x"),
    ({"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}, {"next": {"next": {}}}),
    ({"properties": {"a": True}, "unevaluatedProperties": False}, {"a": 1}),
    ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}, {"a": 2}, None]),
    ({"items": {"type": "number"}}, list(range(20_000))),
    (nested(64), {}),
]
MISFITS = [
    (False, 1, "False"),
    ({"type": "integer"}, True, "True"),
    ({"required": ["team"]}, {}, "team"),
    ({"properties": {"a": {"maximum": 3}}}, {"a": 4}, "$.a"),
    ({"pattern": "^[a-z]+$"}, "ABC", "ABC"),
    ({"pattern": "^[a-z]+-[a-z]+$"}, "a" * 10_000, "too many"),
    ({"properties": {}, "unevaluatedProperties": False}, {"a": 1}, "a"),
    ({"uniqueItems": True}, [{"a": 1, "b": [2]}, {"b": [2], "a": 1}], "unique"),
    ({"items": {"multipleOf": 1e-300}}, [1e300], "multiple"),
    ({"type": "string"}, ["x" * 50_000], "…"),
    # Small ones that ask for more than is given.
    ({"$ref": "#"}, 1, "without end"),
    (doubling(30), 5, "too much work"),
    ({"uniqueItems": True}, [[]] * 20_000, "unique"),
    ({"items": {"enum": list(range(5_000))}}, [4_999] * 10_000, "too much work"),
    ({"items": {"pattern": "a*a*b|b"}}, ["a" * 62 + "b"] * 900, "too much work"),
]


@pytest.mark.parametrize(("schema", "value"), FITTING, ids=lambda value: json.dumps(value)[:40])
async def test_a_value_that_fits_is_taken(schemas, schema, value):
    assert await schemas.problem(json.dumps(schema)) is None
    assert await schemas.misfit(json.dumps(schema), value) is None


@pytest.mark.parametrize(("schema", "value", "word"), MISFITS, ids=lambda value: json.dumps(value)[:40])
async def test_a_value_that_does_not_fit_is_refused_in_time(schemas, schema, value, word):
    assert await schemas.problem(json.dumps(schema)) is None
    begin = time.process_time()
    misfit = await schemas.misfit(json.dumps(schema), value)
    assert time.process_time() - begin < 15  # about one, on a machine with nothing else to do
    assert misfit is not None
    assert word in misfit
    assert len(misfit) < 500
