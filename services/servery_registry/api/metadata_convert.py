"""Between the domain and the wire: what is known of a version besides its files."""

import servery.registry.v1 as pb
from servery_registry.domain.model_schema import Column, ModelSchema, Schema, Tensor
from servery_registry.domain.provenance import Provenance


def model_schema_from_proto(schema: pb.ModelSchema) -> ModelSchema:
    return ModelSchema(input=_schema_from_proto(schema.input), output=_schema_from_proto(schema.output))


def model_schema_to_proto(schema: ModelSchema) -> pb.ModelSchema | None:
    """None when nothing is said."""
    if schema == ModelSchema():
        return None
    return pb.ModelSchema(input=_schema_to_proto(schema.input), output=_schema_to_proto(schema.output))


def provenance_from_proto(provenance: pb.Provenance) -> Provenance:
    return Provenance(
        program=provenance.program,
        environment=provenance.environment,
        training_dataset=provenance.training_dataset,
        training_dataset_version=provenance.training_dataset_version,
        feature_view=provenance.feature_view,
        feature_view_version=provenance.feature_view_version,
        links=dict(provenance.links),
    )


def provenance_to_proto(provenance: Provenance) -> pb.Provenance | None:
    """None when nothing is known."""
    if provenance == Provenance():
        return None
    return pb.Provenance(
        program=provenance.program,
        environment=provenance.environment,
        training_dataset=provenance.training_dataset,
        training_dataset_version=provenance.training_dataset_version,
        feature_view=provenance.feature_view,
        feature_view_version=provenance.feature_view_version,
        links=provenance.links,
    )


def _schema_from_proto(schema: pb.Schema) -> Schema:
    return Schema(
        columns=tuple(Column(name=each.name, type=each.type, description=each.description) for each in schema.columns),
        tensors=tuple(
            Tensor(name=each.name, type=each.type, shape=tuple(each.shape), description=each.description)
            for each in schema.tensors
        ),
    )


def _schema_to_proto(schema: Schema) -> pb.Schema | None:
    if schema == Schema():
        return None
    return pb.Schema(
        columns=[pb.Column(name=each.name, type=each.type, description=each.description) for each in schema.columns],
        tensors=[
            pb.TensorSchema(name=each.name, type=each.type, shape=each.shape, description=each.description)
            for each in schema.tensors
        ],
    )
