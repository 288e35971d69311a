"""What docs/ has from the code is what the code says now: `make generated` writes it anew."""

from tests.generated import DOCS, generated, present


def test_every_generated_file_is_current() -> None:
    """Nothing is out of date, nothing is missing, and nothing is left over."""
    files = generated()
    old = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left_over = present() - files.keys()
    assert not [str(path.relative_to(DOCS)) for path in (*old, *left_over)], "run `make generated`"
