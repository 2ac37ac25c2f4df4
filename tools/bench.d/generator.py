"""Builds the load generator and runs it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from servers import BenchError, Server

SOURCES = Path(__file__).parent / "generator"
PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Load:
    """What a server is asked: see the options of `generator/load.c`."""

    operation: str = "get"
    connections: int = 1
    pipeline: int = 1
    keys: int = 100_000
    first: int = 0
    order: str = "uniform"
    value_bytes: int = 64
    put_share: float = 0
    misses: bool = False
    requests: int = 0
    seconds: float = 1
    warm_up: float = 0.2
    sync: bool = False
    # Each round has keys of its own.
    anew: bool = False
    # Another spelling than the server's usual one.
    protocol: str = ""

    def arguments(self) -> list[str]:
        flags = [name for name, is_set in (("--misses", self.misses), ("--sync", self.sync)) if is_set]
        fields = {
            "--operation": self.operation,
            "--connections": self.connections,
            "--pipeline": self.pipeline,
            "--keys": self.keys,
            "--first": self.first,
            "--order": self.order,
            "--value-bytes": self.value_bytes,
            "--put-share": self.put_share,
            "--requests": self.requests,
            "--seconds": self.seconds,
            "--warm-up": self.warm_up,
        }
        return flags + [str(word) for pair in fields.items() for word in pair]


def fill(keys: int, value_bytes: int = 64) -> Load:
    """Puts every key once, as fast as it goes, and waits until all is on disk."""
    return Load(
        "put", 8, 16, keys=keys, order="sequential", value_bytes=value_bytes, requests=keys, warm_up=0, sync=True
    )


@dataclass(frozen=True)
class Measurement:
    """What one run of one load measured."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    server_cpu_seconds: float
    generator_cpu_seconds: float
    by_second: tuple[int, ...] = ()

    @property
    def throughput(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """The server's CPU time for a request."""
        return self.server_cpu_seconds / self.requests * 1e6

    @property
    def steadiness(self) -> float:
        """The slowest whole second beside the mean, or 1 where it took less than two."""
        if len(self.by_second) < 2:
            return 1.0
        return min(self.by_second) / (sum(self.by_second) / len(self.by_second))

    def as_dict(self) -> dict[str, float]:
        return {
            "throughput": self.throughput,
            "p50_us": self.p50_us,
            "p99_us": self.p99_us,
            "cpu_us": self.cpu_us,
            "generator_cpu_share": self.generator_cpu_seconds / self.seconds,
            "slowest_second": self.steadiness,
        }


class Generator:
    """The compiled generator and echo server."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("clang") or shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise BenchError("there is no C compiler")
        self.program = directory / "load"
        self.echo = directory / "echo"
        for target, sources in ((self.program, ("load.c", "message.c", "keys.c")), (self.echo, ("echo.c",))):
            files = [str(SOURCES / source) for source in sources]
            done = subprocess.run(
                [compiler, "-O2", "-g", "-o", str(target), *files, "-lm"], capture_output=True, text=True
            )
            if done.returncode:
                raise BenchError(f"the generator does not compile:\n{done.stderr}")

    def run(self, server: Server, load: Load) -> Measurement:
        place = ["--protocol", load.protocol or server.protocol, "--socket", str(server.socket), "--pid", str(server.pid)]
        try:
            done = subprocess.run(
                [str(self.program), *place, *load.arguments()],
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"{server.name} took more than {PATIENCE_SECONDS} seconds") from None
        if done.returncode:
            raise BenchError(f"{server.name}: {done.stderr.strip()[-600:]}; its log: {server.log_tail()}")
        result: dict[str, Any] = json.loads(done.stdout)
        return Measurement(
            requests=result["requests"],
            seconds=result["seconds_with_sync"],
            p50_us=result["p50_us"],
            p99_us=result["p99_us"],
            server_cpu_seconds=result["server_cpu_seconds"],
            generator_cpu_seconds=result["generator_cpu_seconds"],
            by_second=tuple(result["by_second"]),
        )

    def verify(self, server: Server, keys: int, value_bytes: int = 64) -> None:
        """Looks whether keys that were put are there: the generator ends at the first that is not."""
        sample = Load("get", 8, 1, keys=keys, value_bytes=value_bytes, requests=min(keys, 20_000), warm_up=0)
        self.run(server, replace(sample))


def processors() -> int:
    return len(os.sched_getaffinity(0))
