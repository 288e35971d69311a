"""Wait for something to become true: the one place in the tests where time is spent on purpose."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, timeout: float = 10.0, describe: str, every: float = 0.02) -> T:
    """Poll `condition` until it is truthy and return what it said; past the deadline, say what was awaited.

    A condition polled against a deadline is as fast as the thing it waits for, and fails with a sentence;
    a sleep is too long on a good day and too short on a bad one.
    """
    deadline = time.monotonic() + timeout
    while not (last := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {describe}; last seen: {last!r}")
        time.sleep(every)
    return last
