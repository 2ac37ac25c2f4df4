"""Measures memod beside other caches. Started by tools/bench, which brings what this needs."""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import chart
import clients
import cold
import filling
import region
import remote
import report
import steady
from bench import QUICK, WHOLE, Bench
from results import Result
from servers import BenchError, Memcached, Memod, Redis, Server

# Those that share servers stand together.
WORKLOADS: dict[str, Callable[[Bench], Result]] = {
    "hot-1": steady.hot_1,
    "hot-50": steady.hot_50,
    "hot-50x16": steady.hot_50x16,
    "spellings": steady.spellings,
    "miss-50": steady.miss_50,
    "mixed": steady.mixed,
    "large": steady.large,
    "put-50": filling.put_50,
    "put-50x16": filling.put_50x16,
    "durable-put-50": steady.durable_put_50,
    "cold-1": cold.cold_1,
    "cold-50": cold.cold_50,
    "memory": filling.memory,
    "start": filling.start,
    "growth": steady.growth,
    "scale": steady.scale,
    "python-process": clients.python_process,
    "python-daemon": clients.python_daemon,
    "python-ways": clients.python_ways,
    "region-get": region.get,
    "region-first": region.first,
    "region-processes": region.processes,
    "region-swift": region.swift,
    "region-beside": region.beside_readers,
    "region-put": region.unpublished_puts,
    "remote-hit-1": remote.hit_1,
    "remote-hit-50": remote.hit_50,
    "remote-mget": remote.mget,
    "remote-local": remote.local,
    "remote-stopped": remote.stopped,
    "remote-clear": remote.clear,
    "remote-idle": remote.idle,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measures memod beside other caches.")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="what to measure; everything if none is named")
    parser.add_argument("--list", action="store_true", help="name the workloads and end")
    parser.add_argument("--quick", action="store_true", help="a minute's run: smaller and less exact")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each workload")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables to a file")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also write a bar chart to a file")
    options = parser.parse_args()
    if unknown := [name for name in options.workloads if name not in WORKLOADS]:
        parser.error(f"there is no workload {', '.join(unknown)}; --list names those there are")
    if options.rounds is not None and not 1 <= options.rounds <= 1000:
        parser.error("--rounds takes 1 to 1000")
    return options


def run(options: argparse.Namespace) -> list[Result]:
    names = [name for name in WORKLOADS if not options.workloads or name in options.workloads]
    scale = QUICK if options.quick else WHOLE
    results: list[Result] = []
    with Bench(scale.with_rounds(options.rounds)) as bench:
        for number, name in enumerate(names, 1):
            bench.progress.begin(name, number, len(names))
            results.append(WORKLOADS[name](bench))
            if not options.json:
                bench.progress.clear()
                print("\n".join(report.of_result(results[-1])), flush=True)
    return results


def main() -> int:
    options = arguments()
    if options.list:
        print("\n".join(WORKLOADS))
        return 0
    # The end comes as an exception, so that everything that was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    peers: tuple[type[Server], ...] = (Redis, Memcached)
    for kind in peers:
        if not kind.is_installed():
            print(f"bench: {kind.name} is not installed: it is left out", file=sys.stderr)
    try:
        if not Memod.is_installed():
            raise BenchError(f"there is no memod at {Memod.program}")
        results = run(options)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.markdown:
        options.markdown.write_text(report.document(results, options.quick))
    if options.svg:
        options.svg.write_text(chart.chart(results))
    if options.json:
        print(json.dumps({"machine": report.machine(), "quick": options.quick,
                          "workloads": [result.as_dict() for result in results]}, indent=1))
    else:
        print("\n".join([*report.description(options.quick), *report.summary(results)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
