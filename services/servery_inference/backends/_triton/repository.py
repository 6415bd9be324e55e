"""Control of one model in a running Triton: push, look, unload."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import grpc
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from servery._channel import channel_options
from servery_inference.backends._triton.answers import Answers
from servery_inference.backends._triton.layout import Layout, config_json, contents

log = logging.getLogger(__name__)

# Triton closes a connection on which pings come more often than every 5 minutes.
KEEPALIVE_S: Final = 330.0
MESSAGE_BYTES: Final = 2**31 - 1  # Triton's own limit; what callers may send is limited where they send it

CONTROL_TIMEOUT_S: Final = 5.0
LOAD_TIMEOUT_S: Final = 300.0


class Repository:
    """Triton's repository API, for one model. Raises what `Answers` makes of Triton's refusals."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        options = channel_options(message_bytes=MESSAGE_BYTES, keepalive_s=KEEPALIVE_S)
        self._client = InferenceServerClient(answers.address, channel_args=list(options))

    async def push(self, model: Layout, *, version_id: str) -> None:
        """Load the model, anew if it is there already; return when it is ready."""
        files = await asyncio.to_thread(contents, model)
        config = config_json(model.config, name=self._answers.name, version_id=version_id, load=uuid4().hex)
        with self._translated():
            # Asked first: a Triton that hangs is noticed in seconds, while a load may take minutes.
            await self._client.is_server_live(client_timeout=CONTROL_TIMEOUT_S)
            await self._client.load_model(self._answers.name, config=config, files=files, client_timeout=LOAD_TIMEOUT_S)
        log.info("loaded %s into the Triton at %s", self._answers.name, self._answers.address)

    async def holds(self) -> bool:
        """Whether Triton calls the model ready; it does so too of one whose process has died."""
        with self._translated():
            return bool(await self._client.is_model_ready(self._answers.name, client_timeout=CONTROL_TIMEOUT_S))

    async def close(self) -> None:
        """Unload the model. A Triton that does not answer is left alone: it has lost the model, or is stuck."""
        try:
            await self._client.unload_model(self._answers.name, client_timeout=CONTROL_TIMEOUT_S)
            log.info("unloaded %s from the Triton at %s", self._answers.name, self._answers.address)
        except InferenceServerException as error:
            log.warning("can't unload %s from the Triton at %s: %s", self._answers.name, self._answers.address, error)
        finally:
            await self._client.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except InferenceServerException as error:
            # tritonclient keeps the code as the text of the enum: "StatusCode.NOT_FOUND".
            code = grpc.StatusCode[str(error.status()).removeprefix("StatusCode.")]
            raise self._answers.failed_load(code, error.message() or "") from error
