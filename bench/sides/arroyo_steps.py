"""A stream processor of arroyo: one step, then the commit, once a second."""

from typing import Any

from arroyo.backends.kafka import KafkaConsumer
from arroyo.backends.kafka.configuration import build_kafka_consumer_configuration
from arroyo.commit import ONCE_PER_SECOND
from arroyo.processing import StreamProcessor
from arroyo.processing.strategies import CommitOffsets, RunTask, RunTaskInThreads
from arroyo.types import Topic

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import task_type, validated
from bench.work import make_work

#: Futures that may be pending; its documentation gives no number.
PENDING = 1_000


class Steps:
    """What arroyo calls a strategy factory."""

    def __init__(self, plan: Plan, meter: Meter, *, threaded: bool) -> None:
        self._plan, self._meter, self._threaded = plan, meter, threaded

    def create_with_partitions(self, commit: Any, _partitions: Any) -> Any:
        meter, kind, work = self._meter, task_type(self._plan.topic), make_work(self._plan)

        def handle(message: Any) -> None:
            validated(message.payload.value, kind)
            work()
            meter.one()

        if self._threaded:
            return RunTaskInThreads(handle, self._plan.threads, PENDING, CommitOffsets(commit))
        return RunTask(handle, CommitOffsets(commit))

    def shutdown(self) -> None:
        """There is nothing to close."""


def run(plan: Plan, *, threaded: bool) -> None:
    meter = Meter(plan)
    properties = build_kafka_consumer_configuration(
        {"fetch.queue.backoff.ms": 5},
        bootstrap_servers=[plan.bootstrap],
        auto_offset_reset="earliest",
        group_id=plan.group,
    )
    steps = Steps(plan, meter, threaded=threaded)
    meter.start()
    StreamProcessor(KafkaConsumer(properties), Topic(plan.topic), steps, ONCE_PER_SECOND).run()
