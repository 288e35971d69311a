"""From where on a client can read a partition again: what it cannot take ends at a batch's end, which only the
client itself could tell. So it is tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from stillframe.consumer.operate.cluster import Cluster, Place, quiet
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.scan import outsider_properties
from stillframe.producer.settings import build

#: Seconds without a record after which a client counts as one that cannot read here. A broker that answers
#: other questions has by then sent several times whatever it has.
PATIENCE: Final = 5.0
TURN: Final = 0.1

#: What a batch is answered with that the client has received and cannot take.
INDIGESTIBLE: Final = frozenset({
    KafkaError._BAD_COMPRESSION, KafkaError._BAD_MSG, KafkaError._UNDERFLOW, KafkaError._NOT_IMPLEMENTED,
    KafkaError.INVALID_MSG, KafkaError.INVALID_MSG_SIZE, KafkaError.MSG_SIZE_TOO_LARGE,
})  # fmt: skip
#: A client that takes whatever there is: 1 GB of response, or of a batch unpacked.
WIDE: Final[Mapping[str, Any]] = {"receive.message.max.bytes": 1_000_000_000}


def first_readable(start: int, end: int, is_readable: Callable[[int], bool]) -> int:
    """The first offset from ``start`` on at which a client can read, where it cannot at ``start - 1``. Pure.

    A batch is unreadable at every offset in it. It is probably small: the steps double until they are
    beyond it, and then halve. At ``end`` there is nothing to read, so it is not asked about.
    """
    unreadable, step = start - 1, 1
    while (probe := min(unreadable + step, end)) < end and not is_readable(probe):
        unreadable, step = probe, 2 * step
    readable = probe
    while readable - unreadable > 1:
        middle = (unreadable + readable) // 2
        if is_readable(middle):
            readable = middle
        else:
            unreadable = middle
    return readable


class Probe:
    """Tries to read, with the limits of a worker's client."""

    def __init__(self, cluster: Cluster, place: Place) -> None:
        self._cluster = cluster
        self._place = place

    def is_readable(self, offset: int) -> bool:
        """Whether a client that begins here receives something.

        Raises:
            BrokerUnreachable: nobody answers at all.
            CommandError: the broker refuses to let the partition be read.
        """
        settings = self._cluster.settings
        consumer = build(Consumer, quiet(settings) | outsider_properties())
        try:
            consumer.assign([TopicPartition(*self._place, offset)])
            answer = self._answer(consumer)
        finally:
            consumer.close()
        if answer is not None:
            return self._is_sound(answer)
        self._cluster.ends([self._place])  # a broker that is gone sends nothing either
        return False

    def _answer(self, consumer: Consumer) -> Message | None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (message := consumer.poll(TURN)) is not None:
                return message
        return None

    def _is_sound(self, answer: Message) -> bool:
        error = answer.error()
        if error is None or error.code() == KafkaError._PARTITION_EOF:
            return True
        if error.code() in INDIGESTIBLE:
            return False
        topic, partition = self._place
        raise CommandError(f"{topic}[{partition}] cannot be read: {error.str()}")
