"""The gRPC edge of coverage: duties and columns, each answer with its sentence and what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Final

import grpc.aio
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.contracts.kinds import KINDS
from gongkai.legaltime import Calendar
from gongkai.refusal import Reason
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceServicer
from gongkai.serving.clock import Clock, legal_day
from gongkai.serving.database import for_questions
from gongkai.serving.errors import InvalidRequest, NotFound
from services.oversight.counting import Count, count
from services.oversight.domain.columns import Column, Finding, Verdict, examine, verdicts
from services.oversight.domain.coverage import SOON_DAYS, State, cited, explained
from services.oversight.domain.lag import Law
from services.oversight.standings import Stands, judge, standings
from services.oversight.views import coverage, reading
from services.oversight.views.coverage import Organ
from services.oversight.views.demanded import demands
from services.oversight.views.ended import read_ended
from services.oversight.views.law import read_law
from services.oversight.views.one_matter import duties_of_matter
from services.oversight.views.reading import Page

Context = grpc.aio.ServicerContext[object, object]

_FILTERS: Final = ("", *State, "covered", "missing", "late")
NO_LAW: Final = Law(Calendar({}, ()), ())
_NO_PLACE: Final = Reason("coverage.place", "请指明区划或者机关", "division")
_NO_MATTER: Final = Reason("coverage.matter", "请指明区划和事项", "matter")
_NO_ORGAN: Final = Reason("coverage.organ", "没有登记这个机关", "organ")
_NO_STATE: Final = Reason("coverage.state", f"没有这种状态，可以写：{'、'.join(_FILTERS[1:])}", "state")


class CoverageApi(OversightServiceServicer):
    """Answers from the views. ``clock`` tells the legal day everything is said of."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock) -> None:
        self._engine = for_questions(engine)
        self._clock = clock

    async def GetCoverage(self, request: pb.GetCoverageRequest, _context: Context) -> pb.GetCoverageResponse:
        """Count each organ's duties, what is covered, late, due soon and overdue, and its empty domains."""
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            organs = await coverage.organs_of(conn, today, division=request.division, organ=request.organ)
            law = await read_law(conn)
            counts = await count(conn, organs, law.calendar, today)
            seen = await reading.seen_until(conn)
        limit = law.limit(today)
        return pb.GetCoverageResponse(
            organs=[_organ_row(organ, counts[organ.code]) for organ in organs],
            today=today.isoformat(),
            as_of=seen.astimezone(UTC).isoformat() if seen else "",
            soon_days=SOON_DAYS,
            limit_days=limit.value if limit else 0,
            limit_citation=limit.citation if limit else "",
        )

    async def ListDuties(self, request: pb.ListDutiesRequest, _context: Context) -> pb.ListDutiesResponse:
        """List an organ's duties in the order of the catalogue, narrowed to a state or a domain.

        Raises:
            NotFound: no such organ.
            InvalidRequest: no such state.
        """
        if request.state not in _FILTERS:
            raise InvalidRequest(_NO_STATE)
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            organ = await _organ(conn, today, request.organ)
            law = await read_law(conn)
            found = [
                one
                for one in await standings(conn, [organ], law.calendar, today)
                if request.domain in ("", one.row.domain)
            ]
        page = Page.asked(request.page, request.page_size)
        wanted = [one for one in found if one.is_in(request.state)]
        shown = wanted[page.offset : page.offset + page.size]
        edition = organ.edition
        return pb.ListDutiesResponse(
            duties=[_duty(one, law, today) for one in shown],
            total=len(wanted),
            counts={state or "all": sum(one.is_in(state) for one in found) for state in _FILTERS},
            catalogue_title=edition.title if edition else "",
            catalogue=edition.catalogue if edition else "",
            edition=edition.number if edition else 0,
            today=today.isoformat(),
        )

    async def GetDutyCoverage(
        self, request: pb.GetDutyCoverageRequest, _context: Context
    ) -> pb.GetDutyCoverageResponse:
        """Say how the organs of one division keep one matter, and when the next publication is due.

        Raises:
            InvalidRequest: no division or no matter.
        """
        if not request.division or not request.matter:
            raise InvalidRequest(_NO_MATTER)
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            organs, rows = await duties_of_matter(conn, request.division, request.matter, today)
            # nearly every matter has neither cycle nor late records, and needs no calendar
            law = await read_law(conn) if any(row.limits or row.late for row in rows) else NO_LAW
            found = judge(organs, rows, law.calendar, today)
        dated = [(one.found.due, one) for one in found if one.found.due is not None]
        due, first = min(dated, key=lambda each: each[0].day, default=(None, None))
        return pb.GetDutyCoverageResponse(
            duties=[_duty(one, law, today) for one in found],
            next_due_on=due.day.isoformat() if due else "",
            state=first.found.state if first else "",
            provisional=due.provisional if due else False,
        )

    async def ListColumns(self, request: pb.ListColumnsRequest, _context: Context) -> pb.ListColumnsResponse:
        """List the columns of a division's site, or the domains of an organ's duties, with what is wrong with each.

        Raises:
            NotFound: no such organ.
            InvalidRequest: neither division nor organ.
        """
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            law = await read_law(conn)
            if request.organ:
                organ = await _organ(conn, today, request.organ)
                columns, duties = await _organ_columns(conn, organ)
            elif request.division:
                columns, duties = await _site_columns(conn, [request.division, *request.also], today), {}
            else:
                raise InvalidRequest(_NO_PLACE)
        found = [examine(column, today, law.rules) for column in columns]
        told = [] if request.organ else verdicts(found, today, law.rules)
        return pb.ListColumnsResponse(
            columns=[_column(one, duties.get(one.column.code, 0)) for one in found],
            verdicts=map(_verdict, told),
            today=today.isoformat(),
        )


