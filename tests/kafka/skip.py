"""What becomes of a test that cannot have its broker."""

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.kafka.errors import NoKafka

T = TypeVar("T")


def or_skip(obtain: Callable[[], T]) -> T:
    """Return what `obtain` gets; where no broker can run, skip the test, and on CI fail it.

    A skip is for a laptop without Java. CI always has the real broker: a green run there that tested nothing
    on it would be a lie.
    """
    try:
        return obtain()
    except NoKafka as reason:
        if os.environ.get("CI"):
            pytest.fail(f"CI must not skip the broker tests: {reason}", pytrace=False)
        pytest.skip(str(reason))
