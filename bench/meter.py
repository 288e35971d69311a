"""Counts what a side has handled, and ends its process with one JSON line. Standard library only: peers import it."""

import itertools
import json
import os
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.plan import Plan

LOOK_EVERY = 0.01


@dataclass(frozen=True)
class Look:
    """What had been handled at a moment, and the processor time of the process and its ended children.

    Attributes:
        hottest: how many of the handled had the hottest key, if that is asked for.
    """

    at: float
    handled: int
    processor: float
    hottest: int = 0


class Meter:
    """Measures a window of a running side from a thread of its own, then exits the process.

    A loop of one thread adds to ``handled``; handlers on many threads call ``one``, which needs no lock, and
    ``hot`` besides where the plan asks for the hottest key.
    """

    def __init__(self, plan: Plan) -> None:
        self.handled = 0
        self._plan = plan
        self._each, self._hottest = itertools.count(), itertools.count()
        self._looks = 0
        #: One more is handled.
        self.one = self._each.__next__
        #: It had the hottest key.
        self.hot = self._hottest.__next__

    def start(self) -> None:
        threading.Thread(target=self._measure, daemon=True).start()

    def _measure(self) -> None:
        plan = self._plan
        first = self._once(lambda look: look.handled > 0)
        begin = self._once(
            lambda look: look.at >= first.at + plan.warm_up or look.handled >= plan.records // 5,
        )
        end = self._once(lambda look: look.at >= begin.at + plan.seconds or look.handled >= plan.records)
        say(json.dumps({**figures(begin, end, plan.hottest), "rss": resident()}))
        # Neither a drain nor a rebalance is of interest, and some frameworks take long for it.
        os._exit(0)

    def _once(self, condition: Callable[[Look], bool]) -> Look:
        while not condition(look := self._look()):
            time.sleep(LOOK_EVERY)
        return look

    def _look(self) -> Look:
        looks, self._looks = self._looks, self._looks + 1
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        processor = sum(each.ru_utime + each.ru_stime for each in used)
        return Look(
            at=time.perf_counter(),
            handled=self.handled + next(self._each) - looks,
            processor=processor,
            hottest=next(self._hottest) - looks,
        )


def figures(begin: Look, end: Look, hottest: float) -> dict[str, float]:
    """Records per second, and microseconds of processor time for each.

    Args:
        hottest: share of the hottest key. The rate is then what that key's comes to: while a buffer fills with
            its tasks, those of other keys are done faster than can last.
    """
    handled = end.handled - begin.handled
    lasting = (end.hottest - begin.hottest) / hottest if hottest else handled
    return {
        "rate": lasting / (end.at - begin.at),
        "cpu": (end.processor - begin.processor) / max(handled, 1) * 1e6,
    }


def resident() -> float:
    """The largest resident set of this process, in megabytes.

    Of Linux, /proc: what getrusage tells there includes the parent's before the process became itself.
    """
    told = Path("/proc/self/status")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    peaks = [int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmHWM:")]
    return (peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e6


def say(line: str) -> None:
    """A line of its own on standard output, whatever a framework writes there at the same time."""
    os.write(1, f"\n{line}\n".encode())
