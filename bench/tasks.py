"""The task of the comparison: 396 bytes as encoded, six headers. It imports no Kafka, so that peers can read it."""

from pydantic import BaseModel

from stillframe.schemas import Record, Task, TaskType, decode


class Order(BaseModel):
    """Eight fields, as an application's might be."""

    number: int
    customer: str
    email: str
    product: str
    quantity: int
    price: float
    express: bool
    note: str


def order(number: int, key: int) -> Order:
    return Order(
        number=number,
        customer=f"customer-{key:07}",
        email="someone@example.org",
        product="notebook",
        quantity=2,
        price=12.5,
        express=False,
        note="leave it at the door",
    )


def task_type(topic: str) -> TaskType[Order]:
    return TaskType("order", Order, topic=topic, key=lambda each: each.customer)


def validated(key: bytes | None, value: bytes | None, kind: TaskType[Order]) -> Task[Order]:
    """What every side that validates does with a record: our own decoding."""
    return decode(Record(kind.topic, key, value), kind)
