"""One line of an error's text, without what it quotes of the task and without what looks like a secret. Pure.

Promise I10. The text is an attacker's as much as ours: every pattern here is linear in its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import orjson

from stillframe.schemas import Record
from stillframe.schemas.headers import CONTROL, ERROR_MESSAGE_BYTES, clip

MASK: Final = "***"
#: Shorter values occur in messages by accident: a "1" or an "on" is masked nowhere.
SHORTEST_MASKED: Final = 3
#: A longer line is content more than message; it is counted, not quoted.
LONGEST_LINE: Final = 4_096

HIDDEN: Final = r"""(?:"[^"]*"?|'[^']*'?|[^\s"',;&@]+)"""
#: `Bearer x`, and the password in `scheme://user:password@host`.
CREDENTIALS: Final = re.compile(rf"(?i)(\b(?:bearer|basic)\s++|://[^/\s:@]*+:){HIDDEN}")
SENSITIVE: Final = r"[\w-]*?(?:auth|token|secret|passw|pwd|key|session|cookie|credential)"
#: `name=x` and `name: x`, with or without quotes. Possessive, and looked for at a name's first letter only.
ASSIGNMENTS: Final = re.compile(rf"(?i)(?<![\w-])(?={SENSITIVE})([\w-]++[\"']?\s*+[=:]\s*+){HIDDEN}")
#: Text that repr and JSON show as it is.
PLAIN: Final = re.compile(r"""[ !#-&(-\[\]-~]*""")


def redact(line: str, record: Record) -> str:
    """Mask every value of the task that the line quotes, and what gives itself away as a secret."""
    if len(line) > LONGEST_LINE:
        return f"(a line of {len(line)} characters)"
    line = _mask(CONTROL.sub(" ", line), _values(record))
    for pattern in (CREDENTIALS, ASSIGNMENTS):
        line = pattern.sub(rf"\1{MASK}", line)
    return clip(line, ERROR_MESSAGE_BYTES)


def _mask(line: str, values: set[str]) -> str:
    """Every character that belongs to an occurrence of a value goes, also where occurrences overlap."""
    hidden = bytearray(len(line))
    # A task may hold a hundred thousand values; few of them begin like anything in the line.
    beginnings = {line[at : at + SHORTEST_MASKED] for at in range(len(line))}
    for value in (value for value in values if value[:SHORTEST_MASKED] in beginnings):
        at = line.find(value)
        while at >= 0:
            hidden[at : at + len(value)] = b"\1" * len(value)
            at = line.find(value, at + 1)
    runs = groupby(zip(line, hidden, strict=True), key=lambda pair: pair[1])
    return "".join(MASK if masked else "".join(char for char, _ in run) for masked, run in runs)


def _values(record: Record) -> set[str]:
    """Every text and number of payload and snapshot, and the key, as a message may quote them."""
    try:
        task = orjson.loads(record.value or b"null")
    except orjson.JSONDecodeError:
        task = None
    texts = {(record.key or b"").decode(errors="replace")}
    if isinstance(task, dict):
        texts.update(_texts([task.get("payload"), task.get("snapshot")]))
    forms = (form.strip() for text in texts for form in _forms(text))
    return {form for form in forms if len(form) >= SHORTEST_MASKED}


def _texts(values: list[Any]) -> Iterator[str]:
    while values:
        match values.pop():
            case dict() as fields:
                values.extend(fields.values())
                # A key that could not be the name of a field is content: addresses, ids.
                yield from (name for name in fields if not name.isidentifier())
            case list() as items:
                values.extend(items)
            case bool():
                pass
            case str() | int() | float() as leaf:
                yield str(leaf)


def _forms(text: str) -> Iterator[str]:
    """A text as repr and JSON show it, and line by line, since only one line of a message is kept."""
    if PLAIN.fullmatch(text):
        yield text
    else:
        yield from (CONTROL.sub(" ", line) for line in text.splitlines())
        yield repr(text)[1:-1]
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
