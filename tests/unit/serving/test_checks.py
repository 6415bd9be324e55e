"""What requests are refused for their form alone, and which field is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import servery.serving.v1 as pb
from servery.errors import InvalidArgument
from servery_serving.api import checks, convert
from servery_serving.domain.deployment import NAME, Engine, inferred_name

FORBIDDEN = [
    (checks.create, pb.CreateDeploymentRequest(), "model"),
    (checks.create, pb.CreateDeploymentRequest(model="a b"), "model"),
    (checks.create, pb.CreateDeploymentRequest(model="a" * 256), "model"),
    (checks.create, pb.CreateDeploymentRequest(model="a", name="a-b"), "name"),
    (checks.create, pb.CreateDeploymentRequest(model="a", name="a\n"), "name"),
    (checks.create, pb.CreateDeploymentRequest(model="a", name="ä"), "name"),
    (checks.create, pb.CreateDeploymentRequest(model="a", name="a" * 256), "name"),
    (checks.create, pb.CreateDeploymentRequest(model="a", project="a/b"), "project"),
    (checks.create, pb.CreateDeploymentRequest(model="a", model_version=-1), "model_version"),
    (checks.create, pb.CreateDeploymentRequest(model="a", description="x" * 1001), "description"),
    (checks.create, pb.CreateDeploymentRequest(model="a", description="\x00"), "description"),
    (checks.create, pb.CreateDeploymentRequest(model="a", engine=99), "engine"),
    (checks.create, pb.CreateDeploymentRequest(model="a", request_id="1"), "request_id"),
    (checks.named, pb.GetDeploymentRequest(), "name"),
    (checks.named, pb.StartDeploymentRequest(name="a/b"), "name"),
    (checks.named, pb.StopDeploymentRequest(name="a", project="\x00"), "project"),
    (checks.list_deployments, pb.ListDeploymentsRequest(project=" "), "project"),
    (checks.watch_assignments, pb.WatchAssignmentsRequest(), "node.id"),
    (checks.watch_assignments, pb.WatchAssignmentsRequest(node={"id": "n 1", "address": "h:1"}), "node.id"),
    (checks.watch_assignments, pb.WatchAssignmentsRequest(node={"id": "n"}), "node.address"),
    (checks.watch_assignments, pb.WatchAssignmentsRequest(node={"id": "n", "address": "h"}), "node.address"),
    (checks.watch_assignments, pb.WatchAssignmentsRequest(node={"id": "n", "address": "h:0"}), "node.address"),
    (checks.watch_assignments, pb.WatchAssignmentsRequest(node={"id": "n", "address": "h:99999"}), "node.address"),
    (checks.report_status, pb.ReportStatusRequest(), "node_id"),
    (checks.report_status, pb.ReportStatusRequest(node_id="n", statuses=[{"state": 0}]), "statuses[0].state"),
    (checks.report_status, pb.ReportStatusRequest(node_id="n", statuses=[{"state": 3}, {"state": 9}]),
     "statuses[1].state"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "request_", "field"), FORBIDDEN, ids=lambda value: getattr(value, "__name__", str(value)[:40])
)
def test_a_request_of_the_wrong_form_is_refused_by_its_field(check, request_, field):
    with pytest.raises(InvalidArgument) as caught:
        check(request_)
    assert caught.value.field == field


@pytest.mark.parametrize("address", ["localhost:8001", "127.0.0.1:1", "[::1]:8001", "node-1.example_net:65535"])
def test_addresses_of_nodes_are_host_and_port(address):
    checks.watch_assignments(pb.WatchAssignmentsRequest(node={"id": "n", "address": address}))


@given(st.text(max_size=300))
def test_whatever_the_text_a_name_is_fit_or_refused(text):
    request = pb.GetDeploymentRequest(name=text)
    if NAME.fullmatch(text):
        checks.named(request)
    else:
        with pytest.raises(InvalidArgument):
            checks.named(request)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,255}", fullmatch=True))
def test_the_name_inferred_from_a_models_name_is_fit(model):
    try:
        assert NAME.fullmatch(inferred_name(model))
    except InvalidArgument:
        assert not any(c.isalnum() for c in model)


def test_an_engine_that_is_not_given_is_local():
    assert convert.engine_from_proto(pb.ENGINE_UNSPECIFIED) is Engine.LOCAL
    assert convert.engine_from_proto(pb.ENGINE_TRITON) is Engine.TRITON
    assert {convert.engine_from_proto(convert.engine_to_proto(engine)) for engine in Engine} == set(Engine)
