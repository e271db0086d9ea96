"""Results as an SVG chart: CPU of a plain answer and of a stream, a bar per gateway.

The scale is logarithmic, because the gateways differ by factors, not by parts.
"""

import math
from html import escape

from scripts.benchmark.gateways import GATEWAYS
from scripts.benchmark.results import Results
from scripts.benchmark.rows import ROWS

WIDTH, LABEL, RIGHT = 860, 300, 90
BAR, STEP, TOP = 16, 26, 46
INK, OURS, OTHERS, GRID = "#24292f", "#1f6feb", "#8c959f", "#d0d7de"
CHARTED = ("plain", "stream")


def svg(results: Results) -> str:
    panels, height = [], 10
    for row in CHARTED:
        bars = bars_of(results, row)
        if bars:
            panels.append(panel(f"{ROWS[row].title}: CPU µs, logarithmic", bars, height))
            height += TOP + STEP * len(bars) + 34
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n' + "".join(panels) + "</svg>\n"
    )


def bars_of(results: Results, row: str) -> list[tuple[str, float]]:
    """(gateway, CPU), the cheapest first."""
    found = [(name, results.valid(row, name)) for name in GATEWAYS]
    return sorted(
        ((name, cell.cpu_us) for name, cell in found if cell and cell.cpu_us),
        key=lambda bar: bar[1],
    )


def panel(title: str, bars: list[tuple[str, float]], top: int) -> str:
    low = 10.0 ** math.floor(math.log10(bars[0][1]))
    high = 10.0 ** math.ceil(math.log10(bars[-1][1]))
    bottom = top + TOP + STEP * len(bars)
    lines = [text(16, top + 20, title, weight="bold")]
    decades = round(math.log10(high / low))
    for power in range(decades + 1):
        x = place(low * 10**power, low, high)
        lines.append(f'<line x1="{x}" y1="{top + 34}" x2="{x}" y2="{bottom}" stroke="{GRID}"/>\n')
        lines.append(text(x, bottom + 16, f"{low * 10**power:,.0f}", anchor="middle"))
    for number, (name, value) in enumerate(bars):
        lines.append(bar(name, value, place(value, low, high), top + TOP + STEP * number))
    return "".join(lines)


def place(value: float, low: float, high: float) -> int:
    part = math.log10(value / low) / math.log10(high / low)
    return round(LABEL + part * (WIDTH - LABEL - RIGHT))


def bar(name: str, value: float, end: int, y: int) -> str:
    ours = name == "ours"
    return (
        text(LABEL - 10, y + 13, GATEWAYS[name].title, anchor="end", weight="bold" if ours else "")
        + f'<rect x="{LABEL}" y="{y}" width="{max(end - LABEL, 1)}" height="{BAR}" '
        f'fill="{OURS if ours else OTHERS}"/>\n' + text(end + 6, y + 13, f"{value:,.0f}")
    )


def text(x: int, y: int, words: str, *, anchor: str = "start", weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    place_and_look = f'x="{x}" y="{y}" fill="{INK}" text-anchor="{anchor}"{bold}'
    return f"<text {place_and_look}>{escape(words)}</text>\n"
