"""The demo runs as a user starts it: its books balance, and it says so when they don't."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
DEMO = ("-m", "examples.demo")
#: Reads every dead task's line as if the worker had said done.
TAMPERED = """
import sys
from examples.demo import worker_log
from examples.demo.__main__ import main

honest = worker_log.WorkerLog.take
lie = lambda log, line: honest(log, line.replace(b'"status":"dead"', b'"status":"done"'))
worker_log.WorkerLog.take = lie
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def demo(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo on the embedded broker; it is stopped at the end, if it still runs."""
    env = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    # A shell that runs the tests in the background has SIGINT ignored by whatever they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_run_balances() -> None:
    """Exit code 0, and both sides of the books in print: 30 requests, 1 of them hopeless."""
    with demo(*DEMO, "--requests", "30") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "30 requests   = 30 accepted with 202 + 0 refused" in output
    assert "30 accepted   = 29 done + 1 dead" in output
    assert "The books balance" in output


def test_a_tampered_run_does_not() -> None:
    """Exit code 1, and the sides that disagree by name: a worker that claims what it gave up as done."""
    with demo("-c", TAMPERED, "--requests", "12") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "1 in the dead-letter topic, but not given up by the worker" in output
    assert "1 done, although hopeless" in output


def test_ctrl_c_stops_everything() -> None:
    """Exit code 130, and no process outlives the demo."""
    with demo(*DEMO, "--requests", "5000") as process:
        stdout = process.stdout
        assert stdout is not None
        wait_until(lambda: "accepted" in stdout.readline(), timeout=30, describe="the first requests")
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert len(children) >= 3  # uvicorn, supervisor, worker
    assert not psutil.wait_procs(children, timeout=10)[1]
