"""Of more attempts than anybody reads some are told whole, from start to end, and of the rest how many there were."""

from stillframe.consumer.listeners.sample import Sample
from tests.arrivals import arrival, partition

SOURCE = partition()


def test_so_many_a_second_of_each_type_are_told() -> None:
    sample = Sample(2)
    first = [sample.started(arrival(SOURCE, n), "send", 10.0 + n / 10) for n in range(5)]
    assert first == [0, 0, None, None, None]
    assert sample.started(arrival(SOURCE, 5), "resize", 10.5) == 0
    assert [sample.started(arrival(SOURCE, n), "send", 11.0) for n in (6, 7, 8)] == [3, 0, None]


def test_an_end_is_told_if_its_start_was() -> None:
    sample, told, untold = Sample(1), arrival(SOURCE, 0), arrival(SOURCE, 1)
    sample.started(told, "send", 0.0)
    sample.started(untold, "send", 0.0)
    assert (sample.ended(told), sample.ended(untold), sample.ended(told)) == (True, False, False)
