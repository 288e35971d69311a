"""The worker under test: `stillframe worker tests.chaos.app:worker`."""

import time

from stillframe.consumer import TaskContext, Worker, WorkerSettings
from tests.chaos.journal import Journal
from tests.chaos.settings import GRACE, GROUP, Settings, here
from tests.chaos.witness import Witness
from tests.chaos.work import MEMORY_WAIT, RETRY, TASK_TYPE, TIERS, Work, fail

settings = Settings.from_environment()
witness = Witness(Journal(*here()))
worker = Worker(
    GROUP,
    WorkerSettings(
        tiers=TIERS,
        memory_wait=MEMORY_WAIT,
        grace=GRACE,
        health_port=None,
        kafka=settings.protocol.properties(settings.session),
    ),
    middleware=[witness.middleware],
    listeners=[witness.listener],
)


@worker.task(TASK_TYPE, retry=RETRY)
def perform(work: Work, context: TaskContext) -> None:
    """Take the time that the task takes, and end as it ends."""
    time.sleep(work.seconds)
    fail(work, context.attempt)
