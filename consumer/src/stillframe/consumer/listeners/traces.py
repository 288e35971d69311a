"""Traces: an OpenTelemetry span around each attempt.

Semantic conventions for messaging v1.44, "process" span. The span is a child of the span in which the
task was submitted, whose context the record's ``traceparent`` carries, and links to it: a child for
whoever looks at the request, a link for tools that follow the conventions.

Promise I10: neither key, payload nor an error's text become attributes or events of a span.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, TracerProvider

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.attempt import NOTHING
from stillframe.schemas import Task

#: Seconds after which a provider is looked for again: to ask costs more than much else around an attempt.
LOOK_EVERY: Final = 1.0


class Traces:
    """Traces attempts; without a tracer provider it does nothing.

    To be entered around middleware and handler: what middleware does belongs to the attempt. The span is
    active while the handler runs, so that the handler's own spans, and the tasks it submits, are its children.

    Args:
        provider: where spans go; by default the one that the application has set for the process. One that is set
            while attempts run is seen within a second.
    """

    def __init__(self, group: str, provider: TracerProvider | None = None) -> None:
        self._group = group
        self._given = provider is not None
        self._look_at = 0.0
        # Without a provider this is a proxy, which finds the application's own once that is set.
        self._tracer = trace.get_tracer("stillframe.consumer", version("stillframe-consumer"), provider)

    def __call__(self, task: Task[Any], context: TaskContext) -> AbstractContextManager[None]:
        return self._traced(task, context) if self._given or self._found() else NOTHING

    def _found(self) -> bool:
        """Whether the application has set a provider by now. It can do so once, and not take it back."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._given = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        return self._given

    @contextmanager
    def _traced(self, task: Task[Any], context: TaskContext) -> Iterator[None]:
        submitted = propagate.extract(context.headers)
        origin = trace.get_current_span(submitted).get_span_context()
        with self._tracer.start_as_current_span(
            f"process {context.delivery.topic}",
            context=submitted,
            kind=SpanKind.CONSUMER,
            attributes=self._attributes(task, context),
            links=[Link(origin)] if origin.is_valid else [],
            # The library would write the exception's text and stack into the span.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def _attributes(self, task: Task[Any], context: TaskContext) -> dict[str, str | int]:
        delivery = context.delivery
        return {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": self._group,
            "messaging.destination.name": delivery.topic,
            "messaging.destination.partition.id": str(delivery.partition),
            "messaging.kafka.offset": delivery.offset,
            "messaging.message.id": context.task_id,
            "stillframe.task.type": task.type,
            "stillframe.attempt": delivery.attempt,
        }
