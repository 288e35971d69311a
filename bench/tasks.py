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
        note="leave it at the door, or with the neighbours on the first floor; ring",
    )


def task_type(topic: str, number: int = 0) -> TaskType[Order]:
    return TaskType(f"order-{number}" if number else "order", Order, topic=topic, key=lambda each: each.customer)


def validated(value: bytes | None, kind: TaskType[Order]) -> object:
    """What every side that validates does with a record at the least: pydantic, on the whole of the value."""
    return kind.envelope.model_validate_json(value or b"")


def decoded(key: bytes | None, value: bytes | None, kind: TaskType[Order]) -> Task[Order]:
    """What a worker does with it: frozen, its key and headers compared."""
    return decode(Record(kind.topic, key, value), kind)
