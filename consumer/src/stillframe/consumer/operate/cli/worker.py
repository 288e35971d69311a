"""``stillframe worker``."""

from __future__ import annotations

import os

import typer

from stillframe.consumer.operate.cli.options import Target
from stillframe.consumer.operate.setting_names import check_setting_names
from stillframe.consumer.supervisor import supervise


def worker(target: Target) -> None:
    """Run a worker until SIGTERM or SIGINT, then drain and leave; a second signal ends it at once.

    What ends without an outcome is delivered again. A worker that dies of signal N exits with 128 + N.
    """
    check_setting_names(os.environ)
    raise typer.Exit(supervise(target))
