"""``stillframe dlq``: look into dead-letter topics, send dead letters back to work, or give them up."""

from __future__ import annotations

import typer

from stillframe.consumer.operate.cli.dlq_list import list_piles
from stillframe.consumer.operate.cli.dlq_purge import purge
from stillframe.consumer.operate.cli.dlq_redrive import redrive
from stillframe.consumer.operate.cli.dlq_show import show

dlq = typer.Typer(
    name="dlq",
    help="Look into dead-letter topics, send dead letters back to work, or give them up.",
    no_args_is_help=True,
)
dlq.command("list")(list_piles)
dlq.command()(show)
dlq.command()(redrive)
dlq.command()(purge)
