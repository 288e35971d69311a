"""Pyrallel Consumer: coroutines in key order, with its settings as they come but for how many are in flight."""

import asyncio
import logging
from typing import Any

from pyrallel_consumer.config import KafkaConfig
from pyrallel_consumer.consumer import PyrallelConsumer
from pyrallel_consumer.dto import ExecutionMode

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import task_type, validated


def main(plan: Plan) -> None:
    logging.disable(logging.CRITICAL)
    meter, kind = Meter(plan), task_type(plan.topic)
    config = KafkaConfig(BOOTSTRAP_SERVERS=plan.bootstrap, CONSUMER_GROUP=plan.group, dlq_enabled=False)
    config.parallel_consumer.ordering_mode = "key_hash"
    config.parallel_consumer.execution.mode = ExecutionMode.ASYNC
    if plan.milliseconds:
        config.parallel_consumer.execution.max_in_flight = plan.threads

    async def handle(item: Any) -> None:
        validated(item.payload, kind)
        if plan.milliseconds:
            await asyncio.sleep(plan.milliseconds / 1_000)
        meter.handled += 1

    async def serve() -> None:
        consumer = PyrallelConsumer(config=config, worker=handle, topic=plan.topic)
        await consumer.start()
        meter.start()
        await consumer.wait_closed()

    asyncio.run(serve())


if __name__ == "__main__":
    main(Plan.of_command_line())
