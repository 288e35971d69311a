"""The crowd: real HTTP requests, so many at a time, and what was answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import httpx

from examples.demo.books import Accepted

AT_A_TIME = 32
LANGUAGES = ("en", "de", "fr", "pl")


class Crowd:
    """Sends emails and books the answers.

    Attributes:
        accepted: what was answered 202.
        refused: every other answer by what it was, such as ``503`` or ``ReadTimeout``.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.accepted: list[Accepted] = []
        self.refused: Counter[str] = Counter()

    async def send(self, address: str) -> None:
        numbers = iter(range(self.size))
        async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client:
            await asyncio.gather(*(self._send_each(client, numbers) for _ in range(AT_A_TIME)))

    async def _send_each(self, client: httpx.AsyncClient, numbers: Iterator[int]) -> None:
        for number in numbers:
            to = recipient(number)
            email = {"to": to, "subject": f"Your order {number}"}
            language = {"accept-language": LANGUAGES[number % len(LANGUAGES)]}
            try:
                answer = await client.post("/emails", json=email, headers=language)
            except httpx.HTTPError as error:
                self.refused[type(error).__name__] += 1
                continue
            if answer.status_code == httpx.codes.ACCEPTED:
                hopeless = to.startswith("nobody@")
                self.accepted.append(Accepted(answer.json()["task_id"], time.time(), hopeless))
            else:
                self.refused[str(answer.status_code)] += 1


def recipient(number: int) -> str:
    """Of 100 emails, 5 can never be delivered, 10 succeed at the second attempt and 2 at the third."""
    match number % 100:
        case 10 | 30 | 50 | 70 | 90:
            return f"nobody@{number}.example"
        case 25 | 75:
            return f"user{number}@overloaded.example"
        case rest if rest % 10 == 3:
            return f"user{number}@greylisting.example"
        case rest:
            return f"user{rest}@mail.example"
