"""Of more attempts than anybody reads some are told whole, from start to end, and of the rest how many there were."""

import threading

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


def test_so_many_of_all_types_are_told_and_of_each_the_first() -> None:
    """However many types there are; those that come late in the second have their word as well."""
    sample = Sample(10, in_all=15)
    told = [sample.started(arrival(SOURCE, n), f"type-{n % 4}", 10.0 + n / 1_000) for n in range(80)]
    assert [n for n, each in enumerate(told) if each is not None] == list(range(15))
    assert sample.started(arrival(SOURCE, 80), "quiet", 10.9) == 0
    assert sample.started(arrival(SOURCE, 81), "quiet", 10.95) is None
    again = [sample.started(arrival(SOURCE, n), "type-0", 11.0) for n in range(82, 94)]
    assert again == [16, *[0] * 9, None, None]


def test_what_is_passed_over_in_many_threads_is_counted() -> None:
    sample = Sample(1)
    sample.started(arrival(SOURCE, 0), "send", 10.0)
    threads = [
        threading.Thread(target=lambda: [sample.started(arrival(SOURCE, 1), "send", 10.5) for _ in range(5_000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sample.started(arrival(SOURCE, 2), "send", 11.0) == 20_000
