"""The worker side: do what was accepted, later, and as often as it takes."""

from stillframe.consumer import PermanentError, Retry, TaskContext, Worker

from tasks import Email, send_email

worker = Worker(group="mailer")


@worker.task(send_email, retry=Retry(max_attempts=6), timeout=30)
def deliver(email: Email, context: TaskContext) -> None:
    """Send one email.

    What this raises is tried again, after 2 to 3 s, then 4 to 5 s and so on; but a
    PermanentError goes to the dead-letter topic at once. A task may run twice: its id,
    the same each time, says so.
    """
    if "@" not in email.to:
        raise PermanentError("no such mailbox")
    hand_over(email, context.task_id)


def hand_over(email: Email, message_id: str) -> None:
    """Stands for a mail server, which recognises by its id what it has already."""
    print(f"to {email.to}: {email.subject} ({message_id})", flush=True)
