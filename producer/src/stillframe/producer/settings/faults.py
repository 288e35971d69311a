"""What is wrong with settings, in readable lines: the field, the shape of what was found, the cure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sized
from typing import Any

from pydantic import ValidationError

SECRET = re.compile(r"pass|secret|key|token|credential", re.IGNORECASE)
MASK = "***"


def explained(error: ValidationError, settings: str, known: Iterable[str]) -> str:
    """One line per fault of a validation error. Values are never shown, only their shape."""
    faults = error.errors(include_url=False, include_context=False)
    lines = dict.fromkeys(_line(fault, tuple(known)) for fault in faults)
    return f"{settings}: " + "\n".join(lines)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like this one, if any is at all."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), None)


def masked(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties with the values of secret ones hidden; secret is what its name says is."""
    return {name: MASK if SECRET.search(name) else value for name, value in properties.items()}


def without_secrets(text: str, properties: Mapping[str, Any]) -> str:
    """A text of librdkafka's, which may quote a value, with every secret value hidden."""
    secrets = (str(value) for name, value in properties.items() if SECRET.search(name) and value)
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _line(fault: Mapping[str, Any], known: tuple[str, ...]) -> str:
    path = tuple(str(part) for part in fault["loc"])
    name = path[0] if path else "settings"
    if fault["type"] == "extra_forbidden":
        hint = nearest(name, known)
        return f"{name} is no setting; " + (f"did you mean {hint}?" if hint else f"there are {', '.join(known)}")
    where = name if len(path) <= 1 else f"{name}[{path[1]!r}]"
    # a third part names one of several types that would have done
    wanted = fault["msg"] if len(path) <= 2 else "Input should be text, a number, true or false"
    return (
        f"{where}: {wanted}, but it is {shape(fault['input'])}; "
        f"set {name}= in code, STILLFRAME_{name.upper()} or {name} in the settings file"
    )


def shape(value: object) -> str:
    """The type and size of a value, for messages that must not show it."""
    if isinstance(value, bool | int | float) or not isinstance(value, Sized):
        return f"of type {type(value).__name__}"
    return f"of type {type(value).__name__} and length {len(value)}"
