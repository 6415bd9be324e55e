"""The JSON that TensorFlow Serving made usual: {"instances": rows} or {"inputs": columns}, and their answers."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from servery.errors import FailedPrecondition, InvalidArgument

INSTANCES: Final = "instances"
INPUTS: Final = "inputs"


def columns(data: Any, names: Sequence[str]) -> dict[str, Any]:
    """The value of each input. `names` are the model's inputs.

    Raise InvalidArgument when it is not exactly one of the two forms, or inputs are missing or too many.
    """
    if not isinstance(data, Mapping) or (INSTANCES in data) == (INPUTS in data):
        raise InvalidArgument('data must be {"instances": [row, …]} or {"inputs": …}, one of the two', field="data")
    extra = sorted(str(key) for key in data if key not in {INSTANCES, INPUTS, "signature_name"})
    if extra:
        raise InvalidArgument(f"data has keys that mean nothing here: {', '.join(extra)}", field="data")
    if INSTANCES in data:
        return _from_rows(data[INSTANCES], names)
    value = data[INPUTS]
    if _is_object(value):
        return named(value, names)
    return {_only(names, INPUTS): value}


def named(values: Mapping[str, Any], names: Sequence[str], where: str = "") -> dict[str, Any]:
    """The values in the order of the inputs. Raise InvalidArgument when one is missing, or is not an input."""
    for name in names:
        if name not in values:
            raise InvalidArgument(
                f"{where}input {name!r} is missing; the model takes {_list(names)}", field=name, reason="INPUT_MISSING"
            )
    for name in values:
        if name not in names:
            raise InvalidArgument(
                f"{where}input {name!r} is not one of the model's; it takes {_list(names)}",
                field=str(name),
                reason="INPUT_UNKNOWN",
            )
    return {name: values[name] for name in names}


def answer(form: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The answer in the form of the question: {"predictions": …} to instances, {"outputs": …} to inputs.

    A model with one output has no name in it. Raise FailedPrecondition when outputs have no rows in common.
    """
    plain = {name: _plain(value, binary=name.endswith("_bytes")) for name, value in outputs.items()}
    single = next(iter(plain.values())) if len(plain) == 1 else None
    if form == INPUTS:
        return {"outputs": plain if single is None else single}
    sizes = {len(value) if isinstance(value, list) else -1 for value in plain.values()}
    if len(sizes) > 1 or -1 in sizes:
        raise FailedPrecondition(
            f"the outputs {_list(list(plain))} do not have one element a row: "
            'ask with {"inputs": …} for them as they are',
            reason="OUTPUTS_NOT_IN_ROWS",
        )
    if single is not None:
        return {"predictions": single}
    return {"predictions": [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]}


def _from_rows(rows: Any, names: Sequence[str]) -> dict[str, Any]:
    if hasattr(rows, "__array__"):
        return {_only(names, INSTANCES): rows}
    if not isinstance(rows, list | tuple) or not rows:
        raise InvalidArgument('"instances" must be a list of at least one row', field=INSTANCES)
    if not _is_object(rows[0]):
        for number, row in enumerate(rows):
            if _is_object(row):
                raise InvalidArgument(
                    f'"instances" mixes rows with names and without: row {number} is an object, row 0 is not',
                    field=INSTANCES,
                )
        return {_only(names, INSTANCES): rows}
    picked: dict[str, list[Any]] = {name: [] for name in names}
    for number, row in enumerate(rows):
        if not _is_object(row):
            raise InvalidArgument(
                f'"instances" mixes rows with names and without: row {number} is no object, row 0 is one',
                field=INSTANCES,
            )
        for name, value in named(row, names, f"row {number}: ").items():
            picked[name].append(value)
    return dict(picked)


def _only(names: Sequence[str], form: str) -> str:
    if len(names) != 1:
        one = f'{{"{names[0]}": …}}' if names else "{}"
        raise InvalidArgument(
            f'the model takes {len(names)} inputs, {_list(names)}: name them in "{form}", as in {one}', field=form
        )
    return names[0]


def _is_object(value: Any) -> bool:
    """An object of named values; {"b64": …} is one binary value."""
    return isinstance(value, Mapping) and set(value) != {"b64"}


def _plain(value: Any, *, binary: bool) -> Any:
    if isinstance(value, list):
        return [_plain(item, binary=binary) for item in value]
    if not isinstance(value, bytes):
        return value
    if not binary:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(value).decode()}


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
