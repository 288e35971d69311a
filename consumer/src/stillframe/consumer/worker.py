"""``Worker``: what the user declares. Running it is :mod:`stillframe.consumer.service`'s business."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from stillframe.consumer.events import Listener
from stillframe.consumer.handler import Middleware
from stillframe.consumer.ordering import Ordering, RetryOrder
from stillframe.consumer.service import serve
from stillframe.consumer.settings import WorkerSettings
from stillframe.consumer.tasks import Tasks
from stillframe.schemas import DefinitionError
from stillframe.schemas.topics import TopicFamily, check_collisions

#: Entered before the first task and left after the last; what it yields is ``context.state``.
Lifespan = Callable[[], AbstractContextManager[Any]]


class Worker(Tasks):
    """A consumer group's worker: task types with their handlers, and how to run them.

    Constructing one does no I/O.

    Args:
        group: the Kafka consumer group.
        settings: ``WorkerSettings(...)``; by default from ``STILLFRAME_*`` variables and the file.
        lifespan: a ``@contextmanager`` function around the whole run, for connections and the like.
        middleware: functions around every attempt, outermost first.
        listeners: functions that receive every event of :mod:`stillframe.consumer.events`.
        ordering: task topic to :class:`Ordering`; ``KEY`` where nothing is said.
        retry_order: task topic to :class:`RetryOrder`; ``RELAXED`` where nothing is said.

    Raises:
        DefinitionError: an argument cannot work, such as ``STRICT`` retries of a topic without order.
    """

    def __init__(
        self,
        group: str,
        settings: WorkerSettings | None = None,
        *,
        lifespan: Lifespan | None = None,
        middleware: Sequence[Middleware] = (),
        ordering: Mapping[str, Ordering] | None = None,
        retry_order: Mapping[str, RetryOrder] | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        super().__init__()
        if inspect.isgeneratorfunction(lifespan):
            raise DefinitionError(
                "lifespan is a bare generator function: decorate it with @contextlib.contextmanager"
            )
        if any(inspect.iscoroutinefunction(function) for function in middleware):
            raise DefinitionError(
                "middleware is a plain function around `def` and `async def` handlers alike: drop async"
            )
        self.group = group
        self.settings = settings or WorkerSettings()
        self.lifespan: Lifespan = lifespan or nullcontext
        self.middleware = tuple(middleware)
        self.ordering = dict(ordering or {})
        self.retry_order = dict(retry_order or {})
        _check_orders(self.ordering, self.retry_order)
        self.listeners = tuple(listeners)
        #: The monotonic time of the first call of :meth:`stop`. A plain attribute: an Event's lock, taken by a
        #: signal handler over the thread that holds it, is a deadlock.
        self.asked_to_stop_at: float | None = None

    def families(self) -> tuple[TopicFamily, ...]:
        """The topics of each task topic and this group.

        Raises:
            DefinitionError: there is no handler, names collide or are too long, or ``ordering`` or
                ``retry_order`` names a topic that no task type has.
        """
        if not self.topics:
            raise DefinitionError(f"worker {self.group!r} has no handler: decorate one with @worker.task(task_type)")
        for name, topics in (("ordering", self.ordering), ("retry_order", self.retry_order)):
            if strangers := set(topics) - set(self.topics):
                raise DefinitionError(f"{name} names {sorted(strangers)}, the task topics are {sorted(self.topics)}")
        families = tuple(TopicFamily(topic, self.group, self.settings.retry_tiers) for topic in self.topics)
        check_collisions(families)
        return families

    def run(self) -> None:
        """Run until :meth:`stop`, SIGTERM or SIGINT (if called in the main thread), then drain and leave.

        The same steps as ``stillframe worker``, without its supervisor: nothing enforces the grace
        period on a handler that never returns or holds the interpreter lock.

        Raises:
            UnsafeTopics, BrokerUnreachable: at the start; nothing was consumed.
            FatalClientError, CrashedHandler, StuckHandlers: after draining.
        """
        serve(self)

    def stop(self) -> None:
        """Ask a running worker to drain and leave; returns at once. Safe from any thread and from signals."""
        if self.asked_to_stop_at is None:
            self.asked_to_stop_at = time.monotonic()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self.asked_to_stop_at is not None


def _check_orders(ordering: Mapping[str, Ordering], retry_order: Mapping[str, RetryOrder]) -> None:
    for topic, order in retry_order.items():
        if order is RetryOrder.STRICT and ordering.get(topic) is Ordering.UNORDERED:
            raise DefinitionError(
                f"topic {topic!r} is UNORDERED, where no task waits for another: "
                "STRICT retries need Ordering.KEY or Ordering.PARTITION"
            )
