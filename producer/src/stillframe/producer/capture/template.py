"""Route templates of Werkzeug and Django as ``/shops/{shop}/orders``, the form that all others have."""

from __future__ import annotations

import re
from typing import Final

#: A parameter in angle brackets, with or without a converter and its arguments.
PARAMETER: Final = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?(?P<name>[a-zA-Z_]\w*)>")


def in_braces(template: str) -> str:
    """``/shops/<int(min=1):shop>`` as ``/shops/{shop}``."""
    return PARAMETER.sub(r"{\g<name>}", template)
