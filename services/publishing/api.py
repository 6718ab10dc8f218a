"""The gRPC edge for records: what the public may see, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final

from grpc import aio
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.content.store import ContentStore
from gongkai.contracts.facts import Fact
from gongkai.contracts.publishing import PublicFile, RecordState
from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2_grpc
from gongkai.serving.clock import Clock, legal_day
from gongkai.serving.database import for_questions
from gongkai.serving.errors import InvalidRequest, NotFound
from services.publishing.domain.reasons import REASONS
from services.publishing.staffing import NO_RECORD
from services.publishing.views.reading import (
    MAX_PAGE_SIZE,
    Filter,
    WithdrawnRecord,
    count_records,
    get_record,
    list_newest,
    list_records,
)
from services.publishing.views.successions import predecessors, successions, with_predecessors
from services.publishing.views.tables import known_division

NOT_NAMED: Final = Reason("record.not-named", "请给出索引号或信息标识", "index_number")
BAD_DIVISION: Final = Reason("division.malformed", "区划代码应为 4 至 12 位数字", "division")
BAD_MONTH: Final = Reason("month.malformed", "月份应写作 2026-11", "month")
BAD_PAGE: Final = Reason("page.malformed", "页码从 1 起，每页至多 100 条", "page")
MOST_MATTERS: Final = 500
MOST_PLACES: Final = 100
BAD_PLACES: Final = Reason("divisions.malformed", "请给出至多 100 个 12 位区划代码", "divisions")
TOO_MANY_MATTERS: Final = Reason("matters.too-many", "一次最多问 500 个事项的条数", "matters")

_DIVISION: Final = re.compile(r"^(?:\d{4,12})?$")
_WHOLE: Final = re.compile(r"^\d{12}$")
_MONTH: Final = re.compile(r"^(?:(?:19|20)\d{2}-(?:0[1-9]|1[0-2]))?$")
_DEFAULT_PAGE_SIZE: Final = 20

Context = aio.ServicerContext[Any, Any]


class RecordApi(publishing_pb2_grpc.RecordServiceServicer):
    """Answers ``RecordService``."""

    def __init__(self, engine: AsyncEngine, contents: ContentStore, *, clock: Clock) -> None:
        """Take the view's database, the content store (whose destroyed files are marked), and the clock."""
        self._engine = for_questions(engine)
        self._contents = contents
        self._clock = clock

    async def GetRecord(self, request: pb.GetRecordRequest, _context: Context) -> pb.GetRecordResponse:
        """Answer a record, or what is left of it once it was withdrawn."""
        if not (request.index_number or request.record_id):
            raise InvalidRequest(NOT_NAMED)
        async with self._engine.connect() as conn:
            found = await get_record(
                conn, index_number=request.index_number.strip(), record_id=request.record_id
            )
            if found is None:
                raise NotFound(NO_RECORD)
            if isinstance(found, WithdrawnRecord):
                return pb.GetRecordResponse(tombstone=_tombstone(found))
            (record,) = await self._records(conn, [found])
        return pb.GetRecordResponse(record=record)

    async def ListRecords(self, request: pb.ListRecordsRequest, _context: Context) -> pb.ListRecordsResponse:
        """Answer one page of public records, newest first."""
        page, size = request.page or 1, request.page_size or _DEFAULT_PAGE_SIZE
        faults = [
            fault
            for fault, wrong in (
                (BAD_DIVISION, not _DIVISION.match(request.division)),
                (BAD_MONTH, not _MONTH.match(request.month)),
                (BAD_PAGE, page < 1 or not 1 <= size <= MAX_PAGE_SIZE),
            )
            if wrong
        ]
        if faults:
            raise InvalidRequest(*faults)
        narrowed = Filter(
            request.division, request.organ, request.kind, request.domain, request.month, request.matter
        )
        async with self._engine.connect() as conn:
            narrowed = await with_predecessors(conn, narrowed, legal_day(self._clock()))
            states, total = await list_records(conn, narrowed, page=page, page_size=size)
            records = await self._records(conn, states)
        return pb.ListRecordsResponse(records=records, total=total)

    async def CountRecords(
        self, request: pb.CountRecordsRequest, _context: Context
    ) -> pb.CountRecordsResponse:
        """Answer how many public records a division and everything below it has."""
        if not _DIVISION.match(request.division):
            raise InvalidRequest(BAD_DIVISION)
        if len(request.matters) > MOST_MATTERS:
            raise InvalidRequest(TOO_MANY_MATTERS)
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            also = await predecessors(conn, request.division, today)
            counts = await count_records(
                conn, request.division, year=today.year, matters=request.matters, also=also
            )
        return pb.CountRecordsResponse(
            total=counts.total,
            by_domain=counts.by_domain,
            by_kind=counts.by_kind,
            this_year=counts.this_year,
            by_matter=counts.by_matter,
        )

    async def ListNewest(self, request: pb.ListNewestRequest, _context: Context) -> pb.ListNewestResponse:
        """Answer what several places published last, side by side; of each with what it stands for."""
        if len(request.divisions) > MOST_PLACES or not all(map(_WHOLE.match, request.divisions)):
            raise InvalidRequest(BAD_PLACES)
        async with self._engine.connect() as conn:
            ends, today = await successions(conn, known_division), legal_day(self._clock())
            stands = {
                code: place
                for place in request.divisions
                for code in (place, *ends.predecessors(place, today))
            }
            found = await list_newest(conn, list(stands))
            records = await self._records(conn, [state for _, state in found])
        of_place: dict[str, list[pb.Record]] = defaultdict(list)
        for (code, _), record in zip(found, records, strict=True):
            of_place[stands[code]].append(record)
        return pb.ListNewestResponse(
            places=[pb.NewestRecords(division=place, records=of_place[place]) for place in request.divisions]
        )

    async def _records(self, conn: AsyncConnection, states: Collection[RecordState]) -> list[pb.Record]:
        digests = {file.digest for state in states for file in state.files}
        gone = await self._contents.destroyed(conn, digests)
        return [record_message(state, gone) for state in states]


