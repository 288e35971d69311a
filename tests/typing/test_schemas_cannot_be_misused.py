"""A type checker refuses writes to frozen things and payloads that are not of their task type."""

from pathlib import Path

from tests.typing.checker import check

SNIPPET = """
    from datetime import UTC, datetime
    from uuid import uuid4

    from pydantic import BaseModel

    from stillframe.schemas import Headers, Record, Snapshot, Task, TaskType, decode, encode

    class Email(BaseModel):
        to: str

    class Sms(BaseModel):
        number: int

    def as_number(email: Email) -> int:
        return len(email.to)

    send_email = TaskType("send_email", Email, topic="emails", key=lambda email: email.to)
    unordered = TaskType("unordered", Email, topic="emails")
    wrong_key = TaskType("a", Email, topic="emails", key=lambda email: email.number)  # refused: attr-defined
    int_key = TaskType("b", Email, topic="emails", key=as_number)  # refused: arg-type
    no_model = TaskType("c", dict, topic="emails")  # refused: type-var
    instance = TaskType("d", Email(to="a"), topic="emails")  # refused: arg-type
    positional = TaskType("e", Email, "emails")  # refused: call-arg

    key: bytes | None = send_email.key_of(Email(to="a"))
    send_email.key_of(Sms(number=1))  # refused: arg-type

    def use(record: Record, snapshot: Snapshot) -> None:
        to: str = decode(record, send_email).payload.to
        number = decode(record, send_email).payload.number  # refused: attr-defined
        sms: Task[Sms] = decode(record, send_email)  # refused: arg-type
        anything = decode(record).payload["to"]
        value: bytes = encode(decode(record, send_email)).value

        snapshot.path = "/"  # refused: misc
        snapshot.context["tenant"] = "x"  # refused: index
        snapshot.headers["accept"] = "x"  # refused: index
        del snapshot.query["page"]  # refused: attr-defined
        snapshot.headers.pairs = ()  # refused: misc
        snapshot.respond("no")  # refused: attr-defined
        decode(record).id = uuid4()  # refused: misc
        record.offset = 5  # refused: misc
        Snapshot(method="GET", path="/", received_at="now")  # refused: arg-type
        Snapshot(method="GET", path="/", received_at=datetime.now(UTC), headers=Headers((("a", "b"),)))
        lookup: str | None = snapshot.headers.get("Accept")
        every: tuple[str, ...] = snapshot.headers.getall("Accept")
"""


def test_what_is_wrong_is_refused_and_nothing_else_is(tmp_path: Path) -> None:
    """Each line marked as refused is refused with that code; all the others pass mypy's strict mode."""
    check(SNIPPET, tmp_path)
