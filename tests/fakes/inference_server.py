"""A KServe v2 server over the wire whose models are functions on numpy arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import grpc
import numpy as np

import servery.inference as pb
from servery.client import _ndarray
from servery.errors import InvalidArgument, NotFound
from tests.fakes.grpc_server import abort

Spec = tuple[str, str, list[int]]


@dataclass
class FakeModel:
    inputs: list[Spec]
    outputs: list[Spec]
    run: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
    typed: bool = False
    """Answer typed contents, as some other servers do; FP64 and INT64 only."""


class FakeInference(pb.GRPCInferenceServiceServicer):
    def __init__(self) -> None:
        self.models: dict[tuple[str, str], FakeModel] = {}
        self.metadata_calls = 0
        self.requests: list = []

    def add(self, server: grpc.Server) -> None:
        pb.add_GRPCInferenceServiceServicer_to_server(self, server)

    def ModelMetadata(self, request, context):
        self.metadata_calls += 1
        model = self._model(request.name, context)
        response = pb.ModelMetadataResponse(name=request.name, versions=["1"])
        for specs, field in ((model.inputs, response.inputs), (model.outputs, response.outputs)):
            for name, datatype, shape in specs:
                field.add(name=name, datatype=datatype, shape=shape)
        return response

    def ModelInfer(self, request, context):
        self.requests.append(request)
        model = self._model(request.model_name, context)
        known = {name: datatype for name, datatype, _ in model.inputs}
        arrays = {}
        for tensor, raw in zip(request.inputs, request.raw_input_contents, strict=True):
            if known.get(tensor.name) != tensor.datatype:
                abort(context, InvalidArgument(f"unexpected input {tensor.name!r}", field="inputs"))
            arrays[tensor.name] = _ndarray.decode(np, tensor.datatype, list(tensor.shape), raw)
        response = pb.ModelInferResponse(model_name=request.model_name, model_version="1")
        results = model.run(arrays)
        wanted = [output.name for output in request.outputs]
        for name, datatype, _ in model.outputs:
            if wanted and name not in wanted:
                continue
            output = response.outputs.add(name=name, datatype=datatype, shape=results[name].shape)
            if model.typed:
                field = {"FP64": "fp64_contents", "INT64": "int64_contents"}[datatype]
                getattr(output.contents, field).extend(results[name].reshape(-1).tolist())
            else:
                _, raw = _ndarray.encode(name, datatype, results[name])
                response.raw_output_contents.append(raw)
        return response

    def _model(self, name: str, context) -> FakeModel:
        project = dict(context.invocation_metadata())["servery-project"]
        if (project, name) not in self.models:
            abort(
                context,
                NotFound(f"there is no deployment {name!r}", reason="MODEL_NOT_FOUND", resource_type="deployment"),
            )
        return self.models[project, name]
