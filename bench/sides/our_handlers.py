"""The handlers of our side."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import Order, order
from bench.work import make_work
from stillframe.consumer import TaskContext, TransientError

#: The hottest key of skewed ones, and the one that is stuck in a plan that has one.
FIRST = order(0, 0).customer


def make_handler(plan: Plan, meter: Meter) -> Any:
    """The function for what the plan says."""
    if plan.asynchronous:
        return coroutine(plan, meter)
    if plan.stuck:
        return stuck(meter)
    return careful(plan, meter) if plan.failing or plan.hottest else plain(plan, meter)


def plain(plan: Plan, meter: Meter) -> Callable[[Order], None]:
    work = make_work(plan)

    def handle(_order: Order) -> None:
        work()
        meter.one()

    return handle


def careful(plan: Plan, meter: Meter) -> Callable[[Order, TaskContext], None]:
    """Some fail at their first attempt, and those of the hottest key are counted by themselves."""
    work = make_work(plan)

    def handle(each: Order, context: TaskContext) -> None:
        work()
        if plan.failing and each.number % plan.failing == 0 and context.attempt == 1:
            raise TransientError("at the first attempt")
        meter.one()
        if each.customer == FIRST:
            meter.hot()

    return handle


def stuck(meter: Meter) -> Callable[[Order], None]:
    def handle(each: Order) -> None:
        if each.customer == FIRST:
            threading.Event().wait()
        meter.one()

    return handle


def coroutine(plan: Plan, meter: Meter) -> Any:
    async def handle(_order: Order) -> None:
        await asyncio.sleep(plan.milliseconds / 1_000)
        meter.one()

    return handle
