"""`stillframe new` writes a whole project into an empty folder, or says why not and leaves everything as it was."""

from pathlib import Path, PurePosixPath

import pytest

from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.new import name_of, project, write

FILES = {PurePosixPath("a.py"): "a", PurePosixPath("tests/b.py"): "b"}


def written(folder: Path) -> dict[str, str]:
    return {str(each.relative_to(folder)): each.read_text() for each in sorted(folder.rglob("*")) if each.is_file()}


def test_a_project_has_its_own_name_everywhere() -> None:
    contents = {str(path): text for path, text in project("shop", "1.2.3").items()}
    assert 'Worker(group="shop")' in contents["worker.py"]
    assert 'topic="shop-emails"' in contents["tasks.py"]
    assert "stillframe-consumer~=1.2.3" in contents["pyproject.toml"]
    assert {
        ".env.example",
        ".gitignore",
        "Makefile",
        "README.md",
        "tests/test_web.py",
        "tests/test_worker.py",
        "web.py",
    } < (contents.keys())
    left = [path for path, text in contents.items() if "mailer" in text or "RELEASE" in text]
    assert left == []


@pytest.mark.parametrize("exists", [False, True])
def test_it_is_written_into_a_new_or_an_empty_folder(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "somewhere" / "shop"
    if exists:
        folder.mkdir(parents=True)
    write(folder, FILES)
    assert written(folder) == {"a.py": "a", "tests/b.py": "b"}


@pytest.mark.parametrize("name", ["notes.txt", ".git/config"])
def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(CommandError, match="is not empty: nothing was written") as raised:
        write(tmp_path, FILES)
    assert raised.value.__notes__ == ["name a new folder"]
    assert written(tmp_path) == {name: "mine"}


def test_a_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("mine")
    with pytest.raises(CommandError, match="cannot be written .*: nothing was left there"):
        write(tmp_path / "shop", FILES)
    assert (tmp_path / "shop").read_text() == "mine"


def test_a_folder_that_cannot_be_read_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it holds: it is an error, in one line, and nothing of it is touched."""
    (tmp_path / "notes.txt").write_text("mine")

    def forbidden(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", forbidden)
        with pytest.raises(CommandError, match="Permission denied"):
            write(tmp_path, FILES)
    assert written(tmp_path) == {"notes.txt": "mine"}


@pytest.mark.parametrize("exists", [False, True])
def test_a_disk_that_is_full_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    folder = tmp_path / "somewhere" / "shop"
    if exists:
        folder.mkdir(parents=True)
    kept = Path.write_text

    def full(path: Path, text: str, encoding: str | None = None) -> int:
        if path.name == "b.py":
            raise OSError(28, "No space left on device")
        return kept(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CommandError, match="No space left on device"):
        write(folder, FILES)
    assert sorted(each.name for each in tmp_path.rglob("*")) == (["shop", "somewhere"] if exists else [])


def test_what_others_write_there_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, kept = tmp_path / "shop", Path.write_text

    def full(path: Path, text: str, encoding: str | None = None) -> int:
        if path.name == "b.py":
            kept(folder / "notes.txt", "mine")
            raise OSError(28, "No space left on device")
        return kept(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CommandError, match="No space left on device"):
        write(folder, FILES)
    assert written(folder) == {"notes.txt": "mine"}


@pytest.mark.parametrize("name", ["shop", "Shop.2", "s", "a-b_c", "x" * 64])
def test_names_that_a_project_can_have(name: str) -> None:
    assert name_of(Path("/somewhere") / name) == name


@pytest.mark.parametrize("name", ["my shop", "-shop", "shop-", "größe", "x" * 65, "a$b", ".shop", 'a"b'])
def test_names_that_a_project_cannot_have(name: str) -> None:
    with pytest.raises(CommandError, match="cannot name a project") as raised:
        name_of(Path("/somewhere") / name)
    assert "letters, digits" in raised.value.__notes__[0]


def test_the_working_directory_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert name_of(Path()) == "shop"
