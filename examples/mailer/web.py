"""The web side: freeze the request, submit the task, answer 202."""

from fastapi import FastAPI

from examples.mailer.tasks import Email, send_email
from stillframe.producer import Producer
from stillframe.producer.fastapi import FrozenRequest, install_errors

app = FastAPI(title="mailer")
install_errors(app)  # a full queue answers 503, an email that is too large 413
producer = Producer()  # settings from STILLFRAME_* variables; it connects at the first submission


@app.post("/emails", status_code=202)
async def create(email: Email, snapshot: FrozenRequest) -> dict[str, str]:
    """Answer once the broker has acknowledged the task: from then on it is never lost."""
    receipt = await producer.asubmit(send_email, email, snapshot=snapshot)
    return {"task_id": receipt.task_id}
