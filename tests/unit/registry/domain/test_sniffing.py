import bz2
import collections
import gzip
import io
import json
import lzma
import marshal
import pickle
import struct
import sys
import zipfile
import zlib
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servery_registry.domain.opcodes import Answer, is_pickle
from servery_registry.domain.promise import breaks_promise, suffix_of
from servery_registry.domain.sniffing import HEAD_BYTES, sniff
from tests.integration.inference.world import doubling_model

OBJECT = {"weights": [1.5, 2.5], "name": "iris", "nested": (None, True, collections.OrderedDict(a=1)), "b": b"\0" * 300}


class Harmful:
    def __reduce__(self):
        return (print, ("it was unpickled",))


def zipped(names: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return file.getvalue()


def saved(save, *given) -> bytes:
    file = io.BytesIO()
    save(file, *given)
    return file.getvalue()


def safetensors(header: dict) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * 64


def joblib_of(compress) -> bytes:
    return saved(lambda file: joblib.dump({"a": np.arange(1000.0), "b": OBJECT}, file, compress=compress))


def saved_model() -> bytes:
    meta = b"\x0a\x07\x22\x05serve" + b"\x12\x04abcd"
    return b"\x08\x01\x12" + bytes([len(meta)]) + meta


UBJ = b"{L" + (7).to_bytes(8, "big") + b"learner{L" + (10).to_bytes(8, "big") + b"attributes{}}"

CODE = {
    **{f"pickle {n}": (pickle.dumps(OBJECT, n), "pickle") for n in range(6)},
    **{f"harmful pickle {n}": (pickle.dumps(Harmful(), n), "pickle") for n in range(6)},
    "pickle of none": (pickle.dumps(None), "pickle"),
    "truncated pickle": (pickle.dumps(OBJECT)[:-40], "pickle"),
    "start of a pickle": (b"\x80\x04\x95", "pickle"),
    "pickle that breaks after its call": (b"cos\nsystem\n(S'true'\ntR\xff\xff\xff", "pickle"),
    "pickle in text": (b"cposix\nsystem\n(S'true'\ntR.\n# a readme", "pickle"),
    "pickle with an inst": (b"(S'true'\nios\nsystem\n\xff", "pickle"),
    "large pickle": (pickle.dumps(list(range(300_000))), "pickle"),
    "large pickle 0": (pickle.dumps(list(range(300_000)), 0), "pickle"),
    "joblib": (joblib_of(0), "pickle"),
    "joblib zlib": (joblib_of(("zlib", 3)), "zlib"),
    "joblib gzip": (joblib_of(("gzip", 3)), "gzip"),
    "joblib bz2": (joblib_of(("bz2", 3)), "bz2"),
    "joblib xz": (joblib_of(("xz", 3)), "xz"),
    "joblib lzma": (joblib_of(("lzma", 3)), "lzma"),
    "lz4": (b"\x04\x22\x4d\x18\x64\x40\xa7", "lz4"),
    "gzip in gzip": (gzip.compress(gzip.compress(b"text")), "gzip"),
    "torch": (zipped({"archive/data.pkl": pickle.dumps({}), "archive/data/0": b"\0"}), "torch"),
    "npz": (saved(lambda file: np.savez(file, a=np.arange(3))), "npz"),
    "npz deflated": (saved(lambda file: np.savez_compressed(file, a=np.arange(3))), "npz"),
    "skops": (zipped({"schema.json": b"{}"}), "zip"),
    "zip": (zipped({"a.txt": b"text"}, zipfile.ZIP_DEFLATED), "zip"),
    "empty zip": (zipped({}), "zip"),
    "npy of objects": (saved(np.save, np.array([OBJECT, None], dtype=object)), "npy"),
    "npy with an object field": (saved(np.save, np.zeros(2, dtype=[("a", "O"), ("b", "f8")])), "npy"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
}

DATA = {
    "nothing": (b"", "empty"),
    "onnx": (doubling_model(), "onnx"),
    "saved model": (saved_model(), "saved_model"),
    "safetensors": (safetensors({"w": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}}), "safetensors"),
    "empty safetensors": (struct.pack("<Q", 2) + b"{}", "safetensors"),
    "gguf": (b"GGUF\x03\0\0\0" + b"\1\0\0\0\0\0\0\0" * 2, "gguf"),
    "npy": (saved(np.save, np.arange(5.0)), "npy"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "hdf5"),
    "hdf5 behind a user block": (bytes(1024) + b"\x89HDF\r\n\x1a\n" + bytes(100), "hdf5"),
    "xgboost ubj": (UBJ, "ubjson"),
    "xgboost json": (json.dumps({"learner": {"attributes": {}}, "version": [3, 0, 0]}).encode(), "json"),
    "lightgbm": (b"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n", "lightgbm"),
    "json": (b' {"a": [1, 2, {"b": null}]}\n', "json"),
    "json with a mark": (b'\xef\xbb\xbf{"a": 1}', "json"),
    "large json": (b"[" + b"1, " * 400_000 + b"1]", "json"),
    "nearly json": (b'{"a": }', "text"),
    "text": (b"some words\nand more\n", "text"),
    "other words": ("größer – 花\n".encode(), "text"),
    "large text of other words": ("花".encode() * 400_000, "text"),
    "requirements": (b"cachetools\ncloudpickle\ntqdm\n", "text"),
    "a template": (b"{important} words for a reader, many of them: " + b"x" * 200, "text"),
    "script": (b"#!/bin/sh\necho\n", "script"),
    "python source": (b"import os\nos.system('true')\n", "text"),
    "gzip of text": (gzip.compress(b"a,b\n1,2\n" * 100), "gzip"),
    "bz2 of text": (bz2.compress(b"a,b\n1,2\n" * 100), "bz2"),
    "xz of text": (lzma.compress(b"a,b\n1,2\n" * 100), "xz"),
    "zlib of text": (zlib.compress(b"a,b\n1,2\n" * 100), "zlib"),
    "elf": (Path(sys.executable).resolve().read_bytes()[:4096], "executable"),
    "windows program": (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0", "executable"),
    "bytecode": (MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("1", "", "eval")), "bytecode"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "png"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(20), "jpeg"),
    "zeros": (bytes(5000), "unknown"),
    "noise": (bytes(range(1, 256)) * 7, "unknown"),
    "safetensors that begin like a pickle": (struct.pack("<Q", 0x480) + b'{"' + b" " * 2000, "safetensors"),
}


@pytest.mark.parametrize("name", CODE)
def test_what_may_hold_code_is_told_by_its_content(name):
    content, format_ = CODE[name]
    found = sniff(content[:HEAD_BYTES], len(content))
    assert (found.format, found.may_hold_code) == (format_, True)


@pytest.mark.parametrize("name", DATA)
def test_data_is_told_by_its_content(name):
    content, format_ = DATA[name]
    found = sniff(content[:HEAD_BYTES], len(content))
    assert (found.format, found.may_hold_code) == (format_, False)


def test_what_opens_like_a_pickle_for_longer_than_is_read_is_looked_into():
    content = b"V" + b"a" * HEAD_BYTES + b"\ncos\nsystem\n(S'true'\ntR."
    assert sniff(content[:HEAD_BYTES], len(content)).may_hold_code
    assert is_pickle(content, whole=True) is Answer.PICKLE
    assert is_pickle(content[:HEAD_BYTES], whole=True) is Answer.NO


@given(st.binary(max_size=300), st.integers(0, 2**40))
@example(b"PK\x03\x04" + b"\xff" * 40, 10)
@example(b"x\x9c", 2)
@example(b"{i", 2)
@example(b"MZ" + b"\xff" * 62, 64)
@example(b"\x80\x04\x8e" + b"\xff" * 8, 11)
@example(b"\x08\x01\x12\x00", 4)
def test_any_bytes_are_some_format(head, size):
    assert sniff(head, size).format


@given(st.sampled_from(sorted(CODE | DATA)), st.data())
def test_a_format_that_is_cut_or_spoiled_is_some_format(name, data):
    content = bytearray((CODE | DATA)[name][0][:5000])
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    assert sniff(cut, data.draw(st.sampled_from([len(cut), 2**30]))).format


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_pickle_or_not(content, whole):
    assert is_pickle(content, whole=whole) in Answer


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists, max_leaves=20), st.integers(0, 5))
def test_every_pickle_is_one(value, protocol):
    assert is_pickle(pickle.dumps(value, protocol), whole=True) is Answer.PICKLE


