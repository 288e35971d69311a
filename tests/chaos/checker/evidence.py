"""Rows become facts: one pass over all of them, in the order of time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from stillframe.consumer.progress.metadata import decode
from tests.chaos.checker.facts import (
    Commit,
    Exit,
    HandOff,
    Location,
    Outage,
    Ownership,
    Partition,
    Record,
    Run,
    Spell,
)
from tests.chaos.journal import Row

K = TypeVar("K", bound=Hashable)

FOREVER = float("inf")
#: What the error says of a hand-off of which no broker has told whether it has it.
UNKNOWN = "it may still be there"
DEAD_LETTERS = ".dlq"
CUT_OFF = "cut off"
#: What a coordinator answers while it is one no more, or not yet.
MOVING = ("COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE")
#: Seconds until a commit has been answered.
ANSWERED = 5.0
#: Seconds in which the end of a broker, or the move of a leader, still makes clients ask again.
UPHEAVAL = 15.0
#: Seconds between two notes of a process that had nothing to wait for, or between a commit and its answer.
A_MOMENT = 0.05
#: Characters of commit metadata: the engine stops at 4,000.
FULL_MAP = 3_900


class Evidence:
    """All that is known of a run."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take in every row; a kind that is not known here is an observation that nothing is judged by."""
        self.acknowledged: dict[str, Location] = {}
        #: Tasks that were acknowledged soon after a leader had gone or moved.
        self.amid_upheaval: set[str] = set()
        self.records: dict[Location, Record] = {}
        self.runs: list[Run] = []
        self.ownerships: dict[tuple[str, int], Ownership] = {}
        self.commits: defaultdict[Partition, list[Commit]] = defaultdict(list)
        self.handoffs: list[HandOff] = []
        #: Of a task's attempt, how many hand-offs ended unknown: the record may lie there, and was sent again.
        self.unknown_retries: Counter[tuple[str, int]] = Counter()
        self.unknown_letters: Counter[str] = Counter()
        self.skipped: dict[Location, float] = {}
        self.kills: list[tuple[float, str]] = []
        self.spells: list[Spell] = []
        self.exits: list[Exit] = []
        self.outages: list[Outage] = []
        #: When brokers ended or leaders moved, and the group's coordinator perhaps with them.
        self.upheavals: list[float] = []
        self.troubles: list[str] = []
        #: Commits acknowledged to an ownership, by its own journal, when the partition was another's already.
        self.late_commits: list[tuple[Ownership, Commit]] = []
        self.seconds: float | None = None
        #: When the workers were about to be stopped, all of them.
        self.over = FOREVER
        #: Whether a partition of the task topic and those of its retry topics belong to one worker.
        self.together = False
        #: Seconds of silence after which a worker's session is over.
        self.session = FOREVER
        self._begun: float | None = None
        self._asked: dict[str, float] = {}
        self._latest: dict[Partition, Ownership] = {}
        self._runs: dict[tuple[str, int], Run] = {}
        self._last: dict[tuple[str, Location], Run] = {}
        self._held: dict[tuple[str, Partition], Ownership] = {}
        for row in sorted(rows, key=lambda row: float(row["at"])):
            getattr(self, f"_{row['kind']}", _ignore)(row)
        for ownership in self.ownerships.values():
            self._believe_the_broker(ownership)

    @cached_property
    def runs_of(self) -> defaultdict[Ownership, list[Run]]:
        """By the ownership they ran in."""
        return _grouped(self.runs, lambda run: run.ownership)

    @cached_property
    def runs_at(self) -> defaultdict[tuple[str, int, Location], list[Run]]:
        """By what they ran."""
        return _grouped(self.runs, lambda run: run.what)

    @cached_property
    def done(self) -> frozenset[str]:
        """Tasks with an attempt that returned."""
        return frozenset(run.task for run in self.runs if run.well)

    @cached_property
    def dead(self) -> frozenset[str]:
        """Tasks in a dead-letter topic."""
        return frozenset(record.task for record in self.records.values() if record.role == "dead")

    @cached_property
    def written(self) -> Counter[str]:
        """How often each task lies in the task topic."""
        return Counter(record.task for record in self.records.values() if record.role == "task")

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
        if self._is_amid_upheaval(row["at"]):
            self.amid_upheaval.add(row["task"])
        if self._begun is None:
            self._begun = row["at"]

    def _record(self, row: Row) -> None:
        where = Location(*row["where"])
        self.records[where] = Record(where, row["role"], row["task"], row["attempt"], row["not_before"])

    def _assigned(self, row: Row) -> None:
        for *position, serial in row["positions"]:
            partition, start = _commit(row, position)
            self.commits[partition].append(start)
            ownership = Ownership(row["process"], partition, start)
            self.ownerships[row["process"], serial] = self._held[row["process"], partition] = ownership
            if before := self._latest.get(partition):
                before.successor, ownership.predecessor = ownership, before
            self._latest[partition] = ownership

    def _revoked(self, row: Row) -> None:
        for serial in row["ownerships"]:
            self.ownerships[row["process"], serial].end("revoked", row["at"], _locations(row))

    def _lost(self, row: Row) -> None:
        for serial in row["ownerships"]:
            ownership = self.ownerships[row["process"], serial]
            ownership.end("lost", row["at"])
            if row["at"] - ownership.since < A_MOMENT:
                self._believe_it_never_was(ownership)

    def _believe_it_never_was(self, ownership: Ownership) -> None:
        """Who is given a partition may have to wait for the coordinator to tell where it starts, and be expelled
        meanwhile: it notes its beginning and its end at once, when somebody else has had it for long.

        What it has started nevertheless is judged: its predecessor owns the partition still.
        """
        before, partition = ownership.predecessor, ownership.partition
        if self._latest[partition] is not ownership:
            return
        self.commits[partition].remove(ownership.start)
        if before is None:
            del self._latest[partition]
        else:
            self._latest[partition], before.successor = before, None

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
        self._last[row["process"], where] = run

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

    def _handoff_failed(self, row: Row) -> None:
        run = self._last.get((row["process"], Location(*row["where"])))
        if run is None or UNKNOWN not in row["error"]:
            return
        if row["topic"].endswith(DEAD_LETTERS):
            self.unknown_letters[run.task] += 1
        else:
            self.unknown_retries[run.task, run.attempt] += 1

    def _committed(self, row: Row) -> None:
        for position in row["positions"]:
            partition, commit = _commit(row, position)
            ownership = self._held[row["process"], partition]
            if ownership.successor is None:
                ownership.commits.append(commit)
                self.commits[partition].append(commit)
            else:  # accepted before the other began, perhaps, and written down after: that is judged apart
                self.late_commits.append((ownership, commit))

    def _commit_failed(self, row: Row) -> None:
        """The last commit of an ownership is sent once and not waited for, or a coordinator that falls silent would
        hold up the poll thread: one that moves in this very moment refuses it.
        """
        if not any(code in row["error"] for code in MOVING) or not self._is_amid_upheaval(row["at"]):
            return
        for ownership in self.ownerships.values():
            if ownership.process == row["process"] and 0 <= row["at"] - ownership.until < ANSWERED:
                ownership.refused = True

    def _is_amid_upheaval(self, at: float) -> bool:
        return bool(self.upheavals) and at - self.upheavals[-1] < UPHEAVAL

    def _settings(self, row: Row) -> None:
        self.together = row["protocol"] != "cooperative"
        self.session = row["session"]

    def _settled(self, row: Row) -> None:
        self.over = row["at"]
        if row["lag"] == 0 and self._begun is not None:
            self.seconds = row["at"] - self._begun

    def _frozen(self, row: Row) -> None:
        self.spells.append(Spell("frozen", row["victim"], row["at"]))

    def _cut(self, row: Row) -> None:
        self.spells.append(Spell(CUT_OFF, row["victim"], row["at"]))

    def _thawed(self, row: Row) -> None:
        self._end_spell("frozen", row)

    def _healed(self, row: Row) -> None:
        self._end_spell(CUT_OFF, row)

    def _end_spell(self, kind: str, row: Row) -> None:
        """Of that process: another may live in its slot by now, and hear of an end without a beginning."""
        for number, spell in enumerate(self.spells):
            if (spell.kind, spell.process, spell.until) == (kind, row["victim"], FOREVER):
                self.spells[number] = replace(spell, until=row["at"])

    def _exited(self, row: Row) -> None:
        self.exits.append(Exit(row["victim"], row["code"], row["seconds"]))
        # Whom its supervisor has killed could note no end; and the conductor may be busy when it ends.
        at = self._asked.get(row["victim"], row["at"] - row["seconds"]) + row["seconds"]
        self._end_all("killed", {"process": row["victim"], "at": at}, frozenset())

    def _terminated(self, row: Row) -> None:
        self._asked[row["victim"]] = row["at"]

    def _elected(self, row: Row) -> None:
        if row["moved"]:
            self.upheavals.append(row["at"])

    def _broker_killed(self, row: Row) -> None:
        self.upheavals.append(row["at"])
        self.outages.append(Outage(row["at"], "killed", row["node"], row["leads"], row["coordinator"]))

    def _broker_stopped(self, row: Row) -> None:
        self.upheavals.append(row["at"])
        self.outages.append(Outage(row["at"], "stopped", row["node"], row["leads"], row["coordinator"]))

    def _believe_the_broker(self, ownership: Ownership) -> None:
        """Who is frozen or cut off, and then killed or stopped before it has heard of it, has lost its session
        all the same: somebody else was given the partition. Of others that is not believed: two owners at a
        time are a fault. And who lets go without a voice can tell nobody what it has done.
        """
        successor = ownership.successor
        taken = successor is not None and successor.since <= ownership.until
        for spell in self.spells:
            if spell.process != ownership.process:
                continue
            gone = successor is not None and taken and spell.since < successor.since
            if gone or self._has_no_voice(ownership, spell):
                ownership.ending = "lost"

    def _has_no_voice(self, ownership: Ownership, spell: Spell) -> bool:
        """Whether the last commit of an ownership could not be accepted: its worker was cut off, by then or
        before the answer came, or had been silent beyond its session and no longer belonged to the group.

        Of the latter it may not hear. When it goes on, the answer to its last heartbeat before may still lie
        there, and says only that a rebalance is on; so it lets go as if all were well.
        """
        if spell.kind == CUT_OFF and spell.since - A_MOMENT < ownership.until < spell.until:
            return not any(commit.at >= ownership.until for commit in ownership.commits)
        silent = ownership.since < spell.since and spell.until < ownership.until
        outlived = silent and spell.until - spell.since > self.session
        return outlived and not any(commit.at > spell.until for commit in ownership.commits)

    def _end_all(self, ending: str, row: Row, unfinished: frozenset[Location]) -> None:
        for (process, _), ownership in self.ownerships.items():
            if process == row["process"]:
                ownership.end(ending, row["at"], unfinished)


def _commit(row: Row, position: list[Any]) -> tuple[Partition, Commit]:
    topic, number, offset, metadata = position
    return (topic, number), Commit(row["at"], offset, decode(offset, metadata).runs, len(metadata) > FULL_MAP)


def _grouped(runs: Iterable[Run], name: Callable[[Run], K]) -> defaultdict[K, list[Run]]:
    found: defaultdict[K, list[Run]] = defaultdict(list)
    for run in runs:
        found[name(run)].append(run)
    return found


def _ignore(_row: Row) -> None:
    """An observation."""


def _locations(row: Row) -> frozenset[Location]:
    return frozenset(Location(*where) for where in row["unfinished"])
