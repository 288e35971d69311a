"""The index of dead letters that no longer wait: what all runs wrote, in any order, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.operate.gone import Gone, IndexKey, Kind, encode, join
from stillframe.consumer.operate.index import single
from stillframe.consumer.progress.runs import Runs

offsets = st.sets(st.integers(0, 80), max_size=40)
runs = st.lists(st.tuples(st.sampled_from(Kind), offsets), max_size=6)


@given(runs, st.integers(0, 80))
def test_exactly_what_runs_wrote_is_gone(written: list[tuple[Kind, set[int]]], start: int) -> None:
    """Each run counts, whichever came first; a partition that nobody touched is not there."""
    records = {
        IndexKey("t", 3, kind, str(number)): encode(Runs(single(found)))
        for number, (kind, found) in enumerate(written)
    }
    found = join(records, "t").get(3) or Gone.nothing()
    for kind in Kind:
        wanted = set[int]().union(*(each for its, each in written if its is kind))
        assert {offset for offset in range(90) if offset in found.runs(kind)} == wanted
    everything = set[int]().union(*(each for _, each in written))
    progress = found.above(start)
    assert {offset for offset in range(start, 90) if progress.includes(offset)} == {
        o for o in everything if o >= start
    }
    assert progress.offset not in everything
