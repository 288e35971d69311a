"""What `dlq redrive` says: before, while and after it sends."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.tally import Tally

COLUMNS = ("task type", "error", "to", "count#", "share")
#: Characters of the longest bar.
WIDTH = 30


def report(tallies: Sequence[Tally], redriven: int, *, dry_run: bool, readers: Sequence[str], as_json: bool) -> None:
    """What went where, or would go."""
    targets = sorted({topic for tally in tallies for topic in tally.topics})
    count = sum(tally.count for tally in tallies)
    if as_json:
        counts = {"dry_run": dry_run, "count": count, "redriven": redriven, "to": targets, "also_read_by": readers}
        print_json(counts | {"piles": list(_as_json(tallies)), "held_back": _held_back(tallies)})
        return
    if dry_run and count:
        print_table(COLUMNS, _rows(tallies))
    if dry_run:
        where = f" to {', '.join(targets)}" if targets else ""
        print(f"dry run: {count:,} dead letters would go{where}; --yes sends them")
    else:
        print(f"sent back {redriven:,}" + (f" to {', '.join(targets)}" if targets else ""))
    for reason, held_back in _held_back(tallies).items():
        print(f"held back: {held_back:,} {reason}")


def warn_of(readers: Sequence[str]) -> None:
    """Who else sees what is sent to a topic, on standard error."""
    if readers:
        print(f"warning: they are read by {', '.join(readers)} as well", file=sys.stderr)


def _rows(tallies: Sequence[Tally]) -> Iterable[tuple[object, ...]]:
    counted = [item for tally in tallies for item in tally.largest_first()]
    largest = max(count for _, count in counted)
    for share, count in counted:
        yield *share, count, "█" * max(1, count * WIDTH // largest)


def _as_json(tallies: Sequence[Tally]) -> Iterable[dict[str, Any]]:
    for tally in tallies:
        for share, count in tally.largest_first():
            yield {"task_type": share.task_type, "error_type": share.error_type, "count": count, "to": share.to}


def _held_back(tallies: Sequence[Tally]) -> dict[str, int]:
    reasons = {reason for tally in tallies for reason in tally.held_back}
    return {reason: sum(tally.held_back[reason] for tally in tallies) for reason in sorted(reasons)}
