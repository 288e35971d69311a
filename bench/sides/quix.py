"""Quix Streams: a function of a streaming data frame, inline, on one thread; it knows no others."""

from quixstreams import Application

from bench.meter import Meter
from bench.plan import Plan
from bench.tasks import task_type, validated


def main(plan: Plan) -> None:
    meter, kind = Meter(plan), task_type(plan.topic)
    application = Application(
        broker_address=plan.bootstrap,
        consumer_group=plan.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_interval=1.0,
        loglevel="ERROR",
        consumer_extra_config={"fetch.queue.backoff.ms": 5},
    )
    topic = application.topic(plan.topic, value_deserializer="bytes", key_deserializer="bytes")

    def handle(value: bytes) -> None:
        validated(value, kind)
        meter.handled += 1

    application.dataframe(topic).update(handle)
    meter.start()
    application.run()


if __name__ == "__main__":
    main(Plan.of_command_line())
