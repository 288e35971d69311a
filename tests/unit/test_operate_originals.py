"""What a dead letter without a copy stands for: what has to be read to find it."""

from stillframe.consumer.operate.originals import WORTH_READING, ranges
from stillframe.consumer.operate.scan import Range
from stillframe.schemas.headers import Origin


def test_neighbours_are_read_together_and_the_far_apart_are_not() -> None:
    """A partition is read once in a round; nobody reads a million records to find two."""
    far = 5 + WORTH_READING + 1
    origins = [Origin("orders", 0, 5), Origin("orders", 1, 7), Origin("orders", 0, 3), Origin("orders", 0, far)]
    assert list(ranges(origins)) == [
        [Range("orders", 0, 3, 6), Range("orders", 1, 7, 8)],
        [Range("orders", 0, far, far + 1)],
    ]
    assert list(ranges([])) == []
