"""A worker as it comes: validation, order, gap-safe commits, back-pressure, log lines, metrics, health port."""

import asyncio
import threading
from typing import Any

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import Order, order, task_type
from bench.work import make_work
from stillframe.consumer import Ordering, Retry, TaskContext, TransientError, Worker, WorkerSettings
from tests.engine.topics import create_family
from tests.kafka.kafka import KafkaElsewhere

#: A failed task comes back after 50 ms.
SOON = Retry(cap=0.05, jitter=0)
#: The key that is stuck in a plan that has one.
FIRST = order(0, 0).customer


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


def make_handler(plan: Plan, meter: Meter) -> Any:
    """What the plan says: a plain function, one that fails, or a coroutine."""
    work = make_work(plan)

    def handle(_order: Order) -> None:
        work()
        meter.one()

    def failing(each: Order, context: TaskContext) -> None:
        work()
        if each.number % plan.failing == 0 and context.attempt == 1:
            raise TransientError("at the first attempt")
        meter.one()

    def stuck(each: Order) -> None:
        if each.customer == FIRST:
            threading.Event().wait()
        meter.one()

    async def coroutine(_order: Order) -> None:
        await asyncio.sleep(plan.milliseconds / 1_000)
        meter.one()

    if plan.asynchronous:
        return coroutine
    if plan.stuck:
        return stuck
    return failing if plan.failing else handle


if __name__ == "__main__":
    main(Plan.of_command_line())
