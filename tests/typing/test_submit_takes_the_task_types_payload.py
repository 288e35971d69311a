"""A type checker refuses payloads that are not of the task type, and options that do not exist."""

from pathlib import Path

from tests.typing.checker import check

SNIPPET = """
    from datetime import UTC, datetime, timedelta
    from uuid import uuid4

    from pydantic import BaseModel

    from stillframe.producer import Durability, Producer, Receipt
    from stillframe.producer.testing import RecordingProducer
    from stillframe.schemas import Snapshot, TaskType

    class Email(BaseModel):
        to: str

    class LongEmail(Email):
        text: str

    class Sms(BaseModel):
        number: int

    send_email = TaskType("send_email", Email, topic="emails")

    def synchronous(producer: Producer, snapshot: Snapshot) -> None:
        receipt: Receipt = producer.submit(send_email, Email(to="a"), snapshot=snapshot, key=None)
        producer.submit(send_email, LongEmail(to="a", text="b"), task_id=uuid4(), delay=timedelta(days=1))
        producer.submit(send_email, Sms(number=1))  # refused: misc
        producer.submit(send_email, {"to": "a"})  # refused: misc
        producer.submit(send_email, Email)  # refused: misc
        producer.submit(Email, Email(to="a"))  # refused: arg-type
        producer.submit(send_email)  # refused: call-arg
        producer.submit(send_email, Email(to="a"), dealy=5)  # refused: call-arg
        producer.submit(send_email, Email(to="a"), delay="5")  # refused: arg-type
        producer.submit(send_email, Email(to="a"), durability="sync")  # refused: arg-type
        producer.submit(send_email, Email(to="a"), key=5)  # refused: arg-type
        producer.submit(send_email, Email(to="a"), snapshot)  # refused: call-arg

        receipts: list[Receipt] = producer.submit_many(send_email, [Email(to="a"), Email(to="b")])
        producer.submit_many(send_email, (Email(to=name) for name in "ab"), durability=Durability.ASYNC)
        producer.submit_many(send_email, [Sms(number=1)])  # refused: misc
        producer.submit_many(send_email, Email(to="a"))  # refused: misc
        producer.submit_many(send_email, [Email(to="a")], task_id=uuid4())  # refused: call-arg

        offset: int = receipt.offset  # refused: assignment
        receipt.done = True  # refused: misc
        producer.submit(send_email, Email(to="a"), expires_at=datetime.now(UTC)).task_id.upper()

    async def asynchronous(producer: Producer) -> None:
        receipt: Receipt = await producer.asubmit(send_email, Email(to="a"), timeout=1)
        again: Receipt = await receipt
        await producer.asubmit(send_email, Sms(number=1))  # refused: misc
        await producer.asubmit_many(send_email, [Sms(number=1)])  # refused: misc
        producer.asubmit(send_email, Email(to="a")).task_id  # refused: attr-defined
        async with producer as same, RecordingProducer() as recording:
            anywhere: Producer = recording
            recording.submit(send_email, Sms(number=1))  # refused: misc
"""


def test_what_is_wrong_is_refused_and_nothing_else_is(tmp_path: Path) -> None:
    """Each line marked as refused is refused with that code; all the others pass mypy's strict mode."""
    check(SNIPPET, tmp_path)
