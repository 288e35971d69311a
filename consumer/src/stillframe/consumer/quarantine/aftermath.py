"""The start of a worker after another: mark whom the crash makes suspects, then keep a journal of one's own."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from stillframe.consumer.events import CrashFound, Event, Warned
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import End
from stillframe.consumer.quarantine.companion import Companion
from stillframe.consumer.quarantine.inheritance import Inheritance
from stillframe.consumer.quarantine.journal import Journal, read
from stillframe.consumer.quarantine.kernel import kills_whole_group

#: Attempts in flight that the journal can hold, at 20 bytes each.
JOURNALLED: Final = 4_096
WHOLE_GROUP: Final = (
    "memory.oom.group is set: at its memory limit the whole container is killed, the supervisor too, "
    "and a task that does so is never quarantined; in Kubernetes set the kubelet's singleProcessOOMKill"
)


def take_over(
    inheritance: Inheritance,
    companion: Companion,
    topics: Sequence[str],
    emit: Callable[[Event], None],
    *,
    rejoin_after: float,
    stopping: Callable[[], bool],
) -> Journal | None:
    """Mark the suspects of the crash before, if there was one, and begin a journal.

    To be called before the group is joined, and before anything that takes long: the marks must
    be there when others get the partitions of the process that crashed.

    Args:
        rejoin_after: seconds after which to join in the place of a member that has died.
        stopping: whether the worker has been told to stop.

    Returns:
        ``None`` without a supervisor: then there is nobody to keep a journal for.
    """
    if inheritance.journal is None:
        return None
    if inheritance.crash:
        suspects = read(inheritance.journal)
        # Without one it has drained, and left the group in order.
        died = time.monotonic()
        wait = rejoin_after if suspects else 0.0
        emit(CrashFound(inheritance.crash, inheritance.crashes, len(suspects), wait))
        companion.mark(suspects)
        while time.monotonic() < died + wait and not stopping():
            time.sleep(0.05)
    if kills_whole_group():
        emit(Warned(WHOLE_GROUP))
    journal = Journal(inheritance.journal, topics, JOURNALLED)
    journal.beat()
    return journal


def confess(journal: Journal | None, companion: Companion) -> None:
    """A handler has asked for the end of this process, which has drained: mark that task.

    To be called before the group is left: whoever gets its partition does so at once, and reads the marks
    then. The next process finds nobody left to mark.
    """
    if journal is not None:
        companion.mark(journal.close())


def noted(run: Callable[[Arrival], End], journal: Journal | None) -> Callable[[Arrival], End]:
    """Attempts as the journal sees them: in flight from their start to their end.

    One that raises asks for the end of the process, and stays in the journal as the culprit.
    """
    if journal is None:
        return run

    def run_noted(arrival: Arrival) -> End:
        slot = journal.start(arrival)
        try:
            end = run(arrival)
        except BaseException:
            journal.blame(slot)
            raise
        journal.end(slot)
        return end

    return run_noted


def noted_async(
    run: Callable[[Arrival], Awaitable[End]], journal: Journal | None
) -> Callable[[Arrival], Awaitable[End]]:
    """As :func:`noted`, for attempts on the event loop."""
    if journal is None:
        return run

    async def run_noted(arrival: Arrival) -> End:
        slot = journal.start(arrival)
        try:
            end = await run(arrival)
        except BaseException:
            journal.blame(slot)
            raise
        journal.end(slot)
        return end

    return run_noted
