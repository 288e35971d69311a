"""The producer's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stillframe.producer.durability import Durability
from stillframe.producer.settings.connection import ConnectionSettings
from stillframe.schemas.wire import MAX_TASK_BYTES

#: Seconds: finite, and within what librdkafka and the operating system can wait.
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class ProducerSettings(ConnectionSettings):
    """How tasks are handed to Kafka.

    Attributes:
        service: name of the submitting service: CloudEvents ``source`` and Kafka's client id.
        durability: what an acknowledgement is worth, unless a call says otherwise.
        queue_size: tasks that may be handed over and not yet reported, per Kafka client.
        queue_timeout: seconds that a full queue blocks a caller before ``SubmitRejected``.
        delivery_timeout: seconds after which a task without a report is ``SubmitUnknown``.
        close_timeout: seconds that closing, also at interpreter exit, waits for reports.
        max_task_bytes: the largest task, as encoded; a larger one is ``PayloadTooLarge``.
    """

    service: str = Field(default="stillframe", min_length=1)
    durability: Durability = Durability.SYNC
    queue_size: int = Field(default=1_000, ge=1, le=1_000_000)
    queue_timeout: Seconds = 1.0
    delivery_timeout: Annotated[Seconds, Field(ge=0.1)] = 30.0
    close_timeout: Seconds = 10.0
    max_task_bytes: int = Field(default=MAX_TASK_BYTES, ge=1, le=900_000_000)
