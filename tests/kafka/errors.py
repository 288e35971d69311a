"""The one error that the fixtures turn into a skip."""


class NoKafka(Exception):
    """There is no real broker to be had on this machine; the text says what is missing."""
