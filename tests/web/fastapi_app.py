"""For ASGI servers."""

from typing import Any

from fastapi import FastAPI

from stillframe.producer.fastapi import RequestProducer, install_errors, lifespan
from tests.producing import Email
from tests.web.apps import PRODUCER, SEND, accepted

app = FastAPI(lifespan=lifespan(PRODUCER))
install_errors(app)


@app.post("/emails", status_code=202)
async def create(email: Email, tasks: RequestProducer) -> dict[str, Any]:
    return accepted((await tasks.asubmit(SEND, email)).task_id)
