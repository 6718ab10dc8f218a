"""Answers to what a department's system asks: its duties, their schemas, whether a document would do, what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.elements import document_reasons
from gongkai.contracts.matters import MatterReading
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2, duties_pb2
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import InvalidRequest, NotFound
from services.catalog.domain.editions import edition_id
from services.catalog.domain.reading.schema import schema_of
from services.catalog.domain.rows import MatterRow, changes_between, name_of
from services.catalog.domain.subjects import NOBODY
from services.catalog.duties.places import Place, read_place
from services.catalog.duties.standing import Standing, day_at, rows_at, standing_at, standing_now
from services.catalog.editions import messages
from services.catalog.handlers import Office
from services.catalog.views import catalogues, reading, rows, subjects
from services.catalog.views.reading import Found

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 500
_BARS: Final = 2
"""In a row's key: domain|place|matter."""
_NO_MATTER: Final = "请用 duties 查询本机关的事项。"


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers questions about the duties of organs. Everything told is public."""

    office: Office

    async def duties(
        self, organ: str, *, domain: str = "", page_size: int = 0, page_token: str = ""
    ) -> duties_pb2.ListDutiesResponse:
        """List what an organ must disclose, by the edition in force for its division, in the order of the table.

        Whoever reads several pages keeps the ``place`` of the first: what changes between them is a change after it.

        Raises:
            NotFound: no such organ.
            InvalidRequest: the page token was never told.
        """
        async with self.office.engine.connect() as conn:
            place = await self._head(
                conn
            )  # before anything else is read: what comes after it is told as a change
            asked = await _organ(conn, organ)
            now = await standing_now(conn, organ, asked.division, self._today())
            line = await subjects.line_of(conn, asked.division, self._today())
            if not now.catalogue:
                return duties_pb2.ListDutiesResponse(place=str(place))
            standing, after = _page(now, line, page_token)
            size = min(page_size, LARGEST_PAGE) if page_size > 0 else DEFAULT_PAGE
            found = await rows.slice_of(conn, standing.rows(domain), size, after)
            edition = await catalogues.find_edition(conn, standing.catalogue, standing.number)
            meant = await subjects.organs_meant(conn, now.division, {row.subject for row in found.rows})
        token = ""
        if found.more:
            last = found.rows[-1]
            token = (
                f"{standing.catalogue}~{standing.number}~{rows.key_of(last.domain, last.place, last.matter)}"
            )
        return duties_pb2.ListDutiesResponse(
            duties=[_duty(row, standing.number, meant.get(row.subject, ())) for row in found.rows],
            next_page_token=token,
            total=found.total,
            edition=None if edition is None else messages.dated_edition(edition),
            place=str(place),
        )

    async def schema(self, catalogue: str, matter: str) -> duties_pb2.GetSchemaResponse:
        """Give the JSON Schema of a matter's content elements in the edition in force.

        Raises:
            NotFound: there is no such catalogue, or no such matter in it.
        """
        async with self.office.engine.connect() as conn:
            edition = await catalogues.find_edition(conn, catalogue)
            found = await rows.find_row(conn, catalogue, matter, edition.number) if edition else None
        if edition is None or found is None or found.state != "in":
            told = f"目录 {catalogue[:20] or '（空）'} 的现行版本中没有事项 {matter[:40] or '（空）'}。{_NO_MATTER}"
            raise NotFound(Reason("matter.unknown", told, "matter"))
        return duties_pb2.GetSchemaResponse(
            schema=_schema(found, edition.number), edition=messages.dated_edition(edition)
        )

    async def schema_for(self, organ: str, matter: str) -> duties_pb2.GetSchemaResponse:
        """Give the same, of the catalogue in force for an organ's division.

        Raises:
            NotFound: no such organ, no edition in force, no such matter in it.
        """
        return await self.schema(await self._catalogue(organ), matter)

    async def validate(
        self, organ: str, matter: str, elements: Mapping[str, str]
    ) -> duties_pb2.ValidateDocumentResponse:
        """Say every reason why a document of the organ would be refused under a matter: publishing's own check.

        Raises:
            NotFound: no such organ, or no edition in force.
        """
        identity = await self._catalogue(organ)
        async with self.office.engine.connect() as conn:
            edition = await catalogues.find_edition(conn, identity)
            assert edition is not None, "a catalogue in force has an edition"
            found = await rows.find_row(conn, identity, matter, edition.number)
        reasons = _reasons(found, elements)
        return duties_pb2.ValidateDocumentResponse(
            valid=not reasons,
            reasons=[
                duties_pb2.DutyReason(
                    code=one.code, message=one.message_zh, field=one.field, article=one.article
                )
                for one in reasons
            ],
            edition=messages.dated_edition(edition),
        )

    async def changes(self, organ: str, place: str, limit: int = 0) -> duties_pb2.ListChangesResponse:
        """Tell the organ's matters that are not as they were at a place, and the place to ask from next.

        What stood there is compared with what stands now, so that nothing is lost, however long nobody asked: also
        where another catalogue came into force, or other words mean the organ. Changes that were undone are not told.

        Raises:
            NotFound: no such organ.
            InvalidRequest: the place was never told, or its log is no more.
        """
        size = min(limit, LARGEST_PAGE) if limit > 0 else DEFAULT_PAGE
        async with self.office.engine.connect() as conn:
            head = await self._head(conn)
            start = read_place(place, head.epoch, head.position)
            until = start.until or head.position
            asked = await _organ(conn, organ)
            was, now = [
                await standing_at(
                    conn,
                    self.office.store,
                    organ,
                    asked.division,
                    position,
                    await day_at(conn, self.office.store, position, self._today()),
                )
                for position in (start.position, until)
            ]
            before = await rows_at(conn, was)
            after = before if was == now else await rows_at(conn, now)
            edition = (
                await catalogues.find_edition(conn, now.catalogue, now.number) if now.catalogue else None
            )
        changed = [matter for matter in sorted({*before, *after}) if before.get(matter) != after.get(matter)]
        due = [matter for matter in changed if matter > start.after]
        shown = due[:size]
        told = None if edition is None else messages.dated_edition(edition)
        more = len(due) > len(shown)
        next_place = Place(head.epoch, start.position, until, shown[-1]) if more else Place(head.epoch, until)
        return duties_pb2.ListChangesResponse(
            changes=[_change(matter, before.get(matter), after.get(matter), told) for matter in shown],
            place=str(next_place),
        )

    async def assignments(
        self, division: str, *, unassigned_only: bool = False
    ) -> duties_pb2.ListAssignmentsResponse:
        """List who is meant in a division by the words of the rows in force for it, and by words it once had."""
        async with self.office.engine.connect() as conn:
            line = await subjects.line_of(conn, division, self._today())
            division = line[0]
            held = await subjects.assignments(conn, division)
            nearest = await subjects.nearest_in(conn, line)
            phrases = await subjects.phrases_in_force(conn, nearest.id) if nearest is not None else {}
        listed = []
        for subject in sorted({*phrases, *held}):
            meant, version = held.get(subject, (NOBODY, 0))
            if not (unassigned_only and (meant.organs or subject not in phrases)):
                listed.append(
                    duties_pb2.Assignment(
                        division=division,
                        subject=subject,
                        organs=meant.organs,
                        version=version,
                        matters=phrases.get(subject, 0),
                        by_hand=meant.by_hand,
                    )
                )
        return duties_pb2.ListAssignmentsResponse(assignments=listed)

    def _today(self) -> date:
        return legal_day(self.office.clock())

    async def _head(self, conn: AsyncConnection) -> Place:
        return Place(await self.office.store.epoch(conn), await self.office.store.head(conn))

    async def _catalogue(self, organ: str) -> str:
        async with self.office.engine.connect() as conn:
            asked = await _organ(conn, organ)
            nearest = await subjects.nearest_catalogue(conn, asked.division, self._today())
        if nearest is None:
            text = f"区划 {asked.division} 及其上级还没有发布目录，无从核对。请联系目录管理员。"
            raise NotFound(Reason("edition.none", text, "organ"))
        return str(nearest.id)


async def _organ(conn: AsyncConnection, code: str) -> Found:
    found = await reading.find_organ(conn, code)
    if found is None:
        raise NotFound(
            Reason("organ.unknown", f"没有机关 {code[:40] or '（空）'}，请核对机关代码。", "organ")
        )
    return found


def _page(now: Standing, line: tuple[str, ...], token: str) -> tuple[Standing, str]:
    """Give what the next page is of: the edition the first was of, also where another has come since."""
    if not token:
        return now, ""
    match token.split("~"):
        case [catalogue, number, key] if catalogue in line and number.isdecimal():
            place = key.split("|", 2)[1:2]
            if key.count("|") >= _BARS and place[0].isdecimal():
                return Standing(now.division, catalogue, int(number), now.subjects), key
    raise InvalidRequest(Reason("page.token", "翻页标记无效，请从第一页重新查看。", "page_token"))


def _duty(row: Found, number: int, organs: tuple[str, ...]) -> duties_pb2.Duty:
    told = messages.published_row(row, organs)
    return duties_pb2.Duty(
        row=told, schema=_schema(row, number), schema_url=schema_path(row.catalogue, row.matter)
    )


def schema_path(catalogue: str, matter: str) -> str:
    """Give the address of a matter's schema, below the portal's."""
    return f"/api/v1/catalogues/{catalogue}/matters/{matter}/schema"


def _schema(row: Found, number: int) -> str:
    reading_held = MatterReading.model_validate(row.reading)
    schema_id = f"urn:gongkai:schema:{edition_id(row.catalogue, number)}:{row.matter}"
    schema = schema_of(reading_held.elements, title=name_of(rows.row_of(row)), schema_id=schema_id)
    return json.dumps(schema, ensure_ascii=False)


def _reasons(row: Found | None, elements: Mapping[str, str]) -> tuple[Reason, ...]:
    if row is None:
        text = f"所填公开事项不在现行的公开事项目录中。{_NO_MATTER}"
        return (Reason("matter.unknown", text, "matter"),)
    if row.state != "in":
        text = f"所填公开事项本级目录未收录。{_NO_MATTER}"
        return (Reason("matter.retired", text, "matter"),)
    return document_reasons(MatterReading.model_validate(row.reading), elements)


def _change(
    matter: str, was: MatterRow | None, now: MatterRow | None, edition: catalogues_pb2.Edition | None
) -> duties_pb2.DutyChange:
    kind = "added" if was is None else "removed" if now is None else "changed"
    fields = changes_between(was, now) if was is not None and now is not None else {}
    return duties_pb2.DutyChange(matter=matter, kind=kind, edition=edition, changes=messages.changes(fields))
