"""A draft's matters as a batch of edits finds and leaves them: loaded with a few queries, decided one by one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.refusal import Reason, Refusal
from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.domains import matter_id, register, registered, serial_of, stem
from services.catalog.domain.editing import add_matter, decide
from services.catalog.domain.editions import Domain
from services.catalog.domain.edits import NOTHING, Edit, Ground, Since, since
from services.catalog.domain.merging import Upper
from services.catalog.domain.rows import MatterRow, changes_between
from services.catalog.domain.stances import UNDECIDED, Kind, Stance, evolve
from services.catalog.editions import seen
from services.catalog.views import catalogues, rows
from services.catalog.views.lineage import matter_stream

_NEW: Final = "add"
UNKNOWN: Final = "请核对编号；要增加新的事项，请不要填写编号。"


@dataclass(slots=True)
class Book:
    """What edits of one draft are decided on, and what they have led to so far."""

    catalogue: Catalogue
    stances: dict[str, Stance]
    versions: Mapping[str, int]
    upper: Upper
    since: Mapping[str, Since]
    elsewhere: frozenset[str]
    """Matters named that some catalogue had."""
    domains: dict[str, Domain]
    places: dict[str, int]
    serials: dict[str, int]
    events: dict[str, list[DomainEvent]] = field(default_factory=lambda: defaultdict(list))
    new_domains: list[Domain] = field(default_factory=list)

    def carry_out(self, edits: Sequence[Edit]) -> list[str]:
        """Decide on all edits, in order; gives the matter of each.

        Raises:
            Refusal: with every reason of every edit.
        """
        matters: list[str] = []
        reasons: list[Reason] = []
        for edit in edits:
            try:
                matters.append(self._one(edit))
            except Refusal as refusal:
                reasons += refusal.reasons
        if reasons:
            raise Refusal(*reasons)
        return matters

    def writes(self) -> list[StreamWrite]:
        """Give what is appended, in one order for all, so that two batches do not wait for each other in a ring."""
        new = [StreamWrite(f"domain:{domain.code}", 0, [registered(domain)]) for domain in self.new_domains]
        return new + [
            StreamWrite(matter_stream(self.catalogue.id, matter), self.versions.get(matter, 0), events)
            for matter, events in sorted(self.events.items())
            if events
        ]

    def _one(self, edit: Edit) -> str:
        stance = self.stances.get(edit.matter, UNDECIDED)
        if edit.act == _NEW and (not edit.matter or self._may_add(edit, stance)):
            return self._add(edit)
        above = self.upper.rows.get(edit.matter)
        ground = Ground(
            stance,
            above,
            self.upper.gone.get(edit.matter),
            self.since.get(edit.matter, NOTHING),
            known=stance.kind is not Kind.NONE or above is not None,
        )
        self._apply(edit.matter, decide(edit, ground))
        return edit.matter

    def _may_add(self, edit: Edit, stance: Stance) -> bool:
        """A matter with an id is added where somebody has it or had it: here once, or a catalogue below."""
        if stance.kind is not Kind.NONE or edit.matter in self.upper.rows:
            return False
        if edit.matter not in self.elsewhere:
            raise Refusal(Reason("matter.unknown", f"没有事项 {edit.matter}，{UNKNOWN}", edit.at))
        return True

    def _add(self, edit: Edit) -> str:
        edit = self._with_domain(edit)
        domain = edit.fields.get("domain", "")
        added = add_matter(edit, self.domains, self.places.get(domain, 0) + 1)
        self.places[domain] = max(self.places.get(domain, 0), added.row.place)
        matter = edit.matter or self._next_id(domain)
        self._apply(matter, [added])
        return matter

    def _with_domain(self, edit: Edit) -> Edit:
        """Let the domain be named: one that nobody has named before is registered."""
        name = edit.fields.get("domain_name", "")
        if not name:
            return edit
        domain = register(self.domains.values(), name)
        if domain.code not in self.domains:
            self.domains[domain.code] = domain
            self.new_domains.append(domain)
        rest = {cell: text for cell, text in edit.fields.items() if cell != "domain_name"}
        return replace(edit, fields=rest | {"domain": domain.code})

    def _next_id(self, domain: str) -> str:
        serial = self.serials.get(domain, 0) + 1
        self.serials[domain] = serial
        return matter_id(domain, serial, _adder(self.catalogue))

    def _apply(self, matter: str, events: Sequence[DomainEvent]) -> None:
        stance = self.stances.get(matter, UNDECIDED)
        for event in events:
            stance = evolve(stance, event)
        self.stances[matter] = stance
        self.events[matter] += events


async def open_book(
    conn: AsyncConnection, store: EventStore, catalogue: Catalogue, edits: Sequence[Edit]
) -> Book:
    """Load what edits are decided on: a fixed number of queries, however many edits."""
    named = {edit.matter for edit in edits if edit.matter}
    stances, versions = await rows.load_stances(conn, catalogue.id, named)
    upper = await rows.load_upper(conn, catalogue, stances, named)
    adds = [edit for edit in edits if edit.act == _NEW]
    return Book(
        catalogue,
        stances,
        versions,
        upper,
        await _since(conn, store, catalogue, edits, versions, upper),
        frozenset(await rows.known_anywhere(conn, {edit.matter for edit in adds if edit.matter}))
        if adds
        else frozenset(),
        await catalogues.list_domains(conn) if adds else {},
        await rows.last_places(conn, catalogue) if adds else {},
        await _serials(conn, catalogue) if adds else {},
    )


async def _since(
    conn: AsyncConnection,
    store: EventStore,
    catalogue: Catalogue,
    edits: Sequence[Edit],
    versions: Mapping[str, int],
    upper: Upper,
) -> dict[str, Since]:
    """Read what happened to each matter after its editor saw it; most often nothing did, and nothing is read."""
    saw = {edit.matter: seen.parts(edit.seen) for edit in edits if edit.matter and edit.seen is not None}
    behind = [matter for matter, (_, version) in saw.items() if version < versions.get(matter, 0)]
    histories = await store.load_many(conn, (matter_stream(catalogue.id, matter) for matter in behind))
    above: dict[str, set[str]] = defaultdict(set)
    for edition in {edition for edition, _ in saw.values()} - {catalogue.upper_edition, 0}:
        matters = [matter for matter, (known, _) in saw.items() if known == edition]
        old = await rows.load_rows(conn, catalogue.upper, edition, matters)
        for matter in matters:
            above[matter] |= _changed(old.get(matter), upper.rows.get(matter))
    return {
        matter: since(_after(histories.get(matter_stream(catalogue.id, matter), ()), version), above[matter])
        for matter, (_, version) in saw.items()
        if matter in above or matter in behind
    }


def _after(history: Sequence[StoredEvent], version: int) -> Iterator[DomainEvent]:
    return (stored.data for stored in history if stored.version > version)


def _changed(old: MatterRow | None, new: MatterRow | None) -> set[str]:
    return set(changes_between(old, new)) if old is not None and new is not None else set()


async def _serials(conn: AsyncConnection, catalogue: Catalogue) -> dict[str, int]:
    """Give the highest serial that the catalogue has given in each domain, dropped ones counted."""
    adder = _adder(catalogue)
    own = re.compile(rf"m-(?P<domain>\d+)-{stem(adder)}-\d+" if adder else r"m-(?P<domain>\d+)-\d+")
    serials: dict[str, int] = defaultdict(int)
    for matter in await rows.own_matters(conn, catalogue.id, "m-"):
        if found := own.fullmatch(matter):
            serials[found["domain"]] = max(serials[found["domain"]], serial_of(matter))
    return serials


def _adder(catalogue: Catalogue) -> str:
    return "" if catalogue.level == "guide" else catalogue.division
