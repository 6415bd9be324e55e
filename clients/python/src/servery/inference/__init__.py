"""Package `inference`: the KServe v2 (Open Inference) protocol, in Triton's superset.

Messages, stub and servicer. They live in a descriptor pool of their own, `POOL`, so that this package imports beside
tritonclient, kserve or mlserver, in any order. Give `POOL` to `json_format` and to reflection.
"""

from servery.inference._pool import POOL
from servery.inference.grpc_service_pb2 import *  # noqa: F403  # the messages, by their names
from servery.inference.grpc_service_pb2_grpc import (
    GRPCInferenceServiceServicer,
    GRPCInferenceServiceStub,
    add_GRPCInferenceServiceServicer_to_server,
)
from servery.inference.model_config_pb2 import ModelConfig

__all__ = [
    "POOL",
    "GRPCInferenceServiceServicer",
    "GRPCInferenceServiceStub",
    "ModelConfig",
    "add_GRPCInferenceServiceServicer_to_server",
]
