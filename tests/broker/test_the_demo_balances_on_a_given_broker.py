"""The demo takes the broker that KAFKA_BOOTSTRAP_SERVERS names, and leaves earlier tasks out of its books."""

import os
import subprocess
import sys
from pathlib import Path

from tests.kafka import Kafka

ROOT = Path(__file__).parents[2]


def test_two_runs_on_one_broker_balance_each(kafka: Kafka) -> None:
    """The second finds the first one's topics, offsets and dead letters, and counts none of them."""
    env = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    command = [sys.executable, "-m", "examples.demo", "--requests", "12"]
    for _ in range(2):
        run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert f"Kafka at {kafka.bootstrap_servers}" in run.stdout
        assert "12 accepted   = 11 done + 1 dead" in run.stdout
