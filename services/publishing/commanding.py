"""A command of the staff, done once: look up, decide, write view rows, append; all in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.content.store import Blob
from gongkai.eventstore.errors import AppendBusy, CommandRaced, VersionConflict
from gongkai.eventstore.ledger import Entry, fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Refusal
from gongkai.security.permissions import Staff
from services.publishing.domain.reasons import reason
from services.publishing.handlers import Deciding
from services.publishing.views.drafts import write_drafts
from services.publishing.views.records import Change, write_records

_TRIES: Final = 5

Outcome = dict[str, Any]
"""What is remembered of a command's answer: ids, versions and what is public. Never a draft's text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and under which id."""

    staff: Staff
    command_id: str

    @property
    def actor(self) -> str:
        """Who is answerable."""
        return f"staff:{self.staff.id}"

    @property
    def ledger_id(self) -> str:
        """The id in the ledger. An organ's begins with its code, which has no colon: the two never meet."""
        return f"{self.actor}/{self.command_id}"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a command leads to."""

    outcome: Outcome
    writes: Sequence[StreamWrite] = ()
    changes: Sequence[Change] = ()
    """Of the records that are written."""
    blobs: Sequence[Blob] = ()
    """Bodies to be stored."""


async def carry_out(
    world: Deciding,
    asked: Asked,
    what: Mapping[str, Any],
    decide: Callable[[AsyncConnection], Awaitable[Decided]],
) -> Outcome:
    """Do a command once; one that raced with another is decided anew on what the other left.

    Args:
        world: what deciding needs.
        asked: who asks.
        what: everything that was asked; the same id with other contents is refused.
        decide: decides, in the transaction.

    Raises:
        Refusal: with every reason, or because the id was used for another command.
        VersionConflict, CommandRaced, AppendBusy: again and again; the same command may be given once more.
    """
    for left in reversed(range(_TRIES)):
        try:
            async with world.engine.begin() as conn:
                return await _once(world, conn, asked, fingerprint(dict(what)), decide)
        except (VersionConflict, CommandRaced, AppendBusy):
            if not left:
                raise
    raise AssertionError("unreachable")


async def _once(
    world: Deciding,
    conn: AsyncConnection,
    asked: Asked,
    mark: bytes,
    decide: Callable[[AsyncConnection], Awaitable[Decided]],
) -> Outcome:
    known = (await world.ledger.find(conn, [asked.ledger_id])).get(asked.ledger_id)
    if known is not None:
        if known.fingerprint != mark:
            raise Refusal(reason("command.reused"))
        return known.outcome
    decided = await decide(conn)
    # The order is that of a departmental batch: contents, ledger, views, and last the lock and the events.
    if decided.blobs:
        await world.contents.put_many(conn, decided.blobs)
    await world.ledger.record(conn, [Entry(asked.ledger_id, asked.actor, mark, decided.outcome)])
    await write_records(conn, decided.changes)
    numbered = [
        (event, write.expected_version + place)
        for write in decided.writes
        for place, event in enumerate(write.events, start=1)
    ]
    await write_drafts(conn, numbered)
    if numbered:
        await world.store.append(conn, decided.writes, actor=asked.actor, command_id=asked.ledger_id)
    return decided.outcome
