import math

import pytest

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api import checks, version_checks

DIGEST = "0123456789abcdef" * 4
MODEL = {"project": "default", "model": "iris"}
FILE = {"path": "a", "size_bytes": 1, "sha256": DIGEST}


def create_model(**given):
    return checks.create_model, pb.CreateModelRequest(**({"name": "iris"} | given))


def create_version(**given):
    return version_checks.create_version, pb.CreateVersionRequest(
        **({"model": "iris", "framework": pb.FRAMEWORK_ONNX} | given)
    )


def begin_upload(version=1, model="iris", **file):
    return checks.begin_upload, pb.BeginUploadRequest(model=model, version=version, file=pb.File(**(FILE | file)))


def download(**given):
    return checks.download_file, pb.DownloadFileRequest(**({"model": "iris", "path": "a"} | given))


WRONG = [
    (create_model(name=""), "name"),
    (create_model(name="a/b"), "name"),
    (create_model(name="-"), "name"),
    ((checks.list_models, pb.ListModelsRequest(name_prefix="a*")), "name_prefix"),
    ((checks.list_models, pb.ListModelsRequest(project="a*")), "project"),
    (create_model(name="x" * 10_000), "name"),
    (create_model(name="a\n"), "name"),
    (create_model(project="a b"), "project"),
    (create_model(project=".."), "project"),
    (create_model(description="x" * 1001), "description"),
    (create_model(description="a\0"), "description"),
    (create_model(request_id="1"), "request_id"),
    (create_model(request_id="{6ba7b810-9dad-41d1-80b4-00c04fd430c8}"), "request_id"),
    ((checks.get_model, pb.GetModelRequest(name="..")), "name"),
    (create_version(model=""), "model"),
    (create_version(version=-1), "version"),
    (create_version(framework=pb.FRAMEWORK_UNSPECIFIED), "framework"),
    (create_version(framework=99), "framework"),
    (create_version(metrics={str(n): 1.0 for n in range(1001)}), "metrics"),
    (create_version(metrics={"": 1.0}), 'metrics[""]'),
    (create_version(metrics={"x" * 256: 1.0}), 'metrics["' + "x" * 64 + '"]'),
    (create_version(metrics={"a": 1.0, "nan": math.nan}), 'metrics["nan"]'),
    (create_version(metrics={"inf": -math.inf}), 'metrics["inf"]'),
    (create_version(description="x" * 1001), "description"),
    (create_version(request_id="x"), "request_id"),
    ((version_checks.get_version, pb.GetVersionRequest(model="iris", version=-1)), "version"),
    ((checks.list_versions, pb.ListVersionsRequest(model="")), "model"),
    ((checks.finalize_version, pb.FinalizeVersionRequest(model="iris")), "version"),
    (begin_upload(version=0), "version"),
    (begin_upload(model="a b"), "model"),
    (begin_upload(path=""), "file.path"),
    (begin_upload(path="../a"), "file.path"),
    (begin_upload(path="%2e%2e/a"), "file.path"),
    (begin_upload(path="a\\b"), "file.path"),
    (begin_upload(size_bytes=-1), "file.size_bytes"),
    (begin_upload(sha256=""), "file.sha256"),
    (begin_upload(sha256=DIGEST.upper()), "file.sha256"),
    ((checks.begin_upload, pb.BeginUploadRequest(model="iris", version=1)), "file.path"),
    ((checks.list_files, pb.ListFilesRequest(model="iris", version=-2)), "version"),
    (download(path="/a"), "path"),
    (download(offset=-1), "offset"),
    ((checks.upload_id, ""), "upload_id"),
    ((checks.upload_id, "../../etc"), "upload_id"),
    ((checks.upload_id, "6ba7b810-9dad-41d1-80b4-00c04fd430c8\n"), "upload_id"),
]


@pytest.mark.parametrize(("case", "field"), WRONG, ids=[f"{case[0].__name__}-{field[:20]}" for case, field in WRONG])
def test_a_wrong_field_is_named(case, field):
    check, request = case
    with pytest.raises(InvalidArgument) as caught:
        check(request)
    assert caught.value.field == field
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "case",
    [
        create_model(),
        create_model(project="p_1", description="x" * 1000, request_id="6BA7B810-9DAD-41D1-80B4-00C04FD430C8"),
        create_model(description="花" * 1000),
        (checks.list_models, pb.ListModelsRequest()),
        (checks.list_models, pb.ListModelsRequest(name_prefix="-")),
        (checks.list_versions, pb.ListVersionsRequest(model="-")),
        create_version(),
        create_version(version=2**31 - 1, metrics={"x" * 255: 5e-324, "größe": -1e308}),
        *(create_version(framework=value) for value in pb.Framework.values() if value),
        begin_upload(size_bytes=0),
        begin_upload(size_bytes=2**63 - 1, path="a b/c.d"),
        download(offset=2**63 - 1),
        (checks.upload_id, "6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
    ],
)
def test_what_the_contract_allows_passes(case):
    check, request = case
    check(request)


def test_a_stream_writes_one_upload():
    checks.write_upload(pb.WriteUploadRequest(), "u")
    checks.write_upload(pb.WriteUploadRequest(upload_id="u"), "u")
    with pytest.raises(InvalidArgument):
        checks.write_upload(pb.WriteUploadRequest(upload_id="v"), "u")
