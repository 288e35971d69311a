"""Traces: a span around each attempt, a child of the submission, that tells nothing of the task."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from stillframe.consumer import TaskContext
from stillframe.consumer.listeners.traces import Traces
from stillframe.schemas import Delivery, Record, Task
from tests.arrivals import Email, task_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary4711"


class Traced:
    """A provider of its own, for the process-wide one can be set only once."""

    def __init__(self) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.traces = Traces("mailer", self.provider)

    def attempt(self, call: Callable[[], Any], *headers: tuple[str, bytes]) -> Any:
        task, context = attempted(*headers)
        with self.traces(task, context):
            return call()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()


@pytest.fixture
def traced() -> Iterator[Traced]:
    made = Traced()
    yield made
    made.provider.shutdown()


def attempted(*headers: tuple[str, bytes]) -> tuple[Task[Email], TaskContext]:
    task = task_of(Email(to=CANARY))
    record = Record("emails", CANARY.encode(), CANARY.encode(), headers, 3, 41)
    return task, TaskContext(task, Delivery(2, "emails", 3, 41), record)


def test_an_attempt_is_a_process_span(traced: Traced) -> None:
    """Named and attributed as the semantic conventions for messaging have it."""
    assert traced.attempt(lambda: "result") == "result"
    (span,) = traced.spans
    assert (span.name, span.kind, span.status.status_code) == ("process emails", SpanKind.CONSUMER, StatusCode.UNSET)
    attributes = dict(span.attributes or {})
    assert len(str(attributes.pop("messaging.message.id"))) == 36
    assert attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": "mailer",
        "messaging.destination.name": "emails",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 41,
        "stillframe.task.type": "send_email",
        "stillframe.attempt": 2,
    }


def test_it_is_a_child_of_the_submission_and_links_to_it(traced: Traced) -> None:
    """The record's traceparent carries the context, on the task topic and on every retry topic."""
    traced.attempt(lambda: None, ("traceparent", f"00-{TRACE}-{PARENT}-01".encode()), ("tracestate", b"a=b"))
    (span,) = traced.spans
    assert span.context is not None
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert [f"{link.context.span_id:016x}" for link in span.links] == [PARENT]


@pytest.mark.parametrize("header", [b"", b"junk", b"\xff\xfe", b"00-0-0-01"])
def test_a_forged_traceparent_starts_a_trace_of_its_own(traced: Traced, header: bytes) -> None:
    """Headers are untrusted: nothing in one can fail an attempt."""
    traced.attempt(lambda: None, ("traceparent", header))
    assert traced.spans[0].parent is None
    assert not traced.spans[0].links


def test_the_handlers_own_spans_are_its_children(traced: Traced) -> None:
    """The span is active while the handler runs, and not any more afterwards."""

    def handler() -> None:
        with traced.provider.get_tracer("app").start_as_current_span("smtp"):
            pass

    traced.attempt(handler)
    child, span = traced.spans
    assert child.parent is not None
    assert span.context is not None
    assert child.parent.span_id == span.context.span_id
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_a_failure_is_told_by_its_type_alone(traced: Traced, kind: type[BaseException]) -> None:
    """Promise I10: neither the text nor the stack of the exception; it goes on its way unchanged."""

    def handler() -> None:
        raise kind(CANARY)

    with pytest.raises(kind, match=CANARY):
        traced.attempt(handler)
    (span,) = traced.spans
    assert (span.attributes or {})["error.type"] == kind.__name__
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
    assert CANARY not in span.to_json()


def test_without_a_provider_it_does_nothing() -> None:
    """Nobody listens: no span is made, no header is even decoded."""
    task, context = attempted(("traceparent", f"00-{TRACE}-{PARENT}-01".encode()))
    with no_provider(), Traces("mailer")(task, context):
        pass
    assert "headers" not in vars(context)


@contextmanager
def no_provider() -> Iterator[None]:
    """Skip where another test of this process has set one: it cannot be unset."""
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        pytest.skip("this process has a tracer provider")
    yield
