"""Applying a plan: whatever there was, afterwards it is safe, and nothing is less than it was."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.operate.topic_plan import Change, Grow, Set, Shortfall, shortfalls
from stillframe.consumer.operate.topic_rules import (
    CLEANUP,
    IN_SYNC,
    LARGEST,
    RETENTION,
    RETENTION_BYTES,
    Choices,
    Create,
    Found,
)
from stillframe.schemas.topics import TopicFamily

FAMILY = TopicFamily("emails", "mailer")
THREE_REPLICAS = 3

limits = st.just(-1) | st.integers(0, 2**41)
settings = st.fixed_dictionaries({
    CLEANUP: st.sampled_from(["delete", "compact", "compact,delete", ""]),
    RETENTION: limits.map(str),
    RETENTION_BYTES: limits.map(str),
    LARGEST: st.integers(0, 2**31 - 1 - 2**21).map(str),
    IN_SYNC: st.integers(1, 3).map(str),
})  # fmt: skip
topics = st.builds(Found, st.integers(1, 8), st.just(THREE_REPLICAS), settings)
found_topics = st.dictionaries(st.sampled_from(FAMILY.names), topics)
choices = st.builds(
    Choices,
    partitions=st.integers(1, 8),
    retention_ms=st.none() | st.integers(1, 2**40),
    max_task_bytes=st.integers(1, 2**21),
)


def changed(found: Found | None, change: Change | None) -> Found:
    """What a broker would make of a change; its defaults are those of Kafka, with three replicas."""
    defaults = {RETENTION: "604800000", RETENTION_BYTES: "-1", LARGEST: "1048588", IN_SYNC: "1"}
    match change:
        case Create(partitions, _, wanted):
            return Found(partitions, THREE_REPLICAS, defaults | dict(wanted))
        case Grow(partitions) if found is not None:
            return replace(found, partitions=partitions)
        case Set(setting, value) if found is not None:
            return replace(found, settings={**(found.settings or {}), setting: value})
        case _:
            raise AssertionError(f"{change} of {found}")


def apply(planned: list[Shortfall], found: dict[str, Found]) -> None:
    for shortfall in planned:
        if shortfall.change is not None:
            found[shortfall.topic] = changed(found.get(shortfall.topic), shortfall.change)


@given(found_topics, choices)
def test_apply_leaves_nothing_to_do(found: dict[str, Found], chosen: Choices) -> None:
    """One application is enough; the next plan has nothing but what only an operator can change."""
    apply(shortfalls(FAMILY, found, chosen), found)
    left = shortfalls(FAMILY, found, chosen)
    assert [shortfall for shortfall in left if shortfall.change is not None] == []


@given(found_topics, choices)
def test_apply_lowers_nothing(found: dict[str, Found], chosen: Choices) -> None:
    """Every number that is changed becomes larger, or unlimited."""
    for shortfall in shortfalls(FAMILY, found, chosen):
        before = found.get(shortfall.topic)
        match shortfall.change:
            case Grow(partitions):
                assert before is not None
                assert partitions > before.partitions
            case Set(setting, value) if setting != CLEANUP:
                assert before is not None
                old = before.number(setting)
                assert old is not None
                assert old != -1 or setting not in {RETENTION, RETENTION_BYTES}
                assert int(value) == -1 or int(value) > old
