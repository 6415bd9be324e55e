"""Schemas and provenance to and from the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

import servery.registry.v1 as pb
from servery.client._schema import Column, ModelSchema, Provenance, Schema, TensorSchema
from servery.errors import InvalidArgument

Noun = TypeVar("Noun", Column, TensorSchema, Schema, ModelSchema, Provenance)


def model_schema(given: ModelSchema | Mapping[str, Any]) -> ModelSchema:
    """A schema from JSON: {"input": SIDE, "output": SIDE}, where SIDE is {"columns": […]} or {"tensors": […]}.

    A column has `type` and may have `name` and `description`; a tensor has `shape`, too. Hopsworks' names are taken as
    well: `input_schema`, `output_schema`, `columnar_schema`, `tensor_schema`. Raise InvalidArgument that says what is
    wrong where.
    """
    if isinstance(given, ModelSchema):
        return given
    sides = _keys(given, "schema", {"input": "input_schema", "output": "output_schema"})
    return ModelSchema(**{name: _side(side, f"schema.{name}") for name, side in sides.items() if side is not None})


def provenance(given: Provenance | Mapping[str, Any]) -> Provenance:
    """Provenance from a mapping with the names of its fields. Raise InvalidArgument for a name that is none."""
    if isinstance(given, Provenance):
        return given
    known = {field.name: "" for field in fields(Provenance)}
    return Provenance(**_keys(given, "provenance", known))


def model_schema_to_proto(schema: ModelSchema) -> pb.ModelSchema:
    message = pb.ModelSchema()
    for side, target in ((schema.input, message.input), (schema.output, message.output)):
        if side is not None:
            target.SetInParent()
            target.columns.extend(pb.Column(**asdict(column)) for column in side.columns)
            target.tensors.extend(pb.TensorSchema(**asdict(tensor)) for tensor in side.tensors)
    return message


def model_schema_from_proto(message: pb.ModelSchema) -> ModelSchema:
    return ModelSchema(
        input=_schema_from_proto(message.input) if message.HasField("input") else None,
        output=_schema_from_proto(message.output) if message.HasField("output") else None,
    )


def provenance_to_proto(given: Provenance) -> pb.Provenance:
    try:
        return pb.Provenance(**asdict(given))
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"provenance does not fit: {error}", field="provenance") from None


def provenance_from_proto(message: pb.Provenance) -> Provenance:
    values = {field.name: getattr(message, field.name) for field in fields(Provenance)}
    return Provenance(**values | {"links": dict(sorted(message.links.items()))})


def _schema_from_proto(message: pb.Schema) -> Schema:
    return Schema(
        columns=tuple(Column(name=c.name, type=c.type, description=c.description) for c in message.columns),
        tensors=tuple(
            TensorSchema(name=t.name, type=t.type, shape=tuple(t.shape), description=t.description)
            for t in message.tensors
        ),
    )


def _side(given: Any, where: str) -> Schema:
    if isinstance(given, Schema):
        return given
    parts = _keys(given, where, {"columns": "columnar_schema", "tensors": "tensor_schema"})
    if len(parts) != 1:
        raise InvalidArgument(f"{where} must have columns or tensors, one of the two", field=where)
    ((name, entries),) = parts.items()
    if isinstance(entries, Mapping):  # Hopsworks writes a single tensor without a list around it
        entries = [entries]
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise InvalidArgument(f"{where}.{name} must be a list", field=f"{where}.{name}")
    if name == "columns":
        return Schema(columns=tuple(_entry(e, Column, f"{where}.columns[{i}]") for i, e in enumerate(entries)))
    return Schema(tensors=tuple(_entry(e, TensorSchema, f"{where}.tensors[{i}]") for i, e in enumerate(entries)))


def _entry(given: Any, noun: type[Noun], where: str) -> Noun:
    if isinstance(given, noun):
        return given
    known = {field.name: "" for field in fields(noun)}
    values = {name: value for name, value in _keys(given, where, known).items() if value is not None}
    for name in ("type", "shape"):
        if name in known and name not in values:
            raise InvalidArgument(f"{where} has no {name}", field=where)
    if not all(isinstance(value, str) for name, value in values.items() if name != "shape"):
        raise InvalidArgument(f"{where}: name, type and description must be text", field=where)
    if "shape" in values:
        try:
            values["shape"] = tuple(int(size) for size in values["shape"])
        except (TypeError, ValueError):
            raise InvalidArgument(
                f"{where}.shape must be a list of whole numbers, as in [-1, 4]", field=where
            ) from None
    return noun(**values)


def _keys(given: Any, where: str, known: Mapping[str, str]) -> dict[str, Any]:
    """The entries by our names; `known` maps those to another one that is taken as well."""
    if not isinstance(given, Mapping):
        raise InvalidArgument(f"{where} must be an object with any of: {', '.join(known)}", field=where)
    names = {other: name for name, other in known.items() if other} | {name: name for name in known}
    unknown = sorted(str(key) for key in given if key not in names)
    if unknown:
        raise InvalidArgument(f"{where} has no {', '.join(unknown)}; it has {', '.join(known)}", field=where)
    return {names[key]: value for key, value in given.items()}
