"""Soaking the tests: all rounds, or none after the first red one."""

from collections.abc import Sequence

import pytest

from tests.soak import soak


@pytest.mark.parametrize(("codes", "green"), [([0, 0, 0], 3), ([0, 1, 0], 1), ([4], 0)])
def test_the_first_red_round_is_the_last(codes: list[int], green: int) -> None:
    """Whatever pytest's exit code is, but for 0: no test found is no success."""
    ran: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        ran.append(command)
        return codes[len(ran) - 1]

    assert soak(len(codes), ["-k", "kill"], run) == green
    assert len(ran) == min(len(codes), green + 1)
    assert all(list(command[-2:]) == ["-k", "kill"] for command in ran)
