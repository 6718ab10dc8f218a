"""The command that carries a table into a draft: all of its rows as edits, or nothing with every reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.ledger import fingerprint
from gongkai.refusal import Reason
from services.catalog.domain.catalogues import Catalogue, require_draft
from services.catalog.domain.checks import blank, refuse_if_any
from services.catalog.editions.book import open_book
from services.catalog.editions.desk import unknown
from services.catalog.editions.tables import edits_for, load_draft
from services.catalog.handlers import Decision, Office, Order, Outcome, carry_out
from services.catalog.tables.examining import Against, Examination
from services.catalog.tables.faults import BadCell
from services.catalog.views import catalogues

_MOST_TOLD: Final = 100
"""Bad cells that a refusal names one by one; the preview shows all."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What is to be imported where."""

    catalogue: str
    workbook: bytes
    mapping: str
    complete: bool
    digest: str
    """Of the preview somebody saw; empty to take whatever it changes now."""
    reason: str
    """Why matters that a complete table lacks go."""


class Examine(Protocol):
    """Reads a workbook without keeping the service from answering."""

    async def __call__(self, data: bytes, mapping: str, against: Against, *, complete: bool) -> Examination:
        """See `services.catalog.tables.examining.examine`."""
        ...


async def import_table(office: Office, order: Order, asked: ImportOrder, examine: Examine) -> Outcome:
    """Import a table.

    While it is compared nobody else can edit the catalogue, so that what was compared is what is changed.

    Returns:
        ``added``, ``changed`` and ``removed``.

    Raises:
        NotFound: there is no such catalogue.
        Refusal: no draft is open, cells are bad, the draft is not as it was previewed, or a rule of editing.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        state = await _locked(conn, asked.catalogue)
        draft = await load_draft(conn, state)
        found = await examine(asked.workbook, asked.mapping, draft.against(), complete=asked.complete)
        refuse_if_any(_unsound(found, asked))
        edits = edits_for(found.comparison.changes, draft, asked.reason)
        book = await open_book(conn, office.store, state, edits)
        book.carry_out(edits)
        kinds = [change.kind for change in found.comparison.changes]
        outcome = {
            "added": kinds.count("added") + kinds.count("returned"),
            "changed": kinds.count("changed") + kinds.count("renamed"),
            "removed": kinds.count("removed"),
        }
        return Decision(book.writes(), outcome)

    return await carry_out(office, order, _mark(asked), decide)


async def _locked(conn: AsyncConnection, identity: str) -> Catalogue:
    locked = await catalogues.lock_catalogue(conn, identity, whole=True)
    if locked is None:
        raise unknown(identity)
    require_draft(locked[0])
    return locked[0]


def _unsound(found: Examination, asked: ImportOrder) -> Iterator[Reason]:
    yield from _bad(found.bad)
    if found.bad:
        return
    if asked.digest and asked.digest != found.digest:
        text = "预览之后，目录草稿或所传的表有了变动，没有导入。请重新预览，核对改动后再导入。"
        yield Reason("import.changed-since", text, "digest")
    missing = sum(1 for change in found.comparison.changes if change.kind == "removed")
    if missing and blank(asked.reason):
        text = f"表中缺少目录已有的 {missing} 个事项，删除或不采用须说明理由，理由会随目录公开。请填写理由；若表只是一部分，请不要勾选“这是整个领域的全表”。"
        yield Reason("import.reason.missing", text, "reason")


def _bad(cells: Sequence[BadCell]) -> Iterator[Reason]:
    for bad in cells[:_MOST_TOLD]:
        place = "".join((f"工作表“{bad.sheet}”" if bad.sheet else "", bad.cell))
        text = f"{place}{'：' if place else ''}{bad.reason}。{bad.suggestion}。"
        yield Reason("import.cell", text, f"{bad.sheet}!{bad.cell}" if bad.cell else "workbook")
    if len(cells) > _MOST_TOLD:
        rest = len(cells) - _MOST_TOLD
        yield Reason("import.cells", f"另有 {rest} 个单元格有误，请用预览查看全部。", "workbook")


def _mark(asked: ImportOrder) -> bytes:
    return fingerprint(
        {
            "command": "ImportTable",
            "catalogue": asked.catalogue,
            "workbook": hashlib.sha256(asked.workbook).hexdigest(),
            "mapping": asked.mapping,
            "complete": asked.complete,
            "digest": asked.digest,
            "reason": asked.reason,
        }
    )
