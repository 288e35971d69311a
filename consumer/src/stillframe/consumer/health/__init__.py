"""Alive? Ready? Verdicts drawn from the events, and the port on which probes and Prometheus ask."""

from stillframe.consumer.health.listener import Health
from stillframe.consumer.health.server import serve_health
from stillframe.consumer.health.verdict import Verdict

__all__ = ["Health", "Verdict", "serve_health"]
