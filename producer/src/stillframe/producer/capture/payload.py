"""From a request's body to a payload, and what to tell the client if it does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from stillframe.producer.capture.freeze import utf8
from stillframe.schemas.errors import StillframeError
from stillframe.schemas.frozen import FrozenMapping
from stillframe.schemas.task_type import P


class RequestInvalid(StillframeError, ValueError):
    """The request's body is not what it has to be: answer 422.

    Attributes:
        faults: for each fault its ``detail``, and where it is: a JSON ``pointer`` into the body, or
            ``in`` and ``name`` of a parameter. No value that was sent is among it.
    """

    def __init__(self, faults: tuple[FrozenMapping, ...]) -> None:
        super().__init__(f"the request body does not fit ({len(faults)} faults)")
        self.faults = faults

    def __reduce__(self) -> tuple[object, ...]:
        return RequestInvalid, (self.faults,)


def parse_payload(model: type[P], body: bytes, content_type: str) -> P:
    """The payload that a JSON body holds.

    Raises:
        RequestInvalid: it is not declared as JSON, is none, or does not fit the model.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise RequestInvalid((FrozenMapping({"detail": "The body has to be application/json."}),))
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    raise RequestInvalid(faults_of({**fault, "loc": ("body", *fault["loc"])} for fault in found))


def faults_of(errors: Iterable[Mapping[str, Any]]) -> tuple[FrozenMapping, ...]:
    """pydantic's errors, less the input: where a fault is, and what kind of fault it is.

    Args:
        errors: as ``ValidationError.errors()`` has them, the first part of ``loc`` as FastAPI does:
            ``body``, ``query``, ``path``, ``header`` or ``cookie``.
    """
    return tuple(FrozenMapping(_fault(tuple(error["loc"]), error["msg"])) for error in errors)


def _fault(where: tuple[int | str, ...], detail: str) -> dict[str, str]:
    place, *parts = (utf8(str(part)) for part in where)
    if place == "body":
        return {"detail": utf8(detail), "pointer": "#" + "".join("/" + _escaped(part) for part in parts)}
    return {"detail": utf8(detail), "in": place, "name": "/".join(parts)}


def _escaped(part: str) -> str:
    """RFC 6901 §3."""
    return part.replace("~", "~0").replace("/", "~1")
