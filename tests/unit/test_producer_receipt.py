"""The receipt: waits that end, outcomes that stay, callbacks that cannot harm."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from stillframe.producer import Durability, Receipt, SubmitFailed, SubmitUnknown
from stillframe.producer.callbacks import ReportThread
from stillframe.producer.report import Report
from tests.timing import takes


def receipt(wait_at_most: float = 5.0) -> Receipt:
    return Receipt("id-1", "emails", Durability.ASYNC, wait_at_most=wait_at_most)


def settle_soon(settled: Receipt, report: Report) -> None:
    threading.Timer(0.02, settled.settle, (report,)).start()


def test_an_acknowledged_receipt_knows_its_place() -> None:
    """Partition and offset are there with the report, and nowhere before."""
    given = receipt()
    assert (given.done, given.partition, given.offset, given.error) == (False, None, None, None)
    assert repr(given) == "<Receipt id-1 in emails: unreported>"
    given.settle(Report("emails", 3, 7))
    assert (given.done, given.partition, given.offset, given.error) == (True, 3, 7, None)
    assert given.result() is given
    assert repr(given) == "<Receipt id-1 in emails: at 3:7>"


def test_an_offset_may_stay_unknown() -> None:
    """After a retry the broker may only confirm that it has the task."""
    given = receipt()
    given.settle(Report("emails", 3, -1))
    assert (given.partition, given.offset, given.result()) == (3, None, given)


def test_a_failed_receipt_raises_each_time() -> None:
    """For whoever waits and for whoever looks."""
    given = receipt()
    error = SubmitFailed("refused", task_id="id-1")
    given.settle(Report("emails", -1, -1, error))
    assert (given.done, given.partition, given.offset, given.error) == (True, None, None, error)
    assert repr(given) == "<Receipt id-1 in emails: SubmitFailed>"
    for _ in range(2):
        with pytest.raises(SubmitFailed, match=r"^task id-1: refused$"):
            given.result()
        with pytest.raises(SubmitFailed):
            asyncio.run(given.aresult())


def test_a_wait_ends_with_the_report() -> None:
    """In a thread and in an event loop, in any number of them."""
    given = receipt()

    async def wait() -> None:
        assert await asyncio.gather(*(given.aresult() for _ in range(3))) == [given] * 3
        assert await given is given

    settle_soon(given, Report("emails", 0, 0))
    assert given.result() is given
    again = given = receipt()
    settle_soon(again, Report("emails", 0, 0))
    asyncio.run(wait())


@pytest.mark.parametrize(("own", "asked"), [(0.05, None), (60.0, 0.05), (0.05, 0.0)])
def test_a_wait_ends_at_its_deadline(own: float, asked: float | None) -> None:
    """The given one, else the submission's: unknown, and the receipt stays open for a late report."""
    waits: list[Callable[[Receipt], Receipt]] = [
        lambda each: each.result(asked),
        lambda each: asyncio.run(each.aresult(asked)),
    ]
    for wait in waits:
        given = receipt(wait_at_most=own)
        with takes(0.05), pytest.raises(SubmitUnknown, match="^task id-1: no report from 'emails' within"):
            wait(given)
        assert not given.done
        given.settle(Report("emails", 0, 0))
        assert wait(given) is given


def test_a_cancelled_await_leaves_the_outcome_alone() -> None:
    """The report still reaches the receipt, other waiters and callbacks."""

    async def scenario() -> None:
        given = receipt()
        seen: list[Receipt] = []
        given.add_done_callback(seen.append)
        waits = [asyncio.create_task(given.aresult()) for _ in range(2)]
        await asyncio.sleep(0)
        waits[0].cancel()
        await asyncio.sleep(0)
        given.settle(Report("emails", 0, 0))
        assert await waits[1] is given
        assert waits[0].cancelled()
        assert seen == [given]

    asyncio.run(scenario())


def test_callbacks_run_once_before_or_after() -> None:
    """Added early they run with the report, added late at once."""
    given = receipt()
    seen: list[str] = []
    given.add_done_callback(lambda r: seen.append(f"early {r.done}"))
    given.settle(Report("emails", 0, 0))
    given.add_done_callback(lambda r: seen.append(f"late {r.done}"))
    assert seen == ["early True", "late True"]


def test_a_callback_that_raises_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """By type and place; the callbacks after it run."""
    given = receipt()
    seen: list[Receipt] = []

    def fail(_: Receipt) -> None:
        raise SystemExit("a secret")

    given.add_done_callback(fail)
    given.add_done_callback(seen.append)
    given.settle(Report("emails", 0, 0))
    assert seen == [given]
    assert "raised SystemExit" in caplog.text
    assert "secret" not in caplog.text


def test_a_report_thread_does_not_wait_for_a_report() -> None:
    """It would wait for itself: it is told so at once."""
    errors: list[BaseException] = []

    def wait() -> None:
        with pytest.raises(SubmitUnknown, match="cannot wait for a report") as error:
            receipt(60).result()
        errors.append(error.value)

    thread = ReportThread(target=wait)
    thread.start()
    thread.join(5)
    assert len(errors) == 1
