"""Dead letters sorted into piles."""

from dataclasses import replace

from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.piles import Piles
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import dead_letter

FAMILY = TopicFamily("emails", "mailer")


def test_piles_count_by_type_and_error() -> None:
    """The largest pile comes first, with its first and last death and the newest as an example."""
    piles = Piles()
    for at, offset, error in [(3_000, 3, "A"), (1_000, 1, "A"), (2_000, 2, "B")]:
        piles.add(DeadLetter.read(replace(dead_letter(FAMILY, error_type=error), offset=offset), at))
    first, second = piles.largest_first()
    assert (first.error_type, first.count, first.first, first.last, first.newest) == ("A", 2, 1_000, 3_000, "0:3")
    assert (second.error_type, second.count) == ("B", 1)
    assert piles.count == 3
    assert [pile.timeline.over(piles.axis) for pile in (first, second)] == [[1, 0, 1], [0, 1, 0]]