def record_message(state: RecordState, gone: Collection[str]) -> pb.Record:
    """A record on the wire; ``gone`` are the digests that were destroyed."""
    texts = {name: getattr(state, name) or "" for name in _TEXTS}
    days = {name: day.isoformat() if (day := getattr(state, name)) else "" for name in _DAYS}
    return pb.Record(
        version=state.version,
        keywords=state.keywords,
        files=[_file(file, gone) for file in state.files],
        defects=[defect_message(code) for code in state.defects],
        facts=[_fact(fact) for fact in state.facts],
        **texts,
        **days,
    )


_TEXTS: Final = (
    "record_id", "index_number", "organ", "organ_name", "division", "kind", "title", "doc_number", "issuer",
    "summary", "validity", "attribute", "ground", "domain", "matter", "topic", "genre", "category", "provenance",
)  # fmt: skip
_DAYS: Final = ("formed_on", "published_on", "effective_on", "expires_on")


def _file(file: PublicFile, gone: Collection[str]) -> pb.File:
    return pb.File(
        role=file.role,
        name=file.name,
        digest=file.digest,
        size=file.size,
        media_type=file.media_type,
        destroyed=file.digest in gone,
    )


def _fact(fact: Fact) -> pb.Fact:
    return pb.Fact(
        division=fact.division,
        period=fact.period,
        amount=fact.amount or "",
        people=fact.people,
        households=fact.households,
        on=fact.on.isoformat() if fact.on else "",
    )


def defect_message(code: str) -> pb.Defect:
    """A defect on the wire."""
    told = REASONS.get(code)
    return pb.Defect(
        code=code, field=told.field if told else "", message_zh=told.message_zh if told else code
    )


def _tombstone(left: WithdrawnRecord) -> pb.Tombstone:
    return pb.Tombstone(
        record_id=left.record_id,
        index_number=left.index_number,
        organ=left.organ,
        organ_name=left.organ_name,
        division=left.division,
        withdrawn_on=left.withdrawn_on.isoformat(),
        reason=left.reason,
    )
