"""Submitting once an SQLAlchemy session has committed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

try:
    from sqlalchemy import event
    from sqlalchemy.orm import Session, SessionTransaction, scoped_session
except ImportError as error:
    raise ImportError(
        "stillframe.producer.sqlalchemy needs SQLAlchemy: pip install 'stillframe-producer[sqlalchemy]'"
    ) from error

from stillframe.producer.errors import SubmitError
from stillframe.producer.prepared import Prepared
from stillframe.schemas.errors import DefinitionError

__all__ = ["submit_on_commit"]

#: Where in ``session.info`` a session's tasks wait.
INFO: Final = "stillframe"


def submit_on_commit(session: Session | scoped_session[Any], prepared: Prepared) -> str:
    """Submit once the session's transaction has committed, and not at all if it is rolled back.

    So does a rollback to a savepoint with what was prepared after the savepoint. The task is sent
    right after the commit, before ``session.commit()`` returns. **This is no outbox**: if the process
    dies, or Kafka refuses, between the commit and the acknowledgement, the data is there and the task
    is not. A refusal is raised out of ``session.commit()``, when nothing can be rolled back any more;
    the other tasks of the transaction are submitted all the same.

    Args:
        session: not an AsyncSession, whose commit must not wait: ``await session.commit()`` there, and
            then ``await prepared.asubmit()``.
        prepared: from ``prepare(…)`` of a producer.

    Returns:
        the task's id, known before the commit.

    Raises:
        DefinitionError: the session is of another kind.
    """
    session = session() if isinstance(session, scoped_session) else session
    if not isinstance(session, Session):
        raise DefinitionError(
            f"{type(session).__name__} is not a Session, whose commit may wait for Kafka: "
            "await session.commit(), and then await prepared.asubmit()"
        )
    if INFO not in session.info:
        session.info[INFO] = Waiting(session)
    session.info[INFO].add(session, prepared)
    return prepared.task_id


class Waiting:
    """What one session is to submit, each with the transaction or savepoint in which it was prepared."""

    def __init__(self, session: Session) -> None:
        self._tasks: list[tuple[SessionTransaction, Prepared]] = []
        self._committed = False
        event.listen(session, "after_commit", self._after_commit)
        event.listen(session, "after_soft_rollback", self._after_rollback)
        event.listen(session, "after_transaction_end", self._after_end)

    def add(self, session: Session, prepared: Prepared) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction() or session.begin()
        self._tasks.append((transaction, prepared))

    def _after_commit(self, session: Session) -> None:
        """A savepoint that is released has not committed anything yet."""
        self._committed = session.get_nested_transaction() is None

    def _after_rollback(self, _: Session, ended: SessionTransaction) -> None:
        self._tasks = [(began, task) for began, task in self._tasks if ended not in _self_and_parents(began)]

    def _after_end(self, _: Session, transaction: SessionTransaction) -> None:
        """Only now is the session done with its transaction, and an error out of here does it no harm."""
        if transaction.parent is not None:
            return
        tasks, committed = [task for _, task in self._tasks], self._committed
        self._tasks, self._committed = [], False
        if committed:
            _submit(tasks)


def _self_and_parents(transaction: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


def _submit(tasks: list[Prepared]) -> None:
    errors: list[SubmitError] = []
    for task in tasks:
        try:
            task.submit()
        except SubmitError as error:
            errors.append(error)
    if errors:
        for other in errors[1:]:
            errors[0].add_note(f"and so was another: {other}")
        raise errors[0]
