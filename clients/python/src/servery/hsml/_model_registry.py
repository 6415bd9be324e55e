"""`get_model_registry()`: the models of a project."""

from collections.abc import Mapping, Sequence
from typing import Any

import servery
from servery.errors import NotFound
from servery.hsml._draft import Draft
from servery.hsml._model import Model


class ModelRegistry:
    """The models of a project, in hsml's words.

    `mr.sklearn.create_model(…)` and its likes for tensorflow, torch, python, llm, onnx, xgboost and lightgbm make a
    model that is saved next.
    """

    def __init__(self, client: servery.Client) -> None:
        self._client = client
        self.project_name = client.project
        self.tensorflow = FrameworkApi(client, "tensorflow")
        self.sklearn = FrameworkApi(client, "sklearn")
        self.torch = FrameworkApi(client, "torch")
        self.python = FrameworkApi(client, "python")
        self.llm = FrameworkApi(client, "llm")
        self.onnx = FrameworkApi(client, "onnx")
        self.xgboost = FrameworkApi(client, "xgboost")
        self.lightgbm = FrameworkApi(client, "lightgbm")

    def get_model(self, name: str, version: int | None = None) -> Model:
        """One version of a model; None means the latest. Raise NotFound when there is none."""
        return Model(self._client, self._client.versions.get(name, version))

    def get_models(self, name: str) -> list[Model]:
        """All versions of a model, oldest first; empty when there is no such model."""
        try:
            return [Model(self._client, each) for each in self._client.versions.list(name)][::-1]
        except NotFound:
            return []

    def get_best_model(self, name: str, metric: str, direction: str) -> Model:
        """The version with the highest ("max") or lowest ("min") value of a metric; of equal ones the newest.

        Raise NotFound that names the metric when no version has it, InvalidArgument for another direction.
        """
        return Model(self._client, self._client.versions.best(name, metric, direction))

    def __repr__(self) -> str:
        return f"ModelRegistry(project: {self.project_name!r})"


class FrameworkApi:
    """Models of one framework: what `mr.sklearn` and its likes are."""

    def __init__(self, client: servery.Client, framework: str) -> None:
        self._client = client
        self.framework = framework

    def create_model(
        self,
        name: str,
        version: int | None = None,
        metrics: Mapping[str, float] | None = None,
        description: str | None = None,
        input_example: Any = None,
        model_schema: Any = None,
        feature_view: Any = None,
        training_dataset_version: int | None = None,
        tags: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> Model:
        """A model that is not in the registry yet: `save` brings it there, with its files.

        Args:
            name: of the model; letters, digits, "_" and "-".
            version: a number of your choice; None means the next free one.
            metrics: names to numbers.
            description: free text about this version.
            input_example: what a request may look like: JSON, an array, or a pandas DataFrame or Series.
            model_schema: a ModelSchema, or a mapping like the one its `to_dict` gives.
            feature_view: name of the feature view its data came from, or an object with `name` and `version`.
            training_dataset_version: number of the training dataset.
            tags: names to JSON values, or a list of mappings or objects with `name` and `value`.

        Raise InvalidArgument for what the registry could not take.
        """
        draft = Draft(
            name=name,
            framework=self.framework,
            version=version,
            metrics=metrics,
            description=description,
            input_example=input_example,
            model_schema=model_schema,
            feature_view=feature_view,
            training_dataset_version=training_dataset_version,
            tags=tags,
        )
        return Model(self._client, draft)
