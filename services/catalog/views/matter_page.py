"""All that a matter's page shows of a catalogue, asked in one statement: three more would cost more than they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import Boolean, Date, Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.domain.rows import MatterRow

Shown = Mapping[str, Any]
"""An object of the answer, named as `PublishedRow` or `Edition` of catalogues.proto are; days as ISO writes them."""

_CELLS: Final = ", ".join(MatterRow.model_fields)
_ROW: Final = f"""
    catalogue, matter, state, differs, added, reason, since_edition,
    (SELECT row_to_json(cells) FROM (SELECT {_CELLS}) AS cells) AS row"""  # noqa: S608 - names of our own columns
_CITATION_ID: Final = """
    left(encode(sha256(convert_to((said ->> 'title') || chr(31) || (said ->> 'number'), 'UTF8')), 'hex'), 20)"""
"""What `basis_writing.citation_id` gives."""

_PAGE: Final = text(f"""
WITH asked AS MATERIALIZED (
    SELECT catalogue, number, title, effective_on, upper_number AS upper_edition, matters, added, changed, removed,
        (SELECT effective_on FROM edition AS later
         WHERE later.catalogue = edition.catalogue AND later.number = edition.number + 1) AS superseded_on
    FROM edition
    WHERE catalogue = :catalogue
        AND CASE WHEN :on IS NOT NULL THEN effective_on <= :on ELSE :number IN (0, number) END
    ORDER BY number DESC LIMIT 1
), here AS MATERIALIZED (
    SELECT {_ROW}, until_edition, reading, subject, coalesce(
        since_edition <= (SELECT number FROM asked)
        AND (until_edition IS NULL OR until_edition > (SELECT number FROM asked)), false) AS stands
    FROM matter_row WHERE catalogue = :catalogue AND matter = :matter
), elsewhere AS MATERIALIZED (
    SELECT catalogue, row_number() OVER (ORDER BY catalogue ~ '^[0-9]', catalogue) AS nth
    FROM matter_row WHERE matter = :matter AND until_edition IS NULL AND catalogue <> :catalogue
), others AS (
    SELECT nth, {_ROW}, CASE WHEN :brief THEN NULL ELSE reading END AS reading
    FROM elsewhere JOIN matter_row USING (catalogue)
    WHERE nth <= :most AND matter = :matter AND until_edition IS NULL
), bases AS (
    SELECT citation.title AS cited_title, citation.number AS cited_number, basis.id, basis.state, basis.since,
        basis.source, basis.checked_on, basis.mark, coalesce(successor.title, '') AS replaced_by
    FROM citation JOIN basis ON basis.id = citation.basis
        LEFT JOIN basis AS successor ON successor.id = basis.replaced_by
    WHERE citation.id = ANY (ARRAY(
        SELECT {_CITATION_ID} FROM here, jsonb_array_elements(reading -> 'citations') AS said WHERE stands))
)
SELECT json_build_object(
    'edition', (SELECT row_to_json(asked) FROM asked),
    'history', (SELECT coalesce(json_agg(here ORDER BY since_edition), '[]') FROM here),
    'days', (SELECT json_object_agg(number, effective_on) FROM edition
             WHERE catalogue = :catalogue AND number IN (SELECT unnest(ARRAY[since_edition, until_edition]) FROM here)),
    'organs', (SELECT organs FROM here JOIN subject_assignment USING (subject)
               WHERE stands AND division = :catalogue),
    'bases', (SELECT coalesce(json_agg(bases), '[]') FROM bases),
    'others', (SELECT coalesce(json_agg(others ORDER BY nth), '[]') FROM others),
    'total', (SELECT count(*) FROM elsewhere)
)::text
""").bindparams(  # noqa: S608 - put together of the constants above
    bindparam("catalogue", type_=Text),
    bindparam("matter", type_=Text),
    bindparam("number", type_=Integer),
    bindparam("on", type_=Date),
    bindparam("most", type_=Integer),
    bindparam("brief", type_=Boolean),
)


@dataclass(frozen=True, slots=True)
class MatterPage:
    """A matter in one catalogue, and in the others."""

    edition: Shown | None
    """The one asked for; None where there is none."""
    row: Shown | None
    """The matter as it stands in it, with its `reading`."""
    history: Sequence[Shown]
    """Every row the matter ever had here, the oldest first, with `until_edition`."""
    days: Mapping[int, str]
    """Edition → when it came into force, of those that the history names."""
    organs: Sequence[str]
    """Whom its subject means."""
    bases: Mapping[tuple[str, str], Shown]
    """Title and number as the row cites them → the basis they mean."""
    others: Sequence[Shown]
    """The matter in force in other catalogues, from the top down."""
    total: int
    """How many others there are, told or not."""


async def read_matter(
    conn: AsyncConnection,
    catalogue: str,
    matter: str,
    *,
    number: int,
    on: date | None,
    most: int,
    brief: bool,
) -> MatterPage:
    """Ask for a matter.

    Args:
        conn: the connection.
        catalogue: whose history is wanted.
        matter: its id.
        number: of the edition; 0: the newest.
        on: a day; the edition in force then wins over the number.
        most: rows of other catalogues.
        brief: these without what was read from them.
    """
    given = {
        "catalogue": catalogue,
        "matter": matter,
        "number": number,
        "on": on,
        "most": most,
        "brief": brief,
    }
    told = orjson.loads((await conn.execute(_PAGE, given)).scalar_one())
    return MatterPage(
        told["edition"],
        next((row for row in told["history"] if row["stands"]), None),
        told["history"],
        {int(number): day for number, day in (told["days"] or {}).items()},
        told["organs"] or (),
        {(basis["cited_title"], basis["cited_number"]): basis for basis in told["bases"]},
        told["others"],
        told["total"],
    )
