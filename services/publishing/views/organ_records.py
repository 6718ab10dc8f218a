"""An organ's own public records, as its staff look for them: by title, or those with defects."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.publishing import RecordState
from services.publishing.domain.text import clean
from services.publishing.views.reading import is_public
from services.publishing.views.tables import record


async def list_organ_records(
    conn: AsyncConnection, organs: Collection[str], *, with_defects: bool, q: str, page: int, page_size: int
) -> tuple[list[RecordState], int]:
    """One page (from 1) of public records of these organs, newest first, and how many there are in all.

    Args:
        conn: a connection.
        organs: organ codes.
        with_defects: those alone that lack something.
        q: words that all stand in the title, or an index number.
        page: from 1.
        page_size: records of a page.
    """
    narrowed: list[ColumnElement[bool]] = [is_public(), record.c.organ.in_(organs)]
    if with_defects:
        narrowed.append(record.c.defective)
    narrowed += [
        record.c.title.icontains(word, autoescape=True) | (record.c.index_number == word)
        for word in clean(q).split()
    ]
    total = int((await conn.execute(select(func.count()).select_from(record).where(*narrowed))).scalar_one())
    wanted = (
        select(record.c.state)
        .where(*narrowed)
        .order_by(record.c.published_on.desc(), record.c.entered.desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    rows = (await conn.execute(wanted)).scalars()
    return [RecordState.model_validate_json(state) for state in rows], total
