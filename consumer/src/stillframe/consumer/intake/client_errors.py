"""What librdkafka says of itself, outside of any partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from stillframe.consumer.errors import FatalClientError
from stillframe.consumer.events import ClientTrouble, Event
from stillframe.schemas import StillframeError

Callback = Callable[[Consumer, list[TopicPartition]], None]

_TWINS: Final = "another worker runs with this group.instance.id: give every worker one of its own"
#: What librdkafka does not say: what to do about it.
CURES: Final = {
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "the group's other workers use another kind of assignor: this one "
    "joins as soon as they have stopped (docs/concepts.md, Who gets which partition)",
    KafkaError.FENCED_INSTANCE_ID: _TWINS,
    KafkaError.UNRELEASED_INSTANCE_ID: f"{_TWINS}; after a kill -9 its session has to end first",
}


class ClientErrors:
    """librdkafka's ``error_cb``: it runs in the poll thread, inside a poll.

    Most errors are news only: the client goes on by itself. A fatal one is kept, since an
    exception out of a callback may surface anywhere, and :meth:`check` raises it in the loop.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._fatal: Exception | None = None

    def __call__(self, error: KafkaError) -> None:
        said = ": ".join([error.str(), *_cures(error)])
        self._emit(ClientTrouble(error.name(), said))
        # The callback is given `_FATAL` for whatever it was, and that is not marked as fatal (measured).
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._fatal = FatalClientError(f"librdkafka: {said}")

    def guarded(self, callback: Callback) -> Callback:
        """The callback, with what it raises kept for :meth:`check`: out of a callback it may surface
        as anything (a ``KafkaError``, which is no exception class, was seen) or not at all.
        """

        def call(consumer: Consumer, positions: list[TopicPartition]) -> None:
            try:
                callback(consumer, positions)
            except Exception as error:  # noqa: BLE001 - raised again, in the loop
                self._fatal = error

        return call

    def check(self) -> None:
        """Raise what ended this client.

        Raises:
            FatalClientError: this client instance can do nothing more.
        """
        if isinstance(self._fatal, StillframeError):
            raise self._fatal
        if self._fatal is not None:
            raise FatalClientError(f"a rebalance could not be followed: {self._fatal}") from self._fatal


def _cures(error: KafkaError) -> Iterator[str]:
    """What to do about it; of a fatal error only the text tells which it was."""
    for code, cure in CURES.items():
        if error.code() == code or (error.code() == KafkaError._FATAL and KafkaError(code).str() in error.str()):
            yield cure
