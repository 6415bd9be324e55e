"""The registry's answers on the wire: what the domain types of the contract suite do not show."""

import pytest

import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import InvalidArgument
from servery_kit.channel import open_channel
from servery_kit.config import load
from servery_registry.config import Config
from servery_registry.main import serving
from tests.contracts.registry_material import file_of, pending_version, ready_version
from tests.contracts.remote_registry import RemoteRegistry


@pytest.fixture
async def channel(tmp_path):
    async with (
        serving(load(Config, SERVERY_HOME=tmp_path, bind="127.0.0.1:0")) as server,
        open_channel(server.address) as channel,
    ):
        yield channel


@pytest.fixture
def registry(channel) -> RemoteRegistry:
    return RemoteRegistry.over(channel)


async def refused(call) -> InvalidArgument:
    with pytest.raises(Exception) as caught:
        await call
    error = from_rpc(caught.value)
    assert isinstance(error, InvalidArgument), error
    return error


async def test_an_empty_project_is_the_default_one(channel):
    models = pb.ModelServiceStub(channel)
    made = (await models.CreateModel(pb.CreateModelRequest(name="iris"))).model
    assert (made.project, made.creator) == ("default", "anonymous")
    assert made.etag
    assert (await models.GetModel(pb.GetModelRequest(project="default", name="iris"))).model == made
    assert list((await models.ListModels(pb.ListModelsRequest())).models) == [made]


async def test_tokens_lead_through_a_list_and_fit_no_other(channel):
    models = pb.ModelServiceStub(channel)
    for name in ("a", "b", "c"):
        await models.CreateModel(pb.CreateModelRequest(name=name))
    first = await models.ListModels(pb.ListModelsRequest(page_size=2))
    assert [model.name for model in first.models] == ["a", "b"]
    token = first.next_page_token
    second = await models.ListModels(pb.ListModelsRequest(page_size=2, page_token=token))
    assert [model.name for model in second.models] == ["c"]
    assert not second.next_page_token
    error = await refused(models.ListModels(pb.ListModelsRequest(project="other", page_token=token)))
    assert error.field == "page_token"
    versions = pb.VersionServiceStub(channel)
    error = await refused(versions.ListVersions(pb.ListVersionsRequest(model="a", page_token=token)))
    assert error.field == "page_token"


async def test_pages_of_the_latest_files_stay_at_one_version(channel, registry):
    await ready_version(registry, {"a": b"1", "b": b"2", "c": b"3"})
    files, versions = pb.FileServiceStub(channel), pb.VersionServiceStub(channel)
    first = await files.ListFiles(pb.ListFilesRequest(model="iris", page_size=1))
    await versions.CreateVersion(pb.CreateVersionRequest(model="iris", framework=pb.FRAMEWORK_ONNX))
    begun = await files.BeginUpload(
        pb.BeginUploadRequest(
            model="iris", version=2, file=pb.File(path="z", size_bytes=1, sha256=file_of(b"1").sha256)
        )
    )
    assert begun.upload.committed
    await versions.FinalizeVersion(pb.FinalizeVersionRequest(model="iris", version=2))
    request = pb.ListFilesRequest(model="iris", page_token=first.next_page_token)
    assert [file.path for file in (await files.ListFiles(request)).files] == ["b", "c"]
    assert [file.path for file in (await files.ListFiles(pb.ListFilesRequest(model="iris"))).files] == ["z"]


@pytest.mark.parametrize("path", ["../a", "%2e%2e/a", "a\\..\\b", "a\0", "/a", "a//b", "a.", "a ", "x" * 10_000])
async def test_a_hostile_path_reaches_nothing(channel, registry, tmp_path, path):
    await pending_version(registry)
    before = sorted(tmp_path.rglob("*"))
    file = pb.File(path=path, size_bytes=1, sha256="0" * 64)
    stub = pb.FileServiceStub(channel)
    error = await refused(stub.BeginUpload(pb.BeginUploadRequest(model="iris", version=1, file=file)))
    assert error.field == "file.path"
    error = await refused(stub.DownloadFile(pb.DownloadFileRequest(model="iris", path=path)).read())
    assert error.field == "path"
    assert sorted(tmp_path.rglob("*")) == before


