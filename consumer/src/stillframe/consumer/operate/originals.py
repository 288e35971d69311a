"""What died, where the dead letter holds no copy of it: read from where it lay.

Share groups write only that, unless they are told to copy (errors.deadletterqueue.copy.record.enable).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Final

from stillframe.consumer.operate.cluster import Cluster, Layout, Place
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.scan import Range, scan
from stillframe.schemas import Record
from stillframe.schemas.headers import Origin

#: Offsets that are read in vain rather than begun anew behind: about what a new client costs.
WORTH_READING: Final = 10_000


def completed(cluster: Cluster, letters: Sequence[DeadLetter], layouts: Mapping[str, Layout]) -> Sequence[DeadLetter]:
    """The same dead letters, with what died in those that hold no copy, as far as its topic still has it.

    Raises:
        BrokerUnreachable, CommandError: see :func:`scan`.
    """
    missing = {dead.state.origin for dead in letters if not dead.is_copy}
    found = _read(cluster, [origin for origin in missing if origin is not None and _exists(origin, layouts)])
    return [_with(dead, found) for dead in letters] if found else letters


def ranges(origins: Collection[Origin]) -> Iterator[list[Range]]:
    """What to read to find some records: rounds, each with no more than one range a partition. Pure."""
    by_place: defaultdict[Place, list[int]] = defaultdict(list)
    for origin in origins:
        by_place[origin.topic, origin.partition].append(origin.offset)
    waiting = {place: _joined(sorted(offsets)) for place, offsets in by_place.items()}
    while waiting:
        yield [Range(*place, *parts[0]) for place, parts in waiting.items()]
        waiting = {place: parts[1:] for place, parts in waiting.items() if parts[1:]}


def _joined(offsets: Sequence[int]) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    for offset in offsets:
        if parts and offset - parts[-1][1] < WORTH_READING:
            parts[-1] = parts[-1][0], offset + 1
        else:
            parts.append((offset, offset + 1))
    return parts


def _read(cluster: Cluster, origins: Collection[Origin]) -> dict[Origin, Record]:
    wanted, found = set(origins), dict[Origin, Record]()
    for each in ranges(wanted):
        with closing(scan(cluster.settings, each)) as written:
            read = ((Origin(record.topic, record.partition, record.offset), record) for record, _ in written)
            found.update((here, record) for here, record in read if here in wanted)
    return found


def _exists(origin: Origin, layouts: Mapping[str, Layout]) -> bool:
    return origin.topic in layouts and origin.partition < layouts[origin.topic].partitions


def _with(dead: DeadLetter, found: Mapping[Origin, Record]) -> DeadLetter:
    origin = dead.state.origin
    if dead.is_copy or origin is None or origin not in found:
        return dead
    return dead.holding(found[origin])
