"""The example in Go writes the records of the test vectors, captures no secret, and answers 503 in time when no
broker answers: its own tests say so."""

from tests.golang import go


def test_its_own_tests_pass() -> None:
    # Vetting would compile a quarter more, and finds nothing that these tests are for.
    assert go("test", "-vet=off", "./...").count("ok  ") == 2
