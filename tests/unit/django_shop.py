"""A Django project for the tests: configured once per process, with one policy per application."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path, re_path
from django.utils.decorators import sync_and_async_middleware

from stillframe.producer.capture import Capture
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import PayloadTooLarge, Snapshot, StillframeError

MIDDLEWARE = ["stillframe.producer.django.SnapshotMiddleware"]

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["stillframe.producer.django"],
        MIDDLEWARE=MIDDLEWARE,
        ROOT_URLCONF="tests.unit.django_shop",
        SECRET_KEY="of the tests",
        USE_TZ=True,
    )
    django.setup()

from stillframe.producer.django import asnapshot_of, snapshot_of  # noqa: E402 - as an application's own modules do

#: For settings that are dotted paths.
RECORDING = RecordingProducer()
POLICY = Capture(headers=("x-shop",))

SNAPSHOTS: ContextVar[list[Snapshot]] = ContextVar("snapshots")
FAILURES: ContextVar[list[StillframeError]] = ContextVar("failures")


@contextmanager
def served(snapshots: list[Snapshot]) -> Iterator[None]:
    """Let the views append to these snapshots, in this context, and raise here what they could not answer."""
    failures: list[StillframeError] = []
    tokens = SNAPSHOTS.set(snapshots), FAILURES.set(failures)
    try:
        yield
    finally:
        SNAPSHOTS.reset(tokens[0])
        FAILURES.reset(tokens[1])
    if failures:
        raise failures[0]


def wsgi_application(policy: Capture) -> WSGIHandler:
    with override_settings(STILLFRAME={"CAPTURE": policy}):
        return WSGIHandler()


def asgi_application(policy: Capture, *, sync_views: bool = False) -> ASGIHandler:
    views = ["tests.unit.django_shop.sync_views"] if sync_views else ["tests.unit.django_shop.async_views"]
    with override_settings(STILLFRAME={"CAPTURE": policy}, MIDDLEWARE=[*MIDDLEWARE, *views]):
        return ASGIHandler()


@contextmanager
def refused() -> Iterator[list[HttpResponse]]:
    """Keep the answer to what cannot be captured."""
    answers: list[HttpResponse] = []
    try:
        yield answers
    except PayloadTooLarge:
        answers.append(HttpResponse(status=413))
    except StillframeError as error:
        FAILURES.get().append(error)
        answers.append(HttpResponse(status=500))


def take(request: HttpRequest, **_: Any) -> HttpResponse:
    """The view as ``def``."""
    with refused() as answers:
        SNAPSHOTS.get().append(snapshot_of(request))
    return answers[0] if answers else HttpResponse(request.body)


async def atake(request: HttpRequest, **_: Any) -> HttpResponse:
    """The view as ``async def``."""
    with refused() as answers:
        SNAPSHOTS.get().append(await asnapshot_of(request))
    return answers[0] if answers else HttpResponse(request.body)


def urls_of(view: Any) -> tuple[Any, ...]:
    """Routes of every kind."""
    inner = [path("inner/<b>/leaf/<path:c>", view), re_path(r"^(?P<year>[0-9]{4})/(?:x/)?(\d+)/$", view)]
    return (
        path("shops/<int:shop>/orders", view, {"given": 1}),
        path("reset/<token>/<int:page>", view),
        path("v1/<tenant>/", include(inner)),
        re_path(r"^old/(?P<n>\d+)\.html$", view),
    )


urlpatterns = urls_of(take)
async_urls = urls_of(atake)


def sync_views(get_response: Any) -> Any:
    """Middleware that is ``def`` in an async application, as many still are, above views that are, too."""
    return get_response


@sync_and_async_middleware
def async_views(get_response: Any) -> Any:
    """Middleware that brings the views that are ``async def``."""

    async def call(request: HttpRequest) -> Any:
        request.urlconf = async_urls  # type: ignore[assignment]
        return await get_response(request)

    return call
