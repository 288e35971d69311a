"""Key order by hand: each batch split by key onto the threads, and a barrier before the next.

What handing over by batch can cost at the least. The slowest thread holds up all the others.
"""

from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Message

from bench.meter import Meter
from bench.plan import Plan
from bench.sides.polling import Poll
from bench.tasks import task_type, validated
from bench.work import make_work


def main(plan: Plan) -> None:
    meter, kind, work = Meter(plan), task_type(plan.topic), make_work(plan)
    pool = ThreadPoolExecutor(plan.threads)

    def handle(messages: list[Message]) -> None:
        for message in messages:
            validated(message.value(), kind)
            work()
            meter.one()

    meter.start()
    for batch in Poll(plan).batches():
        shards: list[list[Message]] = [[] for _ in range(plan.threads)]
        for message in batch:
            shards[hash(message.key()) % plan.threads].append(message)
        list(pool.map(handle, filter(None, shards)))


if __name__ == "__main__":
    main(Plan.of_command_line())
