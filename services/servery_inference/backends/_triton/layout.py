"""What is pushed into Triton: a model's configuration and its files, made from the files of a version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf import json_format, text_format

from servery.errors import FailedPrecondition
from servery.inference import POOL
from servery.inference.model_config_pb2 import ModelConfig, ModelInstanceGroup
from servery_inference.domain.model import Source

CONFIG: Final = "config.pbtxt"

PUSH_BYTES: Final = 2**31 - 2**20
"""What a gRPC message, 2 GiB at most, holds of files; the rest is for the configuration and the paths."""

NUMBERS: Final = frozenset(
    {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32"}
)
"""Datatypes that our sklearn model takes beside FP64, as scikit-learn does."""

_VERSION: Final = re.compile(r"[1-9][0-9]*")

# A pickle of protocol 2 and up, and what joblib compresses with: zlib, gzip, bz2, xz, lzma, lz4.
_PICKLED: Final = re.compile(
    rb"\x80[\x02-\x05]|\x78[\x01\x5e\x9c\xda]|\x1f\x8b|BZh|\xfd7zXZ|\x5d\x00\x00|\x04\x22\x4d\x18"
)
_PICKLE_SUFFIXES: Final = frozenset({".joblib", ".pkl", ".pickle"})


@dataclass(frozen=True, slots=True)
class Layout:
    """One model as Triton's repository API takes it."""

    config: ModelConfig
    """Its name is left to whoever loads it."""

    files: Mapping[str, Path]
    """By their paths in the model's folder: "1/model.joblib"."""

    accepts: frozenset[str] = frozenset()
    """Datatypes that are to be converted to the one of the configuration before Triton sees them."""


def model_name(source: Source) -> str:
    """The name in Triton. Each revision has its own, so that a new one loads while the old one answers."""
    return f"servery.{source.project}.{source.deployment}.{source.revision}"


def layout(source: Source) -> Layout:
    """What to push for a version. Raise FailedPrecondition, which says what would do, when Triton can't serve it."""
    if (source.folder / CONFIG).is_file():
        return _own_layout(source)
    if source.framework == "SKLEARN":
        return _sklearn(source)
    raise _refused(
        source,
        f"engine TRITON serves versions that hold a Triton model ({CONFIG} and folders 1, 2 …), and scikit-learn "
        f"models; this one has framework {source.framework or 'none'} and no {CONFIG}: add one, or use engine LOCAL",
    )


def config_json(config: ModelConfig, *, name: str, version_id: str, load: str) -> str:
    """The configuration as load_model takes it.

    `load` is different at every load: Triton compares configurations, not files, and answers OK to a load of an equal
    one without doing anything.
    """
    own = ModelConfig()
    own.CopyFrom(config)
    own.name = name
    own.parameters["servery_version_id"].string_value = version_id
    own.parameters["servery_load"].string_value = load
    return json_format.MessageToJson(own, preserving_proto_field_name=True, indent=None, descriptor_pool=POOL)


def contents(given: Layout) -> dict[str, bytes]:
    """The files as load_model takes them. Blocks. Raise FailedPrecondition when one message can't hold them."""
    size = sum(path.stat().st_size for path in given.files.values())
    if size > PUSH_BYTES:
        raise FailedPrecondition(
            f"the files are {size} bytes; at most {PUSH_BYTES} can be pushed into Triton: use engine LOCAL",
            reason="MODEL_TOO_LARGE",
        )
    return {f"file:{name}": path.read_bytes() for name, path in given.files.items()}


def _own_layout(source: Source) -> Layout:
    config = ModelConfig()
    try:
        text_format.Parse((source.folder / CONFIG).read_text(), config, descriptor_pool=POOL)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise _refused(source, f"{CONFIG} is not a Triton model configuration: {error}") from error
    if config.HasField("ensemble_scheduling"):
        raise _refused(
            source, f"{CONFIG} is of an ensemble, whose models would have to be loaded first: deploy a model"
        )
    found = {name: path for name, path in _files(source.folder).items() if name != CONFIG}
    if not any("/" in name and _VERSION.fullmatch(name.partition("/")[0]) for name in found):
        raise _refused(
            source, f"beside {CONFIG} there is no folder 1, 2 … with a file: Triton serves such folders only"
        )
    return Layout(config, found)


def _sklearn(source: Source) -> Layout:
    config = ModelConfig(backend="python", instance_group=[ModelInstanceGroup(kind=ModelInstanceGroup.KIND_CPU)])
    code = Path(__file__).with_name("sklearn_model.py")
    return Layout(config, {"1/model.py": code, "1/model.joblib": _pickle(source)}, NUMBERS)


def _pickle(source: Source) -> Path:
    """The file that holds the model: known by its content, and by its suffix where several could be it."""
    able = {name: path for name, path in _files(source.folder).items() if _PICKLED.match(_head(path))}
    chosen = able if len(able) <= 1 else {n: p for n, p in able.items() if p.suffix in _PICKLE_SUFFIXES}
    if len(chosen) != 1:
        seen = ", ".join(sorted(chosen or able or _files(source.folder))) or "no files"
        raise _refused(source, f"one file written by joblib or pickle is expected, as model.joblib; there is {seen}")
    return next(iter(chosen.values()))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def _refused(source: Source, why: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"Triton can't serve model {source.model!r} version {source.model_version}: {why}",
        subject=f"deployment {source.deployment}",
        reason="MODEL_NOT_SUPPORTED",
    )
