"""What k8s/README.md prints can be copied: its overlays build, are valid, and agree with the worker."""

import re
from pathlib import Path

import pytest

from stillframe.consumer import WorkerSettings
from stillframe.producer.settings import check_transport
from tests.kubernetes import K8S, Manifest, faults, only, overlaid
from tests.kubernetes.agreement import disagreements

PAGE = (K8S / "README.md").read_text(encoding="utf-8")
FILES = re.compile(r"```yaml\n# (k8s/\S+)\n(.*?)```", re.DOTALL)
SETTINGS = re.compile(r"```toml\n# stillframe.toml\n(.*?)```", re.DOTALL)
LINKS = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def overlays() -> list[list[Manifest]]:
    """The overlay as it is printed first, and as it is with credentials."""
    printed = FILES.findall(PAGE)
    assert len(printed) == PAGE.count("```yaml")
    made, files = [], {}
    for name, text in printed:
        files[name] = text
        if name.endswith("kustomization.yaml"):
            made.append(overlaid("production", files))
    return made


def test_the_overlays_are_valid() -> None:
    """To the last field; names, image and settings are where they belong."""
    plain, secured = overlays()
    for manifests in (plain, secured):
        assert [fault for manifest in manifests for fault in faults(manifest)] == []
        assert {manifest["metadata"]["namespace"] for manifest in manifests} == {"mail"}
        pod = only("Deployment", manifests)["spec"]["template"]["spec"]
        assert pod["containers"][0]["image"] == "registry.example.com/mailer:1.4.0"
    assert disagreements(plain) == []


def test_credentials_reach_worker_and_scaler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that is mounted is the one that the settings name, and a login as printed is encrypted."""
    _, manifests = overlays()
    pod = only("Deployment", manifests)["spec"]["template"]["spec"]
    mounted = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    assert f"create secret generic {secrets['kafka']} --from-file=stillframe.toml" in PAGE
    variables = only("ConfigMap", manifests)["data"]
    assert variables["STILLFRAME_CONFIG_FILE"] == f"{mounted['kafka']}/stillframe.toml"

    [text] = SETTINGS.findall(PAGE)
    file = tmp_path / "stillframe.toml"
    file.write_text(text, encoding="utf-8")
    variables["STILLFRAME_CONFIG_FILE"] = str(file)
    assert disagreements(manifests) == []
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = WorkerSettings()
    assert check_transport(settings) is None
    assert settings.consumer_properties("mailer")["ssl.ca.location"] == f"{mounted['kafka']}/ca.crt"

    login = only("TriggerAuthentication", manifests)
    [trigger] = only("ScaledObject", manifests)["spec"]["triggers"]
    assert trigger["authenticationRef"]["name"] == login["metadata"]["name"]
    for each in login["spec"]["secretTargetRef"]:
        assert re.search(rf"--from-(literal|file)={each['key']}=", PAGE)
        assert f"create secret generic {each['name']} " in PAGE


def test_librdkafkas_properties_can_be_literals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A JSON object comes through YAML and kustomize as it was."""
    [literal] = re.findall(r"`('STILLFRAME_KAFKA=[^`]*')`", PAGE)
    name, text = FILES.findall(PAGE)[0]  # it ends with its literals
    variables = only("ConfigMap", overlaid("production", {name: f"{text}  - {literal}\n"}))["data"]
    monkeypatch.setenv("STILLFRAME_KAFKA", variables["STILLFRAME_KAFKA"])
    assert WorkerSettings().group_protocol == "consumer"


def test_a_prefix_keeps_the_scaler_at_its_deployment() -> None:
    """Kustomize renames what it is told of; the base tells it of KEDA's references."""
    overlay = "resources: [../base]\nnamePrefix: eu-\n"
    manifests = overlaid("eu", {"k8s/eu/kustomization.yaml": overlay})
    target = only("ScaledObject", manifests)["spec"]["scaleTargetRef"]["name"]
    assert target == only("Deployment", manifests)["metadata"]["name"] == "eu-mailer-worker"


def test_what_the_page_links_to_exists() -> None:
    """Files and folders of this repository."""
    links = LINKS.findall(PAGE)
    assert len(links) > 8
    assert [link for link in links if not (K8S / link).exists()] == []
