"""From facts to one sentence a partition. Pure."""

from __future__ import annotations

from typing import Final

from stillframe.consumer.explain.facts import Oldest, PartitionFacts, State, WorkerFacts

#: Seconds without a turn of the poll loop that are worth a word.
LONG_TURN: Final = 5.0


def why(partition: PartitionFacts, worker: WorkerFacts) -> str:
    """Why a partition is where it is: what its commits wait for, then what keeps its intake."""
    told = [_waits_for(partition, worker), *_besides(partition, worker)]
    return "; ".join(told)


def _waits_for(partition: PartitionFacts, worker: WorkerFacts) -> str:
    if partition.stopped is not None:
        return f"the client cannot read on: {partition.stopped}"
    if partition.oldest is not None:
        return _of_task(partition.oldest, worker)
    if partition.committed is not None and partition.committed < partition.frontier:
        return f"done up to offset {partition.frontier}, and the commit of it is under way"
    if partition.log_end is not None and partition.position < partition.log_end:
        return f"nothing is unfinished here, and {partition.log_end - partition.position} offsets are still to arrive"
    return "everything that has arrived is done"


def _of_task(oldest: Oldest, worker: WorkerFacts) -> str:
    return f"offset {oldest.offset}{_called(oldest)} {_does(oldest, worker)}"


def _does(oldest: Oldest, worker: WorkerFacts) -> str:
    match oldest.state:
        case State.RUNNING:
            return f"has been running for {_seconds(oldest.seconds)} in {oldest.thread}"
        case State.WAITING:
            return f"waits for its time, in {_seconds(oldest.due_in)}"
        case State.HANDING_OVER:
            return f"has ended, and its write to {oldest.to_topic} is not acknowledged"
        case State.QUEUED:
            return _is_queued(oldest, worker)


def _is_queued(oldest: Oldest, worker: WorkerFacts) -> str:
    if oldest.behind is not None:
        offset, seconds = oldest.behind
        does = "waits for its time" if seconds is None else f"has been running for {_seconds(seconds)}"
        return f"waits for offset {offset} of its lane, which {does}"
    if worker.draining is not None:
        return "is not started any more"
    if oldest.circuit is not None:
        return f"is held back: the circuit breaker of its task type is {oldest.circuit}"
    if oldest.alone:
        return "is suspected of ending the process, and waits until nothing else runs"
    if worker.running >= worker.threads:
        return f"waits in line: all {worker.threads} threads are busy"
    return "waits in line"


def _called(oldest: Oldest) -> str:
    named = [each for each in (oldest.task_type, oldest.task_id) if each]
    if oldest.attempt is not None and oldest.attempt > 1:
        named.append(f"attempt {oldest.attempt}")
    return f" ({' '.join(named)})" if named else ""


def _besides(partition: PartitionFacts, worker: WorkerFacts) -> list[str]:
    told = []
    if worker.draining is not None:
        told.append(f"the worker is stopping: {worker.draining}")
    elif partition.leaving:
        told.append("the partition is being given up")
    elif partition.paused is not None:
        told.append(f"nothing more is taken in: {partition.paused}")
    if partition.held:
        told.append(f"{partition.held} task(s) cannot be written to their next topic")
    if worker.turned_ago is not None and worker.turned_ago > LONG_TURN:
        told.append(f"the poll loop has not turned for {_seconds(worker.turned_ago)}")
    if partition.error is not None:
        told.append(f"last error: {partition.error}")
    return told


def _seconds(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
