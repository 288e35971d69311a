"""Every exception that Stillframe raises on purpose, as one tree.

.. code-block:: text

    StillframeError
    ├── DefinitionError           a task type, topic or handler is declared wrongly (ValueError)
    ├── FrozenError               a write to something frozen, or a value that cannot be frozen (TypeError)
    ├── SettingsError             a setting is unknown, refused or out of range (ValueError)
    ├── EncodeError               a task cannot be put on the wire (ValueError)
    │   └── PayloadTooLarge       the encoded task or the captured body is over its limit: answer 413
    ├── DecodeError               a record is not a task of ours; it belongs in the dead-letter topic
    │   ├── MalformedRecord       no value, not JSON, too large, too deep, or not the envelope
    │   ├── UnsupportedVersion    the envelope's `schema` is not one that this release reads
    │   ├── UnknownTaskType       nobody registered the task's type here
    │   ├── InvalidPayload        the payload does not fit the task type's model
    │   └── InvalidHeaders        a header contradicts the value, or a delivery header is forged
    ├── BodyIncomplete            the body to capture did not arrive whole, or nobody knows whether it has
    ├── RequestInvalid            the body of a request does not fit the payload's model: answer 422
    ├── SubmitError               the producer could not hand a task to Kafka
    │   ├── SubmitRejected        the local queue stayed full past the deadline: answer 503
    │   │   └── ProducerClosed    the producer was closed before there was a place
    │   ├── SubmitFailed          the broker refused the task; it is not in the log
    │   ├── SubmitUnknown         no report in time; the task may still arrive
    │   └── SubmitIncomplete      some tasks of a submit_many were not acknowledged; it names each
    ├── WorkerError               the worker refuses to start or cannot go on
    │   ├── UnsafeTopics          a topic is missing or configured so that tasks could be lost
    │   ├── BrokerUnreachable     nothing answered at the bootstrap servers
    │   ├── FatalClientError      librdkafka says that this client can do nothing more
    │   ├── StuckHandlers         too many handlers outlived their timeouts: it drains and ends
    │   └── CrashedHandler        a handler asked the process to end: it drains and does
    ├── CommandError              a command of the CLI cannot do what it was asked for
    │   └── Refused               the broker does not allow what the command asks of it
    ├── HandlerProcessError       what an attempt fails with whose handler has a process to itself
    │   ├── HandlerFailed         the handler raised an error there
    │   └── ProcessDied           the process ended before the handler did
    └── TaskError                 what a handler raises to say how its failure is to be treated
        ├── PermanentError        retrying cannot help: dead-letter now
        └── TransientError        retrying may help, whatever the classification says
            └── RetryAfter        … after so many seconds, or at that time

No message of these errors quotes a payload, a header value or a body.
"""

from __future__ import annotations


class StillframeError(Exception):
    """The root: catch it to catch everything Stillframe raises on purpose."""


class DefinitionError(StillframeError, ValueError):
    """A task type, topic, group or handler is declared wrongly. Raised where it is declared."""


class FrozenError(StillframeError, TypeError):
    """A write to something frozen, or a value that cannot be frozen."""


class SettingsError(StillframeError, ValueError):
    """A setting is unknown, refused by name, or out of range. The message names the cure."""


class EncodeError(StillframeError, ValueError):
    """The task cannot be put on the wire."""


class PayloadTooLarge(EncodeError):
    """The encoded task, or the request body to capture, is over its limit. Nothing was produced.

    Attributes:
        size: bytes found (a lower bound while a body is still being received).
        limit: bytes allowed.
    """

    def __init__(self, what: str, *, size: int, limit: int) -> None:
        super().__init__(f"{what} is {size} bytes or more, the limit is {limit}")
        self.what = what
        self.size = size
        self.limit = limit

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_too_large, (self.what, self.size, self.limit)


def _rebuild_too_large(what: str, size: int, limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(what, size=size, limit=limit)


class DecodeError(StillframeError, ValueError):
    """The record is not a task this release can run. Its bytes belong in the dead-letter topic."""


class MalformedRecord(DecodeError):
    """No value, not JSON, too large, too deep, or not the task envelope."""


class UnsupportedVersion(DecodeError):
    """The envelope's ``schema`` is not a version that this release reads. It is never guessed at."""


class UnknownTaskType(DecodeError):
    """The task's type is not registered where it was received."""


class InvalidPayload(DecodeError):
    """The payload does not fit the task type's model. Fields are named, their values never."""


class InvalidHeaders(DecodeError):
    """A header contradicts the value it repeats, or a delivery header is malformed or out of range."""
