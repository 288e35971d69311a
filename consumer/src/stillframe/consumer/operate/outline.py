"""JSON without its values: what a payload is made of, and nothing of what it says. Pure.

Promise I10. Of the outermost names those are told that could be a field's of a model. Further in they may
as well be content, as in a mapping of addresses: there only their number is told.
"""

from __future__ import annotations

from typing import Any

from stillframe.producer.capture.sensitive import sensitive


def outline(value: Any) -> Any:
    """A JSON value's outermost shape."""
    if not isinstance(value, dict):
        return _shape(value)
    told = {
        name: "hidden" if sensitive(name) else _shape(each) for name, each in value.items() if name.isidentifier()
    }
    others = len(value) - len(told)
    return told | ({"*": f"{others} more"} if others else {})


def _shape(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return f"a text of {len(value)}"
        case list():
            return f"a list of {len(value)}"
        case _:
            return f"an object of {len(value)}"
