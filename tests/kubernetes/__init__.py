"""The manifests of k8s/: built by the real kustomize, and judged by the schemas of Kubernetes and KEDA."""

from tests.kubernetes.kustomize import K8S, Manifest, build, built, only, overlaid, with_component
from tests.kubernetes.schemas import faults

__all__ = ["K8S", "Manifest", "build", "built", "faults", "only", "overlaid", "with_component"]
