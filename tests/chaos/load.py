"""The producer process: `python -m tests.chaos.load` submits the tasks at a steady rate."""

import time

from stillframe.producer import Durability, Producer, ProducerSettings, Receipt, SubmitError
from tests.chaos.journal import Journal
from tests.chaos.settings import Settings, here
from tests.chaos.work import TASK_TYPE, works

#: ASYNC waits for the same acknowledgement as SYNC, of all in-sync replicas, but for many at a time. A leader
#: that dies takes seconds to be replaced, for which tasks are kept.
PATIENT = ProducerSettings(
    durability=Durability.ASYNC, queue_size=100_000, delivery_timeout=60, close_timeout=60, kafka={"log_level": 0}
)


#: Seconds after its time in which the load catches up with its rate: an outage of the brokers is not that long.
OVERTIME = 30.0


def main() -> None:
    """Submit, and write down what the broker acknowledged: only that must never be lost."""
    settings, journal = Settings.from_environment(), Journal(*here())

    def report(receipt: Receipt) -> None:
        if receipt.error is None:
            where = (receipt.topic, receipt.partition, receipt.offset)
            journal.write("acked", task=receipt.task_id, where=where)
        else:
            journal.write("refused", task=receipt.task_id, error=str(receipt.error))

    with Producer(PATIENT, on_report=report) as producer:
        begun = time.monotonic()
        for number, work in enumerate(works(settings)):
            # The rate is the scenario's own: late tasks are not spread anew but caught up with.
            time.sleep(max(0.0, begun + number / settings.rate - time.monotonic()))
            if time.monotonic() > begun + settings.seconds + OVERTIME:
                journal.write("trouble", what=f"too slow a machine: {settings.tasks - number} tasks not submitted")
                break
            try:
                producer.submit(TASK_TYPE, work)
            except SubmitError as error:
                journal.write("refused", task="", error=str(error))
        producer.flush()


if __name__ == "__main__":
    main()
