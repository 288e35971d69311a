"""Of one thread and all of them, the way that ends more attempts is found; nobody waits behind one that waits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.dispatch.pace import ALL_ARE_BETTER, FIRST_WAIT, GLANCE, TRIAL, Look, Pace

STEP = 0.01


@dataclass
class World:
    """Handlers, and how many of them end in a second each way."""

    alone: float
    together: float
    used: float = 1.0
    plenty: bool = True
    rough: Callable[[], float] = lambda: 1.0
    pace: Pace = field(default_factory=Pace)
    now: float = 0.0
    processor: float = 0.0
    ended: float = 0.0
    alone_for: float = 0.0

    def play(self, seconds: float, *, poll_thread_is_held_up: bool = False) -> float:
        """Time goes by. Returns the share of it in which one thread did it all."""
        until, before = self.now + seconds, self.alone_for
        while self.now < until:
            self.now += STEP
            self.processor += STEP * self.used
            self.ended += STEP * (self.alone if self.pace.alone else self.together) * self.rough()
            self.alone_for += STEP * self.pace.alone
            look = Look(self.now, self.processor, int(self.ended))
            if not poll_thread_is_held_up:
                self.pace.look(look, plenty=self.plenty)
            self.pace.glance(look)
        return (self.alone_for - before) / seconds


def test_tasks_that_never_wait_are_one_threads() -> None:
    world = World(alone=11_000, together=6_000)
    world.play(FIRST_WAIT)
    assert world.play(60) > 0.97


def test_tasks_that_wait_are_everybodys() -> None:
    """Also where the interpreter is never idle: by far most of the time, and soon nearly all of it."""
    world = World(alone=900, together=6_000)
    assert world.play(10) < 0.06
    assert world.play(300) < 0.005


def test_what_only_begins_is_not_taken_for_slow() -> None:
    """In the first moments everything is slow; one thread that comes later is not better for that."""
    world = World(alone=900, together=400)
    world.play(0.3)
    world.together = 6_000
    assert world.play(10) < 0.06


def test_a_trial_that_goes_badly_is_short() -> None:
    world = World(alone=900, together=6_000)
    while not world.pace.alone:
        world.play(STEP)
    world.play(GLANCE + 2 * STEP)
    assert not world.pace.alone


def test_an_interpreter_that_is_idle_is_nobodys_trouble() -> None:
    assert World(alone=90, together=1_500, used=0.4).play(60) == 0


def test_nobody_waits_for_long_behind_one_that_waits() -> None:
    """Also when the poll thread is held up in a rebalance."""
    world = World(alone=11_000, together=6_000)
    world.play(10)
    assert world.pace.alone
    world.alone = 0
    world.play(2 * GLANCE, poll_thread_is_held_up=True)
    assert not world.pace.alone


def test_tasks_that_have_become_others_are_everybodys_at_once() -> None:
    world = World(alone=11_000, together=6_000)
    world.play(10)
    world.alone, world.together = 900, 6_000
    world.play(2.5 * TRIAL)
    assert not world.pace.alone


def test_what_lets_go_of_the_interpreter_is_found_in_time() -> None:
    """As C code does: one thread looks busy, and all would do more."""
    world = World(alone=5_000, together=4_000)
    world.play(10)
    assert world.pace.alone
    world.alone, world.together = 5_000, 9_000
    world.play(60)
    assert world.play(60) < 0.1


def test_who_has_caught_up_has_all_threads() -> None:
    world = World(alone=11_000, together=6_000)
    world.play(10)
    world.plenty = False
    world.play(2 * TRIAL)
    assert not world.pace.alone
    assert world.play(60) == 0


@pytest.mark.property
@given(
    alone=st.floats(100, 20_000),
    together=st.floats(100, 20_000),
    used=st.floats(0.75, 2.0),
    seed=st.integers(0, 1_000),
)
def test_the_better_way_is_found(alone: float, together: float, used: float, seed: int) -> None:
    """Whatever the rates, and rough as they are: what is done is near what the better way would do."""
    random = Random(seed)
    world = World(alone, together, used, rough=lambda: random.uniform(0.7, 1.3))
    world.play(20)
    before = world.ended
    world.play(60)
    assert (world.ended - before) / 60 > max(alone, together) / ALL_ARE_BETTER * 0.9
