"""``stillframe new``."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from stillframe.consumer.operate.new import name_of, project, write


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or does not exist.")],
) -> None:
    """Write a project to begin with: a web application, a worker, and tests of both that need no Kafka.

    The folder's name becomes the project's, its consumer group's, and the beginning of its topic's.
    """
    name = name_of(folder)
    write(folder, project(name, version("stillframe-consumer")))
    print(f"{name} is ready. `make test` in it tests it, `make` shows what else there is; README.md has the rest.")
