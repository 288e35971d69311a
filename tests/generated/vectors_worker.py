"""The worker that the test vectors are shown to."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.testing import WorkerHarness
from stillframe.schemas import Record, TaskType
from tests.generated.vectors_valid import LONGEST_TYPE

TOPIC = "emails"


class Email(BaseModel):
    to: str
    subject: str


class Anything(BaseModel):
    """Any JSON object."""

    model_config = ConfigDict(extra="allow")


TASK_TYPES: tuple[TaskType[Any], ...] = (
    TaskType("send_email", Email, topic=TOPIC),
    TaskType("anything", Anything, topic=TOPIC),
    TaskType(LONGEST_TYPE, Anything, topic=TOPIC),
)


def _do_nothing(payload: BaseModel, context: TaskContext) -> None: ...


def verdict(record: Record, handler: Callable[[Any, TaskContext], None] = _do_nothing) -> dict[str, Any]:
    """What becomes of a record: done, skipped, or dead with its error."""
    worker = Worker("mailer")
    for task_type in TASK_TYPES:
        worker.task(task_type)(handler)
    with WorkerHarness(worker) as harness:
        harness.deliver(record)
        harness.run_until_idle()
    if not harness.dead:
        return {"outcome": "done" if harness.done else "skipped"}
    cause = harness.dead[0].cause
    if cause is None:
        raise LookupError("a dead letter without a cause")
    return {"outcome": "dead", "error": cause.type.rsplit(".", 1)[-1], "message": cause.message}
