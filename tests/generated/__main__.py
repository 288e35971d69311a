"""`make generated`."""

from tests.generated import generated, present

files = generated()
for path, text in files.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
for path in present() - files.keys():
    path.unlink()
print(f"{len(files)} files are as the code wants them")
