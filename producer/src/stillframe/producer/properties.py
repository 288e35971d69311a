"""What librdkafka is told for a producer, and which of its properties are not for the taking."""

from __future__ import annotations

from typing import Any, Final

from stillframe.producer.durability import Durability
from stillframe.producer.settings import ProducerSettings

#: Beyond the largest value: key, identity and delivery headers must fit as well.
HEADROOM_BYTES: Final = 64 * 1024

#: librdkafka looks once a second for records whose time is up. It gets that much less of it than the
#: caller, whose error is then its report, which names the cause.
LATENESS_SECONDS: Final = 1.0

#: Good choices, not promises: pass another value through and it is taken.
DEFAULTS: Final[dict[str, Any]] = {
    # A submission that waits for its report must not wait for company first: 0.3 ms, measured, against
    # 1.5 ms at a linger of 1 and 5.8 ms at 5. Who only ever submits with ASYNC may pass 5 through: with
    # fewer, larger requests one thread handed over about twice as many tasks per second.
    "linger.ms": 0,
    # Tasks are small JSON texts that resemble each other. Measured: no cost in rate or latency.
    "compression.type": "lz4",
    # A broker that is back is noticed within a second rather than ten.
    "reconnect.backoff.max.ms": 1_000,
    # A missing topic is an error after two seconds (a new one may take a moment to be known
    # everywhere), not after thirty, when the caller has long been told "unknown".
    "topic.metadata.propagation.max.ms": 2_000,
}

_DURABILITY = "use durability="
_TIMEOUT = "use delivery_timeout"
_ORDER = "order and single delivery stand on it: remove it"
REFUSED: Final = {
    "acks": _DURABILITY,
    "request.required.acks": _DURABILITY,
    "enable.idempotence": _DURABILITY,
    "transactional.id": "delivery is at least once, without transactions: remove it",
    "max.in.flight": _ORDER,
    "max.in.flight.requests.per.connection": _ORDER,
    "partitioner": "keys are placed where Java's clients place them: remove it",
    "message.timeout.ms": _TIMEOUT,
    "delivery.timeout.ms": _TIMEOUT,
    "message.max.bytes": "use max_task_bytes",
    "queue.buffering.max.messages": "use queue_size",
    "delivery.report.only.error": "every task gets its report: remove it",
}


def producer_properties(settings: ProducerSettings, durability: Durability) -> dict[str, Any]:
    """The configuration of the client that serves a durability.

    Raises:
        SettingsError: ``settings.kafka`` holds a property that is refused.
    """
    own = {
        # as Java's default for keyed records; records without a key go to random partitions
        "partitioner": "murmur2_random",
        "allow.auto.create.topics": False,
        "message.timeout.ms": _milliseconds_for_librdkafka(settings.delivery_timeout),
        "message.max.bytes": max(1_000, settings.max_task_bytes + HEADROOM_BYTES),
        # ours is the queue that fills; librdkafka frees a place only after a whole batch of reports
        "queue.buffering.max.messages": 2 * settings.queue_size + 1_000,
        **_acknowledgement(durability),
    }
    defaults = {"client.id": settings.service, **DEFAULTS}
    return {**defaults, **settings.librdkafka(own, refused=REFUSED)}


def _milliseconds_for_librdkafka(delivery_timeout: float) -> int:
    return int(1_000 * max(delivery_timeout - LATENESS_SECONDS, delivery_timeout / 2))


def _acknowledgement(durability: Durability) -> dict[str, Any]:
    if durability is Durability.SEMI_SYNC:
        # One request at a time to a broker keeps order through retries. It is no slower: tasks gather
        # meanwhile, where without any bound each would become a request of its own (measured).
        return {"acks": 1, "enable.idempotence": False, "max.in.flight.requests.per.connection": 1}
    return {"acks": "all", "enable.idempotence": True}
