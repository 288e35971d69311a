"""Options that belong together, in a dataclass: declared once, and a command takes them as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer is to see it: with each field of its dataclasses as an option of its own.

    Every parameter of a command is given by its name.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}

    @wraps(command)
    def flat(**given: Any) -> None:
        made = {name: group(**_taken(given, group)) for name, group in groups.items()}
        command(**made, **given)

    parameters = list(_parameters(inspect.signature(command), hints))
    flat.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks at first
    flat.__annotations__ = {each.name: each.annotation for each in parameters}
    return flat


def _parameters(signature: Signature, hints: Mapping[str, Any]) -> Iterator[Parameter]:
    for name, parameter in signature.parameters.items():
        if not is_dataclass(hints[name]):
            yield parameter.replace(annotation=hints[name])
            continue
        inner = get_type_hints(hints[name], include_extras=True)
        for each in fields(hints[name]):
            yield Parameter(each.name, Parameter.KEYWORD_ONLY, default=_default(each), annotation=inner[each.name])


def _default(field: Field[Any]) -> Any:
    return Parameter.empty if field.default is MISSING else field.default


def _taken(given: dict[str, Any], group: Any) -> dict[str, Any]:
    return {each.name: given.pop(each.name) for each in fields(group)}
