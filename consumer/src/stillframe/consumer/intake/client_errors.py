"""What librdkafka says of itself, outside of any partition."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError

from stillframe.consumer.errors import FatalClientError
from stillframe.consumer.events import ClientTrouble, Event


class ClientErrors:
    """librdkafka's ``error_cb``: it runs in the poll thread, inside a poll.

    Most errors are news only: the client goes on by itself. A fatal one is kept, since an
    exception out of a callback may surface anywhere, and :meth:`check` raises it in the loop.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._fatal: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        self._emit(ClientTrouble(error.name(), error.str()))
        if error.fatal():
            self._fatal = error

    def check(self) -> None:
        """Raises:
        FatalClientError: this client instance can do nothing more.
        """
        if self._fatal is not None:
            raise FatalClientError(f"librdkafka: {self._fatal.str()}")
