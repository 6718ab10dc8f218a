"""Credentials of every user of the topology, as files beside the NATS keys."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

from gongkai.messaging.auth import NatsKeys, service_credentials, system_credentials
from gongkai.messaging.jwt import write_secret
from gongkai.messaging.topology import load_topology

SYSTEM: Final = "system"
"""The user of the system account; the topology does not list it."""


def credentials_file(keys: NatsKeys, user: str) -> Path:
    """Where a user's credentials are kept."""
    return keys.folder / f"{user}.creds"


def issue_credentials(keys: NatsKeys, at: datetime) -> Collection[str]:
    """Make the credentials that are missing, and all of them again when the topology has changed.

    A user's JWT carries its permissions: after a change of the topology a service needs a new one. The old ones stay
    valid until they are revoked.

    Returns:
        The users with new credentials.
    """
    topology = load_topology()
    text = files("gongkai.messaging").joinpath("topology.yaml").read_bytes()
    mark = keys.folder / "topology.sha256"
    digest = hashlib.sha256(text).hexdigest()
    current = mark.exists() and mark.read_text(encoding="ascii") == digest
    issued = [name for name in topology.users if not (current and credentials_file(keys, name).exists())]
    for name in issued:
        write_secret(credentials_file(keys, name), service_credentials(keys, topology, name, at).text)
    if not credentials_file(keys, SYSTEM).exists():
        write_secret(credentials_file(keys, SYSTEM), system_credentials(keys, at).text)
        issued.append(SYSTEM)
    write_secret(mark, digest)
    return issued
