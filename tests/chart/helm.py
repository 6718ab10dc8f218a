"""The chart rendered by Helm's own engine, which the wheel helm-python-sdk brings as a library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

if find_spec("helm_python") is None and "CI" not in os.environ:
    pytest.skip("helm-python-sdk has no wheel for this kind of machine", allow_module_level=True)

from helm_python import Chart, HelmError, lint

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "gongkai"
WRITABLE: Final = "/tmp"  # noqa: S108  # the one folder a container may write
RELEASE: Final = "gongkai"
_INFORMATION: Final = 1
NAMESPACE: Final = "disclosure"

REQUIRED: Final[Mapping[str, Any]] = {
    "image": {"repository": "registry.example.gov.cn/gongkai"},
    "nats": {"url": "nats://nats.messaging:4222"},
    "content": {"url": "s3://gongkai/content", "secret": "gongkai-content"},
    "portal": {"publicUrl": "https://gongkai.example.gov.cn"},
}
"""What an installation must write; everything else has a default."""

EVERYTHING: Final[Mapping[str, Any]] = {
    "image": {"pullSecrets": ["pull"], "digest": f"sha256:{'0' * 64}"},
    "content": {"region": "cn-north-1", "endpoint": "http://minio.storage:9000"},
    "portal": {
        "trustedProxies": ["10.0.0.0/8", "fd00::/8"],
        "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
        "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls", "annotations": {"a": "b"}},
    },
    "settings": {"listen": "podIP"},
    "notify": {
        "email": {"enabled": True, "from": "gongkai@example.gov.cn"},
        "sms": {"enabled": True, "sign": "示例市政务公开"},
        "wechat": {"enabled": True, "appId": "wx0123456789abcdef"},
    },
    "networkPolicy": {
        "portalFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "metricsFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
    },
    "serviceAccount": {"annotations": {"a": "b"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "scheduling": {
        "nodeSelector": {"zone": "a"},
        "tolerations": [{"key": "only", "operator": "Exists"}],
        "priorityClassName": "high",
    },
}
"""Every switch thrown."""


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Values laid over each other, the later ones on top, as several ``-f`` do."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            both = isinstance(value, Mapping) and isinstance(below, Mapping)
            result[key] = merged(below, value) if both and below is not None else value
    return result


def render(*layers: Mapping[str, Any]) -> list[Object]:
    """The objects of the chart for the required values and these on top.

    Raises:
        HelmValuesError: the schema refuses the values.
        HelmRenderError: the templates do.
    """
    with Chart.load(CHART) as chart:
        values = merged(REQUIRED, *layers)
        files = chart.render(values, name=RELEASE, namespace=NAMESPACE, is_install=True)
    return [
        found
        for name, text in files.items()
        if name.endswith(".yaml")
        for found in yaml.safe_load_all(text)
        if found
    ]


def refusal(*layers: Mapping[str, Any]) -> str:
    """What Helm says of values it refuses; empty for values it takes."""
    try:
        render(*layers)
    except HelmError as refused:
        return str(refused)
    return ""


def complaints(*layers: Mapping[str, Any]) -> list[str]:
    """What ``helm lint --strict`` finds: warnings and errors."""
    report = lint(CHART, merged(REQUIRED, *layers), strict=True)
    return [
        *report["errors"],
        *(one["error"] for one in report["messages"] if one["severity"] > _INFORMATION),
    ]


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Name and specification of every pod that the objects would make."""
    for one in objects:
        if one["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """The objects of a kind by name."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}
