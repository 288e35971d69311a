"""The chaos journals: what is whole is read, by time, from every process."""

from pathlib import Path

from tests.chaos.journal import Journal, read


def test_rows_of_all_processes_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    """Each with its process's name."""
    one, other = Journal(tmp_path, "one"), Journal(tmp_path, "other")
    for number in range(3):
        one.write("said", number=number)
        other.write("heard", number=number)
    told = [(row["process"], row["kind"], row["number"]) for row in read(tmp_path)]
    assert told == [pair for n in range(3) for pair in (("one", "said", n), ("other", "heard", n))]


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    """The rest of it will be there at the next reading."""
    Journal(tmp_path, "one").write("whole")
    with (tmp_path / "one.jsonl").open("ab") as file:
        file.write(b'{"kind":"ha')
    assert [row["kind"] for row in read(tmp_path)] == ["whole"]


def test_a_second_life_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    """A journal is appended to, never begun anew."""
    Journal(tmp_path, "one").write("before")
    Journal(tmp_path, "one").write("after")
    assert [row["kind"] for row in read(tmp_path)] == ["before", "after"]
