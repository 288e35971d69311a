"""The names of a task topic's family, and the choice of a tier."""

from typing import Any

import pytest

from stillframe.schemas import DefinitionError
from stillframe.schemas.topics import DEFAULT_TIERS, Tier, TopicFamily, check_collisions

MINUTE, HOUR = Tier.parse("1m"), Tier.parse("1h")


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("1s", 1), ("30s", 30), ("10m", 600), ("1h", 3_600), ("2d", 172_800), ("999999s", 999_999)],
)
def test_tiers_are_a_number_and_a_unit(name: str, seconds: int) -> None:
    """The name is the delay."""
    assert Tier.parse(name) == Tier(name, seconds)


@pytest.mark.parametrize("name", ["", "0s", "1", "m", "1w", "-1m", "1.5m", "01m", "1m\n", "1000000s", "\u0661m"])
def test_other_tiers_are_refused(name: str) -> None:
    """Anything else is refused with examples."""
    with pytest.raises(DefinitionError, match="write 30s"):
        Tier.parse(name)


def test_a_family_has_its_names() -> None:
    """T, T.G.retry.<tier> for each tier, T.G.dlq."""
    family = TopicFamily("emails", "mailer")
    assert family.names == (
        "emails",
        "emails.mailer.retry.1m",
        "emails.mailer.retry.10m",
        "emails.mailer.retry.1h",
        "emails.mailer.dlq",
    )
    assert list(family.retry_topics.values()) == list(DEFAULT_TIERS)
    assert family.dead_letter_topic == "emails.mailer.dlq"


@pytest.mark.parametrize("tiers", [(), (MINUTE, MINUTE), (MINUTE, Tier.parse("60s")), (HOUR, MINUTE)])
def test_tiers_must_rise(tiers: tuple[Tier, ...]) -> None:
    """No tier at all, one twice (in any spelling), or a longer one first is refused."""
    with pytest.raises(DefinitionError, match="each longer than the last"):
        TopicFamily("t", "g", tiers)


def test_a_name_that_grows_too_long_is_refused() -> None:
    """249 characters hold for the retry and dead-letter names as well; the error shows which one."""
    TopicFamily("t" * 100, "g" * 138)
    with pytest.raises(DefinitionError, match=r"makes the name .*retry\.10m.* \(250 characters\)"):
        TopicFamily("t" * 100, "g" * 139)


@pytest.mark.parametrize(
    ("topic", "group"), [("a b", "g"), ("t", "g g"), ("", "g"), ("t", ""), (None, "g"), ("t", 5)]
)
def test_illegal_parts_are_refused(topic: Any, group: Any) -> None:
    """Topic and group are both part of topic names, so both must be legal ones."""
    with pytest.raises(DefinitionError):
        TopicFamily(topic, group)


@pytest.mark.parametrize(
    ("delay", "tier"), [(0, "1m"), (59.9, "1m"), (60, "1m"), (60.001, "10m"), (3_600, "1h"), (1e9, "1h")]
)
def test_a_delay_takes_the_smallest_tier_that_holds_it(delay: float, tier: str) -> None:
    """Only a delay beyond the largest tier gets one that is too short, and hops on from there."""
    assert TopicFamily("t", "g").tier_for(delay).name == tier


def test_colliding_names_are_refused() -> None:
    """Dots and underscores are one to Kafka's metrics; the same topic twice is a mistake as well."""
    check_collisions([TopicFamily("a", "g"), TopicFamily("b", "g")])
    for first, second in [("a.b", "a_b"), ("a", "a.g.dlq"), ("a", "a_g_retry_1m"), ("a", "a")]:
        with pytest.raises(DefinitionError, match="collide"):
            check_collisions([TopicFamily(first, "g"), TopicFamily(second, "g")])


def test_a_family_keeps_its_fields() -> None:
    """A family is frozen, hashable and equal by value."""
    assert {TopicFamily("t", "g"): 1}[TopicFamily("t", "g")] == 1
