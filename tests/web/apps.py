"""The same application for Flask, Django and FastAPI: it takes emails, and says which process has taken them.

The topic and all settings come from the environment, as in production.
"""

import os
from typing import Any

from stillframe.producer import Producer
from tests.producing import email_type
from tests.web.watched import be_watched

be_watched()
SEND = email_type(os.environ.get("TOPIC", "emails"))
#: Made at import: before the fork, where the server loads the application before it forks.
PRODUCER = Producer()


def accepted(task_id: str) -> dict[str, Any]:
    return {"task_id": task_id, "process": os.getpid()}
