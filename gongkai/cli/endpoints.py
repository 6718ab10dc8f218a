"""Where the parts of a running stack are: reads ``<state>/endpoints.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and key folders of a stack."""

    state: Path
    portal: str
    nats: str
    opensearch: str
    grpc: dict[str, str]
    keys: Path

    def nats_credentials(self, user: str) -> Path:
        """The credentials file of one of the stack's own NATS users."""
        return self.keys / "nats" / f"{user}.creds"

    def organ_credentials(self, code: str) -> Path:
        """Where the credentials of a demo organ are kept."""
        return self.keys / "organs" / f"{code}.creds"


def load_endpoints(state: Path) -> Endpoints:
    """The endpoints of the stack in ``state``; ends the command with advice where there is none."""
    file = state / "endpoints.json"
    if not file.exists():
        typer.echo(
            f"没有找到 {file}：这里没有启动过的 Gongkai。请先运行 make run，或用 --state 指明状态目录。",
            err=True,
        )
        raise typer.Exit(2)
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Endpoints(
        state, stored["portal"], stored["nats"], stored["opensearch"], stored["grpc"], state / "keys"
    )
