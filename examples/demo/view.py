"""What the user sees while it runs: a live table on a terminal, a line a second elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from examples.demo.figures import Figures

PLAIN_EVERY: Final = 1.0
LAG: Final = "lag is log end minus committed: a waiting retry holds back what follows it"


class View:
    """Shows figures, and text above them."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._said_at = -PLAIN_EVERY

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def show(self, figures: Figures) -> None:
        if self._live:
            self._live.update(_table(figures), refresh=True)
        elif figures.seconds - self._said_at >= PLAIN_EVERY:
            self._said_at = figures.seconds
            self.say(_line(figures))


def _line(figures: Figures) -> str:
    return (
        f"{figures.seconds:4.0f} s  accepted {figures.accepted} ({figures.accepted_rate:.0f}/s)  "
        f"done {figures.done} ({figures.done_rate:.0f}/s)  "
        f"retried {figures.retried}  dead {figures.dead}  lag {figures.lag}"
    )


def _table(figures: Figures) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", width=9)
    table.add_column(justify="right", width=6)
    table.add_column(justify="right", width=8)
    table.add_column(width=40)

    def bar(count: int, style: str) -> ProgressBar:
        return ProgressBar(total=figures.requests, completed=count, complete_style=style, finished_style=style)

    rows = [
        ("accepted", figures.accepted, f"{figures.accepted_rate:.0f}/s", "cyan"),
        ("done", figures.done, f"{figures.done_rate:.0f}/s", "green"),
        ("retried", figures.retried, "", "yellow"),
        ("dead", figures.dead, "", "red"),
        ("lag", figures.lag, "", "magenta"),
    ]
    for name, count, rate, style in rows:
        table.add_row(Text(name, style), f"{count}", rate, bar(count, style))
    return Group(Text(f"{figures.seconds:7.1f} s", "dim"), table, Text(LAG, "dim"))
