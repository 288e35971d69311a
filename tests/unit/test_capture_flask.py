"""Flask: one extension, and ``stillframe.submit(…)`` takes the request along, with its route."""

import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Blueprint, Flask, g, request
from pydantic import BaseModel

from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.flask import Capture, Stillframe, frozen_request, install_errors, payload_of
from stillframe.producer.sqlalchemy import submit_on_commit  # noqa: F401 - the two go together
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import DefinitionError, Snapshot, TaskType


class Email(BaseModel):
    to: str


SEND = TaskType("send_email", Email, topic="emails")


class Shop:
    """An application with a route of every kind; it remembers its snapshots."""

    def __init__(self, capture: Capture | None = None) -> None:
        self.snapshots: list[Snapshot] = []
        self.producer = RecordingProducer()
        self.app = Flask("shop")
        self.app.testing = True
        self.stillframe = Stillframe(self.app, producer=self.producer, capture=capture)
        inner, outer = Blueprint("inner", "shop"), Blueprint("outer", "shop")
        for place, rule in [
            (self.app, "/emails/<number>"),
            (self.app, "/numbers/<int(min=1, max=9):number>"),
            (self.app, "/any/<any(a, b):kind>/<uuid:id>"),
            (self.app, "/reset/<token>/<int:page>"),
            (inner, "/leaf/<path:c>"),
        ]:
            place.add_url_rule(rule, rule[1:4], self.take, methods=["GET", "POST"])
        outer.register_blueprint(inner, url_prefix="/inner/<b>")
        self.app.register_blueprint(outer, url_prefix="/v1/<a>")
        self.client = self.app.test_client()

    def take(self, **_: Any) -> str:
        self.snapshots.append(frozen_request())
        return ""

    def get(self, path: str, **parts: Any) -> Snapshot:
        assert self.client.open(path, **parts).status_code == 200
        return self.snapshots[-1]


@pytest.mark.parametrize(
    ("path", "route", "path_params"),
    [
        ("/emails/5", "/emails/{number}", {"number": "5"}),
        ("/numbers/5", "/numbers/{number}", {"number": 5}),
        (f"/any/b/{'0' * 8}-0000-0000-0000-{'0' * 12}", "/any/{kind}/{id}", {"kind": "b"}),
        ("/v1/1/inner/2/leaf/x/y", "/v1/{a}/inner/{b}/leaf/{c}", {"a": "1", "b": "2", "c": "x/y"}),
    ],
)
def test_the_route_and_its_parameters(path: str, route: str, path_params: dict[str, Any]) -> None:
    """The template has the prefixes of blueprints, and no converter; parameters are as the view gets them."""
    snapshot = Shop().get(path)
    assert snapshot.route == route
    assert snapshot.path == path
    assert path_params.items() <= dict(snapshot.path_params).items()


def test_a_plain_path_is_decoded_once() -> None:
    """Escapes are decoded as the server does it; what is no UTF-8 is replaced."""
    assert Shop().get("/emails/%C3%A9%2541%FF").path == "/emails/é%41\ufffd"


def test_behind_a_proxy_that_cuts_a_prefix() -> None:
    """The prefix is part of the path that was asked for, and not of the template."""
    snapshot = Shop().get("/emails/5", environ_overrides={"SCRIPT_NAME": "/api"})
    assert (snapshot.path, snapshot.route) == ("/api/emails/5", "/emails/{number}")


def test_a_secret_in_the_path_is_left_out() -> None:
    """A parameter named like a secret is in neither path nor parameters."""
    snapshot = Shop().get("/reset/CANARY/2")
    assert snapshot.path == "/reset/{token}/2"
    assert dict(snapshot.path_params) == {"page": 2}


def test_from_a_request_to_a_record() -> None:
    """The whole of it, as an application writes it: the request is in the record without being passed."""
    shop = Shop()
    install_errors(shop.app)

    @shop.app.post("/emails")
    def create() -> tuple[dict[str, str], int]:
        receipt = shop.stillframe.submit(SEND, payload_of(Email))
        return {"task_id": receipt.task_id}, 202

    headers = {"User-Agent": "test", "Authorization": "Bearer CANARY", "Cookie": "CANARY"}
    answer = shop.client.post("/emails?page=1&token=CANARY", json={"to": "ada"}, headers=headers)
    assert answer.status_code == 202
    (task,), (record,) = shop.producer.tasks, shop.producer.records
    assert answer.json == {"task_id": str(task.id)}
    assert task.payload.to == "ada"
    assert task.snapshot is not None
    assert (task.snapshot.route, task.snapshot.headers["user-agent"]) == ("/emails", "test")
    assert "CANARY" not in repr((record.key, record.value, record.headers))
    refused = shop.client.post("/emails", json={"to": 5})
    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert shop.client.post("/emails", data="{").status_code == 422
    assert len(shop.producer.tasks) == 1


