"""JSON values to and from the wire: tags as protobuf values, examples and schemas as text."""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

from servery.errors import InvalidArgument

_EXACT: Final = 2**53
"""Whole numbers beyond it change their value in a double, which is what the wire has for a number."""


def from_proto(message: struct_pb2.Value) -> Any:
    """The JSON value; whole numbers are ints."""
    match message.WhichOneof("kind"):
        case "struct_value":
            fields = message.struct_value.fields
            return {name: from_proto(fields[name]) for name in sorted(fields)}
        case "list_value":
            return [from_proto(each) for each in message.list_value.values]
        case "number_value":
            number = message.number_value
            return int(number) if number.is_integer() and abs(number) <= _EXACT else number
        case "string_value":
            return message.string_value
        case "bool_value":
            return message.bool_value
        case _:
            return None


def to_proto(value: Any, *, field: str = "value") -> struct_pb2.Value:
    """The value for the wire. Raise InvalidArgument for what is not JSON, or would lose digits."""
    plain = json.loads(to_text(value, field=field))
    _refuse_large(plain, field)
    return json_format.ParseDict(plain, struct_pb2.Value(), max_recursion_depth=1000)


def from_text(text: str) -> Any:
    """What JSON text says; None when there is no text."""
    return json.loads(text) if text else None


def to_text(value: Any, *, field: str) -> str:
    """JSON text. Arrays of numpy become lists; raise InvalidArgument for what is not JSON."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"{field} must be JSON: {error}", field=field) from None


def example_to_text(value: Any) -> str:
    """An input example as text: JSON, an array, a pandas Series, or a pandas DataFrame, of which the first row counts.

    Empty text for None. Raise InvalidArgument for what is empty or not JSON.
    """
    if value is None:
        return ""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        value = value.iloc[0].tolist() if len(value) else []
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping | list | tuple | str) and not value:
        raise InvalidArgument("input_example is empty: give one row at least, or leave it out", field="input_example")
    return to_text(value, field="input_example")


def _plain(value: Any) -> Any:
    # numpy and pandas are never imported here: their values can only come where they are loaded.
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _refuse_large(value: Any, field: str) -> None:
    match value:
        case bool():
            return
        case int() if abs(value) > _EXACT:
            raise InvalidArgument(
                f"{field} holds {value}, which is not exact beyond 2^53: give it as text", field=field
            )
        case list():
            for each in value:
                _refuse_large(each, field)
        case dict():
            for each in value.values():
                _refuse_large(each, field)
