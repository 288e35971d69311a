"""Build manifests as `kubectl apply -k` would."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

Manifest = dict[str, Any]

K8S = Path(__file__).parents[2] / "k8s"
#: Kustomize comes with it. It is locked with the other tools: without it these tests fail, wherever they run.
KUBECTL = Path(sys.executable).with_name("kubectl")


def build(folder: Path) -> list[Manifest]:
    """What kustomize makes of a folder. A warning of its is an error."""
    ran = subprocess.run(
        [KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )
    assert (ran.returncode, ran.stderr) == (0, ""), f"kustomize says of {folder}: {ran.stderr}"
    return list(yaml.safe_load_all(ran.stdout))


@cache
def built() -> tuple[Manifest, ...]:
    """The base. Not to be changed by a test: others have the same."""
    return tuple(build(K8S / "base"))


@cache
def with_component(name: str) -> tuple[Manifest, ...]:
    """The base with one of the components."""
    overlay = yaml.safe_dump({"resources": ["../base"], "components": [f"../components/{name}"]})
    return tuple(overlaid("overlay", {"k8s/overlay/kustomization.yaml": overlay}))


def overlaid(folder: str, files: Mapping[str, str]) -> list[Manifest]:
    """What kustomize makes of a folder of k8s/ once these files are there, in a copy of it."""
    with TemporaryDirectory() as copy:
        shutil.copytree(K8S, Path(copy, "k8s"))
        for name, text in files.items():
            path = Path(copy, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return build(Path(copy, "k8s", folder))


def only(kind: str, manifests: Iterable[Manifest]) -> Manifest:
    """The one of that kind."""
    [manifest] = [each for each in manifests if each["kind"] == kind]
    return manifest
