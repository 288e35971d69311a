"""The check with which a worker starts: are its topics there, and safe?

It bears with brokers that do not answer for a while: a worker is often started while they are being
replaced, and each start that fails costs more than a wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Final, TypeVar

from stillframe.consumer.errors import BrokerUnreachable
from stillframe.consumer.operate.audit import warn_unchecked
from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.topic_rules import RECEIVE_DEFAULT, Choices, unreceivable
from stillframe.consumer.operate.topics import planned, survey, unsafe_topics
from stillframe.consumer.settings import WorkerSettings
from stillframe.schemas.topics import TopicFamily

#: Seconds for which brokers that do not answer are asked again, and between two questions.
PATIENCE: Final = 30.0
ASK_AGAIN_AFTER: Final = 0.5
#: Seconds between two looks at whether the worker was told to stop.
TICK: Final = 0.05

R = TypeVar("R")


def require_safe_topics(
    settings: WorkerSettings,
    families: Sequence[TopicFamily],
    warn: Callable[[str], object] = warn_unchecked,
    *,
    patience: float = PATIENCE,
    stopping: Callable[[], bool] = lambda: False,
) -> dict[str, int] | None:
    """Refuse topics that could lose a task.

    Args:
        warn: told what is waited for, why, if the topics' settings cannot be checked, what is safe but costs
            a promise, and of batches that the client could not receive; by default a line on standard error.
        patience: seconds after which nothing more is asked of brokers that do not answer.
        stopping: whether the worker was told to stop: then nothing is waited for any more.

    Returns:
        the number of partitions of each topic; ``None`` after a stop.

    Raises:
        UnsafeTopics: names every fault with its cure.
        BrokerUnreachable: nothing answers at the bootstrap servers.
    """
    choices = Choices(max_task_bytes=settings.max_task_bytes)
    seen = _patiently(lambda: survey(Cluster(settings), families), warn, patience, stopping)
    if seen is None:
        return None
    plan = planned(seen, families, choices)
    if plan.unsafe:
        raise unsafe_topics(plan.unsafe)
    if seen.unchecked:
        warn(seen.unchecked)
    for short in plan.shortfalls:
        if short.warned:
            warn(f"{short.topic} {short.what}: {short.cure}")
    receivable = int(settings.kafka.get("receive.message.max.bytes", RECEIVE_DEFAULT))
    for warning in unreceivable(seen.found, families, receivable):
        warn(warning)
    return {name: found.partitions for name, found in seen.found.items()}


def _patiently(
    ask: Callable[[], R], warn: Callable[[str], object], patience: float, stopping: Callable[[], bool]
) -> R | None:
    """Ask again while no broker answers; ``None`` after a stop."""
    give_up_at, said = time.monotonic() + patience, ""
    while True:
        try:
            return _beside(ask, stopping)
        except BrokerUnreachable as error:
            if time.monotonic() >= give_up_at:
                raise
            if str(error) != said:
                said = str(error)
                warn(f"{said}: waiting up to {patience:g} s for a broker, to check the topics")
        _beside(lambda: time.sleep(ASK_AGAIN_AFTER), stopping)


def _beside(ask: Callable[[], R], stopping: Callable[[], bool]) -> R | None:
    """The answer, asked for in a thread beside: whoever waits for librdkafka itself has no ear for a stop."""
    answer: Future[R] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever takes the answer
            answer.set_exception(error)

    threading.Thread(target=run, name="stillframe-topics", daemon=True).start()
    while not stopping():
        if wait([answer], TICK).done:
            return answer.result()
    return None
