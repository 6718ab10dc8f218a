"""The public questions about catalogues: published editions only."""

from __future__ import annotations

from datetime import date
from typing import Final

import grpc.aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import InvalidRequest, NotFound
from services.catalog.editions import messages
from services.catalog.editions.citing import say_bases
from services.catalog.editions.desk import Desk, found_or_planned, unknown
from services.catalog.views import catalogues, rows, subjects
from services.catalog.views.comparing import Edition, compare
from services.catalog.views.matter_page import read_matter
from services.catalog.views.reading import Found, Page
from services.catalog.views.rows import Wanted
from services.catalog.views.standing import successions
from services.catalog.views.tables import division

Context = grpc.aio.ServicerContext[object, object]

MOST_ROWS: Final = 500
"""Of a matter's page: other catalogues that have it."""


class Questions:
    """Answers from the views of catalogues."""

    _desk: Desk

    def _today(self) -> date:
        return legal_day(self._desk.clock())

    async def ListCatalogues(
        self, request: pb.ListCataloguesRequest, _context: Context
    ) -> pb.ListCataloguesResponse:
        """List catalogues from the top down."""
        async with self._desk.reading.connect() as conn:
            found = await catalogues.list_catalogues(conn, request.division)
        return pb.ListCataloguesResponse(catalogues=map(messages.catalogue, found))

    async def GetCatalogue(
        self, request: pb.GetCatalogueRequest, _context: Context
    ) -> pb.GetCatalogueResponse:
        """Give one catalogue, or the nearest above that has an edition in force."""
        async with self._desk.reading.connect() as conn:
            found = (
                await _nearest(conn, request.id, self._today())
                if request.or_above
                else await _found(conn, request.id)
            )
            domains = await catalogues.count_by_domain(conn, found.id, found.published)
        return pb.GetCatalogueResponse(
            catalogue=messages.catalogue(found), domains=map(_domain_count, domains)
        )

    async def ListEditions(
        self, request: pb.ListEditionsRequest, _context: Context
    ) -> pb.ListEditionsResponse:
        """List the published editions of a catalogue, newest first."""
        async with self._desk.reading.connect() as conn:
            found = await catalogues.list_editions(conn, request.catalogue)
            if not found:
                await _found(conn, request.catalogue)
        later = ["", *(row.effective_on.isoformat() for row in found)]
        return pb.ListEditionsResponse(
            editions=[messages.edition(row, later[place]) for place, row in enumerate(found)]
        )

    async def ListRows(self, request: pb.ListRowsRequest, _context: Context) -> pb.ListRowsResponse:
        """List rows of an edition in the order of the table."""
        page = Page.asked(request.page_size, request.page_token)
        wanted = Wanted(request.domain, request.level, request.q, differences=request.differences_only)
        async with self._desk.reading.connect() as conn:
            edition = await _edition(conn, request.catalogue, request.edition, request.on)
            asked = rows.rows_of(request.catalogue, edition.number, wanted)
            if request.organ:
                asked = asked.where(await subjects.concerning(conn, request.organ, self._today()))
            found = await rows.slice_of(conn, asked, page.size, _key(page.after))
            meant = await subjects.organs_meant(conn, request.catalogue, {row.subject for row in found.rows})
        last = found.rows[-1] if found.rows else None
        token = rows.key_of(last.domain, last.place, last.matter) if found.more and last is not None else ""
        return pb.ListRowsResponse(
            rows=[messages.published_row(row, meant.get(row.subject, ())) for row in found.rows],
            next_page_token=token,
            total=found.total,
            edition=messages.dated_edition(edition),
        )

    async def GetRow(self, request: pb.GetRowRequest, _context: Context) -> pb.GetRowResponse:
        """Give one matter with its history here, and as it stands in other catalogues."""
        async with self._desk.reading.connect() as conn:
            page = await read_matter(
                conn,
                request.catalogue,
                request.matter,
                number=request.edition,
                on=_day(request.on),
                most=min(request.others, MOST_ROWS) if request.others > 0 else MOST_ROWS,
                brief=request.brief,
            )
            if page.edition is None:
                raise await _no_edition(conn, request.catalogue, request.edition, request.on)
        if page.row is None:
            text = f"目录 {request.catalogue} 的第 {page.edition['number']} 版中没有事项 {request.matter or '（空）'}。"
            raise NotFound(Reason("matter.unknown", text, "matter"))
        row = messages.shown_row(page.row, page.organs)
        say_bases(row, page.bases)
        return pb.GetRowResponse(
            row=row,
            edition=pb.Edition(**page.edition),
            history=messages.versions(page.history, page.days),
            elsewhere=map(messages.shown_row, page.others),
            elsewhere_total=page.total,
        )

    async def CompareEditions(
        self, request: pb.CompareEditionsRequest, _context: Context
    ) -> pb.CompareEditionsResponse:
        """Tell which rows two editions do not have alike: ``left`` is the first named, ``right`` the second."""
        page = Page.asked(request.page_size, request.page_token)
        after = messages.offset(page.after)
        other = request.with_catalogue or request.catalogue
        async with self._desk.reading.connect() as conn:
            left = await _edition(conn, request.catalogue, request.edition, "")
            right = await _edition(conn, other, request.with_edition, "")
            compared = await compare(
                conn,
                Edition(left.catalogue, left.number),
                Edition(right.catalogue, right.number),
                domain=request.domain,
                most=page.size,
                after=after,
            )
        counts = {kind: compared.counts.get(kind, 0) for kind in ("added", "removed", "changed", "same")}
        told = sum(counts.values()) - counts["same"]
        return pb.CompareEditionsResponse(
            rows=map(messages.compared_row, compared.rows),
            next_page_token=str(after + page.size) if after + page.size < told else "",
            left=messages.dated_edition(left),
            right=messages.dated_edition(right),
            **counts,
        )


