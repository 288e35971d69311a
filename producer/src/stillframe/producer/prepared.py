"""One task, checked and encoded, that is yet to be submitted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from stillframe.producer.receipt import Receipt


class Prepared:
    """What :meth:`Producer.prepare <stillframe.producer.Producer.prepare>` returns. Nothing is sent until
    it is told to; dropping it loses nothing but the task. Submitting it twice may run the handler twice.

    Attributes:
        task_id: known before anything is sent.
    """

    __slots__ = ("_asend", "_send", "task_id")

    def __init__(self, task_id: str, *, send: Callable[[], Receipt], asend: Callable[[], Awaitable[Receipt]]) -> None:
        self.task_id = task_id
        self._send = send
        self._asend = asend

    def submit(self) -> Receipt:
        """As :meth:`Producer.submit <stillframe.producer.Producer.submit>`, less the errors of checking.

        Raises:
            SubmitRejected, SubmitFailed, SubmitUnknown: as there.
        """
        receipt = self._send()
        return receipt.result() if receipt.durability.waits else receipt

    async def asubmit(self) -> Receipt:
        """As :meth:`submit`, for a coroutine."""
        receipt = await self._asend()
        return await receipt if receipt.durability.waits else receipt

    def __repr__(self) -> str:
        return f"<Prepared {self.task_id}>"
