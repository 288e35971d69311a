"""The producer process: `python -m tests.chaos.load` submits the tasks at a steady rate."""

import time

from stillframe.producer import Durability, Producer, ProducerSettings, Receipt
from tests.chaos.journal import Journal
from tests.chaos.settings import Settings, here
from tests.chaos.work import TASK_TYPE, works


def main() -> None:
    """Submit, and write down what the broker acknowledged: only that must never be lost."""
    settings, journal = Settings.from_environment(), Journal(*here())

    def report(receipt: Receipt) -> None:
        if receipt.error is None:
            where = (receipt.topic, receipt.partition, receipt.offset)
            journal.write("acked", task=receipt.task_id, where=where)
        else:
            journal.write("refused", task=receipt.task_id, error=str(receipt.error))

    quiet = ProducerSettings(durability=Durability.ASYNC, kafka={"log_level": 0})
    with Producer(quiet, on_report=report) as producer:
        begun = time.monotonic()
        for number, work in enumerate(works(settings.seed, settings.tasks)):
            # The rate is the scenario's own: late tasks are not spread anew but caught up with.
            time.sleep(max(0.0, begun + number / settings.rate - time.monotonic()))
            producer.submit(TASK_TYPE, work)
        producer.flush()


if __name__ == "__main__":
    main()
