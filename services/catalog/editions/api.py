"""The gRPC edge of editions: what staff do with the draft of the next one. Public questions are `questions_api.Questions`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date

import grpc.aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceServicer
from gongkai.security.permissions import Staff
from services.catalog.editions import commands, messages
from services.catalog.editions.desk import DRAFT, READ, REVIEW, Desk, found_or_planned, order_of, require_here
from services.catalog.editions.discarding import discard_edition
from services.catalog.editions.drafts import (
    DraftMatter,
    above_of,
    counts_of,
    hindrances,
    load_draft,
    reminders_of,
    select_matters,
)
from services.catalog.editions.questions_api import Questions
from services.catalog.editions.tables_api import TablesApi
from services.catalog.handlers import Order
from services.catalog.views import catalogues
from services.catalog.views.lineage import catalogue_of
from services.catalog.views.reading import Page
from services.catalog.views.standing import ended_reasons

Context = grpc.aio.ServicerContext[object, object]


class CatalogueApi(Questions, TablesApi, CatalogueServiceServicer):
    """Answers about catalogues and carries out commands on their drafts."""

    def __init__(self, desk: Desk) -> None:
        TablesApi.__init__(self, desk)
        self._desk = desk

    async def GetDraft(self, request: pb.GetDraftRequest, _context: Context) -> pb.GetDraftResponse:
        """Give the state of the draft, what the asker may do with it now, and why not the rest."""
        async with self._desk.office.engine.connect() as conn:
            staff, _ = await require_here(conn, READ, request.catalogue)
            return pb.GetDraftResponse(draft=await _draft(conn, request.catalogue, staff, self._today()))

    async def ListDraftRows(
        self, request: pb.ListDraftRowsRequest, _context: Context
    ) -> pb.ListDraftRowsResponse:
        """List the matters of the draft in the order of the table; ``stance`` may also be ``changed``."""
        page = Page.asked(request.page_size, request.page_token)
        async with self._desk.office.engine.connect() as conn:
            _, state = await require_here(conn, READ, request.catalogue)
            here = await load_draft(conn, state, list(request.matters) or None)
        found = select_matters(here.matters(), domain=request.domain, stance=request.stance, q=request.q)
        shown, token = messages.page_of(found, page.size, page.after)
        return pb.ListDraftRowsResponse(
            rows=(messages.draft_row(each, state.upper_edition) for each in shown),
            next_page_token=token,
            total=len(found),
        )

    async def OpenEdition(self, request: pb.OpenEditionRequest, _context: Context) -> pb.OpenEditionResponse:
        """Begin the next edition."""
        staff, order = await self._order(DRAFT, request.command_id, request.catalogue)
        await commands.open_edition(self._desk, order, request.catalogue, request.title)
        return pb.OpenEditionResponse(draft=await self._draft(request.catalogue, staff))

    async def TakeUpper(self, request: pb.TakeUpperRequest, _context: Context) -> pb.TakeUpperResponse:
        """Let the draft stand on the newest edition above."""
        staff, order = await self._order(DRAFT, request.command_id, request.catalogue)
        await commands.take_upper(self._desk, order, request.catalogue)
        return pb.TakeUpperResponse(draft=await self._draft(request.catalogue, staff))

    async def EditMatters(self, request: pb.EditMattersRequest, _context: Context) -> pb.EditMattersResponse:
        """Carry out a batch of edits or none; answers with the matters as they stand now, in the edits' order."""
        _, order = await self._order(DRAFT, request.command_id, request.catalogue)
        edits = messages.edits(request.edits)
        matters = await commands.edit_matters(self._desk, order, request.catalogue, edits)
        return pb.EditMattersResponse(rows=await self._rows(request.catalogue, matters))

    async def ProposeEdition(
        self, request: pb.ProposeEditionRequest, _context: Context
    ) -> pb.ProposeEditionResponse:
        """Hand the draft to another person."""
        staff, order = await self._order(DRAFT, request.command_id, request.catalogue)
        await commands.propose(self._desk, order, request.catalogue, request.note)
        return pb.ProposeEditionResponse(draft=await self._draft(request.catalogue, staff))

    async def ReturnEdition(
        self, request: pb.ReturnEditionRequest, _context: Context
    ) -> pb.ReturnEditionResponse:
        """Send the draft back."""
        staff, order = await self._order(REVIEW, request.command_id, request.catalogue)
        await commands.give_back(self._desk, order, request.catalogue, request.reason)
        return pb.ReturnEditionResponse(draft=await self._draft(request.catalogue, staff))

    async def DiscardEdition(
        self, request: pb.DiscardEditionRequest, _context: Context
    ) -> pb.DiscardEditionResponse:
        """Give the draft up."""
        staff, order = await self._order(DRAFT, request.command_id, request.catalogue)
        matters = await discard_edition(self._desk, order, request.catalogue, request.reason)
        return pb.DiscardEditionResponse(draft=await self._draft(request.catalogue, staff), matters=matters)

    async def PublishEdition(
        self, request: pb.PublishEditionRequest, _context: Context
    ) -> pb.PublishEditionResponse:
        """Bring the draft into force."""
        _, order = await self._order(REVIEW, request.command_id, request.catalogue)
        number = await commands.publish_edition(self._desk, order, request.catalogue, request.seen)
        async with self._desk.office.engine.connect() as conn:
            edition = await catalogues.find_edition(conn, request.catalogue, number)
        assert edition is not None, "it has just been published"
        return pb.PublishEditionResponse(edition=messages.dated_edition(edition))

    async def _order(self, act: str, command_id: str, identity: str) -> tuple[Staff, Order]:
        """Give who commands, if they may."""
        async with self._desk.office.engine.connect() as conn:
            staff, _ = await require_here(conn, act, identity)
        return staff, order_of(command_id, staff)

    async def _draft(self, identity: str, staff: Staff) -> pb.Draft:
        async with self._desk.office.engine.connect() as conn:
            return await _draft(conn, identity, staff, self._today())

    async def _rows(self, identity: str, matters: Collection[str]) -> list[pb.DraftRow]:
        async with self._desk.office.engine.connect() as conn:
            state, _ = await found_or_planned(conn, identity)
            here = await load_draft(conn, state, set(matters))
        by_id = {each.matter: each for each in here.matters()}
        return [
            messages.draft_row(by_id[matter], state.upper_edition)
            if matter in by_id
            else pb.DraftRow(matter=matter, stance="removed")
            for matter in matters
        ]


