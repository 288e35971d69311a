"""The limit of dead letters: never more of a type than what is done allows, and never held for nothing."""

from collections.abc import Iterable
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillframe.consumer.outcome.dead_letter_limit import MAKES_UP_FOR, DeadLetterLimit
from tests.property.machines import must_find, run

MOST = 12


class LimitMachine(RuleBasedStateMachine):
    """Tasks of two types are done or fail for good; the model counts what was written that none done makes up for."""

    limit_class: ClassVar[type[DeadLetterLimit]] = DeadLetterLimit

    def __init__(self) -> None:
        super().__init__()
        self.limit = self.limit_class(MOST)
        self.written = {"a": 0, "b": 0}

    @rule(task_type=st.sampled_from("ab"), copies=st.integers(1, 6))
    def fail_for_good(self, task_type: str, copies: int) -> None:
        for _ in range(copies):
            written = self.limit.give_up(task_type)
            assert written == (self.written[task_type] < MOST), "too many, or one too few"
            self.written[task_type] += written

    @rule(task_type=st.sampled_from("ab"))
    def is_done(self, task_type: str) -> None:
        reached = self.written[task_type] == MOST
        self.written[task_type] = max(0, self.written[task_type] - MAKES_UP_FOR)
        assert self.limit.done(task_type) == reached

    @invariant()
    def who_is_well_is_not_asked(self) -> None:
        assert set(self.limit.counts) == {task_type for task_type, written in self.written.items() if written}
        for task_type, written in self.written.items():
            assert self.limit.reached(task_type) == (written >= MOST)


def test_the_limit_holds() -> None:
    """After any sequence of ends."""
    run(LimitMachine)


class WritesOneTooMany(DeadLetterLimit):
    def reached(self, task_type: str) -> bool:
        return self.counts.get(task_type, 0) > self.most


class CountsAllTypesTogether(DeadLetterLimit):
    def give_up(self, task_type: str) -> bool:
        return sum(self.counts.values()) < self.most and super().give_up(task_type)


class NeverForgives(DeadLetterLimit):
    def done(self, task_type: str) -> bool:
        return False


class ForgetsToClear(DeadLetterLimit):
    def done(self, task_type: str) -> bool:
        resumes = super().done(task_type)
        self.counts.setdefault(task_type, 0)
        return resumes


MUTANTS: Iterable[type[DeadLetterLimit]] = (WritesOneTooMany, CountsAllTypesTogether, NeverForgives, ForgetsToClear)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_planted_bugs_are_found(mutant: type[DeadLetterLimit]) -> None:
    """The machine is worth something only if it finds limits that are wrong."""
    must_find(type("Mutant", (LimitMachine,), {"limit_class": mutant}))
