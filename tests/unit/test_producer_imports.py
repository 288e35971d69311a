"""What an import brings with it: no web framework that the application does not use."""

import subprocess
import sys

import pytest

FRAMEWORKS = {"fastapi", "starlette", "flask", "werkzeug", "django", "asgiref", "sqlalchemy", "uvicorn"}


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("module", "brings"),
    [
        ("stillframe.producer", set()),
        ("stillframe.producer.asgi", set()),
        ("stillframe.producer.wsgi", set()),
        ("stillframe.producer.problem", set()),
        ("stillframe.producer.fastapi", {"fastapi", "starlette"}),
        ("stillframe.producer.flask", {"flask", "werkzeug"}),
        ("stillframe.producer.django", {"django", "asgiref"}),
        ("stillframe.producer.sqlalchemy", {"sqlalchemy"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_other_web_framework_is_imported(module: str, brings: set[str]) -> None:
    """A worker, or a web application of another kind, does not pay for it."""
    found = printed(f"import sys, {module}; print(*sorted({FRAMEWORKS} & set(sys.modules)))")
    assert set(found.split()) - {"asgiref"} == brings - {"asgiref"}  # Flask takes it along where it is there


@pytest.mark.parametrize("framework", ["fastapi", "flask", "django", "sqlalchemy"])
def test_without_the_framework_the_import_says_what_to_install(framework: str) -> None:
    """The extra is named."""
    code = (
        f"import sys; sys.modules[{framework!r}] = None\n"
        f"try: import stillframe.producer.{framework}\nexcept ImportError as error: print(error)"
    )
    assert f"pip install 'stillframe-producer[{framework}]'" in printed(code)


def test_django_needs_no_settings_to_be_imported() -> None:
    """A settings module may import from it, and so may what runs before ``django.setup()``."""
    assert printed("import stillframe.producer.django as d; print(d.Capture().body)") == "False"
