"""Hand-offs: a task that failed is written to a retry or dead-letter topic before its offset is let go.

Promises I1, I2, I8: the outcome counts only after the broker's delivery report. A write that fails
is tried again for ever, its offset held and its partition paused: it is never dropped. A crash
between the report and the commit leaves a duplicate, which is recognisable: same task, same attempt.

Poll thread only, but for the reports, which the producer's thread leaves in a queue.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from stillframe.consumer.events import Event, HandedOff, HandOffFailed
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.end import Dead, Retry
from stillframe.consumer.outcome.hop import Hop, next_hop
from stillframe.producer.client import Client, Report
from stillframe.producer.errors import SubmitError, SubmitRejected

#: Seconds between tries of a write that the broker refuses.
RETRY_EVERY = 1.0


@dataclass(slots=True, eq=False)
class HandOff:
    """One record on its way to its next topic."""

    arrival: Arrival
    end: Retry | Dead
    hop: Hop
    held: bool = False


class HandOffs:
    """Writes records on to their next topic, and knows which are not acknowledged yet.

    Args:
        client: the idempotent producer; its reports come from its own thread.
        partition_counts: of each retry and dead-letter topic, to keep a task's partition number.
        finish: called in the poll thread with each arrival whose hand-off is acknowledged.
    """

    def __init__(
        self,
        client: Client,
        partition_counts: Mapping[str, int],
        finish: Callable[[Arrival], None],
        *,
        emit: Callable[[Event], None],
        now: Callable[[], int],
    ) -> None:
        self._client = client
        self._partition_counts = partition_counts
        self._finish = finish
        self._emit = emit
        self._now = now
        self._unsent: deque[HandOff] = deque()
        self._refused: deque[HandOff] = deque()
        self._sent: set[HandOff] = set()
        self._reports: deque[tuple[HandOff, Report]] = deque()
        self._reported = threading.Event()
        self._resend_at = 0.0

    def add(self, arrival: Arrival, end: Retry | Dead) -> None:
        """Take over an arrival that will not be run again here."""
        self._unsent.append(HandOff(arrival, end, next_hop(arrival, end, self._now())))

    def tick(self) -> None:
        """Book the reports that have come in, and send what is unsent."""
        self._book_reports()
        if self._refused and time.monotonic() >= self._resend_at:
            self._unsent.extend(self._refused)
            self._refused.clear()
        self._send_all()

    def pending(self, partitions: Collection[Partition]) -> bool:
        """Whether anything of these partitions is not acknowledged yet."""
        return any(each.arrival.partition in partitions for each in self.under_way())

    def under_way(self) -> tuple[HandOff, ...]:
        """What is not acknowledged yet. Other threads may ask too: each of the three is copied in one step."""
        return (*self._unsent, *self._refused, *self._sent)

    def finish_within(self, partitions: Collection[Partition], deadline: float) -> bool:
        """Wait, until the monotonic ``deadline``, for the reports of everything of these partitions.

        It may run in a rebalance callback: reports come from the producer's thread, which needs
        nothing from this one.
        """
        while self.pending(partitions):
            self._reported.clear()
            self.tick()
            left = deadline - time.monotonic()
            if not self.pending(partitions):
                break
            if left <= 0:
                return False
            self._reported.wait(min(left, RETRY_EVERY))
        return True

    def forget(self, partitions: Collection[Partition]) -> None:
        """These partitions are gone: whoever owns them now sees what was not acknowledged again."""
        self._unsent = deque(each for each in self._unsent if each.arrival.partition not in partitions)
        self._refused = deque(each for each in self._refused if each.arrival.partition not in partitions)

    def _send_all(self) -> None:
        while self._unsent:
            handoff = self._unsent.popleft()
            self._sent.add(handoff)
            record, hop = handoff.arrival.record, handoff.hop
            try:
                self._client.send(
                    hop.topic,
                    record.key,
                    record.value,
                    hop.headers,
                    partition=self._partition(record.partition, hop.topic),
                    timeout=0.0,
                    on_report=partial(self._take_report, handoff),
                )
            except SubmitRejected:
                # Our own queue is full: no fault of the topic's. The next tick goes on.
                self._sent.discard(handoff)
                self._unsent.appendleft(handoff)
                return
            except SubmitError as error:
                self._hold(handoff, str(error))

    def _take_report(self, handoff: HandOff, report: Report) -> None:
        """Runs in the producer's thread: leave the report where the poll thread finds it."""
        self._reports.append((handoff, report))
        self._reported.set()

    def _book_reports(self) -> None:
        while self._reports:
            handoff, report = self._reports.popleft()
            if report.error is not None:
                self._hold(handoff, str(report.error))
                continue
            self._sent.discard(handoff)
            self._release(handoff)
            self._finish(handoff.arrival)
            self._emit(HandedOff(handoff.arrival, handoff.hop.topic, handoff.end))

    def _hold(self, handoff: HandOff, error: str) -> None:
        """Try again later, with the partition paused until it works."""
        self._sent.discard(handoff)
        if not handoff.arrival.partition.owned:
            return
        if not handoff.held:
            handoff.held = True
            handoff.arrival.partition.held += 1
        if not self._refused:
            self._resend_at = time.monotonic() + RETRY_EVERY
        self._refused.append(handoff)
        self._emit(HandOffFailed(handoff.arrival, handoff.hop.topic, error))

    def _release(self, handoff: HandOff) -> None:
        if handoff.held:
            handoff.held = False
            handoff.arrival.partition.held -= 1

    def _partition(self, number: int, topic: str) -> int:
        """The source's partition number where the target has it; else the key decides."""
        return number if number < self._partition_counts.get(topic, 0) else -1
