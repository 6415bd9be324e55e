"""Addresses: where a service listens, where it is then reached, and whether the port is free."""

import errno
import socket
from collections.abc import Iterable

from servery_up.program import CannotStart, Program

_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}  # noqa: S104  # looked for, not bound


def split(bind: str, variable: str) -> tuple[str, int]:
    """Host (an IPv6 address in its brackets) and port. Raise CannotStart, which names the variable."""
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise CannotStart(f"{variable}={bind!r}: should be host:port, such as 127.0.0.1:8081")
    return host, int(port)


def reached_at(bind: str) -> str:
    """The address at which a client on this machine reaches what listens on `bind`."""
    host, colon, port = bind.rpartition(":")
    return bind if bind.startswith("unix:") else f"{_ANY.get(host, host)}{colon}{port}"


def pinned(bind: str, variable: str) -> str:
    """`bind` with a free port in the place of port 0, so that a service that is restarted is found where it was."""
    if bind.startswith("unix:"):
        return bind
    host, port = split(bind, variable)
    if port:
        return bind
    with _listening(host, 0, variable) as free:
        return f"{host}:{free.getsockname()[1]}"


def check_free(programs: Iterable[Program]) -> None:
    """Raise CannotStart when a port is taken: by somebody else, or by two of the programs."""
    seen: dict[int, Program] = {}
    for program in programs:
        if program.bind.startswith("unix:"):
            continue
        host, port = split(program.bind, program.variable)
        _listening(host, port, program.variable).close()
        if other := seen.get(port):
            raise CannotStart(f"{program.variable} and {other.variable} both say port {port}; change one of them")
        seen[port] = program


def _listening(host: str, port: int, variable: str) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotStart(f"{variable}: host {host!r} is not known ({error.strerror})") from error
    sock = socket.socket(family, kind, protocol)
    try:
        # Connections of a stack that was just stopped linger; they don't keep a server from listening.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(1)
    except OSError as error:
        sock.close()
        raise CannotStart(_why(error, host, port, variable)) from error
    return sock


def _why(error: OSError, host: str, port: int, variable: str) -> str:
    elsewhere = f"{host}:{port + 1000 if port < 64_000 else port - 1000}"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another process: stop that one, or set {variable}={elsewhere}"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user: set {variable} to a port above 1023, such as {host}:8081"
    return f"can't listen on {host}:{port}, which {variable} says: {error.strerror}"
