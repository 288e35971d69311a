"""The same loop with our `decode` in place of pydantic alone: what that adds."""

from bench.meter import Meter
from bench.plan import Plan
from bench.sides.polling import Poll
from bench.tasks import decoded, task_type
from bench.work import make_work


def main(plan: Plan) -> None:
    meter, kind, work = Meter(plan), task_type(plan.topic), make_work(plan)
    meter.start()
    for batch in Poll(plan).batches():
        for message in batch:
            decoded(message.key(), message.value(), kind)
            if plan.milliseconds:
                work()
            meter.handled += 1


if __name__ == "__main__":
    main(Plan.of_command_line())
