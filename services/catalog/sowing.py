"""The first start: the seed files become commands, each with an id of its own, done once for ever.

A second start finds every id in the ledger and appends nothing. What an operator changed later is never undone: a
seed command is the first knowledge of a thing, and corrections are commands of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import CommandRaced, VersionConflict
from gongkai.eventstore.ledger import Entry, fingerprint
from gongkai.eventstore.store import Append, StreamWrite
from services.catalog.bases.first import first_bases
from services.catalog.domain import calendars, divisions, rules
from services.catalog.domain.divisions import Division
from services.catalog.domain.domains import registered
from services.catalog.editions.first import first_catalogues
from services.catalog.handlers import Office
from services.catalog.seed.reading import Seed
from services.catalog.views import writing

SEED_ACTOR: Final = "system:seed"


@dataclass(frozen=True, slots=True)
class _Sown:
    """A seed command with what it leads to."""

    command_id: str
    events: Sequence[tuple[str, Sequence[DomainEvent]]]
    """Stream and events; every stream is new."""


async def sow(office: Office, seed: Seed) -> int:
    """Do every seed command that was never done; returns how many events were appended.

    Everything happens in one transaction. A thing that exists already, because an operator entered it, is left
    alone and its seed command is recorded as done.

    Raises:
        Refusal: a seed file contradicts the domain's rules; nothing is appended.
        CommandRaced: another replica is sowing; nothing was done twice.
    """
    async with office.engine.begin() as conn:
        sown = _decide(seed)
        known = await office.ledger.find(conn, (each.command_id for each in sown))
        fresh = [each for each in sown if each.command_id not in known]
        appends = await _new_things(office, conn, fresh)
        mark = fingerprint({"seed": True})
        entries = [Entry(each.command_id, SEED_ACTOR, mark, {}) for each in fresh]
        await office.ledger.record(conn, entries)
        await writing.apply(conn, [write for append in appends for write in append.writes])
        return len(await office.store.append_batch(conn, appends))


async def sow_once(office: Office, seed: Seed) -> int:
    """Sow, and where another replica was faster, see that nothing is left to do."""
    try:
        return await sow(office, seed)
    except (CommandRaced, VersionConflict):
        return await sow(office, seed)


async def _new_things(office: Office, conn: AsyncConnection, fresh: Sequence[_Sown]) -> list[Append]:
    streams = (stream for each in fresh for stream, _ in each.events)
    histories = await office.store.load_many(conn, streams)
    return [
        Append(
            [StreamWrite(stream, 0, events) for stream, events in each.events if not histories[stream]],
            SEED_ACTOR,
            each.command_id,
        )
        for each in fresh
    ]


def _decide(seed: Seed) -> list[_Sown]:
    return [
        *_divisions(seed),
        *_calendars(seed),
        *_rules(seed),
        *_domains(seed),
        *_bases(seed),
        *_catalogues(seed),
    ]


def _divisions(seed: Seed) -> list[_Sown]:
    known: dict[str, Division] = {}
    sown = []
    for command in seed.divisions:
        events = divisions.decide(None, command, known.get(command.parent or ""))
        known[command.code] = Division(command.code, command.name, command.level, command.parent)
        sown.append(_sown("division", command.code, events))
    return sown


def _calendars(seed: Seed) -> list[_Sown]:
    return [
        _sown("calendar", str(command.year), calendars.decide(None, command)) for command in seed.calendars
    ]


def _rules(seed: Seed) -> list[_Sown]:
    return [_sown("rule", command.code, rules.decide((), command)) for command in seed.rules]


def _domains(seed: Seed) -> list[_Sown]:
    return [_sown("domain", domain.code, [registered(domain)]) for domain in seed.domains]


def _bases(seed: Seed) -> list[_Sown]:
    return [_sown("basis", event.basis, [event]) for event in first_bases(seed.bases)]


def _catalogues(seed: Seed) -> list[_Sown]:
    if not seed.matters:
        return []
    sown = first_catalogues(seed)
    return [_Sown(f"seed:catalogue:{name}", list(streams.items())) for name, streams in sown.items()]


def _sown(thing: str, identity: str, events: Sequence[DomainEvent]) -> _Sown:
    stream = f"{thing}:{identity}"
    return _Sown(f"seed:{stream}", [(stream, events)] if events else [])
