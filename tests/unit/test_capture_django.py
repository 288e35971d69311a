"""Django: settings, a middleware, and ``submit(request, …)`` in views that are sync or async."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from io import BytesIO, UnsupportedOperation
from typing import Any

import httpx
import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.core.handlers.asgi import ASGIHandler
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path, set_urlconf

from stillframe.producer import Producer
from stillframe.producer.capture import Capture
from stillframe.producer.django import (
    SnapshotMiddleware,
    asnapshot_of,
    asubmit,
    bound,
    payload_of,
    producer,
    snapshot_of,
    submit,
    submit_on_commit,
)
from stillframe.producer.django.stream import FileCopy
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import DefinitionError, PayloadTooLarge, Snapshot
from tests.producing import Email, email_type
from tests.unit import django_shop

SEND = email_type()
MIDDLEWARE = [*django_shop.MIDDLEWARE, "stillframe.producer.django.ErrorsMiddleware"]


def taken(url: str, policy: Capture | None = None, **sent: Any) -> Snapshot:
    """The snapshot that a sync view takes of a request by Django's own test client."""
    snapshots: list[Snapshot] = []
    with override_settings(STILLFRAME={"CAPTURE": policy or Capture()}), django_shop.served(snapshots):
        assert Client().generic(sent.pop("method", "GET"), url, **sent).status_code == 200
    return snapshots[-1]


@pytest.mark.parametrize(
    ("url", "route", "path_params"),
    [
        ("/shops/5/orders", "/shops/{shop}/orders", {"shop": 5}),
        ("/v1/acme/inner/2/leaf/x/y", "/v1/{tenant}/inner/{b}/leaf/{c}", {"tenant": "acme", "b": "2", "c": "x/y"}),
        ("/old/12.html", "/old/{n}.html", {"n": "12"}),
        ("/v1/acme/2026/x/7/", "/v1/{tenant}/{year}/{var}/", {"tenant": "acme", "year": "2026"}),
    ],
)
def test_the_route_and_its_parameters(url: str, route: str, path_params: dict[str, Any]) -> None:
    """The template has the prefixes of ``include()`` and neither converter nor regular expression; what
    ``path()`` adds of its own is no parameter of the path."""
    snapshot = taken(url)
    assert snapshot.route == route
    assert dict(snapshot.path_params) == path_params
    assert snapshot.path == url


def test_a_path_is_decoded_and_has_the_prefix_of_the_server() -> None:
    """As Django's ``request.path``; the template is without the prefix."""
    snapshot = taken("/v1/%C3%A9/inner/1/leaf/%2541", SCRIPT_NAME="/api")
    assert snapshot.path == "/api/v1/é/inner/1/leaf/%41"
    assert snapshot.route == "/v1/{tenant}/inner/{b}/leaf/{c}"


def test_a_secret_in_the_path_is_left_out() -> None:
    """A parameter named like a secret is in neither path nor parameters."""
    snapshot = taken("/reset/CANARY/2")
    assert (snapshot.path, dict(snapshot.path_params)) == ("/reset/{token}/2", {"page": 2})


def test_before_urls_are_resolved_there_is_no_route() -> None:
    """In middleware, or of a request that a test has made by hand, all else is there."""
    snapshot = snapshot_of(RequestFactory().post("/shops/5/orders?a=1", headers={"user-agent": "test"}))
    assert (snapshot.route, snapshot.path, snapshot.query["a"]) == (None, "/shops/5/orders", "1")
    assert (snapshot.method, snapshot.client, snapshot.headers["user-agent"]) == ("POST", "127.0.0.1", "test")


def create(request: HttpRequest) -> HttpResponse:
    receipt = submit(request, SEND, payload_of(request, Email))
    return JsonResponse({"task_id": receipt.task_id}, status=202)


async def acreate(request: HttpRequest) -> HttpResponse:
    receipt = await asubmit(request, SEND, payload_of(request, Email))
    return JsonResponse({"task_id": receipt.task_id}, status=202)


def consume(request: HttpRequest) -> HttpResponse:
    uploaded: Any = request.FILES["file"]
    content = request.POST["a"].encode() + uploaded.read()
    return HttpResponse(content + b"|" + (snapshot_of(request).body or b""))


def stream(request: HttpRequest) -> HttpResponse:
    half = request.read(3)
    body = snapshot_of(request).body or b""
    return HttpResponse(half + b"|" + body + b"|" + request.readline() + b"|" + request.read())


URLS = (path("emails", create), path("aemails", acreate), path("form", consume), path("stream", stream))


@pytest.fixture
def recording() -> Iterator[RecordingProducer]:
    """A project with these URLs, and a policy that asks for the body."""
    made = RecordingProducer()
    setting = {"PRODUCER": made, "CAPTURE": Capture(body=10_000)}
    with override_settings(ROOT_URLCONF=URLS, MIDDLEWARE=MIDDLEWARE, STILLFRAME=setting):
        yield made
    set_urlconf(None)


