"""A worker as it comes: validation, order, gap-safe commits, back-pressure, log lines, metrics, health port."""

from bench.meter import Meter
from bench.plan import Plan
from bench.sides.our_handlers import make_handler
from bench.tasks import task_type
from stillframe.consumer import Ordering, Retry, Worker, WorkerSettings
from tests.engine.topics import create_family
from tests.kafka.kafka import KafkaElsewhere

#: A failed task comes back after 50 ms.
SOON = Retry(cap=0.05, jitter=0)


def main(plan: Plan) -> None:
    meter = Meter(plan)
    worker = with_handlers(plan, meter)
    if plan.alone:
        create_topics(plan, worker)
    meter.start()
    worker.run()


def with_handlers(plan: Plan, meter: Meter) -> Worker:
    worker, handler = make_worker(plan), make_handler(plan, meter)
    for number in range(plan.types):
        worker.task(task_type(plan.topic, number), retry=SOON)(handler)
    return worker


def make_worker(plan: Plan) -> Worker:
    settings = WorkerSettings(
        bootstrap_servers=plan.bootstrap, health_port=0, threads=plan.threads, async_concurrency=plan.threads
    )
    return Worker(plan.group, settings, ordering={plan.topic: Ordering(plan.ordering)})


def create_topics(plan: Plan, worker: Worker) -> None:
    """Those of the group: the backlog is there."""
    create_family(KafkaElsewhere(plan.bootstrap, "", ""), worker, plan.partitions, task_topic=False)


if __name__ == "__main__":
    main(Plan.of_command_line())
