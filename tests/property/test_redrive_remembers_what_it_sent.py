"""The progress of a redrive: every offset that was sent back is remembered, and no other."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.operate.index import single
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.progress.metadata import MOST_CHARACTERS

offsets = st.integers(0, 60)
sets = st.lists(offsets, max_size=40)


@given(offsets, st.lists(sets, max_size=5))
def test_exactly_what_was_added_is_included(start: int, batches: list[list[int]]) -> None:
    """Whatever the batches and their order; and the position is never above one that was not sent."""
    progress, sent = Progress(start), set[int]()
    for batch in batches:
        progress = progress.plus(single(batch))
        sent.update(batch)
    assert [offset for offset in range(62) if progress.includes(offset)] == [
        offset for offset in range(62) if offset < start or offset in sent
    ]
    assert progress.offset >= start
    assert not progress.includes(progress.offset)
    assert progress.above == sum(1 for offset in sent if offset > progress.offset)


@given(offsets, sets, offsets)
def test_a_complete_run_leaves_no_gap_behind(start: int, sent: list[int], end: int) -> None:
    """Past an offset everything below counts, were it sent or a gap in the log."""
    before = Progress(start).plus(single(sent))
    after = before.past(end)
    for offset in range(62):
        assert after.includes(offset) == (before.includes(offset) or offset < end)


@given(offsets, sets)
def test_a_commit_brings_it_back(start: int, sent: list[int]) -> None:
    """What is committed is what the next run reads."""
    progress = Progress(start).plus(single(sent))
    assert Progress.read(progress.offset, progress.metadata) == progress


def test_what_does_not_fit_is_forgotten_from_the_end() -> None:
    """A commit has room for so much; what is forgotten may be sent again, nothing is skipped."""
    progress = Progress(0).plus(single(range(1, 40_000, 2)))
    assert len(progress.metadata) <= MOST_CHARACTERS
    read = Progress.read(0, progress.metadata)
    assert 1_000 < len(read.runs) < 20_000
    assert read.runs == progress.runs[: len(read.runs)]


def test_foreign_metadata_says_nothing() -> None:
    """Another client's note beside a commit is no completion map."""
    assert Progress.read(7, "host-12") == Progress.read(7, None) == Progress(7)
