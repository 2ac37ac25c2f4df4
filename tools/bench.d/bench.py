"""What workloads share: a scratch directory, the servers that run, rounds, and a line that tells how far it is."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator import Generator, Load, Measurement
from results import Result
from servers import Echo, Memcached, Memod, Redis, Server


@dataclass(frozen=True)
class Scale:
    """How much is done: a whole run, or a quick one that only shows that all works."""

    rounds: int
    seconds: float
    warm_up: float
    million: int
    put_entries: int
    long_rounds: int
    client_calls: int

    def with_rounds(self, count: int | None) -> "Scale":
        """The same with another number of rounds, where one is given."""
        return self if count is None else replace(self, rounds=count, long_rounds=count)

    @property
    def growth_entries(self) -> int:
        return 5 * self.million


WHOLE = Scale(7, seconds=2, warm_up=0.3, million=1_000_000, put_entries=4_000_000, long_rounds=3, client_calls=5_000)
QUICK = Scale(3, seconds=0.3, warm_up=0.1, million=50_000, put_entries=100_000, long_rounds=1, client_calls=500)


class Progress:
    """One line on standard error, written over where that is a terminal."""

    def __init__(self) -> None:
        self.is_live = sys.stderr.isatty()
        self.began = time.monotonic()
        self.workload = ""
        self.number = 0
        self.count = 0

    def begin(self, workload: str, number: int, count: int) -> None:
        self.workload, self.number, self.count = workload, number, count
        if not self.is_live:
            self.write(f"{workload}")

    def step(self, text: str) -> None:
        if self.is_live:
            self.write(f"{self.workload}: {text}")

    def write(self, text: str) -> None:
        seconds = int(time.monotonic() - self.began)
        line = f"[{self.number}/{self.count}] {seconds // 60}:{seconds % 60:02} {text}"
        if self.is_live:
            print(f"\r\x1b[K{line[:shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self.is_live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class Bench:
    """Runs workloads. As a context it ends what it started and removes its files."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.progress = Progress()
        self.scratch = Path(tempfile.mkdtemp(prefix="memod-bench.", dir=os.environ.get("TMPDIR", "/tmp")))
        try:
            self.generator = Generator(self.scratch)
        except BaseException:
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise
        Echo.program = str(self.generator.echo)
        self.servers: list[Server] = []
        self.fleets: dict[str, list[Server]] = {}
        self.started = 0

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.clear()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, kind: type[Server], *options: str) -> Server | None:
        """Starts a server, or returns `None` where its program is not installed."""
        if not kind.is_installed():
            return None
        self.started += 1
        server = kind(self.scratch, f"{kind.protocol}-{self.started}", *options)
        self.servers.append(server)
        self.progress.step(f"starting {kind.name}")
        return server.start()

    def end(self, *servers: Server | None) -> None:
        for server in servers:
            if server is not None:
                server.remove()
                self.servers.remove(server)

    def load(self, server: Server, load: Load) -> Measurement:
        self.progress.step(f"filling {server.name}" if load.operation == "put" else f"asking {server.name}")
        return self.generator.run(server, load)

    def fleet(self, name: str, start: Callable[[], Sequence[Server | None]]) -> list[Server]:
        """Servers that workloads with the same needs share. Those of another name are ended first."""
        if name not in self.fleets:
            self.end_fleets()
            self.fleets[name] = [server for server in start() if server is not None]
        return self.fleets[name]

    def end_fleets(self) -> None:
        for servers in self.fleets.values():
            self.end(*servers)
        self.fleets = {}

    def filled(self, kinds: Sequence[tuple[type[Server], Sequence[str]]], load: Load) -> list[Server]:
        """Starts servers and puts the same entries into all of them."""
        servers = [self.start(kind, *options) for kind, options in kinds]
        for server in servers:
            if server is not None and not isinstance(server, Echo):
                self.load(server, load)
        return [server for server in servers if server is not None]

    def rounds(self, result: Result, servers: Sequence[Server], load: Load) -> None:
        """Measures the servers under the same load in turn, again and again."""
        self.mixed_rounds(result, [(server.name, server, load) for server in servers])

    def mixed_rounds(self, result: Result, rows: Sequence[tuple[str, Server, Load]]) -> None:
        """Measures each row in turn, again and again, each round from another one on: what disturbs the machine
        meets all alike."""
        for name, _, _ in rows:
            result.of(name)
        for number in range(self.scale.rounds):
            first = number % len(rows)
            self.one_round(result, [*rows[first:], *rows[:first]])

    def one_round(self, result: Result, rows: Sequence[tuple[str, Server, Load]]) -> None:
        for name, server, load in rows:
            number = len(result.of(name).rounds.get("throughput", []))
            self.progress.step(f"{name}, {number + 1} of {self.scale.rounds}")
            load = replace(load, seconds=self.scale.seconds, warm_up=self.scale.warm_up)
            if load.anew:
                load = replace(load, first=load.first + number * load.keys)
            result.of(name).add(self.generator.run(server, load).as_dict())


EVERYONE: tuple[type[Server], ...] = (Memod, Redis, Memcached, Echo)
