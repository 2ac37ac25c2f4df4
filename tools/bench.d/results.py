"""What a workload brought: figures of each server, and how they compare with what was to be reached."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

LOWER_IS_BETTER = {"p50_us", "p99_us", "cpu_us", "memory", "seconds", "hit_ns"}
METRICS = {
    "throughput": "throughput",
    "p50_us": "p50",
    "p99_us": "p99",
    "cpu_us": "CPU per request",
    "memory": "resident memory",
    "seconds": "time to the first get",
    "hit_ns": "time of a hit",
}


@dataclass
class Series:
    """One server's figures, a list with an element for each round under every metric."""

    name: str
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figures: dict[str, float]) -> None:
        for metric, value in figures.items():
            self.rounds.setdefault(metric, []).append(value)

    def median(self, metric: str) -> float:
        return median(self.rounds[metric])


@dataclass
class Ratio:
    """A ratio as it came out in each round, and what it should be."""

    text: str
    values: list[float]
    limit: float | None = None
    is_upper: bool = False

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def is_reached(self) -> bool | None:
        if self.limit is None:
            return None
        # To two digits, as it is printed.
        shown = round(self.median, 2)
        return shown <= self.limit if self.is_upper else shown >= self.limit

    @property
    def goal(self) -> str:
        return "" if self.limit is None else f"{'≤' if self.is_upper else '≥'} {self.limit:.2f}"


@dataclass
class Result:
    """A workload's outcome."""

    name: str
    title: str
    series: list[Series] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, name: str) -> Series:
        """The series of a server, which is added where there is none yet."""
        for series in self.series:
            if series.name == name:
                return series
        self.series.append(Series(name))
        return self.series[-1]

    def has(self, name: str) -> bool:
        return any(series.name == name for series in self.series)

    def compare(self, metric: str, peer: str, limit: float | None = None, own: str = "memod") -> None:
        """Adds memod's ratio to a peer, round by round; nothing where the peer was left out."""
        if not (self.has(peer) and self.has(own)):
            return
        ours, theirs = self.of(own).rounds[metric], self.of(peer).rounds[metric]
        values = [one / other for one, other in zip(ours, theirs) if other]
        if values:
            text = f"{METRICS[metric]}, {own} / {peer}"
            self.ratios.append(Ratio(text, values, limit, metric in LOWER_IS_BETTER))

    def add_steadiness(self, own: str, limit: float) -> None:
        """Adds how the slowest second compares with the mean."""
        values = self.of(own).rounds["slowest_second"]
        self.ratios.append(Ratio(f"slowest second / mean, {own}", values, limit))

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "servers": {
                series.name: {
                    metric: {"median": median(values), "rounds": values} for metric, values in series.rounds.items()
                }
                for series in self.series
            },
            "ratios": [
                {
                    "ratio": ratio.text,
                    "median": ratio.median,
                    "lowest": min(ratio.values),
                    "highest": max(ratio.values),
                    "goal": ratio.goal or None,
                    "reached": ratio.is_reached,
                }
                for ratio in self.ratios
            ],
            "notes": self.notes,
        }
