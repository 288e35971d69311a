"""Which tests try to break which promise, for docs/promises.md: those whose first lines name it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.layers import layer_of

ROOT: Final = Path(__file__).parents[2]
#: As the end of a sentence has them, `(I3, I7)`, or its subject, `Health (promise I9)`.
NAMED: Final = re.compile(r" \((?:promise )?(I\d+(?:, I\d+)*)\)")
LIST: Final = re.compile(r"(<!-- tests of (I\d+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tests(page: str) -> str:
    """The page with the list of tests of each promise made anew.

    Raises:
        LookupError: a promise has no test.
    """
    tests = sorted(_tests())
    return LIST.sub(lambda found: found[1] + _listed(tests, found[2]) + found[3], page)


def _listed(tests: list[tuple[str, str, frozenset[str]]], promise: str) -> str:
    lines = [f"- [{claim}](../{name}) ({layer_of(name)})\n" for name, claim, promises in tests if promise in promises]
    if not lines:
        raise LookupError(f"no test names {promise}")
    return "\n" + "".join(lines) + "\n"


def _tests() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Of each test that names a promise: its file, its claim, and the promises."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        said = " ".join(docstring.partition("\n\n")[0].split())
        found = NAMED.findall(said)
        if found:
            claim = NAMED.sub("", said).rstrip(".")
            yield str(path.relative_to(ROOT)), claim, frozenset(", ".join(found).split(", "))
