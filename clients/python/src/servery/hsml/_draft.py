"""A model before it is saved: what `create_model` was given, checked and in the SDK's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import servery
from servery.client._push import Wish
from servery.errors import InvalidArgument
from servery.hsml.model_schema import ModelSchema


@dataclass(kw_only=True)
class Draft:
    """The arguments of `create_model`."""

    name: str
    framework: str
    version: int | None = None
    metrics: Mapping[str, float] | None = None
    description: str | None = None
    input_example: Any = None
    model_schema: Any = None
    feature_view: Any = None
    training_dataset_version: int | None = None
    tags: Any = None
    wish: Wish = field(init=False)

    def __post_init__(self) -> None:
        self.wish = Wish(
            model=self.name,
            framework=self.framework,
            version=self.version,
            metrics=self.metrics,
            description=self.description or "",
            input_example=self.input_example,
            schema=_schema(self.model_schema),
            provenance=_provenance(self.feature_view, self.training_dataset_version),
            tags=_tags(self.tags),
        ).checked()


def _schema(given: Any) -> Any:
    return given.to_servery() if isinstance(given, ModelSchema) else given


def _provenance(feature_view: Any, training_dataset_version: int | None) -> servery.Provenance | None:
    if feature_view is None and training_dataset_version is None:
        return None
    name = feature_view if isinstance(feature_view, str) else getattr(feature_view, "name", "")
    if feature_view is not None and not name:
        raise InvalidArgument("feature_view must be a name, or an object with name and version", field="feature_view")
    return servery.Provenance(
        feature_view=str(name),
        feature_view_version=int(getattr(feature_view, "version", None) or 0),
        training_dataset_version=training_dataset_version or 0,
    )


def _tags(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, Mapping):
        # One tag may be given as {"name": …, "value": …}, as hsml's Tag objects are written.
        return _tags([given]) if given.keys() == {"name", "value"} else dict(given)
    if not isinstance(given, Iterable) or isinstance(given, str):
        given = [given]
    return dict(_tag(each) for each in given)


def _tag(given: Any) -> tuple[str, Any]:
    if isinstance(given, Mapping) and given.keys() == {"name", "value"}:
        return str(given["name"]), given["value"]
    if hasattr(given, "name") and hasattr(given, "value"):
        return str(given.name), given.value
    raise InvalidArgument(f"{given!r} is no tag: give a mapping of names to values", field="tags")
