"""A gRPC server in a thread, on a port of its own, for fakes of whole services."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from servery._grpc_errors import STATUS_METADATA_KEY, to_code, to_status
from servery.errors import ServeryError

Add = Callable[[grpc.Server], None]

MESSAGE_BYTES = 64 * 1024 * 1024


class ServerThread:
    """Serves until stopped; can be started again at the same address, as a service that was restarted."""

    def __init__(self, *adds: Add) -> None:
        self._adds = adds
        self._server: grpc.Server | None = None
        self.address = "127.0.0.1:0"

    def start(self) -> None:
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.max_send_message_length", MESSAGE_BYTES),
        ]
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8), options=options)
        for add in self._adds:
            add(self._server)
        port = self._server.add_insecure_port(self.address)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(grace=None).wait(5)
            self._server = None


@contextmanager
def running(*adds: Add) -> Iterator[ServerThread]:
    server = ServerThread(*adds)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def abort(context: grpc.ServicerContext, error: ServeryError) -> Any:
    """End a call as a service of Servery does: with the rich status of the error."""
    status = to_status(error)
    context.set_trailing_metadata(((STATUS_METADATA_KEY, status.SerializeToString()),))
    context.abort(to_code(error), str(error))
