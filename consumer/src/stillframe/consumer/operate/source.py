"""A dead-letter topic, and the group that it is looked at for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from stillframe.schemas.topics import TopicFamily, check_topic_name


@dataclass(frozen=True, slots=True)
class Source:
    """Where dead letters lie.

    Attributes:
        group: the consumer group that could not process them.
        family: whose dead-letter topic it is; ``None`` if another system has filled it.

    Raises:
        DefinitionError: a name is not legal in Kafka.
    """

    topic: str
    group: str
    family: TopicFamily | None = None

    def __post_init__(self) -> None:
        check_topic_name(self.group, "group")
        check_topic_name(self.topic, "dead-letter topic")
        check_topic_name(self.index, f"topic {self.topic!r} with group {self.group!r} makes the name")

    @classmethod
    def of(cls, family: TopicFamily) -> Source:
        return cls(family.dead_letter_topic, family.group, family)

    @property
    def index(self) -> str:
        """The topic that remembers which of them no longer wait.

        Another system's dead-letter topic may be that of several groups, each of which has its own.
        """
        return f"{self.topic}.index" if self.family else f"{self.topic}.{self.group}.index"

    @property
    def options(self) -> str:
        """What to give a command for it to look here."""
        where = f"--topic {self.family.topic}" if self.family else f"--dead-letter-topic {self.topic}"
        return f"--group {self.group} {where}"
