"""How Hypothesis runs here: without a deadline per example, which would measure the machine, not the code."""

from hypothesis import settings

settings.register_profile("stillframe", deadline=None)
settings.load_profile("stillframe")
