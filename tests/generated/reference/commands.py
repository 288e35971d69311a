"""docs/reference/commands.md."""

from collections.abc import Iterator
from typing import Any, Final

import typer

from stillframe.consumer.operate.cli import app
from stillframe.consumer.operate.failure import EXIT_CODES
from tests.generated.reference.markdown import code, page, prose, table

ABOUT: Final = "What each is for, with examples: [the command line](../cli.md)."


def commands_page() -> str:
    """Every command with its arguments, options and exit codes."""
    exits = [(code(number), meaning + ".") for number, meaning in EXIT_CODES.items()]
    return page(
        "Commands", ABOUT, *_described("stillframe", typer.main.get_command(app)),
        "## Exit codes", table(("code", "meaning"), [*exits, (code("128 + N"), "Ended by signal N.")]),
    )  # fmt: skip


def _described(name: str, command: Any) -> Iterator[str]:
    """A command, and those below it. Of Typer's own classes: they have no public types."""
    below = getattr(command, "commands", {})
    if command.params:  # a name for several commands alone has none
        yield f"## {name}"
        yield prose(command.help)
        yield table(("argument or option", "what it is"), map(_row, command.params))
    for each in below.values():
        yield from _described(f"{name} {each.name}", each)


def _row(parameter: Any) -> tuple[str, str]:
    needed = " Required." if parameter.required else ""
    if parameter.param_type_name == "argument":
        return code(parameter.metavar), f"{prose(parameter.help)}{needed}"
    spelt = ", ".join(parameter.opts)
    if parameter.is_flag:
        return code(spelt), prose(parameter.help)
    default = f" By default {code(parameter.default)}." if parameter.default else ""
    return code(f"{spelt} {parameter.metavar or 'TEXT'}"), f"{prose(parameter.help)}{needed}{default}"
