"""JSON Schema, draft 2020-12, with the `jsonschema` library, within bounds of time.

A schema comes from outside, and a small one can ask for more work than a machine can do. So a schema is looked at
before it is used: it refers to nothing outside of itself, its patterns are plain, its parts are few. While a value is
held against it each step is counted, and at the end of the budget the value is refused.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from servery_registry.domain.json_text import json_text
from servery_registry.domain.pattern import MAX_WORK, pattern_problem, pattern_work

MAX_PARTS: Final = 2000
"""Most objects and lists of a schema: looking at one takes a third of a millisecond."""

MAX_DEPTH: Final = 64
MAX_STEPS: Final = 200_000
"""Most steps while a value is held against a schema: about a second."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_STEPS_PER_REFERENCE = 20
_WORK_PER_STEP = 500  # steps of a regular expression in the time of one step here

_steps_left: ContextVar[int] = ContextVar("_steps_left")


class LibraryJsonSchemas:
    """What is understood of JSON Schema. Work is done in a thread, so that others are served meanwhile."""

    async def problem(self, json_schema: str) -> str | None:
        return await asyncio.to_thread(_problem, json_schema)

    async def misfit(self, json_schema: str, value: Any) -> str | None:
        return await asyncio.to_thread(_misfit, json_schema, value)


class _TooMuchWork(Exception):
    """The budget is spent."""


def _problem(json_schema: str) -> str | None:
    try:
        schema = json.loads(json_schema)
        if problem := _refused(schema):
            return problem
        error = next(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema), None)
        if error is not None:
            return f"is not a JSON Schema of draft 2020-12: {_where(error)}"
        resolver = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
        for reference in _references(schema):
            try:
                resolver.lookup(reference)
            except Unresolvable:
                return f"refers to {reference[:100]!r}, which it has not; define it under $defs"
    except ValueError as error:
        return f"is not JSON: {error}"
    except RecursionError:
        return f"nests deeper than {MAX_DEPTH}"
    return None


def _misfit(json_schema: str, value: Any) -> str | None:
    schema = json.loads(json_schema)
    if isinstance(schema, dict):
        schema.pop("$schema", None)  # it would make the library take its own validator, which does not count
    _steps_left.set(MAX_STEPS)
    try:
        error = next(_Counting(schema, registry=Registry()).iter_errors(value), None)
    except _TooMuchWork:
        return "it takes too much work to tell; simplify the schema, or shorten the value"
    except RecursionError:
        return "the schema refers to itself without end, or the value nests too deep"
    return None if error is None else _where(error)


def _refused(schema: Any) -> str | None:
    """What of a schema is refused although the draft allows it. Looks everywhere, be it a schema there or not."""
    count = 0
    pending: list[tuple[Any, int]] = [(schema, 0)]
    while pending:
        part, depth = pending.pop()
        if not isinstance(part, dict | list):
            continue
        count += 1
        if count > MAX_PARTS:
            return f"has more than {MAX_PARTS} objects and lists; simplify it"
        if depth > MAX_DEPTH:
            return f"nests deeper than {MAX_DEPTH}"
        if isinstance(part, dict) and (problem := _refused_object(part, nested=depth > 0)):
            return problem
        pending += [(each, depth + 1) for each in (part.values() if isinstance(part, dict) else part)]
    return None


def _refused_object(part: dict[str, Any], *, nested: bool) -> str | None:
    if "patternProperties" in part:
        return "uses patternProperties, which is not taken; name the properties, or use propertyNames"
    for keyword in ("$ref", "$dynamicRef"):
        reference = part.get(keyword)
        if isinstance(reference, str) and not reference.startswith("#"):
            return f"refers to {reference[:100]!r}; only references within the schema, such as #/$defs/x, are followed"
    dialect = part.get("$schema")
    if isinstance(dialect, str) and (nested or dialect.rstrip("#") != _DRAFT):
        return f"names $schema {dialect[:100]!r}; only {_DRAFT} is understood, and only at the top"
    if nested and isinstance(part.get("$id"), str):
        return "names an $id within; only the whole schema may have one"
    pattern = part.get("pattern")
    if isinstance(pattern, str) and (problem := pattern_problem(pattern)):
        return f"has pattern {pattern[:100]!r}, which {problem}"
    return None


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(reference := part.get(keyword), str):
                yield reference
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _references(each)


def _where(error: ValidationError) -> str:
    """An error in few words, as it may quote all of the value."""
    message = error.message if len(error.message) <= 300 else f"{error.message[:200]} … {error.message[-80:]}"
    return message if error.json_path == "$" else f"at {error.json_path[:100]}: {message}"


def _spend(steps: int) -> None:
    left = _steps_left.get() - steps
    if left < 0:
        raise _TooMuchWork
    _steps_left.set(left)


def _breadth(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _counted(check: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
    """A keyword's check that counts what it goes through: what the schema lists, and the keys of an object."""

    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _spend(1 + _breadth(value) + (len(instance) if isinstance(instance, dict) else 0))
        yield from check(validator, value, instance, schema) or ()

    return counted


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str):
        work = pattern_work(pattern, len(instance))
        if work > MAX_WORK:
            yield ValidationError(f"{len(instance)} characters are too many for the pattern {pattern[:100]!r}")
            return
        _spend(work // _WORK_PER_STEP)
    yield from Draft202012Validator.VALIDATORS["pattern"](validator, pattern, instance, schema) or ()


def _reference(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    _spend(_STEPS_PER_REFERENCE)
    yield from Draft202012Validator.VALIDATORS["$ref"](validator, reference, instance, schema) or ()


def _unique_items(validator: Any, unique: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: FBT001 – the library's own order
    """The library compares every two items; their texts are as good, since equal values have one form here."""
    if unique and isinstance(instance, list):
        _spend(len(instance))
        if len({json_text(_ordered(item)) for item in instance}) < len(instance):
            yield ValidationError("the items are not unique")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


_Counting: Any = extend(
    Draft202012Validator,
    {name: _counted(check) for name, check in Draft202012Validator.VALIDATORS.items()}
    | {"$ref": _counted(_reference), "pattern": _counted(_pattern), "uniqueItems": _counted(_unique_items)},
)
