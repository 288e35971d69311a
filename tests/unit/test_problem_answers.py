"""What a client is told when its task could not be submitted: the same by every framework."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask

from stillframe.producer import fastapi as for_fastapi
from stillframe.producer import flask as for_flask
from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.capture.payload import RequestInvalid, parse_payload
from stillframe.producer.errors import PayloadTooLarge, SubmitError, SubmitFailed, SubmitRejected, SubmitUnknown
from stillframe.producer.problem import problem_of
from stillframe.schemas import EncodeError, FrozenMapping
from tests.producing import Email
from tests.unit import django_shop  # noqa: F401 - it configures Django
from tests.unit.wsgi_server import serve_all

REQUEST = httpx.Request("POST", "http://shop.test/fail")
Answer = tuple[int, dict[str, str], bytes]


def by_fastapi(error: Exception) -> Answer:
    app = FastAPI()
    for_fastapi.install_errors(app)

    @app.post("/fail")
    async def fail() -> None:
        raise error

    return asyncio.run(over_asgi(app))


def by_flask(error: Exception) -> Answer:
    app = Flask("shop")
    app.testing = True
    for_flask.install_errors(app)

    @app.post("/fail")
    def fail() -> str:
        raise error

    return serve_all(app, REQUEST, b"")


def django_urls(error: Exception, *, sync: bool) -> tuple[Any, ...]:
    def fail(request: HttpRequest) -> HttpResponse:
        raise error

    async def afail(request: HttpRequest) -> HttpResponse:
        raise error

    return (path("fail", fail if sync else afail),)


DJANGO: dict[str, Any] = {
    "MIDDLEWARE": ["stillframe.producer.django.SnapshotMiddleware", "stillframe.producer.django.ErrorsMiddleware"],
}


def by_django_under_wsgi(error: Exception) -> Answer:
    with override_settings(ROOT_URLCONF=django_urls(error, sync=True), **DJANGO):
        return or_raise(error, serve_all(WSGIHandler(), REQUEST, b""))


def by_django_under_asgi(error: Exception) -> Answer:
    with override_settings(ROOT_URLCONF=django_urls(error, sync=False), **DJANGO):
        return or_raise(error, asyncio.run(over_asgi(ASGIHandler())))


def or_raise(error: Exception, answer: Answer) -> Answer:
    """Django answers 500 to what it has no answer for."""
    if answer[0] == 500:
        raise error
    return answer


async def over_asgi(app: Any) -> Answer:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        answer = await client.send(REQUEST)
    return answer.status_code, dict(answer.headers), answer.content


FRAMEWORKS = [by_fastapi, by_flask, by_django_under_wsgi, by_django_under_asgi]


@pytest.fixture(params=FRAMEWORKS)
def answer_to(request: pytest.FixtureRequest) -> Callable[[Exception], Answer]:
    given: Callable[[Exception], Answer] = request.param
    return given


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (SubmitRejected("CANARY", task_id="t-1"), 503, "1"),
        (SubmitUnknown("CANARY", task_id="t-1"), 503, "1"),
        (SubmitFailed("CANARY"), 503, None),
        (SubmitError("CANARY"), 503, None),
        (PayloadTooLarge("CANARY", size=2, limit=1), 413, None),
        (RequestInvalid((FrozenMapping({"detail": "Field required", "pointer": "#/to"}),)), 422, None),
        (BodyIncomplete("CANARY"), 400, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else repr(value),
)
def test_errors_become_problems(
    answer_to: Callable[[Exception], Answer], error: Exception, status: int, retry_after: str | None
) -> None:
    """Each has its status, a Retry-After where trying again helps, and no word of what went wrong inside."""
    answered, headers, body = answer_to(error)
    problem = json.loads(body)
    assert answered == problem["status"] == status
    assert headers["content-type"] == "application/problem+json"
    assert headers.get("retry-after") == retry_after
    assert problem.get("task_id") == getattr(error, "task_id", None)
    assert b"CANARY" not in body


def test_mistakes_of_the_application_stay_errors(answer_to: Callable[[Exception], Answer]) -> None:
    """An EncodeError is a bug of the application's: it is not dressed up as the client's problem."""
    with pytest.raises(EncodeError):
        answer_to(EncodeError("a bug"))
    assert problem_of(ValueError()) is None


def test_a_limit_is_named() -> None:
    """The client learns how much it may send."""
    problem = problem_of(PayloadTooLarge("request body", size=2, limit=1_000))
    assert problem is not None
    assert "1000 bytes" in problem.detail


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/a+JSON"]
)
def test_a_json_body_becomes_a_payload(content_type: str) -> None:
    """Checked by the model."""
    assert parse_payload(Email, b'{"to": "ada"}', content_type) == Email(to="ada")


@pytest.mark.parametrize(
    ("body", "content_type", "faults"),
    [
        (b'{"to": "CANARY"', "application/json", [("#", "Invalid JSON")]),
        (b"", "application/json", [("#", "Invalid JSON")]),
        (b'{"to": ["CANARY"], "subject": 5}', "application/json", [("#/to", "valid string"), ("#/subject", "")]),
        (b'{"to": "CANARY"}', "text/plain", [(None, "application/json")]),
        (b'{"to": "CANARY"}', "", [(None, "application/json")]),
        (b"\xff", "application/json", [("#", "Invalid JSON")]),
    ],
)
def test_a_body_that_does_not_fit_is_told_where(
    body: bytes, content_type: str, faults: list[tuple[str | None, str]]
) -> None:
    """A JSON pointer to each fault, and what is wrong there; the value is not quoted back."""
    with pytest.raises(RequestInvalid) as refused:
        parse_payload(Email, body, content_type)
    assert len(refused.value.faults) == len(faults)
    for fault, (pointer, detail) in zip(refused.value.faults, faults, strict=True):
        assert fault.get("pointer") == pointer
        assert detail in fault["detail"]
    problem = problem_of(refused.value)
    assert problem is not None
    assert b"CANARY" not in problem.body
