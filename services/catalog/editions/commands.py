"""One function a command on editions: lock the catalogue, load, decide, append; all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.ledger import fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Reason, Refusal
from gongkai.serving.clock import legal_day
from services.catalog.domain import catalogues as rules
from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.checks import refuse_if_any
from services.catalog.domain.edits import Edit
from services.catalog.domain.publication import Particulars, publish
from services.catalog.editions.book import open_book
from services.catalog.editions.desk import Desk, found_or_planned, unknown
from services.catalog.editions.drafts import above_of, load_draft
from services.catalog.editions.readings import reading_of
from services.catalog.handlers import Decision, Order, carry_out
from services.catalog.views import catalogues
from services.catalog.views.lineage import catalogue_stream, matter_stream
from services.catalog.views.standing import ended_reasons

MOST_EDITS: Final = 2000
"""Of one command; more are sent in several."""


async def open_edition(desk: Desk, order: Order, identity: str, title: str) -> None:
    """Begin the next edition of a catalogue, and found it where there is none yet.

    Raises:
        Refusal: one is being drafted already, or there is nothing above to stand on.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        refuse_if_any(iter(await ended_reasons(conn, identity, legal_day(desk.clock()))))
        locked = await catalogues.lock_catalogue(conn, identity, whole=True)
        planned, founded = await found_or_planned(conn, identity)
        state, version = locked or (planned, 0)
        events = rules.open_edition(state, await above_of(conn, state), title, founded=founded)
        return Decision([StreamWrite(catalogue_stream(identity), version, events)], {})

    await carry_out(desk.office, order, mark("OpenEdition", order, identity, title), decide)


async def take_upper(desk: Desk, order: Order, identity: str) -> None:
    """Let the draft stand on the newest edition above."""

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await locked(desk, conn, identity, whole=True)
        events = rules.take_upper(state, await above_of(conn, state))
        return Decision([StreamWrite(catalogue_stream(identity), version, events)], {})

    await carry_out(desk.office, order, mark("TakeUpper", order, identity), decide)


async def edit_matters(desk: Desk, order: Order, identity: str, edits: Sequence[Edit]) -> list[str]:
    """Carry out all edits of a batch or none.

    ``fields`` of an ``add`` name the ``domain`` by its code, or by ``domain_name``: a name that is new to the registry
    is registered in the same transaction. They may also name ``place`` and ``provenance``. An ``add`` with a ``matter``
    brings back what was dropped, or takes up what a catalogue below added, under its identity.

    Returns:
        The matter of each edit, in order.

    Raises:
        Refusal: with every reason of every edit.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        refuse_if_any(iter(_too_many(edits)))
        state, _ = await locked(desk, conn, identity, whole=False)
        rules.require_draft(state)
        book = await open_book(conn, desk.office.store, state, edits)
        matters = book.carry_out(edits)
        return Decision(book.writes(), {"matters": matters})

    asked = [[edit.matter, edit.seen, edit.act, dict(edit.fields), edit.reason] for edit in edits]
    outcome = await carry_out(desk.office, order, mark("EditMatters", order, identity, asked), decide)
    return list(outcome["matters"])


async def propose(desk: Desk, order: Order, identity: str, note: str) -> None:
    """Hand the draft to another person."""

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await locked(desk, conn, identity, whole=True)
        here = await load_draft(conn, state)
        events = rules.propose(state, order.actor, note, here.questions, rows=here.size, changed=here.changed)
        return Decision([StreamWrite(catalogue_stream(identity), version, events)], {})

    await carry_out(desk.office, order, mark("ProposeEdition", order, identity, note), decide)


async def give_back(desk: Desk, order: Order, identity: str, reason: str) -> None:
    """Send the proposed draft back."""

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await locked(desk, conn, identity, whole=True)
        events = rules.give_back(state, reason)
        return Decision([StreamWrite(catalogue_stream(identity), version, events)], {})

    await carry_out(desk.office, order, mark("ReturnEdition", order, identity, reason), decide)


async def publish_edition(desk: Desk, order: Order, identity: str, seen: int) -> int:
    """Bring the proposed draft into force, today.

    Args:
        desk: what it works with.
        order: who reviews.
        identity: of the catalogue.
        seen: version of the draft that was reviewed; 0 to publish it as it is.

    Returns:
        The edition's number.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        state, version = await locked(desk, conn, identity, whole=True)
        here = await load_draft(conn, state)
        reasons = list(rules.publishing_reasons(state, order.actor, here.questions, here.size))
        if seen and seen != version:
            text = "目录草稿在您打开之后有变动。为免发布未经您复核的内容，没有发布，请重新核对。"
            reasons.append(Reason("edition.changed-since", text, "seen"))
        if reasons:
            raise Refusal(*reasons)
        domains = await catalogues.list_domains(conn)
        particulars = Particulars(legal_day(desk.clock()), domains, reading_of)
        publication = publish(state, here.draft, particulars)
        writes = [
            StreamWrite(catalogue_stream(identity), version, [publication.edition]),
            *(
                StreamWrite(matter_stream(identity, matter), here.versions.get(matter, 0), events)
                for matter, events in publication.matters.items()
            ),
        ]
        return Decision(writes, {"number": state.number})

    outcome = await carry_out(desk.office, order, mark("PublishEdition", order, identity, seen), decide)
    return int(outcome["number"])


def _too_many(edits: Sequence[Edit]) -> list[Reason]:
    if not edits:
        return [Reason("edits.none", "没有要保存的修改。", "edits")]
    if len(edits) > MOST_EDITS:
        text = f"一次最多保存 {MOST_EDITS} 处修改，这次有 {len(edits)} 处，请分几次保存。"
        return [Reason("edits.many", text, "edits")]
    return []


async def locked(desk: Desk, conn: AsyncConnection, identity: str, *, whole: bool) -> tuple[Catalogue, int]:
    """Take a catalogue of a division that is still there, with its stream's version; see `lock_catalogue`.

    Raises:
        NotFound: there is no such catalogue.
        Refusal: its division has ended.
    """
    refuse_if_any(iter(await ended_reasons(conn, identity, legal_day(desk.clock()))))
    found = await catalogues.lock_catalogue(conn, identity, whole=whole)
    if found is None:
        raise unknown(identity)
    return found


def mark(command: str, order: Order, *asked: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """Give what tells one command from another under the same id."""
    return fingerprint({"command": command, "actor": order.actor, "asked": list(asked)})
