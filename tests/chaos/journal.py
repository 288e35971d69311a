"""Append-only journals: one file a process, one JSON object a line."""

import os
import time
from pathlib import Path
from typing import Any

import orjson

Row = dict[str, Any]


class Journal:
    """A process's own journal; safe in many threads.

    Each line is a single write() to a file opened for appending: two threads cannot mix theirs, and once it
    has returned the line is the kernel's, which a kill -9 of this process does not touch.
    """

    def __init__(self, folder: Path, process: str) -> None:
        """The file's name is the process's, and by it the checker tells processes apart."""
        self._file = os.open(folder / f"{process}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, kind: str, **facts: object) -> None:
        """Append a row: what happened, when, and the facts.

        `at` is the monotonic clock in seconds, which all processes of a machine share and nobody sets;
        `wall` is epoch milliseconds, in which due times are told.
        """
        row = {"kind": kind, "at": time.monotonic(), "wall": time.time_ns() // 1_000_000, **facts}
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        if os.write(self._file, line) != len(line):
            raise OSError("a journal's line was torn: the disk is full")


def read(folder: Path) -> list[Row]:
    """All rows of all journals in a folder, each with its process's name, by the time they were written.

    A line without its end is left out: its writer is still at it.
    """
    rows = [
        {"process": path.stem, **orjson.loads(line)}
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().rpartition(b"\n")[0].splitlines()
    ]
    return sorted(rows, key=lambda row: float(row["at"]))