async def _found(conn: AsyncConnection, identity: str) -> Found:
    found = await catalogues.find_catalogue(conn, identity)
    if found is None:
        raise unknown(identity)
    return found


async def _nearest(conn: AsyncConnection, identity: str, day: date) -> Found:
    """Give the catalogue, or the first one above that is published; of what ended, its successor's."""
    asked, ended = identity, await successions(conn, division)
    while identity := ended.heir(identity, day):
        found = await catalogues.find_catalogue(conn, identity)
        if found is not None and found.published:
            return found
        state, _ = await found_or_planned(conn, identity)
        identity = state.upper
    raise unknown(asked)


async def _edition(conn: AsyncConnection, identity: str, number: int, on: str) -> Found:
    """Give the edition that was in force on a day, or has a number, or is in force.

    Raises:
        InvalidRequest: the day is none.
        NotFound: there is no such catalogue or edition.
    """
    found = await catalogues.find_edition(conn, identity, number, _day(on))
    if found is None:
        raise await _no_edition(conn, identity, number, on)
    return found


async def _no_edition(conn: AsyncConnection, identity: str, number: int, on: str) -> NotFound:
    """Tell why there is no such edition."""
    state = await _found(conn, identity)
    which = f"{on} 时有效的版本" if on else f"第 {number} 版" if number else "已发布的版本"
    return NotFound(Reason("edition.unknown", f"“{state.title}”没有{which}。", "on" if on else "edition"))


def _day(on: str) -> date | None:
    try:
        return date.fromisoformat(on) if on else None
    except ValueError:
        text = f"“{on}”不是日期，应写作 2026-03-02。"
        raise InvalidRequest(Reason("on.malformed", text, "on")) from None


def _key(token: str) -> str:
    parts = token.split("|", 2)
    if token and (len(parts) != 3 or not parts[1].isdecimal()):  # noqa: PLR2004 - domain, place, matter
        raise InvalidRequest(Reason("page.token", "翻页标记无效，请从第一页重新查看。", "page_token"))
    return token


def _domain_count(row: Found) -> pb.DomainCount:
    return pb.DomainCount(code=row.code, seq=row.seq, name=row.name, matters=row.matter_count)