PROMISES = [
    ("model.onnx", "pickle", True),
    ("a.b/MODEL.ONNX", "torch", True),
    ("model.onnx", "script", True),
    ("model.onnx", "hdf5", True),
    ("model.onnx", "onnx", False),
    ("model.onnx", "unknown", False),
    ("model.onnx", "text", False),
    ("model.safetensors", "pickle", True),
    ("model.gguf", "pickle", True),
    ("model.ubj", "pickle", True),
    ("model.json", "pickle", True),
    ("model.json", "zlib", True),
    ("model.json", "json", False),
    ("model.txt", "pickle", True),
    ("model.txt", "executable", True),
    ("model.txt", "lightgbm", False),
    ("array.npy", "pickle", True),
    ("array.npy", "npy", False),
    ("array.npz", "torch", True),
    ("array.npz", "npz", False),
    ("weights.h5", "pickle", True),
    ("picture.png", "zip", True),
    ("model.pb", "saved_model", False),
    ("model.pkl", "pickle", False),
    ("model.pkl", "onnx", False),
    ("model.bin", "executable", False),
    ("model", "pickle", False),
    ("onnx", "pickle", False),
    ("model.onnx.bak", "pickle", False),
    ("model.xyz", "pickle", False),
    ("model.onnx/data", "pickle", False),
    (".onnx", "pickle", True),
    ("model.onnx", "empty", False),
]


@pytest.mark.parametrize(("path", "format_", "broken"), PROMISES)
def test_a_suffix_of_data_promises_its_format(path, format_, broken):
    assert breaks_promise(path, format_) is broken


@given(st.text(max_size=30))
def test_a_suffix_belongs_to_the_last_segment(path):
    assert "/" not in suffix_of(path)
    assert not breaks_promise(f"{path}/no_suffix", "pickle")
