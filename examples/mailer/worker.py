"""The worker side: do what was promised, later and as often as it takes."""

import time

from examples.mailer.tasks import Email, send_email
from stillframe.consumer import PermanentError, Retry, TaskContext, Worker

worker = Worker(group="mailer")


@worker.task(send_email, retry=Retry(max_attempts=6), timeout=30)
def deliver(email: Email, context: TaskContext) -> None:
    """Send one email, in the language that the browser asked for.

    Whatever this raises is tried again after 2 to 3 s, then 4 to 5 s and so on; but a PermanentError
    goes to the dead-letter topic at once. A task may run twice: its id, the same each time, lets the
    mail server recognise what it has already.
    """
    language = context.snapshot.headers.get("accept-language") if context.snapshot else None
    hand_over(email.to, f"[{language or 'en'}] {email.subject}", context.task_id, context.attempt)


#: Domains of busy mail servers: how many attempts they turn away.
TURNED_AWAY = {"greylisting.example": 1, "overloaded.example": 2}
delivered: dict[str, str] = {}


def hand_over(to: str, subject: str, message_id: str, attempt: int) -> None:
    """A stand-in for a mail server, with its moods."""
    time.sleep(0.03)
    user, _, domain = to.partition("@")
    if user == "nobody":
        raise PermanentError("550 no such mailbox")
    if attempt <= TURNED_AWAY.get(domain, 0):
        raise ConnectionRefusedError("450 busy: come back later")
    delivered.setdefault(message_id, subject)  # what comes twice is kept once
