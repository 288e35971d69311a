"""Snapshots in Django: an app, two middlewares, and ``submit(request, …)`` in views that are sync or async.

.. code-block:: python

    INSTALLED_APPS = [..., "stillframe.producer.django"]     # checks the settings
    MIDDLEWARE = [
        "stillframe.producer.django.SnapshotMiddleware",     # early: it notes when the request came
        ...,
        "stillframe.producer.django.ErrorsMiddleware",       # late: it answers for the views
    ]
    STILLFRAME = {"PRODUCER": Producer(), "CAPTURE": Capture(body=65_536)}  # either may be left out
"""

try:
    import django  # noqa: F401 - only to say what is missing
except ImportError as error:
    raise ImportError("stillframe.producer.django needs Django: pip install 'stillframe-producer[django]'") from error

from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.payload import RequestInvalid
from stillframe.producer.django.middleware import ErrorsMiddleware, SnapshotMiddleware
from stillframe.producer.django.settings import producer
from stillframe.producer.django.snapshots import asnapshot_of, payload_of, snapshot_of
from stillframe.producer.django.submitting import asubmit, bound, submit, submit_on_commit

__all__ = [
    "DEFAULT_HEADERS",
    "Capture",
    "ErrorsMiddleware",
    "RequestInvalid",
    "SnapshotMiddleware",
    "asnapshot_of",
    "asubmit",
    "bound",
    "payload_of",
    "producer",
    "snapshot_of",
    "submit",
    "submit_on_commit",
]
