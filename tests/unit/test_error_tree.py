"""The exception tree drawn in `stillframe.schemas.errors` is the one that exists."""

import importlib
import re

from stillframe.schemas import StillframeError, errors


def drawn() -> set[tuple[str, str]]:
    """Pairs of parent and child, read off the indentation of the drawing."""
    block = (errors.__doc__ or "").split("text\n\n")[1].split("\n\n")[0]
    path: list[str] = []
    pairs = set()
    for line in block.splitlines():
        name = re.search(r"\w+", line)
        if name is None:
            continue
        depth = (name.start() - 4) // 4
        path[depth:] = [name[0]]
        pairs |= {(path[depth - 1], name[0])} if depth else set()
    return pairs


def existing(kind: type[StillframeError]) -> set[tuple[str, str]]:
    ours = [child for child in kind.__subclasses__() if child.__module__.startswith("stillframe.")]
    return {(kind.__name__, child.__name__) for child in ours}.union(*map(existing, ours))


def test_the_drawing_is_true() -> None:
    """Nobody adds an error without drawing it, or draws one that is gone."""
    for module in ("stillframe.producer.problem", "stillframe.consumer.operate.cli"):
        importlib.import_module(module)
    assert drawn() == existing(StillframeError)
