"""``stillframe worker``."""

from __future__ import annotations

import typer

from stillframe.consumer.operate.cli.options import Target
from stillframe.consumer.supervisor import supervise


def worker(target: Target) -> None:
    """Run a worker until SIGTERM or SIGINT, then drain and leave; a second signal ends it at once.

    What ends without an outcome is delivered again. A worker that dies of signal N exits with 128 + N.
    """
    raise typer.Exit(supervise(target))
