"""Two editions side by side, compared where their rows are: what is told is a page of them, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.domain.rows import FIELDS, MatterRow

_CELLS: Final = ", ".join(MatterRow.model_fields)


def _edition(side: str) -> str:
    return f"""
    SELECT matter, {_CELLS} FROM matter_row
    WHERE catalogue = :{side} AND state = 'in' AND :domain IN ('', domain)
        AND since_edition <= :{side}_number AND (until_edition IS NULL OR until_edition > :{side}_number)"""  # noqa: S608 - of this module


def _fields(side: str) -> str:
    return ", ".join(f"{side}.{name}" for name in FIELDS)


_COMPARED: Final = text(f"""
WITH was AS MATERIALIZED ({_edition("left")}
), now AS MATERIALIZED ({_edition("right")}
), compared AS MATERIALIZED (
    SELECT matter, coalesce(now.domain, was.domain) AS domain, coalesce(now.place, was.place) AS place,
        CASE WHEN was.domain IS NULL THEN 'added' WHEN now.domain IS NULL THEN 'removed'
            WHEN ({_fields("was")}) = ({_fields("now")}) THEN 'same' ELSE 'changed' END AS kind
    FROM was FULL JOIN now USING (matter)
), shown AS (
    SELECT * FROM compared WHERE kind <> 'same' ORDER BY domain, place, matter LIMIT :most OFFSET :after
)
SELECT json_build_object(
    'counts', (SELECT json_object_agg(kind, n) FROM (SELECT kind, count(*) AS n FROM compared GROUP BY kind) AS counted),
    'rows', (SELECT coalesce(json_agg(json_build_object('matter', matter, 'kind', kind,
        'left', (SELECT row_to_json(cells) FROM (SELECT {_CELLS} FROM was WHERE was.matter = shown.matter) AS cells),
        'right', (SELECT row_to_json(cells) FROM (SELECT {_CELLS} FROM now WHERE now.matter = shown.matter) AS cells)
        ) ORDER BY domain, place, matter), '[]') FROM shown)
)::text
""").bindparams(  # noqa: S608 - put together of the constants above
    *(bindparam(name, type_=Text) for name in ("left", "right", "domain")),
    *(bindparam(name, type_=Integer) for name in ("left_number", "right_number", "most", "after")),
)


class Edition(NamedTuple):
    """Which edition."""

    catalogue: str
    number: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which matters two editions do not have alike, a page of them in the order of the table."""

    rows: Sequence[Mapping[str, Any]]
    """matter, kind (added, removed, changed), left and right (the cells by name, or None)."""
    counts: Mapping[str, int]
    """added, removed, changed, same: how many; none that are none."""


async def compare(
    conn: AsyncConnection, left: Edition, right: Edition, *, domain: str, most: int, after: int
) -> Comparison:
    """Compare two editions, or one domain (code) of them; tells at most so many rows after the first ones."""
    given = {
        "left": left.catalogue, "left_number": left.number, "right": right.catalogue, "right_number": right.number,
        "domain": domain, "most": most, "after": after,
    }  # fmt: skip
    told = orjson.loads((await conn.execute(_COMPARED, given)).scalar_one())
    return Comparison(told["rows"], told["counts"] or {})
