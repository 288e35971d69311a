"""``stillframe dlq``: look into dead-letter topics, send dead letters back to work, or give them up."""

from __future__ import annotations

import gc
from typing import Final

import typer

from stillframe.consumer.operate.cli.dlq_list import list_piles
from stillframe.consumer.operate.cli.dlq_purge import purge
from stillframe.consumer.operate.cli.dlq_redrive import redrive
from stillframe.consumer.operate.cli.dlq_show import show

#: A batch of dead letters is some 200,000 objects without a cycle: to go through them every 700 took a fourth
#: of a redrive's time.
OBJECTS_BETWEEN_COLLECTIONS: Final = 100_000

dlq = typer.Typer(
    name="dlq",
    help="Look into dead-letter topics, send dead letters back to work, or give them up.",
    no_args_is_help=True,
)


@dlq.callback()
def prepare() -> None:
    """Look into dead-letter topics, send dead letters back to work, or give them up."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


dlq.command("list")(list_piles)
dlq.command()(show)
dlq.command()(redrive)
dlq.command()(purge)
