"""A payload as JSON-ready Python, or the reason why JSON would not carry it faithfully."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Any, Final

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from stillframe.schemas.declared import declared_names, show_path
from stillframe.schemas.errors import EncodeError, FrozenError
from stillframe.schemas.frozen import FrozenMapping, thaw

FIELD_NAME: Final = re.compile(r"field_name='([^']*)'")

#: JSON values that cannot differ from what they were made of; text cannot if it was made of text.
SAFE: Final = frozenset({int, bool})
SECRETS: Final = (Secret, SecretStr, SecretBytes)
NOT_FINITE: Final = "is not a finite number: JSON has no NaN or infinity; send None or text"
MASKED: Final = "is a secret that would arrive as asterisks: send a reference to it, or give it a serializer"

Path = tuple[int | str, ...]
#: Where a value would change, and the sentence that says how.
Loss = tuple[Path, str]


def plain_payload(payload: Any) -> dict[str, Any]:
    """The payload as a JSON object, such that validating it gives the payload back.

    Raises:
        EncodeError: it is no pydantic model or mapping, does not fit its own model (the worker would
            refuse it), or holds a value that JSON would silently change. Fields are named, not shown.
    """
    match payload:
        case BaseModel():
            plain = _dump(payload)
        case Mapping():
            plain = _thawed(payload)
        case _:
            raise EncodeError(f"payload is a {type(payload).__name__}: give a pydantic model or a mapping")
    if not isinstance(plain, dict):
        raise EncodeError(f"payload becomes a JSON {type(plain).__name__}: on the wire it must be an object")
    return plain


def _thawed(payload: Mapping[str, Any]) -> Any:
    try:
        return thaw(FrozenMapping(payload) if not isinstance(payload, FrozenMapping) else payload)
    except FrozenError as error:
        raise EncodeError(f"payload: {error}") from None


def _dump(payload: BaseModel) -> Any:
    try:
        plain = payload.model_dump(mode="json", by_alias=True, round_trip=True, warnings="error")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - serializers are the application's code; their words may be content
        raise EncodeError(_why_not(payload, error)) from None
    if loss := _loss(_before(payload, plain), plain, ()):
        path, how = loss
        raise EncodeError(f"{show_path(('payload', *path), declared_names(type(payload)) | {'payload'})} {how}")
    return plain


def _why_not(payload: BaseModel, error: Exception) -> str:
    named = FIELD_NAME.findall(str(error))
    fields = sorted(set(named) & declared_names(type(payload)))
    where = f" (fields: {', '.join(fields)})" if fields else ""
    return (
        f"payload {type(payload).__name__} has no JSON form that its own model would accept{where}: "
        f"{type(error).__name__}; validate it where it is built, instead of assigning or model_construct()"
    )


def _before(payload: BaseModel, plain: Any) -> Any:
    """The payload in the same shape with its Python values: what the JSON form is compared with."""
    try:
        return payload.model_dump(by_alias=True, round_trip=True, warnings="none")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a set of models has no such form; then only the JSON form is looked at
        return plain


def _loss(before: Any, after: Any, path: Path) -> Loss | None:
    match after:
        case None if isinstance(before, float):
            return path, NOT_FINITE
        case float() if not math.isfinite(after):
            return path, NOT_FINITE
        case str() if isinstance(before, SECRETS) and after == str(before) != "":
            return path, MASKED
        case dict():
            befores: Iterable[Any] = before.values() if isinstance(before, Mapping) else ()
            return _first(befores, after.items(), path)
        case list():
            befores = before if isinstance(before, list | tuple | set | frozenset) else ()
            return _first(befores, enumerate(after), path)
    return None


def _first(befores: Iterable[Any], afters: Iterable[tuple[Any, Any]], path: Path) -> Loss | None:
    for before, (name, after) in zip(chain(befores, repeat(None)), afters, strict=False):
        kind = type(after)
        if kind in SAFE or (kind is str and type(before) is str):  # as mostly
            continue
        if loss := _loss(before, after, (*path, name)):
            return loss
    return None
