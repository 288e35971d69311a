"""Sentry's arroyo, a step that runs the function inline."""

from bench.plan import Plan
from bench.sides.arroyo_steps import run

if __name__ == "__main__":
    run(Plan.of_command_line(), threaded=False)