SENT: dict[str, Any] = {
    "data": b'{"to": "ada"}',
    "content_type": "application/json",
    "headers": {"user-agent": "test", "authorization": "Bearer CANARY", "cookie": "CANARY"},
}


def check_record(recording: RecordingProducer, answer: Any, route: str) -> None:
    (task,), (record,) = recording.tasks, recording.records
    assert answer.status_code == 202
    assert json.loads(answer.content) == {"task_id": str(task.id)}
    assert task.payload.to == "ada"
    assert task.snapshot is not None
    assert (task.snapshot.route, task.snapshot.headers["user-agent"]) == (route, "test")
    assert task.snapshot.body == b'{"to": "ada"}'
    assert "CANARY" not in repr((record.key, record.value, record.headers))


def test_from_a_request_to_a_record(recording: RecordingProducer) -> None:
    """The whole of it, as an application writes it: the request is in the record."""
    check_record(recording, Client().post("/emails?token=CANARY", **SENT), "/emails")


@pytest.mark.parametrize("view", ["/emails", "/aemails"])
def test_from_a_request_to_a_record_under_asgi(recording: RecordingProducer, view: str) -> None:
    """The same for a view that is async, and for one that is not, in an async application."""

    async def scenario() -> Any:
        return await AsyncClient().post(f"{view}?token=CANARY", **SENT)

    check_record(recording, asyncio.run(scenario()), view)


def test_a_body_that_does_not_fit_is_answered_422(recording: RecordingProducer) -> None:
    """With the place of the fault, and no task; a body over Django's own limit is a 413."""
    answer = Client().post("/emails", data=b'{"to": 5}', content_type="application/json")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert json.loads(answer.content)["errors"][0]["pointer"] == "#/to"
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=5):
        answer = Client().post("/emails", **SENT)
    assert answer.status_code == 413
    assert "5 bytes" in json.loads(answer.content)["detail"]
    assert recording.tasks == []


def test_a_body_over_the_policys_limit_is_answered_413(recording: RecordingProducer) -> None:
    """No task, and the limit in the answer."""
    setting = {"PRODUCER": recording, "CAPTURE": Capture(body=5)}
    with override_settings(STILLFRAME=setting):
        answer = Client().post("/emails", **SENT)
    assert answer.status_code == 413
    assert "5 bytes" in json.loads(answer.content)["detail"]
    assert recording.tasks == []


def test_djangos_limit_holds_for_chunked_bodies(recording: RecordingProducer) -> None:
    """It measures the file in which it has a body of undeclared length; the copy in between does not hide it."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"to": "a'
        yield b'da"}'

    async def scenario() -> Any:
        app: Any = ASGIHandler()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            headers = {"content-type": "application/json"}
            return await client.post("/aemails", content=chunks(), headers=headers)

    assert asyncio.run(scenario()).status_code == 202
    assert recording.tasks[0].snapshot is not None
    assert recording.tasks[0].snapshot.body == b'{"to": "ada"}'
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=5):
        assert asyncio.run(scenario()).status_code == 413
    assert len(recording.tasks) == 1


def test_a_body_that_is_a_file_is_measured_and_closed() -> None:
    """Wherever a snapshot was taken; what a later one needs is kept, and no more."""
    for limit, before in [(20, False), (20, True), (5, False), (5, True)]:
        file = BytesIO(b"ten bytes.")
        copy = FileCopy(file, limit, None, ends=True)
        if before:
            with suppress(PayloadTooLarge):
                copy.copy()
        assert copy.seekable()
        assert (copy.seek(0, 2), copy.seek(0)) == (10, 0)
        assert copy.read() == b"ten bytes."
        copy.close()
        copy.close()
        assert file.closed
        if limit == 20:
            assert copy.copy() == b"ten bytes."
        else:
            with pytest.raises(PayloadTooLarge):
                copy.copy()
    with pytest.raises(UnsupportedOperation):
        FileCopy(BytesIO(), 5, None, ends=True).seek(5)


@pytest.mark.usefixtures("recording")
def test_a_form_that_was_parsed_before_is_in_the_snapshot() -> None:
    """The form parser streams the body away; the copy is whole all the same, under WSGI and ASGI."""
    answer: Any = Client().post("/form", {"a": "1", "file": BytesIO(b"content")})
    form, _, body = answer.content.partition(b"|")
    assert form == b"1content"
    assert b'name="a"' in body
    assert body.endswith(b"--\r\n")

    async def scenario() -> Any:
        return await AsyncClient().post("/form", {"a": "1", "file": BytesIO(b"content")})

    assert asyncio.run(scenario()).content.startswith(b"1content|--")


@pytest.mark.usefixtures("recording")
def test_a_view_that_streams_reads_on_where_it_was() -> None:
    """A snapshot in the middle of reading takes nothing from the view."""
    answer = Client().post("/stream", data=b"one\ntwo\nthree", content_type="text/plain")
    assert answer.content == b"one|one\ntwo\nthree|\n|two\nthree"


def test_the_policys_functions_may_use_the_database_in_async_views() -> None:
    """They run in Django's thread for that; ``snapshot_of`` would run them on the event loop."""
    policy = Capture(principal=lambda _: str(connection.cursor().execute("select 'ada'").fetchone()[0]))
    request = RequestFactory().get("/")

    async def scenario(function: Any) -> Any:
        found = function(request)
        return found if isinstance(found, Snapshot) else await found

    with override_settings(STILLFRAME={"CAPTURE": policy}):
        assert asyncio.run(scenario(asnapshot_of)).principal == "ada"
        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(scenario(snapshot_of))


