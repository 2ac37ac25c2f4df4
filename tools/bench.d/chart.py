"""A bar chart of CPU time for each request, as SVG."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from results import Result

COLOURS = {"memod": "#2563eb", "Redis": "#dc2626", "memcached": "#16a34a", "echo": "#9ca3af"}
WIDTH = 720
LABEL = 150
BAR = 16
GAP = 4


def chart(results: Sequence[Result]) -> str:
    """Workloads one below the other; bars of one workload share a scale, so that short means cheap."""
    body: list[str] = []
    y = 34
    for result in results:
        bars = [
            (series.name, series.median("cpu_us"))
            for series in result.series
            if series.name in COLOURS and "cpu_us" in series.rounds
        ]
        if len(bars) < 2:
            continue
        body.append(f'<text x="8" y="{y + 12}" class="title">{escape(result.title)}</text>')
        y += 22
        longest = max(value for _, value in bars)
        for name, value in bars:
            length = max(1, round((WIDTH - LABEL - 90) * value / longest))
            body.append(f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
            body.append(f'<rect x="{LABEL}" y="{y}" width="{length}" height="{BAR}" fill="{COLOURS[name]}"/>')
            body.append(f'<text x="{LABEL + length + 6}" y="{y + 12}">{value:.2f} µs</text>')
            y += BAR + GAP
        y += 14
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">'
    )
    style = (
        "<style>text{fill:#374151}.title{font-weight:600}"
        "@media(prefers-color-scheme:dark){text{fill:#d1d5db}}</style>"
    )
    title = f'<text x="8" y="20" class="title" font-size="14">CPU time of the server per request: less is better</text>'
    return "\n".join([head, style, title, *body, "</svg>", ""])
