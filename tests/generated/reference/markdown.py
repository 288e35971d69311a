"""Pieces of a page in Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

#: A role, as docstrings have it: with a text, or a target of which `~` leaves the last name.
ROLE: Final = re.compile(r":\w+:`(?:([^`<]+) <[^`]+>|(~?)\.?([\w.]+))`")


def page(title: str, about: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", "Written from the code by `make generated`. " + about, *parts]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """On one line; a pipe would end it, also within code."""
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    return f"`{value}`"


def codes(values: Iterable[object]) -> str:
    return ", ".join(map(code, values))


def prose(docstring: str | None) -> str:
    """A docstring's text as Markdown."""
    return ROLE.sub(_named, docstring or "").replace("``", "`")


def _named(role: re.Match[str]) -> str:
    text, short, target = role.groups()
    return code(text or (target.rpartition(".")[2] if short else target))
