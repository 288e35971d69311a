"""What web.py and worker.py share: the task types. It imports no Kafka."""

from pydantic import BaseModel
from stillframe.schemas import TaskType


class Email(BaseModel):
    to: str
    subject: str


# Emails to one address are sent in the order in which they were asked for,
# all others side by side.
send_email = TaskType(
    "send_email", Email, topic="mailer-emails", key=lambda email: email.to
)
