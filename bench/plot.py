"""Rates as bars, in SVG. Pure."""

from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, tostring

from bench.results import Results, Row

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 860, 170, 150, 16, 4, 34
OURS, OTHERS, WHISKER = "#1f6feb", "#9aa7b4", "#333"


#: Does none of the work, and would dwarf whoever does.
LEFT_OUT = "bare"


def plot(results: Results) -> str:
    """One group of bars for each scenario, each to its own scale; the line on a bar is its spread."""
    shown = [row for row in results.rows if row.rate and row.side != LEFT_OUT]
    groups = [(name, list(rows)) for name, rows in groupby(shown, key=lambda row: row.scenario)]
    height = sum(HEAD + len(rows) * (BAR + GAP) for _, rows in groups) + GAP
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "font-family": "sans-serif",
            "font-size": "12",
        },
    )
    SubElement(root, "rect", {"width": str(WIDTH), "height": str(height), "fill": "#fff"})
    top = 0
    for name, rows in groups:
        write(root, LEFT, top + HEAD - 12, name, **{"font-weight": "bold"})
        top += HEAD
        scale = (WIDTH - LEFT - RIGHT) / max((row.rate.most for row in rows if row.rate), default=1)
        for row in rows:
            draw(root, row, top, scale)
            top += BAR + GAP
    return tostring(root, encoding="unicode") + "\n"


def draw(root: Element, row: Row, top: int, scale: float) -> None:
    """A bar, its whisker, the side's name before it and its rate behind."""
    rate = row.rate
    if rate is None:
        return
    middle, base = top + BAR / 2, top + BAR - 4
    color = OURS if row.side == "stillframe" else OTHERS
    write(root, LEFT - 8, base, row.side, **{"text-anchor": "end"})
    bar = {"x": LEFT, "y": top, "width": f"{rate.median * scale:.1f}", "height": BAR}
    SubElement(root, "rect", {name: str(value) for name, value in bar.items()} | {"fill": color})
    ends = {"x1": f"{LEFT + rate.least * scale:.1f}", "x2": f"{LEFT + rate.most * scale:.1f}"}
    SubElement(root, "line", ends | {"y1": str(middle), "y2": str(middle), "stroke": WHISKER})
    write(root, LEFT + rate.most * scale + 6, base, f"{rate.median:,.0f}/s")


def write(root: Element, x: float, y: float, text: str, **more: str) -> None:
    SubElement(root, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **more}).text = text
