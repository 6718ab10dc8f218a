"""What each organ has disclosed, by domain: the matters with a record that is shown, and those with a late one.

It follows from the records alone, not from catalogue or day, so that a board of a whole city holds some thousand rows
against what is demanded today instead of reading every record. Written with the records, in their transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ARRAY, Boolean, Label, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.oversight.views import tables


class Claim(NamedTuple):
    """What a record is disclosed under; the empty text where it names nothing."""

    organ: str
    domain: str
    matter: str
    late: bool = False

    @property
    def named(self) -> bool:
        """It names anything that is kept."""
        return bool(self.domain or self.matter)


_TEXTS: Final = ARRAY(Text)
_CLAIMS: Final = text(
    "SELECT id, organ, domain, matter, late FROM record WHERE id = ANY (:records)"
).bindparams(bindparam("records", type_=_TEXTS))
_GIVEN: Final = [bindparam(name, type_=_TEXTS) for name in ("organs", "domains", "matters")]
_ASKED: Final = "SELECT * FROM unnest(:organs, :domains, :matters) AS given (organ, domain, matter)"
_SAME: Final = "held.organ = {0}.organ AND held.domain = {0}.domain"
_SHOWN: Final = (
    "SELECT FROM record WHERE record.organ = {0}.organ AND record.domain = {0}.domain AND NOT withdrawn"
    " AND (domain <> '' OR matter <> '')"
)
_LATE: Final = (
    "SELECT FROM record WHERE record.organ = {0}.organ AND record.domain = {0}.domain AND late AND NOT withdrawn"
    " AND matter <> ''"
)
_GAIN: Final = text(
    "INSERT INTO disclosed AS held SELECT organ, domain,"
    " coalesce(array_agg(DISTINCT matter COLLATE \"C\") FILTER (WHERE matter <> ''), '{}'),"
    " coalesce(array_agg(DISTINCT matter COLLATE \"C\") FILTER (WHERE matter <> '' AND late), '{}')"
    " FROM unnest(:organs, :domains, :matters, :lates) AS given (organ, domain, matter, late)"
    " GROUP BY organ, domain ORDER BY organ, domain ON CONFLICT (organ, domain) DO UPDATE SET"
    " matters = ARRAY(SELECT unnest(held.matters) UNION SELECT unnest(excluded.matters) ORDER BY 1),"
    " late = ARRAY(SELECT unnest(held.late) UNION SELECT unnest(excluded.late) ORDER BY 1)"
    " WHERE NOT (excluded.matters <@ held.matters AND excluded.late <@ held.late)"
).bindparams(*_GIVEN, bindparam("lates", type_=ARRAY(Boolean)))
_CHANGE: Final = text(
    f"WITH asked AS ({_ASKED} WHERE matter <> ''),"  # noqa: S608 - our own words
    " news AS (SELECT organ, domain, array_agg(DISTINCT matter) AS matters,"
    f" coalesce(array_agg(matter) FILTER (WHERE EXISTS ({_SHOWN.format('asked')} AND record.matter = asked.matter)), '{{}}')"
    " AS shown,"
    f" coalesce(array_agg(matter) FILTER (WHERE EXISTS ({_LATE.format('asked')} AND record.matter = asked.matter)), '{{}}')"
    " AS late FROM asked GROUP BY organ, domain),"
    " changed AS (SELECT held.organ, held.domain,"
    " ARRAY(SELECT unnest(held.matters) EXCEPT SELECT unnest(news.matters) UNION SELECT unnest(news.shown) ORDER BY 1)"
    " AS matters,"
    " ARRAY(SELECT unnest(held.late) EXCEPT SELECT unnest(news.matters) UNION SELECT unnest(news.late) ORDER BY 1)"
    f" AS late FROM disclosed AS held JOIN news ON {_SAME.format('news')})"
    " UPDATE disclosed AS held SET matters = changed.matters, late = changed.late FROM changed"
    f" WHERE {_SAME.format('changed')} AND (held.matters, held.late) IS DISTINCT FROM (changed.matters, changed.late)"
).bindparams(*_GIVEN)
_CLOSE: Final = text(
    f"DELETE FROM disclosed AS held USING (SELECT DISTINCT organ, domain FROM ({_ASKED}) AS asked) AS asked"  # noqa: S608
    f" WHERE {_SAME.format('asked')} AND NOT EXISTS ({_SHOWN.format('held')})"
).bindparams(*_GIVEN)
_MEASURED: Final = text(
    "WITH changed AS (SELECT held.organ, held.domain,"  # noqa: S608 - our own words
    f" ARRAY(SELECT DISTINCT matter {_LATE.format('held').removeprefix('SELECT ')} ORDER BY matter) AS late"
    " FROM disclosed AS held)"
    " UPDATE disclosed AS held SET late = changed.late FROM changed"
    f" WHERE {_SAME.format('changed')} AND held.late IS DISTINCT FROM changed.late"
)


async def claims_of(conn: AsyncConnection, records: Collection[str]) -> dict[str, Claim]:
    """Give what records are disclosed under, by id; a withdrawn one names nothing."""
    rows = await conn.execute(_CLAIMS, {"records": list(records)})
    return {row.id: Claim(row.organ, row.domain, row.matter, row.late) for row in rows}


async def note(conn: AsyncConnection, before: Iterable[Claim], now: Iterable[Claim]) -> None:
    """Take over what changed records claimed before, and what they claim now.

    What is claimed now is disclosed; of what is not claimed by them any more the other records are asked. Whoever writes
    records of an organ holds the organ's row, so that nobody else looks at the same time.
    """
    gained = {claim for claim in now if claim.named}
    lost = {claim for claim in before if claim.named} - gained
    if gained:
        await conn.execute(_GAIN, {**_given(gained), "lates": [claim.late for claim in sorted(gained)]})
    if lost:
        await conn.execute(_CHANGE, _given(lost))
        await conn.execute(_CLOSE, _given(lost))


def _given(claims: Collection[Claim]) -> dict[str, list[str]]:
    ordered = sorted(claims)
    return {
        "organs": [claim.organ for claim in ordered],
        "domains": [claim.domain for claim in ordered],
        "matters": [claim.matter for claim in ordered],
    }


async def note_measured(conn: AsyncConnection) -> None:
    """Look again at what is late, once records were measured by another law."""
    await conn.execute(_MEASURED)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What one organ has disclosed, over all domains."""

    matters: Sequence[str]
    late: Sequence[str]
    domains: Sequence[str]
    """Those with a record."""


async def disclosed_by(conn: AsyncConnection, organs: Collection[str]) -> Mapping[str, Disclosed]:
    """Give what organs have disclosed, by organ; an organ without records is left out."""
    column = tables.disclosed.c
    # one long text an organ: half a million matters of a city are read in a tenth of the time that as many values take
    asked = (
        select(
            column.organ, func.array_agg(column.domain).label("domains"), _joined("matters"), _joined("late")
        )
        .where(column.organ.in_(organs))
        .group_by(column.organ)
    )
    return {
        row.organ: Disclosed(row.matters.split(), row.late.split(), row.domains)
        for row in await conn.execute(asked)
    }


def _joined(name: str) -> Label[str]:
    return func.string_agg(func.array_to_string(tables.disclosed.c[name], "\n"), "\n").label(name)
