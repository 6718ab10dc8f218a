"""One function a command: look up, load, decide, write view rows, append; all in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.content.store import ContentStore
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.serving.clock import Clock, Ids


def _nobody() -> None:
    """Tell nobody: whoever follows the log looks by itself."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler works with."""

    engine: AsyncEngine
    store: EventStore
    ledger: CommandLedger
    vault: Vault
    contents: ContentStore
    clock: Clock
    ids: Ids
    code_key: bytes
    """Makes query codes, and the marks by which a repeated command is known."""
    appended: Callable[[], None] = _nobody
    """Told after each commit that the log has grown: a hint for the relay and the reactor."""
