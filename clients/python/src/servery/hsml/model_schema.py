"""`hsml.model_schema`: what a model takes and gives."""

import json as jsonlib
from typing import Any

import servery
from servery.hsml.schema import Schema


class ModelSchema:
    """Schemas of the inputs and of the outputs of a model; either may be left out."""

    def __init__(self, input_schema: Schema | None = None, output_schema: Schema | None = None) -> None:
        self.input_schema = input_schema
        self.output_schema = output_schema

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON, in hsml's words."""
        sides = {"input_schema": self.input_schema, "output_schema": self.output_schema}
        return {name: side.to_dict() for name, side in sides.items() if side is not None}

    def json(self) -> str:
        """The schema as JSON text."""
        return jsonlib.dumps(self.to_dict())

    def to_servery(self) -> servery.ModelSchema:
        """The schema in the SDK's words."""
        return servery.ModelSchema(
            input=None if self.input_schema is None else self.input_schema.to_servery(),
            output=None if self.output_schema is None else self.output_schema.to_servery(),
        )

    @classmethod
    def from_servery(cls, schema: servery.ModelSchema) -> "ModelSchema":
        """A schema of the SDK in hsml's words."""
        return cls(
            None if schema.input is None else Schema.from_servery(schema.input),
            None if schema.output is None else Schema.from_servery(schema.output),
        )

    def __repr__(self) -> str:
        return f"ModelSchema({self.to_dict()})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelSchema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # its schemas may change