@pytest.fixture
def database() -> Iterator[None]:
    yield
    if connection.connection is not None:
        connection.connection.close()
        connection.connection = None


@pytest.mark.usefixtures("database")
def test_submit_on_commit_waits_for_the_commit(recording: RecordingProducer) -> None:
    """The id is known before; a rollback, also one to a savepoint, takes its tasks along."""
    request = django_request()
    with transaction.atomic():
        first = submit_on_commit(request, SEND, Email(to="first"))
        with suppress(ZeroDivisionError), transaction.atomic():
            submit_on_commit(request, SEND, Email(to="undone"))
            raise ZeroDivisionError
        assert recording.tasks == []
    with suppress(ZeroDivisionError), transaction.atomic():
        submit_on_commit(request, SEND, Email(to="neither"))
        raise ZeroDivisionError
    submit_on_commit(request, SEND, Email(to="at once"), using="default")
    assert [task.payload.to for task in recording.tasks] == ["first", "at once"]
    assert str(recording.tasks[0].id) == first
    assert recording.tasks[0].snapshot is not None


@pytest.mark.usefixtures("database")
def test_submit_on_commit_finds_mistakes_before_the_commit(recording: RecordingProducer) -> None:
    """What cannot be sent rolls the transaction back; what is refused later is raised out of it."""
    too_large = Email(subject="x" * (recording.settings.max_task_bytes + 1))
    with pytest.raises(PayloadTooLarge), transaction.atomic():
        submit_on_commit(django_request(), SEND, too_large)
    recording.fail_next(ZeroDivisionError("as good as any"))  # type: ignore[arg-type]

    def handle() -> None:
        with transaction.atomic():
            submit_on_commit(django_request(), SEND, Email())

    with pytest.raises(ZeroDivisionError):
        handle()
    assert recording.tasks == []


def django_request() -> HttpRequest:
    """One that has come through the middleware."""
    request = RequestFactory().get("/")
    SnapshotMiddleware(lambda _: HttpResponse())(request)
    return request


def test_the_settings() -> None:
    """A Producer and a Capture, or dotted paths to them; by default, what ``STILLFRAME_*`` variables say."""
    assert isinstance(producer(), Producer)
    assert producer() is producer()
    here = "tests.unit.django_shop"
    with override_settings(STILLFRAME={"PRODUCER": f"{here}.RECORDING", "CAPTURE": f"{here}.POLICY"}):
        assert producer() is django_shop.RECORDING
        assert bound(RequestFactory().get("/", headers={"x-shop": "a"})).snapshot.headers["x-shop"] == "a"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"PRODUCERS": None}, "no key 'PRODUCERS'; did you mean PRODUCER?"),
        ({"capture": None}, "no key 'capture'; did you mean CAPTURE?"),
        ([], "STILLFRAME is a list: give a dictionary of PRODUCER and CAPTURE"),
        ({"PRODUCER": Capture()}, "STILLFRAME['PRODUCER'] is a Capture: give a Producer"),
        ({"CAPTURE": {"body": 5}}, "STILLFRAME['CAPTURE'] is a dict: give a Capture"),
        ({"CAPTURE": "tests.unit.django_shop.nothing"}, "STILLFRAME['CAPTURE']: Module"),
    ],
)
def test_wrong_settings_are_found_when_the_server_starts(setting: Any, message: str) -> None:
    """By ``manage.py check``, by each start, and by whoever uses them all the same."""
    with override_settings(STILLFRAME=setting):
        (found,) = run_checks()
        assert message in found.msg
        assert found.id == "stillframe.E001"
        with pytest.raises(ImproperlyConfigured):
            bound(RequestFactory().get("/"))


def test_a_policy_for_bodies_needs_the_middleware() -> None:
    """The check says so, and so does the first snapshot."""
    with override_settings(STILLFRAME={"CAPTURE": Capture(body=5)}):
        assert run_checks() == []
        with override_settings(MIDDLEWARE=[]):
            (found,) = run_checks()
            assert found.id == "stillframe.E002"
        with pytest.raises(DefinitionError, match="add 'stillframe.producer.django.SnapshotMiddleware'"):
            snapshot_of(RequestFactory().post("/"))
