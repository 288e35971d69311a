"""A type checker refuses handlers that cannot take their task type's payload, and passes those that can."""

from pathlib import Path

from tests.typing.checker import check

SNIPPET = """
    from collections.abc import Callable, Iterator
    from contextlib import contextmanager
    from typing import Any

    from pydantic import BaseModel

    from stillframe.consumer import Ordering, Retry, TaskContext, Tasks, Worker, WorkerSettings
    from stillframe.consumer.testing import WorkerHarness
    from stillframe.schemas import Task, TaskType

    class Email(BaseModel):
        to: str

    class Sms(BaseModel):
        number: int

    send_email = TaskType("send_email", Email, topic="emails")

    @contextmanager
    def lifespan() -> Iterator[int]:
        yield 1

    def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        return call_next()

    def no_middleware(task: Task[Any]) -> Any: ...

    worker = Worker(
        "mailer", WorkerSettings(threads=4), lifespan=lifespan, middleware=[middleware],
        ordering={"emails": Ordering.PARTITION},
    )
    Worker("mailer", middleware=[no_middleware])  # refused: list-item
    Worker("mailer", ordering={"emails": "partition"})  # refused: dict-item
    tasks = Tasks()

    @worker.task(send_email)
    def payload_only(email: Email) -> None: ...

    @worker.task(send_email, retry=Retry(max_attempts=3, permanent_on=(KeyError,)), timeout=30)
    def with_context(email: Email, context: TaskContext) -> int:
        return context.attempt

    @tasks.task(send_email)
    async def asynchronous(email: Email, context: TaskContext) -> None: ...

    @tasks.task(send_email)
    def wider(email: BaseModel) -> None: ...

    class Mailer:
        @worker.task(send_email)
        @staticmethod
        def deliver(email: Email) -> None: ...

    @worker.task(send_email)  # refused: arg-type
    def wrong_payload(sms: Sms) -> None: ...

    @worker.task(send_email)  # refused: arg-type
    async def wrong_payload_asynchronous(sms: Sms, context: TaskContext) -> None: ...

    @worker.task(send_email)  # refused: arg-type
    def wrong_context(email: Email, context: Task[Email]) -> None: ...

    @worker.task(send_email)  # refused: arg-type
    def nothing() -> None: ...

    @worker.task(send_email)  # refused: arg-type
    def too_much(email: Email, context: TaskContext, more: int) -> None: ...

    @worker.task(Email)  # refused: arg-type
    def no_task_type(email: Email) -> None: ...

    @worker.task(send_email, retry=3)  # refused: arg-type
    def no_policy(email: Email) -> None: ...

    attempts: int = with_context(Email(to="ada"), TaskContext.__new__(TaskContext))
    payload_only(Sms(number=1))  # refused: arg-type
    Retry(permanent_on=KeyError)  # refused: arg-type
    Retry(3)  # refused: call-arg

    with WorkerHarness(worker) as harness:
        task_id: str = harness.submit(send_email, Email(to="ada"), delay=5)
        harness.submit(send_email, Sms(number=1))  # refused: misc
"""


def test_what_is_wrong_is_refused_and_nothing_else_is(tmp_path: Path) -> None:
    """Each line marked as refused is refused with that code; all the others pass mypy's strict mode."""
    check(SNIPPET, tmp_path)
