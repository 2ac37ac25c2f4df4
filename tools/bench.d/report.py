"""Results as tables."""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from results import Result, Series
from servers import Memcached, Memod, Redis

COLUMNS = {
    "throughput": "requests/s",
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "cpu_us": "CPU µs/request",
    "memory": "memory MiB",
    "seconds": "seconds",
    "hit_ns": "ns/hit",
}


def shown(metric: str, value: float) -> str:
    if metric == "throughput":
        return f"{value:,.0f}"
    if metric == "memory":
        return f"{value / (1 << 20):,.0f}"
    if metric == "hit_ns":
        return f"{value:,.1f}"
    if metric == "seconds":
        return f"{value:.3f}"
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def cells(series: Series, metrics: Sequence[str]) -> list[str]:
    return [shown(metric, series.median(metric)) if metric in series.rounds else "" for metric in metrics]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns line up: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        )
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "| " + " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]) + " |"
    return [line(rows[0]), rule, *(line(row) for row in rows[1:])]


def verdict(is_reached: bool | None) -> str:
    return "" if is_reached is None else "yes" if is_reached else "**no**"


def of_result(result: Result) -> list[str]:
    """A workload: what each server did, and the ratios."""
    metrics = [metric for metric in COLUMNS if any(metric in series.rounds for series in result.series)]
    lines = [f"### {result.name}: {result.title}", ""]
    lines += table([["server", *(COLUMNS[metric] for metric in metrics)]]
                   + [[series.name, *cells(series, metrics)] for series in result.series])
    if result.ratios:
        lines += ["", *table(
            [["ratio", "median", "spread", "goal", "reached"]]
            + [
                [
                    ratio.text,
                    f"{ratio.median:.2f}",
                    f"{min(ratio.values):.2f} to {max(ratio.values):.2f}",
                    ratio.goal,
                    verdict(ratio.is_reached),
                ]
                for ratio in result.ratios
            ]
        )]
    for note in result.notes:
        lines += ["", note]
    return [*lines, ""]


def summary(results: Sequence[Result]) -> list[str]:
    """All ratios with a goal, in one table."""
    rows = [
        [result.name, ratio.text, f"{ratio.median:.2f}", ratio.goal, verdict(ratio.is_reached)]
        for result in results
        for ratio in result.ratios
        if ratio.limit is not None
    ]
    return table([["workload", "ratio", "median", "goal", "reached"], *rows]) if rows else []


def version(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else ""


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.machine(),
    )
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    facts = {
        "processor": f"{len(os.sched_getaffinity(0))} × {model}",
        "memory": f"{pages * page / (1 << 30):.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "memod": version(Memod.program, "--version"),
    }
    if Redis.is_installed():
        words = version(Redis.program, "--version").split()
        facts["Redis"] = next((word[2:] for word in words if word.startswith("v=")), "")
    if Memcached.is_installed():
        facts["memcached"] = version(Memcached.program, "--version").removeprefix("memcached ")
    return facts


def description(is_quick: bool) -> list[str]:
    text = "; ".join(f"{name} {value}" for name, value in machine().items() if value)
    lines = [f"Measured on: {text}.", ""]
    if is_quick:
        lines += ["A quick run: fewer entries and short rounds, good for seeing that all works.", ""]
    return lines


def document(results: Sequence[Result], is_quick: bool) -> str:
    lines = description(is_quick)
    for result in results:
        lines += of_result(result)
    totals = summary(results)
    if totals:
        lines += ["### What was to be reached", "", *totals, ""]
    return "\n".join(lines)
