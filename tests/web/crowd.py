"""Many clients at a time, and what they were answered."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.waiting import wait_until

CLIENTS = 16
#: Requests over one connection: servers share connections among their processes, and not requests.
ON_A_CONNECTION = 20


@dataclass
class Crowd:
    """Answers so far. Each of its clients waits for one answer before it asks again.

    Attributes:
        accepted: task ids that were answered 202.
        processes: who has answered so.
        refused: every other answer; its body, if it has one.
        broken: requests without an answer.
        slowest: seconds of the longest wait for an answer.
    """

    address: str
    size: int | None = None
    accepted: list[str] = field(default_factory=list)
    processes: set[int] = field(default_factory=set)
    refused: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._sent = 0

    def stop(self) -> None:
        self._stop.set()

    def client(self) -> None:
        while not self._stop.is_set():
            with httpx.Client(base_url=self.address, timeout=30, trust_env=False) as client:
                for _ in range(ON_A_CONNECTION):
                    if self._stop.is_set() or not self._may_send():
                        return
                    self.ask(client)

    def _may_send(self) -> bool:
        with self._lock:
            self._sent += 1
            return self.size is None or self._sent <= self.size

    def ask(self, client: httpx.Client) -> None:
        began = time.monotonic()
        try:
            answer = client.post("/emails", json={"to": f"{self._sent}@mail.example"})
        except httpx.HTTPError as error:
            self.broken.append(type(error).__name__)
            self._stop.wait(0.01)
            return
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - began)
        if answer.status_code == httpx.codes.ACCEPTED:
            self.accepted.append(answer.json()["task_id"])
            self.processes.add(answer.json()["process"])
        else:
            kind = answer.headers.get("content-type", "")
            self.refused.append((answer.status_code, kind, answer.json() if "json" in kind else {}))


def ask_until(address: str, *, answered_by: int) -> Crowd:
    """One client that asks, each time over another connection, until so many processes have answered."""
    crowd = Crowd(address)

    def answered() -> bool:
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            crowd.ask(client)
        return len(crowd.processes) == answered_by

    wait_until(answered, timeout=60, describe=f"{answered_by} processes to answer")
    return crowd


@contextmanager
def asking(address: str, size: int | None = None) -> Iterator[Crowd]:
    """A crowd at work: for so many requests in all, or until the end of the block. Leaving waits for all answers."""
    crowd = Crowd(address, size)
    threads = [threading.Thread(target=crowd.client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield crowd
    finally:
        if size is None:
            crowd.stop()
        for thread in threads:
            thread.join(120)
