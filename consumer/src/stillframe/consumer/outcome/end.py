"""The four ends of an attempt: done, retry, dead, skipped. There is no fifth."""

from __future__ import annotations

from dataclasses import dataclass

from stillframe.consumer.outcome.classify import Failure


@dataclass(frozen=True, slots=True)
class Done:
    """The handler returned."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Run it again, not before ``due`` (epoch milliseconds).

    ``failure`` is ``None`` where no attempt was spent: a task that is not due yet (ETA). ``spared`` is one that
    would have been given up, but for the limit of dead letters.
    """

    due: int
    failure: Failure | None
    spared: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """It will not be run again: it belongs in the dead-letter topic, with this cause."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Skipped:
    """It had expired before it could start."""


End = Done | Retry | Dead | Skipped
