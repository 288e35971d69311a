"""Where topics fall short: what is unsafe, what apply would do, and what the plan says of promise I1."""

from dataclasses import replace

import pytest

from stillframe.consumer.operate.topic_plan import Grow, Set, Shortfall, retention_bound, shortfalls
from stillframe.consumer.operate.topic_rules import (
    CAUSE_BYTES,
    CLEANUP,
    IN_SYNC,
    LARGEST,
    RETENTION,
    RETENTION_BYTES,
    Choices,
    Create,
    Found,
    unreceivable,
)
from stillframe.schemas.topics import Tier, TopicFamily

DAY = 86_400_000
FAMILY = TopicFamily("emails", "mailer", (Tier.parse("1m"), Tier.parse("2d")))
SHORT, LONG, DEAD = "emails.mailer.retry.1m", "emails.mailer.retry.2d", "emails.mailer.dlq"
CHOICES = Choices(max_task_bytes=1_000_000)
TASK_BYTES = 1_000_000 + 64 * 1024


def topic(**settings: str) -> Found:
    """A topic that is safe in every respect, but for these settings (dots as underscores)."""
    safe = {
        CLEANUP: "delete",
        RETENTION: str(30 * DAY),
        RETENTION_BYTES: "-1",
        LARGEST: str(TASK_BYTES + CAUSE_BYTES),
        IN_SYNC: "2",
    }
    return Found(4, 3, safe | {name.replace("_", "."): value for name, value in settings.items()})


def existing(**changed: Found) -> dict[str, Found]:
    safe = {"emails": topic(max_message_bytes=str(TASK_BYTES)), SHORT: topic(), LONG: topic(), DEAD: topic()}
    names = {"task": "emails", "short": SHORT, "long": LONG, "dead": DEAD}
    return safe | {names[name]: found for name, found in changed.items()}


def the_one(found: dict[str, Found], choices: Choices = CHOICES) -> Shortfall:
    (shortfall,) = shortfalls(FAMILY, found, choices)
    return shortfall


def test_safe_topics_have_no_shortfall() -> None:
    """What apply creates, plan accepts."""
    assert shortfalls(FAMILY, existing(), CHOICES) == []


def test_missing_topics_are_created_like_their_task_topic() -> None:
    """Same partitions and replicas as T, its size limit and 64 KiB more, its in-sync replicas."""
    found = {"emails": topic(max_message_bytes="5000000")}
    short, long, dead = shortfalls(FAMILY, found, CHOICES)
    shared = {LARGEST: str(5_000_000 + CAUSE_BYTES), IN_SYNC: "2", CLEANUP: "delete", RETENTION_BYTES: "-1"}
    assert short.change == Create(4, 3, shared | {RETENTION: str(7 * DAY)})
    assert long.change == Create(4, 3, shared | {RETENTION: str(20 * DAY)})
    assert dead.change == Create(4, 3, shared | {RETENTION: str(30 * DAY)})
    assert all(each.unsafe for each in (short, long, dead))


def test_a_missing_family_is_created_as_asked() -> None:
    """Without T the options decide, and T can hold a task of maximum size with its headers."""
    choices = replace(CHOICES, partitions=12, replication=2, retention_ms=14 * DAY)
    created = {each.topic: each.change for each in shortfalls(FAMILY, {}, choices)}
    assert created["emails"] == Create(12, 2, {CLEANUP: "delete", LARGEST: str(TASK_BYTES), RETENTION: str(14 * DAY)})
    assert created[DEAD] == Create(
        12,
        2,
        {
            CLEANUP: "delete",
            RETENTION: str(30 * DAY),
            RETENTION_BYTES: "-1",
            LARGEST: str(TASK_BYTES + CAUSE_BYTES),
        },
    )


@pytest.mark.parametrize(
    ("role", "setting", "value", "raised"),
    [
        ("short", RETENTION, str(7 * DAY - 1), str(7 * DAY)),
        ("long", RETENTION, str(7 * DAY), str(20 * DAY)),
        ("short", RETENTION_BYTES, "1000000000", "-1"),
        ("short", LARGEST, str(TASK_BYTES + CAUSE_BYTES - 1), str(TASK_BYTES + CAUSE_BYTES)),
        ("dead", LARGEST, str(TASK_BYTES), str(TASK_BYTES + CAUSE_BYTES)),
        ("dead", IN_SYNC, "1", "2"),
        ("task", CLEANUP, "compact", "delete"),
        ("dead", CLEANUP, "compact,delete", "delete"),
    ],
)
def test_what_could_lose_a_task_is_unsafe(role: str, setting: str, value: str, raised: str) -> None:
    """Each is refused by a worker at its start, and raised by apply to what is safe."""
    base = {"max_message_bytes": str(TASK_BYTES)} if role == "task" else {}
    shortfall = the_one(existing(**{role: topic(**base, **{setting.replace(".", "_"): value})}))
    assert shortfall.unsafe
    assert shortfall.change == Set(setting, raised)
    assert setting in shortfall.what


