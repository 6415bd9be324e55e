"""One service as a client sees it: a channel opened on the first call, a deadline on every call, errors translated."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from servery import errors
from servery._channel import channel_options
from servery._grpc_errors import STATUS_METADATA_KEY, from_rpc

Response = TypeVar("Response")
Stub = TypeVar("Stub")

Watch = Callable[[Any], AbstractContextManager[None]]

UNREACHABLE: Final = "SERVICE_UNREACHABLE"
"""Reason of Unavailable when nothing answers at the address, as against a service that says it is unavailable."""


class Connection:
    """A service at an address. Safe to use from many threads; nothing is sent before the first call."""

    def __init__(
        self,
        service: str,
        address: str,
        *,
        variable: str,
        services: Sequence[ServiceDescriptor],
        timeout_s: float,
        message_bytes: int | None = None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.service = service
        self.address = address
        self.timeout_s = timeout_s
        self._variable = variable
        self._services = tuple(services)
        self._message_bytes = message_bytes
        self._metadata = tuple(metadata)
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._stubs: dict[Any, Any] = {}
        self._closed = False

    def channel(self) -> grpc.Channel:
        """The channel, opened now if it was not."""
        with self._lock:
            if self._closed:
                raise errors.FailedPrecondition(
                    "the client is closed; open another one with servery.connect()", reason="CLIENT_CLOSED"
                )
            if self._channel is None:
                options = channel_options(self._services, message_bytes=self._message_bytes)
                self._channel = grpc.insecure_channel(self.address, options=options)
            return self._channel

    def stub(self, stub: Callable[[grpc.Channel], Stub]) -> Stub:
        """A generated stub on this channel, made once."""
        channel = self.channel()
        if stub not in self._stubs:
            self._stubs[stub] = stub(channel)
        made: Stub = self._stubs[stub]
        return made

    def call(self, method: Any, request: Any, *, timeout_s: float | None = None, watch: Watch | None = None) -> Any:
        """The answer to a call that has one answer: `method` of a stub; `request` may be an iterator of messages.

        `watch` is given the call while it runs, so that another thread can cancel it.
        """
        with self.translated():
            if watch is None:
                return method(request, timeout=self._timeout(timeout_s), metadata=self._metadata)
            call = method.future(request, timeout=self._timeout(timeout_s), metadata=self._metadata)
            with watch(call):
                return _result(call)

    def stream(
        self, method: Any, request: Any, *, timeout_s: float | None = None, watch: Watch | None = None
    ) -> Generator[Any, None, None]:
        """The answers of a call that has many. The call is cancelled when the iterator is closed before its end.

        `watch` is given the call while it runs, so that another thread can cancel it.
        """
        with self.translated():
            call = method(request, timeout=self._timeout(timeout_s), metadata=self._metadata)
            with watch(call) if watch is not None else nullcontext():
                try:
                    yield from call
                finally:
                    call.cancel()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What gRPC raises inside comes out as an error of `servery.errors`."""
        try:
            yield
        except grpc.RpcError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Close the channel. What still runs on it is cancelled."""
        with self._lock:
            self._closed = True
            if self._channel is not None:
                self._channel.close()
                self._channel = None

    def _timeout(self, asked: float | None) -> float:
        return self.timeout_s if asked is None else asked

    def _error(self, error: grpc.RpcError) -> errors.ServeryError:
        translated = from_rpc(error)
        trailing: Any = error.trailing_metadata() or ()  # pairs, whatever the stubs say
        if STATUS_METADATA_KEY in dict(trailing):
            return translated  # the service itself speaks, and says what to do
        match translated:
            case errors.Unavailable():
                # "failed to connect to all addresses; last error: …" says no more than our own words do.
                cause = "" if str(translated).startswith("failed to connect") else f" ({translated})"
                return errors.Unavailable(
                    f"the {self.service} service does not answer at {self.address}{cause}: "
                    f"start Servery with `servery up`, or say where it is in {self._variable}",
                    reason=UNREACHABLE,
                    metadata={"service": self.service, "address": self.address},
                )
            case errors.DeadlineExceeded():
                return errors.DeadlineExceeded(
                    f"the {self.service} service at {self.address} did not answer in time: give it longer (timeout_s), "
                    "or look into its log",
                    metadata={"service": self.service, "address": self.address},
                )
        return translated


def _result(call: Any) -> Any:
    try:
        return call.result()
    except grpc.FutureCancelledError:
        raise errors.Cancelled("the call was given up") from None
