"""The rules of the quarantine, and the marks that carry its memory from process to process. Pure.

Promise I8. A mark counts, for one record, the deliveries that ended in a crash of the process, and
those among them in which it ran alone. Only the latter prove anything: any other crash may have
been a neighbour's. So a record is

- run as usual at first, and once more after its first crash: most crashes happen once;
- run alone from its second redelivery on;
- condemned, and not run again, when the process has crashed three times while it ran alone.

A mark travels as commit metadata. Format, version 1: ``sq1:`` and the marks, separated by ``;``,
each ``offset.fingerprint.crashes.alone``, of which the fingerprint is hexadecimal.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from stillframe.consumer.quarantine.slots import InFlight

#: Crashes after which a record runs alone, and crashes while alone after which it does not run.
ALONE_AFTER: Final = 2
CONDEMNED_AFTER: Final = 3

PREFIX: Final = "sq1:"
#: Kafka refuses metadata of more than 4,096 (offset.metadata.max.bytes).
MOST_CHARACTERS: Final = 4_000
ONE: Final = re.compile(r"(\d{1,19})\.([0-9a-f]{1,8})\.(\d{1,9})\.(\d{1,9})", re.ASCII)
#: A task's id lies in this much of its value.
FINGERPRINTED: Final = 128


class Verdict(Enum):
    """What is to become of a delivery."""

    RUN = "run"
    ALONE = "alone"
    CONDEMNED = "condemned"


class Mark(NamedTuple):
    """What is known against one record."""

    fingerprint: int
    crashes: int
    alone: int

    @property
    def verdict(self) -> Verdict:
        if self.alone >= CONDEMNED_AFTER:
            return Verdict.CONDEMNED
        return Verdict.ALONE if self.crashes >= ALONE_AFTER else Verdict.RUN


#: Of one partition, by offset.
Marks = Mapping[int, Mark]


class UnreadableMarks(ValueError):
    """The metadata holds no marks: foreign, damaged, or of another version."""


def fingerprint(value: bytes | None) -> int:
    """Tells a record from another at the same offset, as when a topic was made anew."""
    return zlib.crc32((value or b"")[:FINGERPRINTED])


def judge(marks: Marks, offset: int, value: bytes | None) -> Verdict:
    """What to do with a record that is delivered."""
    mark = marks.get(offset)
    if mark is None or mark.fingerprint != fingerprint(value):
        return Verdict.RUN
    return mark.verdict


def after_crash(marks: Marks, suspects: Iterable[InFlight], committed: int) -> dict[int, Mark]:
    """The marks of a partition after a crash with these of its records in flight.

    Args:
        committed: the group's committed offset; whatever lies below has had its outcome.
    """
    after = {offset: mark for offset, mark in marks.items() if offset >= committed}
    for suspect in suspects:
        known = after.get(suspect.offset)
        if known is None or known.fingerprint != suspect.fingerprint:
            known = Mark(suspect.fingerprint, 0, 0)
        after[suspect.offset] = known._replace(crashes=known.crashes + 1, alone=known.alone + suspect.alone)
    return after


def merged(one: Marks, other: Marks) -> dict[int, Mark]:
    """What two tell of a partition; of a record that both know, the one that knows of more crashes is right."""
    both = {offset: max(one[offset], other[offset], key=lambda mark: mark.crashes) for offset in one.keys() & other}
    return {**one, **other, **both}


def encode(marks: Marks) -> str:
    """The metadata of these marks; if there are too many, those that weigh most, then the lowest offsets."""
    ranked = sorted(marks.items(), key=lambda each: (-each[1].alone, -each[1].crashes, each[0]))
    fitting: list[str] = []
    left = MOST_CHARACTERS - len(PREFIX)
    for offset, mark in ranked:
        text = f"{offset}.{mark.fingerprint:x}.{mark.crashes}.{mark.alone}"
        left -= len(text) + 1
        if left < 0:
            break
        fitting.append(text)
    return PREFIX + ";".join(fitting) if fitting else ""


def decode(metadata: str | None) -> dict[int, Mark]:
    """The marks in a commit's metadata.

    Raises:
        UnreadableMarks: then nothing is known against any record.
    """
    if not metadata:
        return {}
    if not metadata.startswith(PREFIX) or len(metadata) > MOST_CHARACTERS:
        raise UnreadableMarks(f"{len(metadata)} characters that are not marks of version 1")
    marks = {}
    for text in metadata.removeprefix(PREFIX).split(";"):
        if (found := ONE.fullmatch(text)) is None:
            raise UnreadableMarks("a mark is damaged")
        offset, mark, crashes, alone = found.groups()
        marks[int(offset)] = Mark(int(mark, 16), int(crashes), int(alone))
    return marks
