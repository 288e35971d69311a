"""``stillframe``: the commands of an operator. Each has a file of its own; :func:`main` is the way in."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Annotated

import confluent_kafka
import typer

from stillframe.consumer.operate.cli.broker import broker
from stillframe.consumer.operate.cli.dlq import dlq
from stillframe.consumer.operate.cli.explain import explain
from stillframe.consumer.operate.cli.lag import lag
from stillframe.consumer.operate.cli.new import new
from stillframe.consumer.operate.cli.skip import skip
from stillframe.consumer.operate.cli.task import task
from stillframe.consumer.operate.cli.topics import topics
from stillframe.consumer.operate.cli.worker import worker
from stillframe.consumer.operate.failure import EXIT_CODES, OK, report
from stillframe.producer.callbacks import LOGGER
from stillframe.schemas import StillframeError

EPILOG = "\n".join([
    "Exit codes:\n",
    *(f"- {code}: {meaning}" for code, meaning in EXIT_CODES.items()),
    "- 128 + N: ended by signal N",
])  # fmt: skip

app = typer.Typer(
    help="Run and look after Stillframe workers.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(new)
app.command()(worker)
app.add_typer(topics)
app.command()(lag)
app.command()(explain)
app.command()(task)
app.add_typer(dlq)
app.command()(skip)
app.command()(broker)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"stillframe {version('stillframe-consumer')}, librdkafka {confluent_kafka.libversion()[0]}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Run and look after Stillframe workers."""


def main() -> int:
    """The entry point: an expected error is one line and a hint, and decides the exit code."""
    # librdkafka's chatter: what matters of it comes as an error of ours.
    logging.getLogger(LOGGER.name).setLevel(logging.CRITICAL)
    try:
        app()
    except StillframeError as error:
        return report(error)
    return OK
