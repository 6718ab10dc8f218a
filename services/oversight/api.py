"""The gRPC edge: the board and the lists behind its numbers."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import grpc.aio
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import FormerName
from gongkai.legaltime import Calendar, RuleRow
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.serving.clock import legal_day
from gongkai.successions import name_on
from services.oversight.alignment_api import AlignmentApi
from services.oversight.domain.buckets import buckets
from services.oversight.domain.reply import working_days_over
from services.oversight.views import reading
from services.oversight.views.reading import Page

Context = grpc.aio.ServicerContext[object, object]


class OversightApi(AlignmentApi):
    """Answers from the views: the board and its lists, coverage, and alignment."""

    async def GetBoard(self, request: pb.GetBoardRequest, _context: Context) -> pb.GetBoardResponse:
        """Give every organ of a division and below with its numbers, and how the lags are spread."""
        async with self._engine.connect() as conn:
            today = legal_day(self._clock())
            organs = await reading.organ_rows(conn, request.division, request.also)
            requests = await reading.organ_requests(conn, request.division, today, request.also)
            law = await reading.law_now(conn)
            limit, reply_limit = law.limit(today), law.reply_limit(today)
            lags = await _lags(conn, request, limit)
            seen = await reading.seen_until(conn)
        return pb.GetBoardResponse(
            organs=[_organ(organ, requests.get(organ.code), today) for organ in organs],
            lags=lags,
            as_of=seen.astimezone(UTC).isoformat() if seen else "",
            limit_days=limit.value if limit else 0,
            limit_citation=limit.citation if limit else "",
            reply_limit_days=reply_limit.value if reply_limit else 0,
            reply_limit_citation=reply_limit.citation if reply_limit else "",
        )

    async def ListLateRecords(
        self, request: pb.ListLateRecordsRequest, _context: Context
    ) -> pb.ListLateRecordsResponse:
        """List late records, the latest first."""
        async with self._engine.connect() as conn:
            page = Page.asked(request.page, request.page_size)
            found = await reading.list_late(conn, request.organ, page)
        return pb.ListLateRecordsResponse(records=map(_late, found.rows), total=found.total)

    async def ListDefects(self, request: pb.ListDefectsRequest, _context: Context) -> pb.ListDefectsResponse:
        """List records that lack something, and how often each thing is lacking."""
        async with self._engine.connect() as conn:
            page = Page.asked(request.page, request.page_size)
            found = await reading.list_defects(conn, request.organ, page)
            by_code = await reading.count_defects(conn, request.organ)
        rows = (
            pb.DefectRow(index_number=row.index_number, title=row.title, codes=row.defects)
            for row in found.rows
        )
        return pb.ListDefectsResponse(records=rows, total=found.total, by_code=by_code)

    async def ListLateRequests(
        self, request: pb.ListLateRequestsRequest, _context: Context
    ) -> pb.ListLateRequestsResponse:
        """List requests that are overdue or were answered late, by their numbers and days alone."""
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            page = Page.asked(request.page, request.page_size)
            found = await reading.list_late_requests(conn, request.organ, today, page)
            calendar = (await reading.law_now(conn)).calendar
        rows = [_late_request(row, today, calendar) for row in found.rows]
        return pb.ListLateRequestsResponse(requests=rows, total=found.total)


async def _lags(
    conn: AsyncConnection, board: pb.GetBoardRequest, limit: RuleRow | None
) -> list[pb.LagBucket]:
    if limit is None:
        return []
    steps = buckets(limit.value)
    counts = await reading.count_lags(conn, board.division, steps, board.also)
    return [
        pb.LagBucket(label=step.label, count=count, late=step.late)
        for step, count in zip(steps, counts, strict=True)
    ]


def _late_request(row: Row[Any], today: date, calendar: Calendar) -> pb.LateRequest:
    over = row.days_over
    if over is None:
        over = working_days_over(row.due_on, today, calendar)
    return pb.LateRequest(
        number=row.number,
        received_on=row.received_on.isoformat(),
        due_on=row.due_on.isoformat(),
        decided_on=row.decided_on.isoformat() if row.decided_on else "",
        working_days_over=over,
        provisional=row.provisional,
    )


def _organ(row: Row[Any], requests: Row[Any] | None, today: date) -> pb.OrganRow:
    asked = (
        {}
        if requests is None
        else {
            "requests": requests.requests,
            "requests_open": requests.open,
            "requests_on_time": requests.on_time,
            "requests_late": requests.late,
            "requests_overdue": requests.overdue,
        }
    )
    return pb.OrganRow(
        **asked,
        organ=row.code,
        organ_name=name_on(today, row.name, map(FormerName.model_validate, row.former_names)),
        division=row.division,
        published=row.published,
        withdrawn=row.withdrawn,
        timed=row.timed,
        late=row.late,
        defects=row.defects,
        median_lag=-1 if row.median_lag is None else row.median_lag,
    )


def _late(row: Row[Any]) -> pb.LateRecord:
    return pb.LateRecord(
        index_number=row.index_number,
        title=row.title,
        formed_on=row.formed_on.isoformat(),
        published_on=row.published_on.isoformat(),
        working_days=row.lag,
        provisional=row.provisional,
    )
