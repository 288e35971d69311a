"""Running Hypothesis state machines: how much of it, and on planted bugs, which a machine must find."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

THOROUGH = settings(
    max_examples=500, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
#: A planted bug is found once, and nobody wants to see its smallest example.
HUNT = settings(THOROUGH, phases=[Phase.generate], database=None, report_multiple_bugs=False)


def run(machine: type[RuleBasedStateMachine], examples: int = 500) -> None:
    """Drive a machine through hundreds of runs."""
    run_state_machine_as_test(machine, settings=settings(THOROUGH, max_examples=examples))


def must_find(machine: type[RuleBasedStateMachine], examples: int = 2_000) -> None:
    """Fail unless the machine finds what is wrong with the thing it drives."""
    # A wrong thing may also trip over its own tables before anything is asked of it.
    with pytest.raises((AssertionError, LookupError)):
        run_state_machine_as_test(machine, settings=settings(HUNT, max_examples=examples))
