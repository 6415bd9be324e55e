"""A real PostgreSQL for tests: started on a free port with an empty data folder, gone when the block is left."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.ports import free_ports

USER = "servery"
PASSWORD = "not-to-be-seen-in-a-log"
# initdb and postgres refuse to run as root; this account is on every machine, and owns nothing.
UNPRIVILEGED = "nobody"

# Fast before safe: what a test has stored need not outlive the machine. Killing the server is no harm.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


@dataclass(slots=True)
class Postgres:
    """A server. It listens on the same port each time that it is started."""

    binaries: Path
    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])

    def create(self) -> None:
        """Make the data folder. Texts are ordered as people do, not byte by byte: as on most servers there are."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._hand_over(password)
        self._run(
            "initdb", "--pgdata", str(self.data), "--username", USER, "--auth=scram-sha-256", f"--pwfile={password}",
            "--no-sync", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US",
        )  # fmt: skip

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        given = {**SETTINGS, "port": str(self.port)}
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        self._run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.log), "-o", options)

    def kill(self) -> None:
        """Stop it as a crash would: no connection is told, nothing is written."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data))

    def new_database(self) -> str:
        """An empty database of its own: its URL."""
        name = f"t{uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} STRATEGY file_copy")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, name: str = "postgres") -> str:
        """Run a statement beside all services, and give what it prints."""
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", name]
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *address, "-c", statement)

    def _run(self, program: str, *arguments: str) -> str:
        # Into a file: the server inherits the output, and a pipe would be open until it ends.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*_unprivileged(), self.binaries / program, *arguments],
                cwd=self.folder,
                env={"PATH": "/usr/bin:/bin", "PGPASSWORD": PASSWORD, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            printed = output.read()
        if done.returncode:
            log = self.log.read_text()[-2000:] if self.log.exists() else ""
            raise RuntimeError(f"{program} ended with {done.returncode}: {printed}\n{log}")
        return printed.strip()

    def _hand_over(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, UNPRIVILEGED)


def _unprivileged() -> list[str]:
    """What runs a program as somebody else than root.

    Not subprocess's `user=`: with that Python forks where else it would not, and a fork beside gRPC's threads dies.
    """
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam(UNPRIVILEGED)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


@contextmanager
def postgres_server(binaries: Path) -> Iterator[Postgres]:
    """A PostgreSQL that answers; it and its data are gone when the block is left."""
    # Not below pytest's folder, which nobody but root may enter when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="servery-postgres-"))
    server = Postgres(binaries, folder)
    server._hand_over(folder)
    try:
        server.create()
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.kill()
        shutil.rmtree(folder)
