"""Which families a group has, from topic names alone."""

import pytest

from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.families import family_of, find_families, known_groups
from stillframe.schemas import DefinitionError
from stillframe.schemas.topics import DEFAULT_TIERS, TopicFamily

EMAILS = TopicFamily("emails", "mailer")
IMAGES = TopicFamily("img.resize", "mailer", EMAILS.tiers[:1])
OTHERS = TopicFamily("emails", "analytics.eu")
EXISTING = [*EMAILS.names, *IMAGES.names, *OTHERS.names, "unrelated", "__consumer_offsets"]


def test_a_group_is_enough() -> None:
    """Its families are found with the tiers they have; another group's on the same topic are not."""
    assert find_families(EXISTING, ["mailer"]) == [EMAILS, IMAGES]
    assert find_families(EXISTING, ["analytics.eu"]) == [OTHERS]


def test_a_topic_narrows_it_down() -> None:
    """Also over several groups."""
    assert find_families(EXISTING, ["mailer", "analytics.eu"], ["emails"]) == [EMAILS, OTHERS]


def test_a_family_without_tiers_gets_the_usual_ones() -> None:
    """Only a dead-letter topic is left: what is missing shows where it is needed."""
    assert find_families(["emails.mailer.dlq"], ["mailer"])[0].tiers == DEFAULT_TIERS


def test_one_delay_in_two_spellings_is_one_tier() -> None:
    """60s and 1m may both exist after a change of settings."""
    names = [
        "emails.mailer.dlq",
        "emails.mailer.retry.60s",
        "emails.mailer.retry.1m",
        "emails.mailer.retry.1h",
    ]
    (family,) = find_families(names, ["mailer"])
    assert [tier.seconds for tier in family.tiers] == [60, 3_600]


def test_an_unknown_group_is_told_which_there_are() -> None:
    """The error names the group, the hint those that exist."""
    with pytest.raises(CommandError, match="group 'mialer' has no retry or dead-letter topics") as refused:
        find_families(EMAILS.names, ["mialer"])
    assert refused.value.__notes__ == ["groups that have some: mailer"]
    with pytest.raises(CommandError) as refused:
        find_families([], ["mailer"])
    assert "topics apply" in refused.value.__notes__[0]


def test_an_unknown_topic_is_told_the_nearest() -> None:
    """The error names the topic, the hint what was probably meant."""
    with pytest.raises(CommandError, match="'email' is no task topic of the group") as refused:
        find_families(EXISTING, ["mailer"], ["email"])
    assert refused.value.__notes__ == ["did you mean emails?"]
    with pytest.raises(CommandError) as refused:
        find_families(EXISTING, ["mailer"], ["zzz"])
    assert refused.value.__notes__ == ["there are emails, img.resize"]


@pytest.mark.parametrize(("group", "topic"), [("ma iler", "emails"), ("mailer", "e/mails"), ("", "emails")])
def test_illegal_names_are_refused(group: str, topic: str) -> None:
    """What Kafka would not take is no name to look for."""
    with pytest.raises(DefinitionError, match="not a legal Kafka name"):
        find_families(EXISTING, [group], [topic])


def test_a_topic_leads_to_its_family() -> None:
    """Task topic and retry topics alike; another group's do not."""
    assert family_of([EMAILS, IMAGES], "img.resize.mailer.retry.1m") == IMAGES
    with pytest.raises(CommandError, match="is no topic of the group"):
        family_of([EMAILS, IMAGES], "emails.analytics.eu.dlq")


def test_groups_are_known_by_their_dead_letter_topics() -> None:
    """One with a dot in its name has to be named: where it begins cannot be told."""
    assert known_groups([*EMAILS.names, *IMAGES.names, "unrelated"]) == ["mailer"]
