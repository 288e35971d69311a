"""The two middlewares, for sync and async applications alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from stillframe.producer.django.settings import capture
from stillframe.producer.django.snapshots import record
from stillframe.producer.problem import problem_of

Response = HttpResponseBase | Awaitable[HttpResponseBase]
GetResponse = Callable[[HttpRequest], Response]


class SnapshotMiddleware:
    """Notes when a request came; if the policy asks for the body, copies what the view reads of it.

    It reads nothing by itself, and holds no thread in an async application. The policy is
    ``STILLFRAME["CAPTURE"]``, read when the server starts.

    Raises:
        ImproperlyConfigured: the setting is wrong.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.capture = capture()
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Response:
        record(request, self.capture)
        return self.get_response(request)


class ErrorsMiddleware:
    """Answers a request whose task could not be submitted, as ``application/problem+json`` (RFC 9457).

    Which error has which answer says :func:`~stillframe.producer.problem.problem_of`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Response:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:  # noqa: ARG002
        """Django's hook for what a view has raised."""
        problem = problem_of(exception)
        if problem is None:
            return None
        return HttpResponse(problem.body, status=problem.status.value, headers=problem.headers)
