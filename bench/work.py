"""What a handler does. Standard library only: peers import it."""

import time
from collections.abc import Callable

from bench.plan import Plan


def make_work(plan: Plan) -> Callable[[], object]:
    """Nothing, so much processor time, or so much sleep."""
    seconds = plan.milliseconds / 1_000
    if plan.work == "nothing":
        return lambda: None
    if plan.work == "sleep":
        return lambda: time.sleep(seconds)

    def busy() -> None:
        # Of this thread: what others take of the interpreter meanwhile does not count.
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    return busy
