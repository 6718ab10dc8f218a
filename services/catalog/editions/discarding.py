"""The command that gives a draft up: every stance is again the one that the edition in force was published with."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore, StreamWrite
from services.catalog.domain import catalogues as rules
from services.catalog.domain.drafting import EditionOpened
from services.catalog.domain.stances import UNDECIDED, Stance, evolve, revert
from services.catalog.editions.commands import locked, mark
from services.catalog.editions.desk import Desk
from services.catalog.handlers import Decision, Order, carry_out
from services.catalog.views.lineage import catalogue_stream, matter_stream


async def discard_edition(desk: Desk, order: Order, identity: str, reason: str) -> int:
    """Give the draft up. Nothing of it is lost from the log, and numbers of matters given in it are not given again.

    What a matter was is read from its own events before the draft was opened: between a publication and the next
    opening nobody can edit, so that is what the edition in force was published with.

    Returns:
        How many matters had been edited.

    Raises:
        NotFound: there is no such catalogue.
        Refusal: no draft is open, it is with its reviewer, or no reason is given.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await locked(desk, conn, identity, whole=True)
        events = rules.discard(state, reason)
        reverting = await _reverting(conn, desk.office.store, identity)
        writes = [StreamWrite(catalogue_stream(identity), version, events), *reverting]
        return Decision(writes, {"matters": len(reverting)})

    outcome = await carry_out(desk.office, order, mark("DiscardEdition", order, identity, reason), decide)
    return int(outcome["matters"])


async def _reverting(conn: AsyncConnection, store: EventStore, identity: str) -> list[StreamWrite]:
    history = await store.load(conn, catalogue_stream(identity))
    opened = max(stored.position for stored in history if isinstance(stored.data, EditionOpened))
    touched = await store.streams_since(conn, matter_stream(identity, ""), opened)
    histories = await store.load_many(conn, touched)
    writes = []
    for stream in sorted(histories):
        told = histories[stream]
        was = _stance(stored for stored in told if stored.position < opened)
        if events := revert(_stance(told), was):
            writes.append(StreamWrite(stream, told[-1].version, events))
    return writes


def _stance(history: Iterable[StoredEvent]) -> Stance:
    return reduce(evolve, (stored.data for stored in history), UNDECIDED)
