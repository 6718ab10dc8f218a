"""The Kubernetes Secrets and ConfigMaps that the chart refers to, made from a folder of keys.

Each service's Secret holds what that service may know and no more. The operator's private key and the NATS operator's
seed are in none of them: they stay in the folder, which is kept off the cluster.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from gongkai.messaging import auth
from gongkai.messaging.issuing import SYSTEM, credentials_file, issue_credentials
from gongkai.security.keys import OPERATOR, PREVIOUS, create_keys

STORING: Final = ("catalog", "publishing", "requests", "search", "notify", "oversight")
"""The services with a database, a NATS user and a gRPC server of their own."""
SERVICES: Final = (*STORING, "portal")
WITH_MASTER_KEY: Final = frozenset({"catalog", "publishing", "requests", "notify"})
"""Those that keep content or personal data."""

_NATS_PLACE: Final = auth.ServerPlace(
    store=Path("/data"),
    port=4222,
    host="0.0.0.0",  # noqa: S104  # a pod's own address; who reaches it is for the network policy to say
    leaf_port=7422,
    monitor_port=8222,
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A Secret, or a ConfigMap where nothing in it is secret."""

    name: str
    files: Mapping[str, str]
    """Key of the object → text."""
    secret: bool = True

    def as_object(self) -> dict[str, object]:
        """The Kubernetes object."""
        head: dict[str, object] = {
            "apiVersion": "v1",
            "kind": "Secret" if self.secret else "ConfigMap",
            "metadata": {"name": self.name, "labels": {"app.kubernetes.io/part-of": "gongkai"}},
        }
        if not self.secret:
            return {**head, "data": dict(self.files)}
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in self.files.items()}
        return {**head, "type": "Opaque", "data": encoded}


def manifests(folder: Path, prefix: str, at: datetime) -> Iterator[Manifest]:
    """The objects for the keys in ``folder``; keys that are missing are created there, what exists stays.

    Args:
        folder: laid out like the embedded default's ``keys`` folder (`gongkai.security.keys`), with ``nats/`` inside.
        prefix: of every object's name; the chart's default references begin with ``gongkai``.
        at: now.
    """
    create_keys(folder, services=SERVICES)
    nats = auth.create_keys(folder / "nats", at)
    issue_credentials(nats, at)
    yield Manifest(f"{prefix}-public-keys", _public_keys(folder), secret=False)
    for name in SERVICES:
        yield Manifest(f"{prefix}-{name}", _identity(folder, nats, name))
    users = {f"{user}.creds": _text(credentials_file(nats, user)) for user in ("admin", SYSTEM)}
    yield Manifest(f"{prefix}-provisioning", users)
    yield Manifest(
        f"{prefix}-nats-server", {"server.conf": auth.nats_config(nats, _NATS_PLACE, at)}, secret=False
    )


def _public_keys(folder: Path) -> dict[str, str]:
    """Each holder's public key and, between a rotation and its end, the one before."""
    places = {OPERATOR: folder, **dict.fromkeys(SERVICES, folder / "services")}
    files = [place / f"{name}{suffix}" for name, place in places.items() for suffix in (".pub", PREVIOUS)]
    return {path.name: _text(path) for path in files if path.exists()}


def _identity(folder: Path, nats: auth.NatsKeys, name: str) -> dict[str, str]:
    files = {"service.key": _text(folder / "services" / f"{name}.key")}
    if name in STORING:
        files["nats.creds"] = _text(credentials_file(nats, name))
    if name in WITH_MASTER_KEY:
        files["master.key"] = _text(folder / "master.key")
    return files


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii")
