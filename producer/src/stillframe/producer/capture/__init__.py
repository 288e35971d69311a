"""From a web request to a snapshot: what is taken, what never is, and how it is put together.

Nothing here imports a web framework; :mod:`stillframe.producer.asgi` and ``wsgi``, ``fastapi``,
``flask`` and ``django`` beside them bring the requests.
"""

from stillframe.producer.capture.policy import DEFAULT_HEADERS, Capture

__all__ = ["DEFAULT_HEADERS", "Capture"]
