"""Trace context in the headers and a span around each send: there with a provider, free of cost without."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from stillframe.producer import ProducerSettings, SubmitFailed, SubmitRejected, tracing
from stillframe.producer.testing import RecordingProducer
from tests.producing import Email, email_type

REMOTE = SpanContext(0xA0, 0xB0, is_remote=True, trace_flags=TraceFlags(1))


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans that ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "TRACER", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_a_span_surrounds_each_send(spans: InMemorySpanExporter) -> None:
    """Named and described as OpenTelemetry's messaging conventions have it; the key is not in it."""
    producer = RecordingProducer(ProducerSettings(service="shop"))
    receipt = producer.submit(email_type(), Email())
    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind, span.status.status_code) == (
        "send emails",
        SpanKind.PRODUCER,
        StatusCode.UNSET,
    )
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "emails",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.message.id": receipt.task_id,
        "messaging.client.id": "shop",
    }
    assert "ada@" not in json.dumps(json.loads(span.to_json()))


def test_the_worker_sees_the_span_as_its_parent(spans: InMemorySpanExporter) -> None:
    """The record carries the W3C header, beside the CloudEvents ones, in the trace of the request."""
    producer = RecordingProducer()
    with trace.use_span(NonRecordingSpan(REMOTE)):
        producer.submit(email_type(), Email())
    (span,) = spans.get_finished_spans()
    context = span.get_span_context()
    assert context is not None
    assert context.trace_id == REMOTE.trace_id
    header = producer.records[0].header("traceparent")
    assert header == b"00-%032x-%016x-01" % (context.trace_id, context.span_id)
    assert producer.records[0].header("ce_type") == b"send_email"


@pytest.mark.parametrize("error", [SubmitFailed("refused"), SubmitRejected("full")])
def test_a_failure_ends_the_span_with_its_type(spans: InMemorySpanExporter, error: SubmitFailed) -> None:
    """Whether it is reported or raised."""
    producer = RecordingProducer()
    producer.fail_next(error)
    with pytest.raises(type(error)):
        producer.submit(email_type(), Email())
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == type(error).__name__


def test_without_a_provider_nothing_is_added() -> None:
    """No header, and no span object of one's own."""
    producer = RecordingProducer()
    producer.submit(email_type(), Email())
    assert producer.records[0].header("traceparent") is None


def test_without_a_provider_the_context_of_the_request_is_passed_on() -> None:
    """A trace that came in goes through."""
    producer = RecordingProducer()
    with trace.use_span(NonRecordingSpan(REMOTE)):
        producer.submit(email_type(), Email())
    assert producer.records[0].header("traceparent") == b"00-%032x-%016x-01" % (
        REMOTE.trace_id,
        REMOTE.span_id,
    )