async def _organ(conn: AsyncConnection, today: date, code: str) -> Organ:
    found = await coverage.organs_of(conn, today, organ=code) if code else []
    if not found:
        raise NotFound(_NO_ORGAN)
    return found[0]


def _organ_row(organ: Organ, counted: Count) -> pb.OrganCoverage:
    return pb.OrganCoverage(
        organ=organ.code,
        organ_name=organ.name,
        division=organ.division,
        duties=counted.duties,
        covered=counted.covered,
        late=counted.late,
        due_soon=counted.due_soon,
        overdue=counted.overdue,
        columns=counted.columns,
        empty=counted.empty,
        catalogue=organ.edition.catalogue if organ.edition else "",
        edition=organ.edition.number if organ.edition else 0,
    )


async def _site_columns(conn: AsyncConnection, divisions: Sequence[str], today: date) -> list[Column]:
    """The columns as the site of the first has them: everything, each kind, each domain of the edition in force."""
    line = (await read_ended(conn)).divisions.upwards(divisions[0], today)
    edition = coverage.edition_for(line, await coverage.editions_in_force(conn, today))
    rows = await coverage.disclosed_in(conn, divisions)
    counts: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], date] = {}
    for row in rows:
        for column in (("home", "all"), ("kind", row.kind), ("domain", row.domain)):
            counts[column] += row.records
            last[column] = max(last.get(column, row.last), row.last)
    named = [
        ("home", "all", ""),
        *(("kind", code, name) for code, name in KINDS.items()),
        *(("domain", code, name) for code, name in (edition.domains if edition else {}).items()),
    ]
    return [
        Column(code, name, group, counts[group, code], last.get((group, code))) for group, code, name in named
    ]


async def _organ_columns(conn: AsyncConnection, organ: Organ) -> tuple[list[Column], Mapping[str, int]]:
    """The domains in which an organ has duties, in the edition's order, and how many duties in each."""
    duties = (await demands(conn, [organ]))[organ.code].domains
    disclosed = {row.domain: row for row in await coverage.disclosed_by_domain(conn, organ.carriers)}
    names = organ.edition.domains if organ.edition else {}
    columns = []
    for code in [*(code for code in names if code in duties), *sorted(duties.keys() - names.keys())]:
        row = disclosed.get(code)
        column = Column(code, names.get(code, code), "domain")
        columns.append(column if row is None else Column(code, column.name, "domain", row.records, row.last))
    return columns, duties


def _duty(one: Stands, law: Law, today: date) -> pb.Duty:
    due, edition = one.found.due, one.organ.edition
    return pb.Duty(
        organ=one.organ.code,
        organ_name=one.organ.name,
        division=one.organ.division,
        matter=one.row.matter,
        title=one.row.title,
        domain=one.row.domain,
        domain_name=edition.domains.get(one.row.domain, "") if edition else "",
        state=one.found.state,
        records=one.duty.records,
        late=one.duty.late,
        last_published_on=one.duty.last.isoformat() if one.duty.last else "",
        next_due_on=due.day.isoformat() if due else "",
        provisional=due.provisional if due else False,
        days_left=one.found.left,
        sentence_zh=explained(one.duty, one.found, law.limit(today)),
        citation=cited(one.duty),
        time_limit=one.duty.time_limit,
    )


def _column(one: Finding, duties: int) -> pb.Column:
    return pb.Column(
        code=one.column.code,
        name=one.column.name,
        group=one.column.group,
        records=one.column.records,
        last_published_on=one.column.last.isoformat() if one.column.last else "",
        state=one.state,
        stale_since=one.since.isoformat() if one.since else "",
        sentence_zh=one.sentence,
        citation=one.citation,
        duties=duties,
    )


def _verdict(one: Verdict) -> pb.ColumnVerdict:
    return pb.ColumnVerdict(
        code=one.code, count=one.count, limit=one.limit, failed=one.failed, citation=one.citation
    )
