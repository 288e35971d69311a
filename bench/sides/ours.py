"""A worker as it comes: validation, order, gap-safe commits, back-pressure, log lines, metrics, health port."""

import asyncio
from dataclasses import dataclass

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import Order, task_type
from bench.work import make_work
from stillframe.consumer import Ordering, Retry, TaskContext, TransientError, Worker, WorkerSettings
from tests.engine.topics import create_family
from tests.kafka.kafka import KafkaElsewhere

#: A failed task comes back after 50 ms.
SOON = Retry(cap=0.05, jitter=0)


@dataclass(frozen=True)
class Handling:
    """The handlers of a plan."""

    plan: Plan
    meter: Meter

    def register(self, worker: Worker) -> None:
        plan, meter, work = self.plan, self.meter, make_work(self.plan)

        def handle(_order: Order) -> None:
            work()
            meter.one()

        def failing(each: Order, context: TaskContext) -> None:
            work()
            if each.number % plan.failing == 0 and context.delivery.attempt == 1:
                raise TransientError("at the first attempt")
            meter.one()

        async def coroutine(_order: Order) -> None:
            await asyncio.sleep(plan.milliseconds / 1_000)
            meter.one()

        register = worker.task(task_type(plan.topic), retry=SOON)
        if plan.asynchronous:
            register(coroutine)
        elif plan.failing:
            register(failing)
        else:
            register(handle)


def main(plan: Plan) -> None:
    settings = WorkerSettings(
        bootstrap_servers=plan.bootstrap, health_port=0, threads=plan.threads, async_concurrency=plan.threads
    )
    worker = Worker(plan.group, settings, ordering={plan.topic: Ordering(plan.ordering)})
    meter = Meter(plan)
    Handling(plan, meter).register(worker)
    create_family(KafkaElsewhere(plan.bootstrap, "", ""), worker, plan.partitions, task_topic=False)
    meter.start()
    worker.run()


if __name__ == "__main__":
    main(Plan.of_command_line())
