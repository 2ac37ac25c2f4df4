"""Gets of entries that are only on disk."""

import json
import os
import subprocess
from pathlib import Path

from bench import Bench
from generator import PATIENCE_SECONDS, Load, fill
from results import Ratio, Result
from servers import BenchError, Echo, Memod, Server

WORKER = Path(__file__).parent / "diskcache_worker.py"


def worker(bench: Bench, action: str, count: int) -> str:
    """Has the diskcache process do something; returns what it prints."""
    command = [os.environ["BENCH_PYTHON"], str(WORKER), action, str(bench.scratch / "diskcache"), str(count)]
    done = subprocess.run(
        [*command, str(bench.scale.seconds)], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    if done.returncode:
        raise BenchError(f"diskcache: {done.stderr.strip()[-500:]}")
    return done.stdout


def has_module(name: str) -> bool:
    """Whether the Python of the comparisons has a module."""
    python = os.environ.get("BENCH_PYTHON", "")
    if not Path(python).is_file():
        return False
    return subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 0


def servers(bench: Bench) -> list[Server]:
    def start() -> list[Server]:
        if has_module("diskcache"):
            bench.progress.step("filling diskcache")
            worker(bench, "fill", bench.scale.million)
        return bench.filled(
            [(Memod, ("--hot-bytes", "1MiB", "--cold-bytes", "32GiB")), (Echo, ())], fill(bench.scale.million)
        )

    return bench.fleet("cold", start)


def measure(bench: Bench, result: Result, connections: int) -> None:
    """Rounds of cold gets, hot gets of the same daemon, a server's without work, and diskcache's."""
    memod, echo = servers(bench)
    rows = [
        ("memod", memod, Load(connections=connections, keys=bench.scale.million)),
        ("memod hot", memod, Load(connections=connections, keys=500)),
        ("echo", echo, Load(connections=connections, keys=bench.scale.million)),
    ]
    has_peer = has_module("diskcache")
    for _ in range(bench.scale.rounds):
        bench.one_round(result, rows)
        if has_peer:
            bench.progress.step("asking diskcache")
            result.of("diskcache").add(json.loads(worker(bench, "ask", bench.scale.million)))
    if not has_peer:
        result.notes.append("diskcache is not installed and was left out.")


def cold_1(bench: Bench) -> Result:
    count = bench.scale.million
    result = Result("cold-1", f"cold get: {count:,} entries on disk, hot tier of 1 MiB, 1 connection")
    measure(bench, result, 1)
    if result.has("diskcache"):
        cold, hot, peer = (result.of(name).rounds["p50_us"] for name in ("memod", "memod hot", "diskcache"))
        values = [ours / (own + 1.5 * theirs) for ours, own, theirs in zip(cold, hot, peer)]
        result.ratios.append(Ratio("p50, memod / (its hot p50 + 1.5 × diskcache)", values, 1.0, is_upper=True))
    result.compare("p50_us", "diskcache")
    return result


def cold_50(bench: Bench) -> Result:
    count = bench.scale.million
    result = Result("cold-50", f"cold get: {count:,} entries on disk, 50 connections; one process of diskcache")
    measure(bench, result, 50)
    result.compare("throughput", "diskcache", 4.0)
    result.compare("throughput", "echo")
    return result
