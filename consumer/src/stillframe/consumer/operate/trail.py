"""Looks for the records of one task, in no more of the topics than its id leaves open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Final
from uuid import UUID

from stillframe.consumer.operate.cluster import Cluster, Layout, Place, places
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.index import read_index
from stillframe.consumer.operate.lag import PartitionLag, Role, roles
from stillframe.consumer.operate.scan import Range, Written, scan
from stillframe.consumer.operate.source import Source
from stillframe.consumer.operate.whereabouts import Sighting, Standings, submitted_within
from stillframe.schemas import Record
from stillframe.schemas.headers import CE_ID, DELIVERY_HEADERS
from stillframe.schemas.topics import TopicFamily

#: Records between two words on how far the search has come.
TURN: Final = 500


class Trail:
    """The search for one task.

    Args:
        families: whose topics to look in; a task topic that several groups read is looked at once.
        within: the roles of those topics.
        expect: called with how many offsets more are to be looked at.
        looked_at: called with how many were.
    """

    def __init__(
        self,
        cluster: Cluster,
        families: Sequence[TopicFamily],
        layouts: Mapping[str, Layout],
        within: Collection[Role] = tuple(Role),
        expect: Callable[[int], object] = lambda _: None,
        looked_at: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._layouts = layouts
        self._expect = expect
        self._looked_at = looked_at
        self._roles = {topic: role for family in families for topic, (role, _) in roles(family).items()}
        self._roles = {topic: role for topic, role in self._roles.items() if role in within}
        where = [place for topic in self._roles for place in places(topic, layouts)]
        self._starts, self._ends = cluster.starts(where), cluster.ends(where)

    def follow(self, task_id: UUID) -> list[Sighting]:
        """Every record of it; one that was submitted long after its id was made, or whose id was made by a clock that
        is ahead, costs a longer search.

        Raises:
            BrokerUnreachable, CommandError: see :func:`scan`.
        """
        within = submitted_within(task_id)
        if within is None:
            return self._look(task_id, self._ranges(self._starts, self._ends))
        earliest, since, until = (self._cluster.offsets_at(list(self._starts), moment) for moment in within)
        tasks = [place for place in self._starts if self._roles[place[0]] is Role.TASKS]
        likely = self._ranges(earliest | _only(tasks, since), self._ends | _only(tasks, until))
        found = self._look(task_id, likely)
        # Made by a clock that is ahead of who wrote the record; or submitted later, as a relay of an outbox does.
        for starts, ends in ((earliest, since), (until, self._ends)):
            if not tasks or any(seen.role is Role.TASKS for seen in found):
                break
            found += self._look(task_id, self._ranges(_only(tasks, starts), ends))
        return found

    def standings(self, group: str, sightings: Iterable[Sighting], source: Source) -> Standings:
        """What a group has done of the partitions that the task was seen in."""
        seen = list(sightings)
        alive = sorted({each.place for each in seen if each.role is not Role.DEAD_LETTERS})
        progress = self._cluster.progress(group, alive)
        lags = {
            place: PartitionLag.of(place[1], self._starts[place], self._ends[place], progress.get(place))
            for place in alive
        }
        dead = any(each.role is Role.DEAD_LETTERS for each in seen)
        return Standings(lags, read_index(self._cluster, source, self._layouts) if dead else {})

    def _ranges(self, starts: Mapping[Place, int], ends: Mapping[Place, int]) -> list[Range]:
        return [Range(*place, start, ends[place]) for place, start in starts.items() if start < ends[place]]

    def _look(self, task_id: UUID, ranges: Sequence[Range]) -> list[Sighting]:
        self._expect(sum(each.end - each.start for each in ranges))
        name = str(task_id).encode()
        with closing(scan(self._cluster.settings, ranges)) as written:
            return [
                self._sighting(record, at) for record, at in self._counted(written) if record.header(CE_ID) == name
            ]

    def _sighting(self, record: Record, at: int) -> Sighting:
        """On a task topic anyone could forge delivery headers: a worker does not read them there, nor does this."""
        role = self._roles[record.topic]
        if role is Role.TASKS:
            headers = tuple(header for header in record.headers if header[0] not in DELIVERY_HEADERS)
            record = replace(record, headers=headers)
        return Sighting(role, DeadLetter.read(record, at))

    def _counted(self, written: Iterable[Written]) -> Iterator[Written]:
        for count, each in enumerate(written, start=1):
            if count % TURN == 0:
                self._looked_at(TURN)
            yield each


def _only(places: Iterable[Place], offsets: Mapping[Place, int]) -> dict[Place, int]:
    return {place: offsets[place] for place in places}
