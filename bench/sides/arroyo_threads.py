"""Sentry's arroyo, a step that runs the function on threads; no order within a key."""

from bench.plan import Plan
from bench.sides.arroyo_steps import run

if __name__ == "__main__":
    run(Plan.of_command_line(), threaded=True)
