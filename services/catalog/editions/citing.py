"""What the registry of bases knows of a row's citations, said beside them."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.catalog.views.bases import bases_of, find_citations
from services.catalog.views.basis_writing import citation_id
from services.catalog.views.reading import Found

UNKNOWN = "unknown"


async def say_bases(conn: AsyncConnection, row: pb.PublishedRow) -> pb.PublishedRow:
    """Say of each citation of a row which basis it means, whether that is in force, since when and by which source.

    What no basis answers to, or several do, stays without one and unknown.
    """
    named = {citation_id(one.title, one.number): one for one in row.reading.citations}
    if not named:
        return row
    found = await find_citations(conn, list(named))
    successors = {basis.replaced_by for basis in found.values() if basis.replaced_by}
    titles = {one.id: one.title for one in (await bases_of(conn, successors)).values()} if successors else {}
    for one in row.reading.citations:
        basis = found.get(citation_id(one.title, one.number))
        if basis is None or basis.id is None:
            one.state = UNKNOWN
            continue
        one.basis, one.state, one.mark = basis.id, basis.state, basis.mark
        one.replaced_by = titles.get(basis.replaced_by, "")
        one.note = "；".join(filter(None, (one.note, _told(basis))))
    return row


def _told(basis: Found) -> str:
    since = f"{_day(basis.since)}起" if basis.since else ""
    checked = f"{_day(basis.checked_on)}核对" if basis.checked_on else ""
    return "；".join(filter(None, (since, basis.source, checked)))


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
