"""Which tasks of a topic wait for each other."""

from __future__ import annotations

from enum import Enum


class Ordering(Enum):
    """Per topic. A task without a key waits for no other, except under ``PARTITION``."""

    KEY = "key"
    PARTITION = "partition"
    UNORDERED = "unordered"
