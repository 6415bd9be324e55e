"""How fast the registry is, as ratios within one run: against sha256sum and cp, and against an empty rpc.

    make bench                                  # all of it, about two minutes
    .venv/bin/python -m tests.bench.registry --gib 0.25 --rounds 1

Each figure is the median of the rounds; the peer is measured in the same round, on the same disk. Nothing here passes
or fails: docs/benchmarks.md says what is aimed at.
"""

import argparse
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

import servery
import servery.registry.v1 as pb
from tests.ports import free_ports
from tests.stack import clean_environment

MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=1.0, help="size of the large file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="servery-bench-") as name:
        folder = Path(name)
        with registry(folder / "home") as (address, pid), servery.connect(registry=address) as client:
            large_file(client, pid, folder, int(given.gib * 1024) * MIB, given.rounds)
            small_files(client, folder, given.rounds)
            metadata(address, folder, given.rounds)


@contextmanager
def registry(home: Path) -> Iterator[tuple[str, int]]:
    """A registry of its own process, on SQLite and a local folder."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    env = {**clean_environment(), "SERVERY_HOME": str(home), "SERVERY_REGISTRY_BIND": address}
    with subprocess.Popen([sys.executable, "-m", "servery_registry"], env=env, stderr=subprocess.DEVNULL) as process:
        try:
            with grpc.insecure_channel(address) as channel:
                grpc.channel_ready_future(channel).result(timeout=30)
            yield address, process.pid
        finally:
            process.terminate()


def large_file(client: servery.Client, pid: int, folder: Path, size: int, rounds: int) -> None:
    """Upload and download of one file, against sha256sum and cp of it."""
    idle = memory(pid, "VmRSS")
    peer, up, down = [], [], []
    for number in range(rounds):
        source = folder / "large" / "weights.bin"
        source.parent.mkdir(exist_ok=True)
        with source.open("wb") as out:  # new content each round: what the registry holds is not sent again
            for _ in range(size // MIB):
                out.write(os.urandom(MIB))
        copy = folder / "copy"
        peer.append(seconds(lambda source=source, copy=copy: copied(source, copy)))
        up.append(seconds(lambda: client.push(folder / "large", name="large", framework="python")))
        to = folder / "pulled"
        down.append(seconds(lambda number=number, to=to: client.pull("large", number + 1, to=to)))
        shutil.rmtree(to)
    share = size / MIB
    line(f"sha256sum + cp of {share:.0f} MiB", f"{median(peer):.2f} s")
    line("  upload", f"{median(up):.2f} s", f"{ratio(up, peer):.2f} ×", f"{share / median(up):.0f} MiB/s")
    line("  download", f"{median(down):.2f} s", f"{ratio(down, peer):.2f} ×", f"{share / median(down):.0f} MiB/s")
    line("  memory of the service", f"{idle:.0f} MiB idle", f"+{memory(pid, 'VmHWM') - idle:.0f} MiB at its highest")


def small_files(client: servery.Client, folder: Path, rounds: int) -> None:
    """Many small files, against cp -r of them."""
    peer, up, down = [], [], []
    for number in range(rounds):
        source = folder / f"small-{number}"
        for index in range(2000):
            path = source / f"{index % 20}" / f"{index}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(4096))
        peer.append(seconds(lambda source=source: shutil.copytree(source, source.with_suffix(".copy"))))
        up.append(seconds(lambda source=source: client.push(source, name="small", framework="python")))
        to = folder / f"small-pulled-{number}"
        down.append(seconds(lambda number=number, to=to: client.pull("small", number + 1, to=to)))
    line("cp -r of 2000 files of 4 kB", f"{median(peer):.2f} s")
    line("  upload", f"{median(up):.2f} s", f"{ratio(up, peer):.1f} ×")
    line("  download", f"{median(down):.2f} s", f"{ratio(down, peer):.1f} ×")


def metadata(address: str, folder: Path, rounds: int) -> None:
    """GetVersion, against an empty rpc of the same server through the same guards."""
    empty = folder / "empty.body"
    empty.write_bytes(framed(b""))
    body = folder / "version.body"
    body.write_bytes(framed(pb.GetVersionRequest(model="small", version=1).SerializeToString()))
    peer, own = [], []
    for _ in range(rounds):
        peer.append(requests_per_s(address, "grpc.health.v1.Health/Check", empty))
        own.append(requests_per_s(address, "servery.registry.v1.VersionService/GetVersion", body))
    line("empty rpc, 32 in flight", f"{median(peer):.0f} /s")
    line("  GetVersion", f"{median(own):.0f} /s", f"{ratio(own, peer):.2f} ×")


def requests_per_s(address: str, method: str, body: Path, count: int = 6000) -> float:
    """What h2load (Debian's nghttp2-client) counts on 4 connections with 8 streams each."""
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    command = ["h2load", "-n", str(count), "-c4", "-m8", *headers, "-d", str(body), f"http://{address}/{method}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if f"{count} succeeded" not in done.stdout:
        raise SystemExit(done.stdout)
    found = re.search(r"([\d.]+) req/s", done.stdout)
    assert found, done.stdout
    return float(found[1])


def framed(message: bytes) -> bytes:
    """A message as gRPC puts it on the wire."""
    return b"\0" + struct.pack(">I", len(message)) + message


def copied(source: Path, copy: Path) -> None:
    subprocess.run(["sha256sum", str(source)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cp", str(source), str(copy)], check=True)


def seconds(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def memory(pid: int, what: str) -> float:
    """MiB of a process: VmRSS now, VmHWM at its highest."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1024


def median(values: list[float]) -> float:
    return statistics.median(values)


def ratio(own: list[float], peer: list[float]) -> float:
    """Median of the ratios of the rounds."""
    return statistics.median(mine / theirs for mine, theirs in zip(own, peer, strict=True))


def line(what: str, *figures: str) -> None:
    print(f"{what:<36}" + "".join(f"{figure:>18}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
