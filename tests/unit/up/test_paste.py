"""The lines to paste say what they should, and a shell takes them apart as it should."""

import ast
import json
import shlex
import sys
from pathlib import Path

import pytest
from google.protobuf import json_format

import servery.inference as pb
from servery_up.demo.digits import digits
from servery_up.demo.iris import iris
from servery_up.demo.paste import grpcurl, program, servery, tritonclient


@pytest.fixture(params=[iris, digits], ids=["iris", "digits"])
def example(request):
    return request.param()


def test_grpcurl_is_given_a_request_that_the_protocol_knows(example):
    *options, address, method = shlex.split(grpcurl(example, "127.0.0.1:9001"))
    assert options[:3] == ["grpcurl", "-plaintext", "-d"]
    assert (address, method) == ("127.0.0.1:9001", "inference.GRPCInferenceService/ModelInfer")
    request = json_format.Parse(options[3], pb.ModelInferRequest(), descriptor_pool=pb.POOL)
    (tensor,) = request.inputs
    assert (request.model_name, tensor.name, tensor.datatype) == (
        example.name,
        example.input.name,
        example.input.datatype,
    )
    assert list(tensor.shape) == [1, example.rows.shape[1]]
    assert list(getattr(tensor.contents, example.input.contents)) == list(example.rows[0])
    assert request.parameters["binary_data_output"].WhichOneof("parameter_choice") == "bool_param"


def test_tritonclient_is_given_python(example):
    head, *code, end = tritonclient(example, "127.0.0.1:9001").split("\n")
    assert head.endswith(" - <<'END'")
    assert end == "END"
    ast.parse("\n".join(code))
    assert "'127.0.0.1:9001'" in code[-1]


@pytest.mark.parametrize(
    ("address", "setting"),
    [("127.0.0.1:8001", []), ("127.0.0.1:9001", ["SERVERY_INFERENCE=127.0.0.1:9001"])],
    ids=["the default needs no setting", "another address does"],
)
def test_servery_predict_asks_the_same_row(example, address, setting):
    *before, command, verb, name, flag, data = shlex.split(servery(example, address))
    assert before == setting
    assert Path(command).name == "servery"
    assert (verb, name, flag) == ("predict", example.name, "--data")
    assert json.loads(data) == {"instances": [list(example.rows[0])]}


def test_a_program_of_the_environment_is_named_by_its_path_only_where_its_name_does_not_find_it():
    ours = Path(sys.executable).parent
    assert program("python", {"PATH": str(ours)}) == "python"
    assert program("python", {"PATH": "/nowhere"}).endswith("bin/python")
    assert program("no-such-program", {"PATH": str(ours)}) == "no-such-program"
