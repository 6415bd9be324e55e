"""The registry in the words of Hopsworks' client `hsml`: programs that were written for it read the same.

    from servery import hsml

    connection = hsml.connection()
    mr = connection.get_model_registry()
    model = mr.sklearn.create_model("mnist", metrics={"accuracy": 0.97}, input_example=[[0.1, 0.2]])
    model.save("model/")
    mr.get_best_model("mnist", "accuracy", "max").download()

Where hsml is known to hurt, this differs: `get_model` without a version is the latest, not version 1; what is not there
raises NotFound instead of being None; the best model is one that has the metric; `save` moves no file of yours, and
what it broke off is seen by nobody.
"""

from servery.hsml._connection import Connection, connection
from servery.hsml._model import Model
from servery.hsml._model_registry import ModelRegistry
from servery.hsml.model_schema import ModelSchema
from servery.hsml.schema import Schema

__all__ = ["Connection", "Model", "ModelRegistry", "ModelSchema", "Schema", "connection"]
