"""`hsml.schema`: one side of a model's schema, read off the data it was trained with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import servery
from servery.errors import InvalidArgument

_COLUMN: Final = ("name", "type", "description")
_TENSOR: Final = ("name", "type", "shape", "description")


class Schema:
    """Columns of a table, or tensors.

    `object` is a list of mappings (a column has `type`, a tensor also `shape`; both may have `name` and `description`),
    one such mapping, a numpy array (one tensor whose first dimension is free), or a pandas DataFrame or Series. A list
    in which every entry has a shape is of tensors. Raise InvalidArgument that says what is missing.
    """

    def __init__(self, object: Any) -> None:
        self.columnar_schema: list[dict[str, Any]] | None = None
        self.tensor_schema: list[dict[str, Any]] | None = None
        entries = _entries(object)
        if not entries:
            raise InvalidArgument("a schema needs at least one entry", field="schema")
        if all("shape" in entry for entry in entries):
            self.tensor_schema = [_tensor(entry) for entry in entries]
        else:
            self.columnar_schema = [_column(entry) for entry in entries]

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON, in hsml's words."""
        if self.tensor_schema is not None:
            return {"tensor_schema": self.tensor_schema}
        return {"columnar_schema": self.columnar_schema}

    def to_servery(self) -> servery.Schema:
        """The schema in the SDK's words."""
        return servery.Schema(
            columns=tuple(servery.Column(**entry) for entry in self.columnar_schema or ()),
            tensors=tuple(
                servery.TensorSchema(**entry | {"shape": tuple(entry["shape"])}) for entry in self.tensor_schema or ()
            ),
        )

    @classmethod
    def from_servery(cls, schema: servery.Schema) -> "Schema | None":
        """A schema of the SDK in hsml's words; None when there is nothing in it."""
        entries = [_filled(entry, _COLUMN) for entry in schema.columns]
        entries += [_filled(entry, _TENSOR) for entry in schema.tensors]
        return cls(entries) if entries else None

    def __repr__(self) -> str:
        return f"Schema({self.to_dict()})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # its lists may change


def _entries(given: Any) -> list[Mapping[str, Any]]:
    # Neither numpy nor pandas is imported: what they have is known by its attributes.
    dtypes = getattr(given, "dtypes", None)
    if dtypes is not None and hasattr(given, "columns"):  # a DataFrame
        return [{"name": str(name), "type": str(dtype)} for name, dtype in zip(given.columns, dtypes, strict=True)]
    if dtypes is not None and hasattr(given, "name"):  # a Series
        name = {} if given.name is None else {"name": str(given.name)}
        return [{**name, "type": str(given.dtype)}]
    if hasattr(given, "dtype") and hasattr(given, "shape"):  # an array: rows are free
        return [{"type": str(given.dtype), "shape": [-1, *(int(size) for size in given.shape[1:])]}]
    if isinstance(given, Mapping):
        return [given]
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        entries = list(given)
        if all(isinstance(entry, Mapping) for entry in entries):
            return entries
    raise InvalidArgument(
        f"{type(given).__name__} is no schema: give a list of mappings, a numpy array, or a pandas DataFrame or Series",
        field="schema",
    )


def _column(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "type" not in entry:
        raise InvalidArgument(f"Mandatory 'type' key missing from entry {dict(entry)}", field="schema")
    return {key: str(entry[key]) for key in _COLUMN if entry.get(key) is not None}


def _tensor(entry: Mapping[str, Any]) -> dict[str, Any]:
    column = _column(entry)
    try:
        sizes = [-1 if size is None else int(size) for size in entry["shape"]]
    except (TypeError, ValueError):
        raise InvalidArgument(f"the shape of {dict(entry)} must be a list of whole numbers", field="schema") from None
    return {key: sizes if key == "shape" else column[key] for key in _TENSOR if key == "shape" or key in column}


def _filled(entry: Any, keys: Sequence[str]) -> dict[str, Any]:
    found = {key: getattr(entry, key) for key in keys}
    return {key: list(value) if key == "shape" else value for key, value in found.items() if value != ""}
