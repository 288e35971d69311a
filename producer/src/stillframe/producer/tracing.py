"""A span around each send, and the trace context that travels with the task.

OpenTelemetry's semantic conventions for messaging, 1.44: a span "send <topic>" of kind PRODUCER. The
record's key is left out of it: often it is a person's name. Where no tracer provider is configured,
the span is one shared object that does nothing.
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from stillframe.producer.errors import SubmitError
from stillframe.producer.submission import Submission
from stillframe.schemas.record import RecordHeaders

TRACER: Final = trace.get_tracer("stillframe.producer")

SYSTEM: Final = "messaging.system"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
DESTINATION: Final = "messaging.destination.name"
PARTITION: Final = "messaging.destination.partition.id"
OFFSET: Final = "messaging.kafka.offset"
MESSAGE_ID: Final = "messaging.message.id"
CLIENT_ID: Final = "messaging.client.id"
ERROR_TYPE: Final = "error.type"


class SendSpan:
    """The span of one submission, from its hand-over to its report, whichever threads these are on."""

    __slots__ = ("_span",)

    def __init__(self, submission: Submission[Any], client_id: str) -> None:
        self._span = TRACER.start_span(
            f"send {submission.topic}",
            kind=SpanKind.PRODUCER,
            attributes={
                SYSTEM: "kafka",
                OPERATION_NAME: "send",
                OPERATION_TYPE: "send",
                DESTINATION: submission.topic,
                MESSAGE_ID: submission.task_id,
                CLIENT_ID: client_id,
            },
        )

    @property
    def headers(self) -> RecordHeaders:
        """The W3C headers (or those of whichever propagator is set) that make the worker's span our child."""
        if not self._span.get_span_context().is_valid:
            return ()
        carrier: dict[str, str] = {}
        propagate.inject(carrier, trace.set_span_in_context(self._span))
        return tuple((name, value.encode()) for name, value in carrier.items())

    def acknowledged(self, partition: int, offset: int) -> None:
        if self._span.is_recording():
            self._span.set_attributes({PARTITION: str(partition), OFFSET: offset})
        self._span.end()

    def failed(self, error: SubmitError) -> None:
        self._span.set_attribute(ERROR_TYPE, type(error).__name__)
        self._span.set_status(StatusCode.ERROR, str(error))
        self._span.end()
