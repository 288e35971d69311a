"""How long something may take, on a machine that has other things to do as well."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds that a busy machine may add to anything.
SLACK = 0.8


@contextmanager
def takes(seconds: float, *, at_least: float = 0.0) -> Iterator[None]:
    """Fail unless the block takes no longer than ``seconds``, and no less than ``at_least``."""
    start = time.monotonic()
    yield
    taken = time.monotonic() - start
    if not at_least <= taken <= seconds + SLACK:
        raise AssertionError(f"took {taken:.2f} s, which should be {at_least:g} to {seconds:g}")
