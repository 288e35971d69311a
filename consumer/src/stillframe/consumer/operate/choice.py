"""Dead letters chosen by what an operator says of them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from stillframe.consumer.operate.dead_letters import DeadLetter, Name
from stillframe.consumer.operate.quantities import moment


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant; every condition that is given must hold, none means all.

    Attributes:
        keys: what a key must be, byte for byte. They are compared and never shown (promise I10).
        since, until: when it died, in epoch milliseconds; from the first, to before the second.
    """

    names: Collection[Name] = ()
    types: Collection[str] = ()
    errors: Collection[str] = ()
    keys: Collection[bytes] = ()
    trace_ids: Collection[str] = ()
    since: int | None = None
    until: int | None = None

    def matches(self, dead: DeadLetter) -> bool:
        return (
            (not self.names or any(name in self.names for name in dead.names))
            and (not self.types or dead.task_type in self.types)
            and (not self.errors or any(_is_error(dead.state.error_type, error) for error in self.errors))
            and (not self.keys or dead.record.key in self.keys)
            and (not self.trace_ids or dead.trace_id in self.trace_ids)
            and (self.since is None or dead.died_at >= self.since)
            and (self.until is None or dead.died_at < self.until)
        )

    @property
    def is_everything(self) -> bool:
        conditions = self.names, self.types, self.errors, self.keys, self.trace_ids
        return not any(conditions) and self.since is None and self.until is None

    def described(self) -> dict[str, object] | str:
        """For the audit: ids, positions, types and times; of keys only how many, for a key is content."""
        if self.is_everything:
            return "all"
        parts: dict[str, object] = {
            "names": sorted(map(str, self.names)),
            "types": sorted(self.types),
            "errors": sorted(self.errors),
            "keys": len(self.keys),
            "trace_ids": sorted(self.trace_ids),
            "since": moment(self.since),
            "until": moment(self.until),
        }
        return {name: part for name, part in parts.items() if part}


def _is_error(found: str | None, wanted: str) -> bool:
    """``smtplib.SMTPDataError`` is also called ``SMTPDataError``."""
    return found is not None and (found == wanted or found.rpartition(".")[2] == wanted)
