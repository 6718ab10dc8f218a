"""One function a command on a village's list: lock, load, decide, append; all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.villages import VillageItem
from gongkai.eventstore.ledger import fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.serving.clock import Clock, legal_day
from services.catalog.domain import villagelists as rules
from services.catalog.domain.villagelists import Standard, VillageEvent, VillageList, village_stream
from services.catalog.handlers import Decision, Office, Order, carry_out
from services.catalog.views import villages
from services.catalog.villages.models import identified, model_for, village_kinds


@dataclass(frozen=True, slots=True)
class VillageDesk:
    """What commands and questions on villages' lists work with."""

    office: Office
    clock: Clock
    """Its legal day is the day a list comes into force."""


@dataclass(frozen=True, slots=True)
class Written:
    """A list as an editor sends it."""

    items: Sequence[VillageItem]
    seen: int
    """Version of the list the editor had before them."""
    model: bool = False
    """Begin with the model list instead."""


async def save(desk: VillageDesk, order: Order, village: str, written: Written) -> None:
    """Write the whole draft.

    Raises:
        Refusal: with every reason; somebody else's save since is told in words.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await villages.load_list(conn, village, lock=True)
        standard = await standard_of(conn, village, legal_day(desk.clock()))
        items = model_for(standard.matters) if written.model else list(written.items)
        items = identified(items, [*state.items, *state.published])
        seen = await _seen(conn, desk, state, version, written.seen)
        return _decision(village, version, rules.save(state, items, standard, seen, model=written.model))

    asked = [[item.model_dump(mode="json") for item in written.items], written.seen, written.model]
    await carry_out(desk.office, order, _mark("SaveVillageList", order, village, *asked), decide)


async def propose(desk: VillageDesk, order: Order, village: str, note: str) -> None:
    """Hand the draft to another person."""

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await villages.load_list(conn, village, lock=True)
        standard = await standard_of(conn, village, legal_day(desk.clock()))
        return _decision(village, version, rules.propose(state, order.actor, note, standard))

    await carry_out(desk.office, order, _mark("ProposeVillageList", order, village, note), decide)


async def give_back(desk: VillageDesk, order: Order, village: str, reason: str) -> None:
    """Send the proposed draft back."""

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await villages.load_list(conn, village, lock=True)
        return _decision(village, version, rules.give_back(state, reason))

    await carry_out(desk.office, order, _mark("ReturnVillageList", order, village, reason), decide)


async def publish(desk: VillageDesk, order: Order, village: str, seen: int) -> int:
    """Confirm the proposed draft: in force today; gives its number.

    Args:
        desk: what it works with.
        order: who confirms.
        village: whose list.
        seen: version of the draft that was looked at; 0 to publish it as it is.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await villages.load_list(conn, village, lock=True)
        standard = await standard_of(conn, village, legal_day(desk.clock()))
        stale = bool(seen) and seen != version
        events = rules.publish(state, order.actor, legal_day(desk.clock()), standard, stale=stale)
        return _decision(village, version, events, {"number": state.number + 1})

    asked = _mark("PublishVillageList", order, village, seen)
    return int((await carry_out(desk.office, order, asked, decide))["number"])


async def standard_of(conn: AsyncConnection, village: str, day: date) -> Standard:
    """Give what a village's list is measured by on a day."""
    return Standard(village_kinds(), await villages.matters_above(conn, village, day))


async def _seen(
    conn: AsyncConnection, desk: VillageDesk, state: VillageList, version: int, seen: int
) -> Sequence[VillageItem] | None:
    """Give the items an editor had before them; None where they are as they were."""
    if seen == version:
        return None
    history = await desk.office.store.load(conn, village_stream(state.village))
    then = reduce(
        rules.evolve, (stored.data for stored in history[: max(seen, 0)]), VillageList(state.village)
    )
    return None if then.items == state.items else then.items


def _decision(
    village: str, version: int, events: Sequence[VillageEvent], outcome: dict[str, Any] | None = None
) -> Decision:
    writes = [StreamWrite(village_stream(village), version, events)] if events else []
    return Decision(writes, outcome or {})


def _mark(command: str, order: Order, *asked: object) -> bytes:
    return fingerprint({"command": command, "actor": order.actor, "asked": list(asked)})
