"""A task type: the declaration that web application and worker share. It imports no Kafka."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, RootModel

from stillframe.schemas.envelope import TYPE_NAME, Envelope
from stillframe.schemas.errors import DefinitionError, EncodeError
from stillframe.schemas.topics import check_topic_name

P = TypeVar("P", bound=BaseModel)

#: What a key function may return; ``None`` gives up order for that task.
Key = str | bytes | None


class TaskType(Generic[P]):
    """A name, a payload model, a topic and a key function, declared once.

    A topic is a queue and may carry many types; tasks of one topic and one key run in order.

    Args:
        name: what the task is called on the wire; 1 to 128 of ``a-z A-Z 0-9 . _ -``.
        payload: the pydantic model of the payload.
        topic: the Kafka topic.
        key: from a payload to the ordering key; without one, tasks are unordered.

    Raises:
        DefinitionError: a part is not what it should be; the message names it.
    """

    def __init__(self, name: str, payload: type[P], *, topic: str, key: Callable[[P], Key] | None = None) -> None:
        declared: Any = payload
        given: object = name
        if not isinstance(given, str) or re.fullmatch(TYPE_NAME, name) is None:
            raise DefinitionError(
                f"task type name {name!r} is not legal: start with a letter or digit, "
                "then up to 127 of a-z A-Z 0-9 . _ -"
            )
        if not (isinstance(declared, type) and issubclass(declared, BaseModel)):
            raise DefinitionError(f"task type {name!r}: payload must be a pydantic model class, not {payload!r}")
        if declared is BaseModel or issubclass(declared, RootModel):
            raise DefinitionError(
                f"task type {name!r}: {declared.__name__} is not a JSON object with named fields: "
                "declare a model of your own, with a field for the value"
            )
        if key is not None and not callable(key):
            raise DefinitionError(
                f"task type {name!r}: key must be a function of the payload, such as lambda p: p.id"
            )
        check_topic_name(topic, f"task type {name!r}: topic")
        self.name = name
        self.payload = payload
        self.topic = topic
        self.key = key

    def key_of(self, payload: P) -> bytes | None:
        """The record key of a payload.

        Raises:
            DefinitionError: the key function returned neither text, bytes nor None.
            EncodeError: it returned text that is not UTF-8.
        """
        key: Any = None if self.key is None else self.key(payload)
        return encode_key(key, self.name)

    @cached_property
    def envelope(self) -> type[Envelope[P]]:
        """The wire's envelope around the payload: parsed and validated in a single pass over the bytes."""
        return Envelope[self.payload]  # type: ignore[name-defined]

    def __repr__(self) -> str:
        return f"TaskType({self.name!r}, {self.payload.__name__}, topic={self.topic!r})"


def encode_key(key: Any, name: str) -> bytes | None:
    """The bytes of a key that was returned or given; ``name`` is the task type's, for the error."""
    match key:
        case None | bytes():
            return key
        case str():
            try:
                return key.encode()
            except UnicodeEncodeError:
                raise EncodeError(f"task type {name!r}: its key holds lone surrogates, not UTF-8") from None
        case _:
            raise DefinitionError(
                f"task type {name!r}: its key is of type {type(key).__name__}; return str, bytes or None"
            )
