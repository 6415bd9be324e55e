import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api.convert import version_change_from_proto
from servery_registry.api.masks import masked
from servery_registry.api.version_checks import UPDATABLE
from servery_registry.domain.version import Framework

FULL = pb.Version(
    project="default",
    model="iris",
    version=1,
    id="x",
    framework=pb.FRAMEWORK_ONNX,
    metrics={"loss": 1.0},
    description="d",
    file_count=3,
    etag="e",
    input_example="[1]",
    schema=pb.ModelSchema(),
    provenance=pb.Provenance(program="p"),
)
FIELDS = st.sets(st.sampled_from(UPDATABLE))


@given(st.lists(st.sampled_from(UPDATABLE), min_size=1), st.booleans())
def test_a_mask_says_which_fields_change_whatever_is_set(paths, full):
    assert masked(FieldMask(paths=paths), FULL if full else pb.Version(), UPDATABLE) == set(paths)


@given(FIELDS)
def test_without_a_mask_the_fields_that_are_set_change(fields):
    version = pb.Version(project="default", model="iris", version=1, id="x", framework=pb.FRAMEWORK_ONNX, etag="e")
    for name in fields:
        match getattr(FULL, name):
            case str() as text:
                setattr(version, name, text)
            case message if name == "metrics":
                version.metrics.update(message)
            case message:
                getattr(version, name).CopyFrom(message)
    assert masked(FieldMask(), version, UPDATABLE) == fields


@given(st.lists(st.sampled_from(UPDATABLE)), st.text(), st.lists(st.sampled_from(UPDATABLE)))
def test_a_field_that_does_not_change_is_refused_by_name(before, path, after):
    if path in UPDATABLE:
        return
    with pytest.raises(InvalidArgument) as caught:
        masked(FieldMask(paths=[*before, path, *after]), FULL, UPDATABLE)
    assert (caught.value.field, caught.value.reason) == ("update_mask", "FIELD_NOT_UPDATABLE")
    assert repr(path[:100]) in str(caught.value)


@pytest.mark.parametrize(
    "path",
    ["framework", "version", "state", "file_count", "size_bytes", "tags", "aliases", "etag", "id", "*", "",
     "provenance.program", "metrics.loss", "Description", "inputExample", " description"],
)  # fmt: skip
def test_what_says_what_the_files_are_is_in_no_mask(path):
    with pytest.raises(InvalidArgument):
        masked(FieldMask(paths=[path]), FULL, UPDATABLE)


@given(FIELDS)
def test_a_change_holds_the_fields_that_change_and_no_other(fields):
    change = version_change_from_proto(pb.UpdateVersionRequest(version=FULL), frozenset(fields))
    assert {name for name in UPDATABLE if getattr(change, name) is not None} == fields


def test_a_framework_counts_only_without_a_mask():
    request = pb.UpdateVersionRequest(version=FULL, update_mask=FieldMask(paths=["description"]))
    assert version_change_from_proto(request, frozenset({"description"})).framework is None
    assert version_change_from_proto(pb.UpdateVersionRequest(version=FULL), frozenset()).framework is Framework.ONNX
