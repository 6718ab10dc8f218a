"""The duties of one matter in one division, in one statement: every view of the matter's public page asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import ARRAY, Date, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.oversight.views.coverage import Edition, Found, Organ, name_of, reach_of
from services.oversight.views.ended import read_ended

_DUTIES: Final = text("""
WITH held AS MATERIALIZED (
    SELECT edition.*, reach FROM unnest(:line, :reaches) WITH ORDINALITY AS line (catalogue, reach, nth)
        JOIN edition USING (catalogue)
    WHERE effective_on <= :today
    ORDER BY nth, number DESC LIMIT 1
), duty AS MATERIALIZED (
    SELECT organ.code AS organ, organ.name AS organ_name, organ.former_names,
        held.catalogue, held.number, held.title AS edition_title, held.effective_on, held.domains,
        stands.matter, stands.edition, stands.domain, stands.title, stands.time_limit, stands.limits
    FROM held
        JOIN matter AS stands ON stands.id = held.catalogue || '/' || :matter AND stands.counted
            AND (reach = '' OR reach = ANY (stands.levels))
        JOIN subject_meant AS words ON words.division = :division AND words.subject = stands.subject
        JOIN organ ON organ.code = ANY (words.organs)
    WHERE organ.division = ANY (:divisions) AND (organ.ended_on IS NULL OR organ.ended_on > :today)
), carried AS (
    SELECT organ, organ AS carrier FROM duty
    UNION SELECT * FROM unnest(:heirs, :carriers)
), kept AS (
    SELECT carried.organ, count(*) AS records, count(*) FILTER (WHERE late) AS late, max(published_on) AS last
    FROM duty JOIN carried USING (organ) JOIN record ON record.organ = carrier AND record.matter = duty.matter
    WHERE NOT withdrawn AND record.matter <> ''
    GROUP BY carried.organ
)
SELECT duty.*, since.effective_on AS since, coalesce(records, 0) AS records, coalesce(late, 0) AS late, last
FROM duty LEFT JOIN kept USING (organ) LEFT JOIN edition AS since ON since.id = duty.edition
ORDER BY duty.organ
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("line", "reaches", "divisions", "heirs", "carriers")),
    bindparam("today", type_=Date),
    bindparam("division", type_=Text),
    bindparam("matter", type_=Text),
)


async def duties_of_matter(
    conn: AsyncConnection, division: str, matter: str, today: date
) -> tuple[list[Organ], Sequence[Found]]:
    """Give the organs of a division (of what follows it, where it ended) that must disclose a matter, and their duties.

    The rows are as `coverage.list_duties` gives them, by organ.
    """
    ended = await read_ended(conn)
    here = ended.divisions.heir(division, today)
    line = ended.divisions.upwards(here, today)
    given = {
        "division": here,
        "matter": matter,
        "today": today,
        "line": list(line),
        "reaches": [reach_of(here, catalogue) for catalogue in line],
        "divisions": [here, *ended.divisions.followed_by(here, today)],
        "heirs": [ended.organs.heir(code, today) for code in ended.organs.ends],
        "carriers": list(ended.organs.ends),
    }
    rows = (await conn.execute(_DUTIES, given)).all()
    return [_organ(row, here, today) for row in rows], rows


def _organ(row: Found, division: str, today: date) -> Organ:
    domains = {domain["code"]: domain["name"] for domain in row.domains}
    edition = Edition(row.catalogue, row.number, row.edition_title, row.effective_on, domains)
    return Organ(row.organ, name_of(row, row.organ_name, today), division, edition)
