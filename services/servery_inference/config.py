"""What the Inference service can be told: variables `SERVERY_INFERENCE_*`."""

import socket

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servery_kit.config import Settings


class Config(Settings):
    """Settings of an inference node."""

    model_config = SettingsConfigDict(env_prefix="SERVERY_INFERENCE_")

    bind: str = Field("127.0.0.1:8001", description="host:port to answer KServe v2 on.")
    registry_address: str = Field("127.0.0.1:8081", description="host:port of the registry.")
    serving_address: str = Field("127.0.0.1:8082", description="host:port of the serving service.")
    advertise_address: str = Field("", description="host:port where others reach this node; where it listens if empty.")
    node_id: str = Field("", description="Name of this node, kept over restarts; host name and port if empty.")
    triton_address: str = Field("", description="host:port of a Triton's gRPC; empty: deployments on Triton fail.")
    message_bytes: int = Field(67108864, gt=0, description="Largest request and response, in bytes.")
    server_name: str = Field("servery", description='Name in ServerMetadata. Some clients insist on "triton".')

    def node_name(self) -> str:
        """The id of this node."""
        return self.node_id or f"{socket.gethostname()}-{self.bind.rpartition(':')[2]}"
