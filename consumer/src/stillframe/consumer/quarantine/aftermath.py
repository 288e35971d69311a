"""The start of a worker after another: mark whom the crash makes suspects, then keep a journal of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stillframe.consumer.events import CrashFound, Event, Warned
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import End
from stillframe.consumer.quarantine.companion import Companion
from stillframe.consumer.quarantine.inheritance import Inheritance
from stillframe.consumer.quarantine.journal import Journal, read
from stillframe.consumer.quarantine.kernel import kills_whole_group

WHOLE_GROUP = (
    "memory.oom.group is set: at its memory limit the whole container is killed, the supervisor too, "
    "and a task that does so is never quarantined; in Kubernetes set the kubelet's singleProcessOOMKill"
)


def take_over(
    inheritance: Inheritance,
    companion: Companion,
    topics: Sequence[str],
    emit: Callable[[Event], None],
    *,
    most: int,
) -> Journal | None:
    """Mark the suspects of the crash before, if there was one, and begin a journal.

    To be called before the group is joined, and before anything that takes long: the marks must
    be there when others get the partitions of the process that crashed.

    Args:
        most: attempts that can be in flight at the same time.

    Returns:
        ``None`` without a supervisor: then there is nobody to keep a journal for.
    """
    if inheritance.journal is None:
        return None
    if inheritance.crash:
        suspects = read(inheritance.journal)
        emit(CrashFound(inheritance.crash, inheritance.crashes, len(suspects)))
        companion.mark(suspects)
    if kills_whole_group():
        emit(Warned(WHOLE_GROUP))
    journal = Journal(inheritance.journal, topics, most)
    journal.beat()
    return journal


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
