"""How large and how deep a value may be, looked at before any parser sees it."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from stillframe.schemas.frozen import MAX_DEPTH

#: The largest value, in bytes, that is parsed or produced unless a caller says otherwise.
MAX_TASK_BYTES: Final = 1_048_576

#: Possessive: a megabyte of escapes must cost neither a stack nor a second look.
STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
NOT_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))
STEP: Final = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}


def depth(value: bytes) -> int:
    """How deep a JSON text nests; 0 for text that has too few brackets to nest deeper than allowed."""
    if value.count(b"[") + value.count(b"{") <= MAX_DEPTH:
        return 0
    brackets = STRING.sub(b"", value).translate(None, NOT_BRACKET)
    return max(accumulate(map(STEP.__getitem__, brackets), initial=0))
