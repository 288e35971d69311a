"""What takes the request along takes the task type's payload too, and nothing else."""

from pathlib import Path

from tests.typing.checker import check


def test_request_shortcuts_are_typed(tmp_path: Path) -> None:
    """In FastAPI, Flask and Django, for ``submit``, its twins and ``prepare``; a payload comes back as its model."""
    check(
        """
        from django.http import HttpRequest
        from pydantic import BaseModel
        from sqlalchemy.orm import Session
        from stillframe.producer import Producer, Receipt
        from stillframe.producer import django, flask
        from stillframe.producer.fastapi import RequestProducer
        from stillframe.producer.sqlalchemy import submit_on_commit
        from stillframe.schemas import TaskType

        class Email(BaseModel):
            to: str

        class Invoice(BaseModel):
            number: int

        send_email = TaskType("send_email", Email, topic="emails")
        email, invoice = Email(to="ada"), Invoice(number=1)
        stillframe = flask.Stillframe()

        async def fastapi_endpoint(tasks: RequestProducer) -> Receipt:
            tasks.submit(send_email, email, delay=5)
            tasks.submit(send_email, invoice)  # refused: misc
            tasks.submit(send_email, email, dely=5)  # refused: call-arg
            return await tasks.asubmit(send_email, email)

        def flask_view(session: Session) -> str:
            stillframe.submit(send_email, flask.payload_of(Email))
            stillframe.submit(send_email, flask.payload_of(Invoice))  # refused: misc
            return submit_on_commit(session, stillframe.prepare(send_email, email))

        def django_view(request: HttpRequest) -> str:
            django.submit(request, send_email, django.payload_of(request, Email))
            django.submit(request, send_email, invoice)  # refused: misc
            django.submit(send_email, email)  # refused: call-arg
            django.submit_on_commit(request, send_email, invoice)  # refused: misc
            return django.submit_on_commit(request, send_email, email, using="other", delay=5)

        async def django_async_view(request: HttpRequest) -> Receipt:
            return await django.asubmit(request, send_email, email)

        def anywhere(session: Session, producer: Producer) -> None:
            submit_on_commit(session, producer.prepare(send_email, email))
            submit_on_commit(session, producer.submit(send_email, email))  # refused: arg-type
        """,
        tmp_path,
    )
