"""FastStream on confluent-kafka: the model as the handler's annotation, a commit for each message (at least once)."""

import asyncio
import logging
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import task_type


def main(plan: Plan) -> None:
    meter = Meter(plan)
    broker = KafkaBroker(plan.bootstrap, logger=None)
    model: Any = task_type(plan.topic).envelope

    async def handle(body: model) -> None:  # noqa: ARG001 - the annotation has it validated
        meter.handled += 1

    broker.subscriber(plan.topic, group_id=plan.group, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)(handle)
    meter.start()
    asyncio.run(FastStream(broker, logger=None).run(log_level=logging.CRITICAL))


if __name__ == "__main__":
    main(Plan.of_command_line())
