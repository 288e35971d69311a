"""The interpreter's limit for this work, called L: `consume` in a loop, pydantic on each value.

It promises nothing, and none of our code is in it that could become slower.
"""

from bench.meter import Meter
from bench.plan import Plan
from bench.sides.polling import Poll
from bench.tasks import task_type, validated
from bench.work import make_work


def main(plan: Plan) -> None:
    meter, kind, work = Meter(plan), task_type(plan.topic), make_work(plan)
    meter.start()
    for batch in Poll(plan).batches():
        for message in batch:
            validated(message.value(), kind)
            if plan.milliseconds:
                work()
            meter.handled += 1


if __name__ == "__main__":
    main(Plan.of_command_line())
