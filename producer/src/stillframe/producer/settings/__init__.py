"""Settings: code over ``STILLFRAME_*`` variables over a file; librdkafka's properties pass through."""

from stillframe.producer.settings.connection import ConnectionSettings
from stillframe.producer.settings.librdkafka import build
from stillframe.producer.settings.producer import ProducerSettings
from stillframe.producer.settings.transport import check_transport
from stillframe.producer.settings.unknown import unknown_file_keys, unknown_variables

__all__ = [
    "ConnectionSettings",
    "ProducerSettings",
    "build",
    "check_transport",
    "unknown_file_keys",
    "unknown_variables",
]
