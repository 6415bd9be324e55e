"""What the suffix of a file promises, and whether its content keeps that."""

from typing import Final

_TEXTS: Final = frozenset({"text", "json", "lightgbm", "script"})

_PROMISED: Final = {
    ".onnx": frozenset({"onnx"}),
    ".safetensors": frozenset({"safetensors"}),
    ".gguf": frozenset({"gguf"}),
    ".ubj": frozenset({"ubjson"}),
    ".json": frozenset({"json", "text"}),
    ".npy": frozenset({"npy"}),
    ".npz": frozenset({"npz", "zip"}),
    ".skops": frozenset({"zip", "npz"}),
    ".h5": frozenset({"hdf5"}),
    ".hdf5": frozenset({"hdf5"}),
    ".keras": frozenset({"zip", "hdf5"}),
    ".pb": frozenset({"saved_model", "onnx"}),
    ".png": frozenset({"png"}),
    ".jpg": frozenset({"jpeg"}),
    ".jpeg": frozenset({"jpeg"}),
} | dict.fromkeys((".txt", ".md", ".csv", ".tsv", ".yaml", ".yml", ".toml"), _TEXTS)
"""Suffixes of data: formats that have no code, or code that nobody runs by accident."""

_NO_EVIDENCE: Final = frozenset({"unknown", "empty", "text"})
"""A content that is none of what is known may be a new form of what is promised, or a damaged one; it is not code."""


def breaks_promise(path: str, format_: str) -> bool:
    """Whether a content is another than the suffix says: known for what it is, and not what is promised.

    A suffix that promises nothing can't be broken. `format_` is one of `domain.sniffing`.
    """
    promised = _PROMISED.get(suffix_of(path))
    return promised is not None and format_ not in promised and format_ not in _NO_EVIDENCE


def suffix_of(path: str) -> str:
    """Suffix of the last segment, in lower case, with its dot; empty when it has none."""
    name = path.rpartition("/")[2]
    begin = name.rfind(".")
    return name[begin:].lower() if begin >= 0 else ""
