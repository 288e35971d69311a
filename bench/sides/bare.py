"""The client's limit: `consume` in a loop, and nothing else."""

from bench.meter import Meter
from bench.plan import Plan
from bench.sides.polling import Poll


def main(plan: Plan) -> None:
    meter = Meter(plan)
    meter.start()
    for batch in Poll(plan).batches():
        meter.handled += len(batch)


if __name__ == "__main__":
    main(Plan.of_command_line())
