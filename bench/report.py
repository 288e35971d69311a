"""Results as a page in Markdown. Pure."""

from itertools import groupby
from typing import Any

from bench.results import Moved, Results, Row, Spread

#: Title of a side, by its name.
Titles = dict[str, str]

HEADER = (
    "| side | records/s | least … most | of | µs of processor each | resident MB |",
    "|---|---:|---:|---:|---:|---:|",
)


def page(results: Results, titles: Titles, changes: list[Moved] | None, plot: str) -> str:
    """All of it; ``changes`` is None where there is nothing to compare with."""
    scenarios = [
        line
        for name, rows in groupby(results.rows, key=lambda row: row.scenario)
        for line in ("", f"### {name}", "", *table(list(rows)))
    ]
    more = [line for name, rows in results.more.items() for line in ("", f"## {name}", "", *plain_table(rows))]
    return "\n".join([
        "# Results",
        "",
        f"Written by `make bench`. {described(results)}",
        "",
        f"![Records per second of each side but `bare`, in each scenario]({plot})",
        "",
        "## Throughput",
        "",
        "The median of the rounds, with the least and the most. *Of*: each round's rate as a share of the ceiling,",
        "or of L in the same round.",
        *scenarios,
        *more,
        "",
        "## The sides",
        "",
        *(f"- `{side}`: {titles[side]}" for side in dict.fromkeys(row.side for row in results.rows)),
        "",
        "## What has moved",
        "",
        *told(changes),
        "",
    ])  # fmt: skip


def described(results: Results) -> str:
    machine = "; ".join(f"{name}: {value}" for name, value in results.machine.items())
    versions = ", ".join(f"{name} {value}" for name, value in results.versions.items())
    effort = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in results.effort.items())
    return f"Machine: {machine}. Versions: {versions}. Effort: {effort}."


def table(rows: list[Row]) -> list[str]:
    return [*HEADER, *(line(row) for row in rows)]


def line(row: Row) -> str:
    rate, cpu, rss = row.rate, row.cpu, row.rss
    if rate is None or cpu is None or rss is None:
        return f"| `{row.side}` | not run: {escaped(row.not_run or 'no reason')} | | | | |"
    figures = (f"**{rate.median:,.0f}**", f"{rate.least:,.0f} … {rate.most:,.0f}", share(row))
    return f"| `{row.side}` | {' | '.join(figures)} | {cpu.median:,.1f} | {rss.median:,.0f} |"


def share(row: Row) -> str:
    return "" if row.score is None else f"{shown(row.score.median, row.of)}"


def shown(score: float, of: str) -> str:
    """``0.05 L``, or ``98 %`` of the ceiling."""
    return f"{score:.3f} L" if of == "L" else f"{score:.0%} of the ceiling"


def told(changes: list[Moved] | None) -> list[str]:
    """One line for each that has left its spread."""
    if changes is None:
        return ["There were no results before these."]
    if not changes:
        return ["Nothing, beyond the spread."]
    return [
        f"- {each.scenario}: `{each.side}`: {between(each.before, each.of)} before, "
        f"{between(each.now, each.of)} now: {'better' if each.now.median > each.before.median else 'worse'}"
        for each in changes
    ]


def between(spread: Spread, of: str) -> str:
    return f"{shown(spread.median, of)} ({spread.least:.3f} … {spread.most:.3f})"


def plain_table(rows: list[dict[str, Any]]) -> list[str]:
    """A table whose columns are the keys of its first row."""
    columns = list(rows[0]) if rows else []
    cells = [[cell(row.get(column, "")) for column in columns] for row in rows]
    return ["| " + " | ".join(each) + " |" for each in (columns, ["---"] * len(columns), *cells)]


def cell(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else escaped(str(value))


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
