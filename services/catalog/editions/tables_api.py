"""The gRPC edge of tables: a catalogue as a workbook, and a workbook into its draft.

Reading a workbook is work for the processor: it is done in a thread, two at a time, so that the service goes on
answering.
"""

from __future__ import annotations

import asyncio
from typing import Final

import grpc.aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.security.grpc_auth import current_caller, current_staff
from gongkai.serving.errors import InvalidRequest, NotFound
from services.catalog.api import read_order
from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.rows import FIELDS
from services.catalog.editions.desk import DRAFT, READ, Desk, actor_of, require, unknown
from services.catalog.editions.importing import ImportOrder, import_table
from services.catalog.editions.tables import load_draft, tables_of
from services.catalog.tables.comparing import RowChange
from services.catalog.tables.examining import Against, Examination, examine
from services.catalog.tables.faults import NotReadable
from services.catalog.tables.writing import write_workbook
from services.catalog.views import catalogues, reading, rows
from services.catalog.views.lineage import catalogue_of

Context = grpc.aio.ServicerContext[object, object]

AT_ONCE: Final = 2
"""Workbooks that are read at the same time."""


class TablesApi:
    """Exports, previews and imports tables of catalogues."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reading = asyncio.Semaphore(AT_ONCE)

    async def ExportTable(self, request: pb.ExportTableRequest, _context: Context) -> pb.ExportTableResponse:
        """Give an edition, or the draft, as a workbook."""
        async with self._desk.office.engine.connect() as conn:
            state = await _find(conn, request.catalogue)
            domains = await catalogues.list_domains(conn)
            if request.domain and request.domain not in domains:
                raise NotFound(Reason("domain.unknown", f"没有领域 {request.domain}，请核对代码。", "domain"))
            if request.draft:
                _require(READ, state)
                draft = await load_draft(conn, state)
                found, name = draft.rows(), f"{state.draft_title or state.title}（草稿）"
            else:
                edition = await catalogues.find_edition(conn, state.id, request.edition)
                if edition is None:
                    which = f"第 {request.edition} 版" if request.edition else "已公布的版本"
                    text = f"目录“{state.title}”没有{which}，请先查看它有哪些版本。"
                    raise NotFound(Reason("edition.unknown", text, "edition"))
                found = await rows.load_rows(conn, state.id, edition.number)
                name = f"{edition.title}（第{edition.number}版）"
            division = await reading.find_division(conn, state.division)
        place = division.name if division is not None else ""
        tables = tables_of(state, place, domains, found, request.domain)
        async with self._reading:
            workbook = await asyncio.to_thread(write_workbook, tables)
        return pb.ExportTableResponse(workbook=workbook, name=f"{name}.xlsx")

    async def PreviewImport(
        self, request: pb.PreviewImportRequest, _context: Context
    ) -> pb.PreviewImportResponse:
        """Tell what a workbook would change and every bad cell; changes nothing."""
        async with self._desk.office.engine.connect() as conn:
            state = await _find(conn, request.catalogue)
            _require(DRAFT, state)
            draft = await load_draft(conn, state)
        found = await self._examine(
            request.workbook, request.mapping, draft.against(), complete=request.complete
        )
        codes = {domain.name: domain.code for domain in draft.domains.values()}
        return _preview(found, codes)

    async def ImportTable(self, request: pb.ImportTableRequest, _context: Context) -> pb.ImportTableResponse:
        """Carry a workbook out: all of it, or nothing with every reason."""
        async with self._desk.office.engine.connect() as conn:
            actor = _require(DRAFT, await _find(conn, request.catalogue))
        asked = ImportOrder(
            request.catalogue,
            request.workbook,
            request.mapping,
            request.complete,
            request.digest,
            request.reason,
        )
        outcome = await import_table(
            self._desk.office, read_order(request.command_id, actor), asked, self._examine
        )
        return pb.ImportTableResponse(**outcome)

    async def _examine(self, data: bytes, mapping: str, against: Against, *, complete: bool) -> Examination:
        async with self._reading:
            try:
                return await asyncio.to_thread(examine, data, mapping, against, complete=complete)
            except NotReadable as refusal:
                raise InvalidRequest(refusal.reason) from refusal


def _require(act: str, state: Catalogue) -> str:
    """Return the actor if the caller may do the act to the catalogue; the operator may do all."""
    if current_caller().kind == "operator":
        return "operator"
    staff = current_staff()
    require(staff, act, state.division)
    return actor_of(staff)


async def _find(conn: AsyncConnection, identity: str) -> Catalogue:
    row = await catalogues.find_catalogue(conn, identity)
    if row is None:
        raise unknown(identity)
    return catalogue_of(row)


def _preview(found: Examination, codes: dict[str, str]) -> pb.PreviewImportResponse:
    kinds = [change.kind for change in found.comparison.changes]
    return pb.PreviewImportResponse(
        bad=[
            pb.BadCell(
                sheet=bad.sheet, cell=bad.cell, value=bad.value, reason=bad.reason, suggestion=bad.suggestion
            )
            for bad in found.bad
        ],
        changes=[_change(change, codes.get(change.domain, "")) for change in found.comparison.changes],
        rows=found.rows,
        added=kinds.count("added") + kinds.count("returned"),
        changed=kinds.count("changed") + kinds.count("renamed"),
        removed=kinds.count("removed"),
        same=found.comparison.same,
        new_domains=found.new_domains,
        mapping=found.mapping,
        digest="" if found.bad else found.digest,
    )


def _change(change: RowChange, domain: str) -> pb.RowComparison:
    was = dict(change.was.fields) if change.was else {}
    changes = [
        pb.FieldChange(field=name, label=COLUMNS[name], was=was.get(name, ""), now=change.now[name])
        for name in FIELDS
        if change.was and name in change.now
    ]
    said = pb.RowComparison(matter=change.was.matter if change.was else "", kind=change.kind, changes=changes)
    if change.was is not None:
        said.left.CopyFrom(pb.Row(domain=domain, place=change.was.place, **was))
    if change.kind != "removed":
        place = change.was.place if change.was else change.place
        said.right.CopyFrom(pb.Row(domain=domain, place=place, **{**was, **change.now}))
    return said
