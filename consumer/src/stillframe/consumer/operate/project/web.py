"""The web side: freeze the request, submit the task, answer 202."""

from fastapi import FastAPI
from stillframe.producer import Producer
from stillframe.producer.fastapi import RequestProducer, install_errors, lifespan

from tasks import Email, send_email

app = FastAPI(title="mailer", lifespan=lifespan(Producer()))
install_errors(app)  # a full queue is answered 503, an email too large 413


@app.post("/emails", status_code=202)
async def create(email: Email, tasks: RequestProducer) -> dict[str, str]:
    """Answer once Kafka has acknowledged the task: from then on it is never lost."""
    receipt = await tasks.asubmit(send_email, email)
    return {"task_id": receipt.task_id}
