"""One run, from an empty broker to closed books."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from examples.demo.books import Books
from examples.demo.broker import Sight, opened
from examples.demo.crowd import Crowd
from examples.demo.figures import Figures, Rates
from examples.demo.stage import WORKER, Stage, apply_topics, set_up
from examples.demo.view import View
from examples.demo.worker_log import WorkerLog
from examples.mailer.worker import worker
from stillframe.consumer import WorkerSettings

#: Seconds that all tasks get, their retries included, from the first request on.
FINISH_TIMEOUT: Final = 35.0
GLANCE_EVERY: Final = 0.25


async def run(crowd: Crowd, view: View) -> Books:
    """Start everything, let the crowd come, wait for its tasks, stop everything.

    Raises:
        DemoFailed: a process did not start, or did not survive.
        StillframeError: the broker cannot be reached.
    """
    since = time.time_ns() // 1_000_000
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="stillframe-demo-")))
        view.say(f"broker  {stack.enter_context(opened())}")
        os.environ.setdefault("STILLFRAME_HEALTH_PORT", "0")
        os.environ["STILLFRAME_LOG_LEVEL"] = "debug"  # the balance is made of a line for every attempt
        await apply_topics()
        (family,) = worker.families()
        sight = await asyncio.to_thread(Sight, WorkerSettings(), family)
        stage = await set_up(stack, folder, WorkerLog(since))
        view.say(f"web     {stage.address}/emails (uvicorn, pid {stage.web.process.pid})")
        view.say(f"worker  stillframe worker {WORKER} (pid {stage.worker.process.pid})")
        await _watch(crowd, stage, sight, view)
        await stage.stop_worker()
        dead_letters = await asyncio.to_thread(sight.dead_letters, since)
        lag = await asyncio.to_thread(sight.lag)
        return Books(crowd.accepted, stage.log.started, stage.log.ended, dead_letters, lag)


async def _watch(crowd: Crowd, stage: Stage, sight: Sight, view: View) -> None:
    """Send the requests and show what happens, until every task has its end or the time is over.

    What has no end by then is for the balance to find.
    """
    rates, began = Rates(), time.monotonic()
    sending = asyncio.create_task(crowd.send(stage.address))
    try:
        while (seconds := time.monotonic() - began) < FINISH_TIMEOUT:
            stage.check()
            lag = await asyncio.to_thread(sight.lag)
            view.show(_figures(seconds, crowd, stage.log, lag, rates))
            if sending.done():
                await sending
                if all(entry.task_id in stage.log.settled for entry in crowd.accepted):
                    return
            await asyncio.sleep(GLANCE_EVERY)
    finally:
        sending.cancel()


def _figures(seconds: float, crowd: Crowd, log: WorkerLog, lag: int, rates: Rates) -> Figures:
    accepted, done = len(crowd.accepted), len(log.settled) - log.dead
    accepted_rate, done_rate = rates.of(seconds, accepted, done)
    return Figures(
        seconds=seconds,
        requests=crowd.size,
        accepted=accepted,
        done=done,
        retried=log.retried,
        dead=log.dead,
        lag=lag,
        accepted_rate=accepted_rate,
        done_rate=done_rate,
    )