@pytest.mark.parametrize(
    ("role", "setting", "value", "raised"),
    [
        ("dead", RETENTION, str(14 * DAY), str(30 * DAY)),
        ("dead", RETENTION_BYTES, "1000000000", "-1"),
        ("task", LARGEST, "1000012", str(TASK_BYTES)),
    ],
)
def test_what_loses_no_unfinished_task_is_only_short(role: str, setting: str, value: str, raised: str) -> None:
    """A dead letter has its outcome, and a task that does not fit is refused when it is submitted."""
    shortfall = the_one(existing(**{role: topic(**{setting.replace(".", "_"): value})}))
    assert not shortfall.unsafe
    assert shortfall.change == Set(setting, raised)


@pytest.mark.parametrize("role", ["short", "long", "dead"])
def test_no_limit_is_always_enough(role: str) -> None:
    """-1 is Kafka's way to say that nothing is deleted."""
    assert shortfalls(FAMILY, existing(**{role: topic(retention_ms="-1")}), CHOICES) == []


def test_a_small_task_topic_asks_for_small_headroom_only() -> None:
    """Safe is 64 KiB above T as it is; what apply makes is 64 KiB above T as it will be."""
    task = topic(max_message_bytes="500000")
    others = topic(max_message_bytes=str(500_000 + CAUSE_BYTES))
    short = shortfalls(FAMILY, existing(task=task, short=others, long=others, dead=others), CHOICES)
    assert [each.unsafe for each in short] == [False] * 4


def test_fewer_replicas_than_the_task_topic_is_for_an_operator() -> None:
    """No setting cures it; and more in-sync replicas than there are replicas would stop every write."""
    shortfall = the_one(existing(short=replace(topic(min_insync_replicas="1"), replicas=1)))
    assert shortfall.unsafe
    assert shortfall.change is None
    assert "kafka-reassign-partitions" in shortfall.cure


def test_fewer_partitions_are_grown_but_not_unsafe() -> None:
    """The key finds its partition in either; only the partition number of a task is lost."""
    shortfall = the_one(existing(dead=replace(topic(), partitions=2)))
    assert not shortfall.unsafe
    assert not shortfall.warned
    assert shortfall.change == Grow(4)


@pytest.mark.parametrize("partitions", [2, 8])
def test_a_retry_topic_of_another_size_is_warned_of(partitions: int) -> None:
    """The group may give partition p of it to another member than partition p of the task topic (I4)."""
    shortfall = the_one(existing(short=replace(topic(), partitions=partitions)))
    assert not shortfall.unsafe
    assert shortfall.warned
    assert "may overlap" in shortfall.what
    # Kafka can add partitions, not take them away.
    assert shortfall.change == (Grow(4) if partitions < 4 else None)
    assert "raise its task topic to 8" in shortfall.cure or partitions < 4


def test_a_dead_letter_topic_may_have_more_partitions() -> None:
    """The group does not read it."""
    assert shortfalls(FAMILY, existing(dead=replace(topic(), partitions=8)), CHOICES) == []


def test_unknown_settings_are_not_guessed_at() -> None:
    """A broker that tells no settings is judged by what it tells."""
    unknown = Found(4, 1, None)
    assert shortfalls(FAMILY, dict.fromkeys(FAMILY.names, unknown), CHOICES) == []


def test_a_longer_task_retention_is_raised_when_asked_for() -> None:
    """An option never lowers what is there already."""
    asked = replace(CHOICES, retention_ms=60 * DAY)
    assert the_one(existing(), asked).change == Set(RETENTION, str(60 * DAY))
    assert shortfalls(FAMILY, existing(), replace(CHOICES, retention_ms=DAY)) == []


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (topic(retention_ms=str(7 * DAY)), "keeps a task for 7 d: one unfinished by then is lost"),
        (topic(retention_ms="5400000"), "keeps a task for 90 min:"),
        (topic(retention_ms="-1", retention_bytes="1073741824"), "for 1 GiB per partition:"),
        (topic(retention_ms="-1"), "keeps every task until it is deleted by hand"),
        (None, "as long as the broker says"),
    ],
)
def test_the_plan_says_what_retention_means(found: Found | None, says: str) -> None:
    """Promise I1 ends where T's retention does, and the operator is told."""
    assert says in retention_bound("emails", found, CHOICES)


def test_a_batch_beyond_the_clients_limit_is_warned_of() -> None:
    """In the topics that are read; a dead letter is only written."""
    found = existing(task=topic(max_message_bytes="2000000"), dead=topic(max_message_bytes="9000000"))
    assert list(unreceivable(found, [FAMILY], 9_999_999)) == []
    (warning,) = unreceivable(found, [FAMILY], 2_000_000)
    assert warning.startswith("emails takes batches of 2000000 bytes (max.message.bytes), and this worker stops")
    assert warning.endswith("raise that to 2000512 at least")
