"""Schemas and provenance as the JSON of a column. What says nothing is left out, and is not asked for when read."""

from dataclasses import asdict
from typing import Any

from servery_registry.domain.model_schema import Column, ModelSchema, Schema, Tensor
from servery_registry.domain.provenance import Provenance


def schema_to_json(schema: ModelSchema) -> dict[str, Any]:
    return {key: value for key, value in asdict(schema).items() if any(value.values())}


def schema_from_json(stored: dict[str, Any]) -> ModelSchema:
    return ModelSchema(**{key: _side(value) for key, value in stored.items()})


def provenance_to_json(provenance: Provenance) -> dict[str, Any]:
    return {key: value for key, value in asdict(provenance).items() if value}


def provenance_from_json(stored: dict[str, Any]) -> Provenance:
    return Provenance(**stored)


def _side(stored: dict[str, Any]) -> Schema:
    return Schema(
        columns=tuple(Column(**each) for each in stored["columns"]),
        tensors=tuple(Tensor(**(each | {"shape": tuple(each["shape"])})) for each in stored["tensors"]),
    )
