"""Invented coverage: the duties of the invented organs, how they stand, and the columns of the site."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

from typing import Any, Final

from gongkai.contracts.kinds import KINDS
from gongkai.refusal import Reason
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.rpc.oversight.v1 import oversight_pb2_grpc
from gongkai.serving.errors import NotFound

TODAY: Final = "2026-11-23"
COUNTY: Final = "341323000000"
SITE: Final = "《政府网站与政务新媒体检查指标》（国办秘函〔2019〕19号）单项否决指标"
ART_26: Final = "《政府信息公开条例》第二十六条"
OVERDUE, SOON = "m-20-005", "m-20-003"
_DOMAINS: Final = (("10", "农村危房改造"), ("16", "食品药品监管"), ("20", "社会救助"))
_LISTS: Final = ("", "never", "in_time", "due_soon", "overdue", "any_time", "covered", "missing", "late")


def invent_duties(organ: str, name: str) -> list[pb.Duty]:
    """Thirty duties of an organ, in every state."""
    return [_duty(organ, name, number) for number in range(1, 31)]


def _duty(organ: str, name: str, number: int) -> pb.Duty:
    domain, domain_name = ("20", "社会救助") if number <= 24 else ("10", "农村危房改造")
    duty = pb.Duty(
        organ=organ, organ_name=name, division=COUNTY, matter=f"m-{domain}-{number:03d}", domain=domain,
        domain_name=domain_name, title=f"低保审核信息（第 {number} 项）", state="any_time", records=number,
        last_published_on="2026-10-09", citation="《灵璧县基层政务公开标准目录》第 2 版，公开时限“及时公开”",
        sentence_zh=f"已公开 {number} 条，最近一条公开于2026年10月9日。目录没有规定周期，形成新的信息以后才需要再公开。",
    )  # fmt: skip
    if number == 3:
        duty.state, duty.next_due_on, duty.days_left = "due_soon", "2026-11-30", 5
        duty.sentence_zh = "已公开 3 条，最近一条公开于2026年10月9日。目录要求“每月公开”，应当在2026年11月30日以前公开，还有 5 个工作日。"
    elif number == 5:
        duty.state, duty.next_due_on, duty.days_left = "overdue", "2026-11-06", -11
        duty.late = 2
        duty.sentence_zh = "已公开 5 条，最近一条公开于2026年10月9日。目录要求“每20个工作日更新”，应当在2026年11月6日以前公开，已经超过 11 个工作日。其中 2 条自形成之日起超过 20 个工作日才公开（《政府信息公开条例》第二十六条）。"
    elif number == 7:
        duty.state, duty.next_due_on, duty.provisional = "in_time", "2027-01-20", True
        duty.sentence_zh = "已公开 7 条，最近一条公开于2026年10月9日。目录要求“每季度首月20日前公开”，应当在2027年1月20日以前公开，还有 41 个工作日（当年放假安排尚未公布，日期暂定）。"
    elif number % 4 == 0:
        duty.state, duty.records, duty.last_published_on = "never", 0, ""
        duty.sentence_zh = "还没有按这个事项公开过信息。"
    return duty


def _is_in(duty: pb.Duty, state: str) -> bool:
    named = {"": True, "covered": duty.records > 0, "missing": duty.records == 0, "late": duty.late > 0}
    return named.get(state, duty.state == state)


class CoverageOffice(oversight_pb2_grpc.OversightServiceServicer):
    """Answers on coverage; the market supervisors have no duties, a county without records nothing at all."""

    world: Any
    check: Any

    def duties_of(self, code: str) -> list[pb.Duty]:
        organ = next((one for one in self.world.organs if one.code == code), None)
        if organ is None:
            raise NotFound(Reason("coverage.organ", "没有登记这个机关", "organ"))
        return [] if code == "341323-scjg" or not self.world.records else invent_duties(code, organ.name)

    async def GetCoverage(self, request: Any, _context: Any) -> pb.GetCoverageResponse:
        self.check("oversight")
        rows = []
        for number, organ in enumerate(self.world.organs):
            duties = self.duties_of(organ.code)
            counts = {state: sum(_is_in(duty, state) for duty in duties) for state in _LISTS}
            rows.append(
                pb.OrganCoverage(
                    organ=organ.code, organ_name=organ.name, division=organ.division, duties=counts[""],
                    covered=counts["covered"], late=counts["late"], due_soon=counts["due_soon"],
                    overdue=counts["overdue"], columns=2 if duties else 0, empty=number % 2 if duties else 0,
                    catalogue=COUNTY, edition=2,
                )
            )  # fmt: skip
        shown = [
            row
            for row in rows
            if request.organ == row.organ or request.division in ("341300000000", row.division)
        ]
        return pb.GetCoverageResponse(
            organs=shown,
            today=TODAY,
            as_of="2026-11-23T01:05:00+00:00",
            soon_days=5,
            limit_days=20,
            limit_citation=ART_26,
        )

    async def ListDuties(self, request: Any, _context: Any) -> pb.ListDutiesResponse:
        self.check("oversight")
        duties = [one for one in self.duties_of(request.organ) if request.domain in ("", one.domain)]
        wanted = [one for one in duties if _is_in(one, request.state)]
        start = ((request.page or 1) - 1) * request.page_size
        return pb.ListDutiesResponse(
            duties=wanted[start : start + request.page_size],
            total=len(wanted),
            counts={state or "all": sum(_is_in(one, state) for one in duties) for state in _LISTS},
            catalogue_title="灵璧县基层政务公开标准目录",
            catalogue=COUNTY,
            edition=2,
            today=TODAY,
        )

    async def GetDutyCoverage(self, request: Any, _context: Any) -> pb.GetDutyCoverageResponse:
        self.check("oversight")
        state, due = self.world.duties.get(request.matter, ("", ""))
        return pb.GetDutyCoverageResponse(next_due_on=due, state=state, provisional=bool(due))

    async def ListColumns(self, request: Any, _context: Any) -> pb.ListColumnsResponse:
        self.check("oversight")
        if request.organ:
            columns = [
                _column("domain", code, name, empty=code == "10", duties=18) for code, name in _DOMAINS[::2]
            ]
            return pb.ListColumnsResponse(columns=columns, today=TODAY)
        columns = [
            _column("home", "all", ""),
            *(
                _column("kind", code, name, empty=code in ("law", "personnel", "project"))
                for code, name in KINDS.items()
            ),
            *(_column("domain", code, name, empty=code == "16") for code, name in _DOMAINS),
        ]
        columns[4].state, columns[4].last_published_on = "stale", "2026-04-02"
        verdicts = [
            pb.ColumnVerdict(code="website-empty-columns", count=5, limit=5, failed=True, citation=SITE),
            pb.ColumnVerdict(code="website-stale-columns", count=0, limit=5, citation=SITE),
            pb.ColumnVerdict(code="website-stale-others", count=1, limit=10, citation=SITE),
        ]
        return pb.ListColumnsResponse(columns=columns, verdicts=verdicts, today=TODAY)


def _column(group: str, code: str, name: str, *, empty: bool = False, duties: int = 0) -> pb.Column:
    return pb.Column(
        group=group, code=code, name=name, state="empty" if empty else "kept", records=0 if empty else 12,
        last_published_on="" if empty else "2026-11-20", citation=SITE, duties=duties,
        sentence_zh="栏目里还没有信息。" if empty else "最近更新于2026年11月20日，在 6 个月以内。",
    )  # fmt: skip