async def test_a_stream_that_names_no_upload_is_refused(channel):
    files = pb.FileServiceStub(channel)
    for requests in ([], [pb.WriteUploadRequest(data=b"x")], [pb.WriteUploadRequest(upload_id="../x", data=b"x")]):
        assert (await refused(files.WriteUpload(iter(requests)))).field == "upload_id"


async def test_later_messages_need_no_upload_id_and_may_name_no_other(channel, registry):
    await pending_version(registry)
    begun = await registry.files.begin("default", "iris", 1, file_of(b"abcdef"))
    files = pb.FileServiceStub(channel)
    first = pb.WriteUploadRequest(upload_id=begun.upload_id, data=b"ab")
    answer = await files.WriteUpload(iter([first, pb.WriteUploadRequest(offset=2, data=b"cd")]))
    assert answer.upload.received_bytes == 4
    fifth = pb.WriteUploadRequest(upload_id=begun.upload_id, offset=4, data=b"e")
    other = pb.WriteUploadRequest(upload_id="6ba7b810-9dad-41d1-80b4-00c04fd430c8", offset=5, data=b"f")
    assert (await refused(files.WriteUpload(iter([fifth, other])))).field == "upload_id"
    assert (await registry.files.get_upload(begun.upload_id)).received_bytes == 5


@pytest.mark.parametrize(("size", "offset", "messages"), [(0, 0, 1), (3, 0, 1), (3, 3, 1), (2**20 * 2 + 1, 0, 3)])
async def test_a_download_names_its_file_once(channel, registry, size, offset, messages):
    await ready_version(registry, {"a": bytes(size)})
    request = pb.DownloadFileRequest(model="iris", path="a", offset=offset)
    answers = [answer async for answer in pb.FileServiceStub(channel).DownloadFile(request)]
    assert len(answers) == messages
    assert [answer.HasField("file") for answer in answers] == [True] + [False] * (messages - 1)
    assert answers[0].file == pb.File(path="a", size_bytes=size, sha256=file_of(bytes(size)).sha256)
    assert answers[0].offset == offset
    assert sum(len(answer.data) for answer in answers) == size - offset


async def test_a_page_of_large_models_stays_under_the_limit_of_a_message(channel):
    models = pb.ModelServiceStub(channel)
    names = [f"m{n:04}".ljust(255, "x") for n in range(1000)]
    for name in names:
        await models.CreateModel(pb.CreateModelRequest(name=name, description="\U0001f338" * 1000))
    seen, token = [], ""
    while not seen or token:
        page = await models.ListModels(pb.ListModelsRequest(page_size=1000, page_token=token))
        seen += [model.name for model in page.models]
        token = page.next_page_token
    assert seen == names


async def test_a_search_is_read_page_by_page_over_the_wire(channel):
    models, versions = pb.ModelServiceStub(channel), pb.VersionServiceStub(channel)
    for name in ("a", "b"):
        await models.CreateModel(pb.CreateModelRequest(name=name))
        for accuracy in (0.7, 0.9, 0.8):
            new = pb.CreateVersionRequest(model=name, framework=pb.FRAMEWORK_ONNX, metrics={"accuracy": accuracy})
            await versions.CreateVersion(new)
    asked = pb.ListVersionsRequest(
        model="-", filter="metrics.accuracy > 0.75", order_by="metrics.accuracy desc", show_pending=True, page_size=3
    )
    first = await versions.ListVersions(asked)
    asked.page_token = first.next_page_token
    second = await versions.ListVersions(asked)
    found = [(each.metrics["accuracy"], each.model) for page in (first, second) for each in page.versions]
    assert found == [(0.9, "b"), (0.9, "a"), (0.8, "b"), (0.8, "a")]
    assert not second.next_page_token
    asked.filter = "metrics.accuracy > 0.6"
    assert (await refused(versions.ListVersions(asked))).field == "page_token"


async def test_a_wrong_filter_is_shown_where_it_is_wrong(channel):
    versions = pb.VersionServiceStub(channel)
    error = await refused(versions.ListVersions(pb.ListVersionsRequest(model="-", filter="framework = sklearn")))
    assert (error.field, error.reason) == ("filter", "FILTER_INVALID")
    assert str(error).startswith("filter, at character 13, 'sklearn': choose from SKLEARN, ")
    error = await refused(versions.ListVersions(pb.ListVersionsRequest(model="-", order_by="size")))
    assert (error.field, error.reason) == ("order_by", "ORDER_INVALID")
