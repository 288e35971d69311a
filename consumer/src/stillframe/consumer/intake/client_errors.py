"""What librdkafka says of itself, outside of any partition."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import Consumer, KafkaError, TopicPartition

from stillframe.consumer.errors import FatalClientError
from stillframe.consumer.events import ClientTrouble, Event
from stillframe.schemas import StillframeError

Callback = Callable[[Consumer, list[TopicPartition]], None]


class ClientErrors:
    """librdkafka's ``error_cb``: it runs in the poll thread, inside a poll.

    Most errors are news only: the client goes on by itself. A fatal one is kept, since an
    exception out of a callback may surface anywhere, and :meth:`check` raises it in the loop.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._fatal: Exception | None = None

    def __call__(self, error: KafkaError) -> None:
        self._emit(ClientTrouble(error.name(), error.str()))
        if error.fatal():
            self._fatal = FatalClientError(f"librdkafka: {error.str()}")

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
