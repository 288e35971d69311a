"""What people write by hand: a future for each message, all of a batch awaited. No order within a key."""

from concurrent.futures import ThreadPoolExecutor, wait

from confluent_kafka import Message

from bench.meter import Meter
from bench.plan import Plan
from bench.sides.polling import Poll
from bench.tasks import task_type, validated
from bench.work import make_work


def main(plan: Plan) -> None:
    meter, kind, work = Meter(plan), task_type(plan.topic), make_work(plan)
    pool = ThreadPoolExecutor(plan.threads)

    def handle(message: Message) -> None:
        validated(message.value(), kind)
        work()
        meter.one()

    meter.start()
    for batch in Poll(plan).batches():
        wait([pool.submit(handle, message) for message in batch])


if __name__ == "__main__":
    main(Plan.of_command_line())
