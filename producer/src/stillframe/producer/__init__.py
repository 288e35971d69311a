"""Submit tasks to Kafka: what a web application installs.

:class:`Producer` submits, :class:`Receipt` says what became of it, :class:`Durability` what that is
worth. ``stillframe.producer.testing`` has a producer without Kafka for an application's own tests.
"""

from stillframe.producer.durability import Durability
from stillframe.producer.errors import (
    PayloadTooLarge,
    ProducerClosed,
    SubmitError,
    SubmitFailed,
    SubmitIncomplete,
    SubmitRejected,
    SubmitUnknown,
)
from stillframe.producer.prepared import Prepared
from stillframe.producer.producer import Producer
from stillframe.producer.receipt import Receipt
from stillframe.producer.settings import ProducerSettings

__all__ = [
    "Durability",
    "PayloadTooLarge",
    "Prepared",
    "Producer",
    "ProducerClosed",
    "ProducerSettings",
    "Receipt",
    "SubmitError",
    "SubmitFailed",
    "SubmitIncomplete",
    "SubmitRejected",
    "SubmitUnknown",
]
