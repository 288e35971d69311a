"""A pulse that stands still is felt; a process that could not move it is not blamed."""

from stillframe.consumer.quarantine.pulse import TICK, PulseWatch


def test_a_pulse_that_stands_still_is_felt() -> None:
    watch = PulseWatch()
    assert [watch.look(7, now, stopped=False) for now in range(4)] == [0, 1, 2, 3]
    assert watch.look(8, 4, stopped=False) == 0


def test_before_the_first_beat_nothing_is_felt() -> None:
    watch = PulseWatch()
    assert [watch.look(0, now, stopped=False) for now in range(4)] == [0, 0, 0, 0]


def test_a_stopped_process_is_not_blamed() -> None:
    """SIGSTOP, a debugger."""
    watch = PulseWatch()
    assert [watch.look(7, now, stopped=now > 1) for now in range(4)] == [0, 1, 1, 1]


def test_sleep_of_the_watcher_does_not_count() -> None:
    """The whole container was suspended for an hour, the child along with it."""
    watch = PulseWatch()
    watch.look(7, 0, stopped=False)
    assert watch.look(7, 3_600, stopped=False) <= 2 * TICK
