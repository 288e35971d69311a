"""The built distributions, for all tests of this layer."""

import os
from pathlib import Path

import pytest

from tests.packages.building import ROOT, build


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel of each part: those of `DISTRIBUTIONS=`, or built now."""
    given = os.environ.get("DISTRIBUTIONS")
    return Path(given) if given else build(ROOT, tmp_path_factory.mktemp("distributions"))
