"""Which tasks of a topic wait for each other, and whether they wait for a retry."""

from __future__ import annotations

from enum import Enum


class Ordering(Enum):
    """Per topic. A task without a key waits for no other, except under ``PARTITION``."""

    KEY = "key"
    PARTITION = "partition"
    UNORDERED = "unordered"


class RetryOrder(Enum):
    """What a failed task does to the order of its lane. Per topic.

    ``RELAXED``: it leaves its lane; those behind it run while it waits.
    ``STRICT``: it waits in memory, at its place; those behind it wait for it, until it is done or given up.
    """

    RELAXED = "relaxed"
    STRICT = "strict"
