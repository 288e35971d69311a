"""Links and headings of a page of Markdown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FENCED: Final = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE: Final = re.compile(r"`[^`\n]*`")
LINK: Final = re.compile(r"\]\(([^()\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+?) *$", re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    """What the page links to, as it is written there."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    yield from LINK.findall(CODE.sub("`code`", prose))


def fault_of(link: str, page: Path) -> str | None:
    """What is wrong with a link to a file or heading of ours; of other sites nothing is known."""
    if re.match(r"[a-z]+:", link):
        return None
    name, _, heading = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return "there is no such file"
    if heading and heading not in anchors(target):
        return "there is no such heading"
    return None


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, hyphens for spaces, no other punctuation."""
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose)}
