"""For WSGI servers."""

from typing import Any

from flask import Flask

from stillframe.producer.flask import Stillframe, install_errors, payload_of
from tests.producing import Email
from tests.web.apps import PRODUCER, SEND, accepted

app = Flask(__name__)
stillframe = Stillframe(app, producer=PRODUCER)
install_errors(app)


@app.post("/emails")
def create() -> tuple[dict[str, Any], int]:
    return accepted(stillframe.submit(SEND, payload_of(Email)).task_id), 202
