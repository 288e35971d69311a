"""A worker whose tasks end its process in every way there is, and write down what they start and end."""

import ctypes
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Final

from stillframe.consumer import Retry, Worker
from tests.engine.app import journal, watch
from tests.engine.work import Work, work_type


class Endless:
    """Its `repr` recurses through C, which has no more stack than the thread was given."""

    def __repr__(self) -> str:
        return repr(self)


def recurse_in_c() -> None:
    sys.setrecursionlimit(2**31 - 1)
    repr(Endless())


def hold_the_interpreter_lock() -> None:
    re.match(r"(a+)+$", "a" * 64 + "b")  # C code that backtracks for years


def take_all_memory() -> None:
    taken = []
    while True:
        taken.append(bytearray(os.urandom(1 << 16) * 64))


def take_all_address_space() -> None:
    taken = []
    while True:
        taken.append(bytes(2**30))  # zeroes that are never touched: they cost no memory


def out_of_memory() -> None:
    raise MemoryError


KILLERS: Final[dict[str, Callable[[], object]]] = {
    "os._exit": lambda: os._exit(0),
    "SIGSEGV": lambda: ctypes.string_at(0),
    "recursion in C": recurse_in_c,
    "SystemExit": lambda: sys.exit(0),
    "MemoryError": out_of_memory,
    "the interpreter lock": hold_the_interpreter_lock,
    "memory": take_all_memory,
    "address space": take_all_address_space,
}

worker = Worker(os.environ.get("APP_GROUP", "app"), middleware=[journal], listeners=[watch])


@worker.task(work_type(os.environ.get("APP_TOPIC", "app")), retry=Retry(max_attempts=1))
def handle(work: Work) -> None:
    """Be a killer, or sleep as many seconds as the kind says."""
    if work.kind in KILLERS:
        KILLERS[work.kind]()
    else:
        time.sleep(float(work.kind))
