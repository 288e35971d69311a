"""Rows become facts: one pass over all of them, in the order of time."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from stillframe.consumer.progress.completion_map import decode
from tests.chaos.checker.facts import Commit, HandOff, Location, Ownership, Partition, Record, Run
from tests.chaos.journal import Row

FOREVER = float("inf")
#: Characters of commit metadata: the engine stops at 4,000.
FULL_MAP = 3_900


class Evidence:
    """All that is known of a run."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take in every row; a kind that is not known here is an observation that nothing is judged by."""
        self.acknowledged: dict[str, Location] = {}
        self.records: dict[Location, Record] = {}
        self.runs: list[Run] = []
        self.ownerships: dict[tuple[str, int], Ownership] = {}
        self.commits: defaultdict[Partition, list[Commit]] = defaultdict(list)
        self.handoffs: list[HandOff] = []
        self.skipped: dict[Location, float] = {}
        self.kills: list[tuple[float, str]] = []
        self.troubles: list[str] = []
        self._runs: dict[tuple[str, int], Run] = {}
        self._held: dict[tuple[str, Partition], Ownership] = {}
        for row in sorted(rows, key=lambda row: float(row["at"])):
            getattr(self, f"_{row['kind']}", _ignore)(row)

    @cached_property
    def done(self) -> frozenset[str]:
        """Tasks with an attempt that returned."""
        return frozenset(run.task for run in self.runs if run.well)

    @cached_property
    def dead(self) -> frozenset[str]:
        """Tasks in a dead-letter topic."""
        return frozenset(record.task for record in self.records.values() if record.role == "dead")

    def task_at(self, where: Location) -> str:
        """The task that lies at a location, or nothing."""
        return self.records[where].task if where in self.records else ""

    @cached_property
    def settled(self) -> dict[Location, float]:
        """When each record first had an outcome: done, skipped, or acknowledged in its next topic."""
        ends = [(run.ended, run.where) for run in self.runs if run.well]
        ends += [(handoff.at, handoff.where) for handoff in self.handoffs]
        ends += [(at, where) for where, at in self.skipped.items()]
        first: dict[Location, float] = {}
        for at, where in ends:
            first[where] = min(at, first.get(where, FOREVER))
        return first

    def outcome(self, run: Run) -> float:
        """When a run had an outcome in its own process: it returned, or was acknowledged in its next topic."""
        if run.well:
            return run.ended
        given = (each.at for each in self._handoffs_of[run.ownership.process, run.where] if each.at > run.started)
        return min(given, default=FOREVER)

    @cached_property
    def _handoffs_of(self) -> defaultdict[tuple[str, Location], list[HandOff]]:
        found: defaultdict[tuple[str, Location], list[HandOff]] = defaultdict(list)
        for handoff in self.handoffs:
            found[handoff.process, handoff.where].append(handoff)
        return found

    def _acked(self, row: Row) -> None:
        self.acknowledged[row["task"]] = Location(*row["where"])

    def _record(self, row: Row) -> None:
        where = Location(*row["where"])
        self.records[where] = Record(where, row["role"], row["task"], row["attempt"], row["not_before"])

    def _assigned(self, row: Row) -> None:
        for *position, serial in row["positions"]:
            partition, start = self._commit(row, position)
            ownership = Ownership(row["process"], partition, start)
            self.ownerships[row["process"], serial] = self._held[row["process"], partition] = ownership

    def _revoked(self, row: Row) -> None:
        for serial in row["ownerships"]:
            self.ownerships[row["process"], serial].end("revoked", row["at"], _locations(row))

    def _lost(self, row: Row) -> None:
        for serial in row["ownerships"]:
            self.ownerships[row["process"], serial].end("lost", row["at"])

    def _stopped(self, row: Row) -> None:
        self._end_all("stopped", row, _locations(row))

    def _killed(self, row: Row) -> None:
        self.kills.append((row["at"], row["victim"]))
        self._end_all("killed", {**row, "process": row["victim"]}, frozenset())

    def _trouble(self, row: Row) -> None:
        self.troubles.append(row["what"])

    def _started(self, row: Row) -> None:
        ownership = self.ownerships[row["process"], row["ownership"]]
        where = Location(*row["where"])
        facts = (row["task"], row["attempt"], row["key"], where, ownership, row["at"], row["wall"])
        run = self._runs[row["process"], row["run"]] = Run(*facts)
        self.runs.append(run)

    def _finished(self, row: Row) -> None:
        if run := self._runs.get((row["process"], row["run"])):
            run.ended, run.well = row["at"], row["well"]

    def _ended(self, row: Row) -> None:
        if row["run"] is None:
            if row["end"] == "skipped":
                self.skipped[Location(*row["where"])] = row["at"]
        elif run := self._runs.get((row["process"], row["run"])):
            run.end, run.due = row["end"], row["due"]

    def _handed_off(self, row: Row) -> None:
        self.handoffs.append(HandOff(row["process"], Location(*row["where"]), row["topic"], row["at"]))

    def _committed(self, row: Row) -> None:
        for position in row["positions"]:
            partition, commit = self._commit(row, position)
            self._held[row["process"], partition].commits.append(commit)

    def _commit(self, row: Row, position: list[Any]) -> tuple[Partition, Commit]:
        topic, number, offset, metadata = position
        commit = Commit(row["at"], offset, decode(offset, metadata), len(metadata) > FULL_MAP)
        self.commits[topic, number].append(commit)
        return (topic, number), commit

    def _end_all(self, ending: str, row: Row, unfinished: frozenset[Location]) -> None:
        for (process, _), ownership in self.ownerships.items():
            if process == row["process"]:
                ownership.end(ending, row["at"], unfinished)


def _ignore(_row: Row) -> None:
    """An observation."""


def _locations(row: Row) -> frozenset[Location]:
    return frozenset(Location(*where) for where in row["unfinished"])
