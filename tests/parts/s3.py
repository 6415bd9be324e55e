"""A real S3 server (MinIO) for tests: started on a free port with one empty bucket, gone when the block is left."""

import http.client
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from tests.ports import free_ports

BUCKET = "servery"
ACCESS_KEY = "servery-tests"
SECRET_KEY = "not-to-be-seen-in-a-log"
START_S = 60.0
STOP_S = 10.0


@dataclass(slots=True)
class S3:
    """A server. It listens on the same port each time that it is started."""

    binary: Path
    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, str]:
        """Where it is and who may enter, as obstore's options."""
        return {
            "endpoint": self.endpoint,
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
            "region": "us-east-1",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as AWS_… variables."""
        return {f"AWS_{name.upper()}": value for name, value in self.options.items()}

    def new_url(self) -> str:
        """An empty folder of the bucket."""
        return f"s3://{BUCKET}/{uuid4().hex}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # A folder is a bucket. Data that is there already is found again.
        (self.folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        log = self.folder / "minio.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [self.binary, "server", "--quiet", "--address", f"127.0.0.1:{self.port}", self.folder / "data"],
                env={
                    "HOME": str(self.folder),
                    "MINIO_ROOT_USER": ACCESS_KEY,
                    "MINIO_ROOT_PASSWORD": SECRET_KEY,
                    "MINIO_BROWSER": "off",
                    "MINIO_UPDATE": "off",
                    "GOMAXPROCS": "2",
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"no S3 server:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9."""
        self._end("kill")

    def stop(self) -> None:
        """SIGTERM."""
        self._end("terminate")

    def _end(self, how: str) -> None:
        if self._process is not None:
            getattr(self._process, how)()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/minio/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def s3_server(binary: Path) -> Iterator[S3]:
    """An S3 server that answers; it and its data are gone when the block is left."""
    with TemporaryDirectory(prefix="servery-s3-") as folder:
        server = S3(binary, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