def test_views_that_are_async_def() -> None:
    """``asubmit`` knows the request as ``submit`` does."""
    shop = Shop()

    @shop.app.post("/later")
    async def create() -> dict[str, str]:
        return {"task_id": (await shop.stillframe.asubmit(SEND, Email(to="ada"))).task_id}

    assert shop.client.post("/later").status_code == 200
    assert shop.producer.tasks[0].snapshot is not None
    assert shop.producer.tasks[0].snapshot.route == "/later"


def test_the_policys_functions_have_flasks_context() -> None:
    """``g``, the session and the current user are within their reach."""
    shop = Shop(Capture(principal=lambda _: str(g.user), context=lambda web: {"endpoint": web.endpoint}))

    @shop.app.before_request
    def identify() -> None:
        g.user = request.headers["X-User"]

    snapshot = shop.get("/emails/5", headers={"X-User": "ada"})
    assert (snapshot.principal, dict(snapshot.context)) == ("ada", {"endpoint": "ema"})


def consume_form(stillframe: Stillframe, seen: list[Any]) -> Callable[[], str]:
    def view() -> str:
        seen.append(request.form["a"] + request.files["file"].read().decode())
        seen.append(stillframe.snapshot.body)
        return ""

    return view


def test_a_form_that_was_parsed_before_is_in_the_snapshot() -> None:
    """The form parser streams the body away; the copy is whole all the same."""
    shop, seen = Shop(Capture(body=10_000)), []  # type: ignore[var-annotated]
    shop.app.post("/form")(consume_form(shop.stillframe, seen))
    shop.client.post("/form", data={"a": "1", "file": (BytesIO(b"content"), "name.txt")})
    form, body = seen
    assert form == "1content"
    assert b'name="a"' in body
    assert b"content" in body


def test_each_application_has_a_producer_and_a_policy_of_its_own() -> None:
    """One extension serves the applications of a factory, and tests give theirs a recording producer."""
    stillframe = Stillframe(producer=RecordingProducer(), capture=Capture(headers=("x-a",)))
    recordings = [RecordingProducer(), RecordingProducer()]
    for recording in recordings:
        app = Flask("shop")
        stillframe.init_app(app, producer=recording, capture=Capture(headers=("x-b",)))
        app.add_url_rule("/", "create", lambda: stillframe.submit(SEND, Email(to="ada")).task_id)
        assert app.test_client().get("/", headers={"X-A": "1", "X-B": "2"}).status_code == 200
    for recording in recordings:
        (task,) = recording.tasks
        assert task.snapshot is not None
        assert task.snapshot.headers.pairs == (("x-b", "2"),)


def test_a_request_context_of_a_test_is_enough() -> None:
    """``test_request_context`` goes past the middleware, and there is a snapshot all the same."""
    shop = Shop(Capture(body=10))
    with shop.app.test_request_context("/emails/5?a=1", method="POST", data=b"body"):
        snapshot = shop.stillframe.snapshot
    assert (snapshot.route, snapshot.query["a"], snapshot.body) == ("/emails/{number}", "1", b"body")
    with shop.app.test_request_context("/emails/5", method="POST", data={"a": "1"}):
        assert request.form["a"] == "1"
        with pytest.raises(BodyIncomplete):
            frozen_request()


def test_outside_of_a_request_it_says_so() -> None:
    """Flask's own error; and an application that nobody set up is named as such."""
    shop = Shop()
    with pytest.raises(RuntimeError, match="outside of request context"):
        shop.stillframe.submit(SEND, Email(to="ada"))
    with shop.app.app_context(), pytest.raises(RuntimeError, match="outside of request context"):
        shop.stillframe.submit(SEND, Email(to="ada"))
    with shop.app.app_context():
        assert shop.stillframe.producer is shop.producer
    with Flask("other").test_request_context(), pytest.raises(DefinitionError, match=r"init_app\(app\)"):
        shop.stillframe.submit(SEND, Email(to="ada"))


def test_many_threads_do_not_mix() -> None:
    """Each thread submits with the snapshot of its own request."""
    shop = Shop()

    @shop.app.get("/n/<int:n>")
    def create(n: int) -> str:
        return shop.stillframe.submit(SEND, Email(to=str(n))).task_id

    def visit(first: int) -> None:
        client = shop.app.test_client()
        for n in range(first, first + 25):
            client.get(f"/n/{n}")

    threads = [threading.Thread(target=visit, args=(first,)) for first in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(task.payload.to) for task in shop.producer.tasks) == list(range(200))
    for task in shop.producer.tasks:
        assert task.snapshot is not None
        assert str(task.snapshot.path_params["n"]) == task.payload.to
