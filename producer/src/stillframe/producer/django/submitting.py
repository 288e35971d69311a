"""Submitting from a view: the request goes along as a snapshot."""

from __future__ import annotations

from typing import Unpack

from django.db import transaction
from django.http import HttpRequest

from stillframe.producer.bound import BoundProducer
from stillframe.producer.django.settings import producer
from stillframe.producer.django.snapshots import asnapshot_of, snapshot_of
from stillframe.producer.receipt import Receipt
from stillframe.producer.submission import SubmitOptions
from stillframe.schemas.task_type import P, TaskType


def bound(request: HttpRequest) -> BoundProducer:
    """The producer for this request, with all its methods: what it submits carries the snapshot of now."""
    return BoundProducer(producer(), snapshot_of(request))


def submit(request: HttpRequest, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Receipt:
    """As :meth:`Producer.submit <stillframe.producer.Producer.submit>`, with the request's snapshot.

    Within a transaction, use :func:`submit_on_commit`: a worker may be faster than the commit.
    """
    return bound(request).submit(task_type, payload, **options)


async def asubmit(
    request: HttpRequest, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]
) -> Receipt:
    """As :func:`submit`, for async views: it waits without holding a thread or the event loop."""
    tasks = BoundProducer(producer(), await asnapshot_of(request))
    return await tasks.asubmit(task_type, payload, **options)


def submit_on_commit(
    request: HttpRequest,
    task_type: TaskType[P],
    payload: P,
    *,
    using: str | None = None,
    **options: Unpack[SubmitOptions],
) -> str:
    """Submit once the transaction has committed, and not at all if it is rolled back.

    The request is frozen, and the task checked and encoded, now; the task is sent right after the
    commit, before ``atomic()`` ends, or at once if there is no transaction. **This is no outbox**: if the
    process dies, or Kafka refuses, between the commit and the acknowledgement, the data is there and
    the task is not. A refusal is raised out of ``atomic()``, when nothing can be rolled back any more,
    and callbacks of ``on_commit`` that come later do not run.

    Args:
        using: the database's alias.

    Returns:
        the task's id, known before the commit.

    Raises:
        PayloadTooLarge, EncodeError: now. SubmitError: from the commit.
    """
    prepared = bound(request).prepare(task_type, payload, **options)
    transaction.on_commit(prepared.submit, using=using)
    return prepared.task_id