async def _draft(conn: AsyncConnection, identity: str, staff: Staff, day: date) -> pb.Draft:
    found = await catalogues.find_catalogue(conn, identity)
    state = catalogue_of(found) if found is not None else (await found_or_planned(conn, identity))[0]
    here = await load_draft(conn, state)
    ended = await ended_reasons(conn, identity, day)
    hindered = hindrances(staff, here, await above_of(conn, state), ended, founded=found is not None)
    shown = here.matters()
    drafting = state.phase != "none"
    return pb.Draft(
        catalogue=messages.catalogue(found) if found is not None else messages.planned(state),
        phase=state.phase,
        number=state.number if drafting else 0,
        upper_edition=state.upper_edition,
        proposed_by=state.proposed_by.removeprefix("staff:"),
        note=state.note,
        acts=hindered.acts,
        counts=[pb.Count(name=name, n=n) for name, n in counts_of(shown).items()],
        domains=await _questions_by_domain(conn, shown),
        reminders=reminders_of(shown) if drafting else [],
        version=0 if found is None else found.version,
        hindrances=hindered.told(),
    )


async def _questions_by_domain(
    conn: AsyncConnection, matters: Collection[DraftMatter]
) -> list[pb.DomainCount]:
    """Count the questions of each domain that the draft has matters in."""
    asked = Counter[str]()
    for each in matters:
        asked[each.shown.domain] += len(each.standing.questions)
    return [
        pb.DomainCount(code=domain.code, seq=domain.seq, name=domain.name, matters=asked[domain.code])
        for domain in (await catalogues.list_domains(conn)).values()
        if domain.code in asked
    ]
