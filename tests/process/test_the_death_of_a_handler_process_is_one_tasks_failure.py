"""``executor="process"``: a process and a pipe for each slot, whose death is the failure of the task in it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stillframe.consumer import Retry, TaskContext, Worker, WorkerSettings
from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.dispatch.desk import Desk, cancel
from stillframe.consumer.dispatch.elsewhere import InProcesses
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.dispatch.processes import ProcessSlot
from stillframe.consumer.events import AttemptTimedOut, Event
from stillframe.consumer.executor import Executor
from stillframe.consumer.handler import check_place
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome import end as ends
from stillframe.schemas import Task, encode, uuid7
from tests.arrivals import arrival, partition
from tests.attempting import MOMENT, NOW
from tests.engine.processing import Job, Refused, job_type, perform
from tests.waiting import wait_until


class Shop:
    """Executors with one handler process, for :func:`perform`."""

    def __init__(self, **options: Any) -> None:
        self.events: list[Event] = []
        worker = Worker("shop", WorkerSettings(), middleware=options.pop("middleware", ()))
        worker.task(job_type, executor="process", **options)(perform)
        handlers = list(worker.handlers)
        for handler in handlers:
            check_place(handler)
        attempts = Attempts(worker, self.events.append, now=lambda: NOW)
        desk = Desk({Executor.THREAD: 1, Executor.PROCESS: 1}, Lease(3_600), memory_wait=0)
        places = [handler.place for handler in handlers if handler.place is not None]
        self._slots: list[ProcessSlot] = []

        def new_slot() -> ProcessSlot:
            self._slots.append(ProcessSlot(places))
            return self._slots[-1]

        in_processes = InProcesses(new_slot, attempts.run_in_process)
        self.executors = Executors(desk, attempts.run, in_processes=in_processes, clock=lambda: 0)
        self.executors.turned()

    def end(self, *jobs: Job) -> list[ends.End]:
        """How each of the jobs has ended; they run one after the other."""
        self.offer(*jobs)
        wait_until(lambda: len(self.executors.ends) >= len(jobs), timeout=60, describe="the jobs to end")
        ended = [end for _, end in self.executors.ends]
        self.executors.ends.clear()
        return ended

    def offer(self, *jobs: Job) -> list[Arrival]:
        made = [job_arrival(job) for job in jobs]
        self.executors.offer(made)
        return made

    @property
    def pid(self) -> int | None:
        process = self._slots[0]._process
        return None if process is None else process.pid


def job_arrival(job: Job) -> Arrival:
    task = Task(id=uuid7(), type=job_type.name, payload=job, created_at=MOMENT, key=None)
    wire = encode(task)
    made = arrival(partition(), value=wire.value, headers=wire.headers)
    made.executor = Executor.PROCESS
    return made


@pytest.fixture
def open_shop() -> Iterator[Callable[..., Shop]]:
    opened: list[Shop] = []

    def make(**options: Any) -> Shop:
        opened.append(Shop(**options))
        return opened[-1]

    yield make
    for shop in opened:
        shop.executors.close()


def test_a_process_runs_one_task_after_the_other(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """In another process, with a context made from the record; no context variable goes from task to task."""
    shop = open_shop(timeout=300)
    jobs = [Job(file=str(tmp_path / name)) for name in "ab"]
    assert shop.end(*jobs) == [ends.Done()] * 2
    (pid, attempt, _, state, user, remaining), second = (eval(Path(job.file).read_text()) for job in jobs)
    assert pid not in {os.getpid(), None}
    assert (attempt, state, user) == (1, None, "nobody")
    assert 0 < remaining <= 300
    assert (second[0], second[4]) == (pid, "nobody")
    assert second[2] != eval(Path(jobs[0].file).read_text())[2]


@pytest.mark.parametrize(
    ("how", "type_", "message"),
    [
        ("os._exit", "ProcessDied", "the process exited with code 0"),
        ("fork and exit", "ProcessDied", "the process exited with code 3"),
        ("segfault", "ProcessDied", "the process was killed by SIGSEGV"),
        ("kill", "ProcessDied", "the process was killed by SIGKILL (as the kernel does for want of memory)"),
        ("SystemExit", "SystemExit", "away"),
        ("MemoryError", "MemoryError", ""),
    ],
)  # fmt: skip
def test_its_death_is_that_tasks_failure(
    open_shop: Callable[..., Shop], tmp_path: Path, how: str, type_: str, message: str
) -> None:
    """Transient, and told with its cause; the slot gets a new process, and the worker lives on."""
    shop = open_shop()
    died, done = shop.end(Job(what=how), Job(file=str(tmp_path / "after")))
    assert isinstance(died, ends.Retry)
    assert died.failure is not None
    assert (died.failure.type.rpartition(".")[2], died.failure.message) == (type_, message)
    assert done == ends.Done()
    assert shop.executors.crashed is None


def test_an_error_is_told_as_from_a_thread(open_shop: Callable[..., Shop]) -> None:
    """Its type, its place in the code; what the policy and the error say of retrying counts."""
    shop = open_shop(retry=Retry(permanent_on=(Refused,)))
    after, permanent, refused = shop.end(Job(what="RetryAfter"), Job(what="PermanentError"), Job(what="unknown"))
    assert isinstance(after, ends.Retry)
    assert after.due - NOW == pytest.approx(120_000, abs=2)
    assert isinstance(permanent, ends.Dead)
    assert isinstance(refused, ends.Dead)
    assert refused.failure.type == "tests.engine.processing.Refused"
    assert "processing.py" in refused.failure.place


def test_a_timeout_kills_the_process(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """It is a failure like another, told once."""
    shop = open_shop(timeout=3)
    (late,) = shop.end(Job(what="sleep", file=str(tmp_path / "pid")))
    assert isinstance(late, ends.Retry)
    assert late.failure is not None
    assert late.failure.type == "TimeoutError"
    assert sum(isinstance(event, AttemptTimedOut) for event in shop.events) == 1
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), describe="the process to be gone")


def test_a_cancellation_reaches_the_process(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """As at the end of a drain: the handler may return early."""
    shop = open_shop()
    (waiting,) = shop.offer(Job(what="wait to be cancelled", file=str(tmp_path / "pid")))
    wait_until((tmp_path / "pid").exists, timeout=60, describe="the handler to run")
    cancel([waiting])
    wait_until(lambda: shop.executors.ends, describe="it to end")
    _, end = shop.executors.ends[0]
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert end.failure.message == "cancelled: True"


def test_closing_kills_what_still_runs(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """No process outlives the worker's stop."""
    shop = open_shop()
    shop.offer(Job(what="sleep", file=str(tmp_path / "pid")))
    pid = int(wait_until(lambda: _read(tmp_path / "pid"), timeout=60, describe="the handler to run"))
    shop.executors.close()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), describe="the process to be gone")


def test_middleware_runs_in_the_worker(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """Around the call of the process."""
    seen: list[int] = []

    def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        seen.append(os.getpid())
        return call_next()

    shop = open_shop(middleware=(middleware,))
    assert shop.end(Job(file=str(tmp_path / "seen"))) == [ends.Done()]
    assert seen == [os.getpid()]


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
