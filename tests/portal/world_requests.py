"""Invented requests for disclosure, and the service that answers for them. Nobody here exists."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from gongkai.legaltime.calendar import Calendar
from gongkai.legaltime.clock import Entry, RuleRow, reply_clock
from gongkai.refusal import Reason, Refusal
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.rpc.requests.v1 import requests_pb2_grpc
from gongkai.security.grpc_auth import current_staff
from gongkai.security.permissions import Place, may
from gongkai.serving.errors import CallRefused, NotFound, PermissionRefused, TooLarge

COUNTY: Final = "341323000000"
ORGAN: Final = "341323-mzj"
TODAY: Final = date(2026, 11, 23)
CODE: Final = "K7QM3XPD9T"
RUNNING: Final = "341323-2026-00047"
OVERDUE: Final = "341323-2026-00039"
SOON: Final = "341323-2026-00052"
WAITING: Final = "341323-2026-00055"
PROVISIONAL: Final = "341323-2026-00060"
DISCLOSED: Final = "341323-2026-00031"
NOT_HELD: Final = "341323-2026-00028"
ERASED: Final = "341323-2026-00012"
EVIL: Final = "341323-2026-00666"
EVIL_TEXT: Final = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{7*7}}'
REMEDY: Final = "对本答复不服的，可以自收到之日起 60 日内向灵璧县人民政府申请行政复议，也可以在 6 个月内向人民法院提起行政诉讼。"
_CALENDAR: Final = Calendar({date(2026, 10, day): False for day in range(1, 9)}, {2026})
_RULES: Final = (
    RuleRow(
        "request-reply", 20, "working_days", date(2019, 5, 15), None, "《政府信息公开条例》第三十三条第二款"
    ),
    RuleRow(
        "request-receipt", 0, "days", date(2019, 5, 15), None, "《政府信息公开条例》第三十一条第（三）项"
    ),
)
_NOT_WHILE: Final = "{}，现在不能这样做。请先办完前一步。"


class Throttled(CallRefused):
    """As the kernel's throttle refuses."""

    status = TooLarge.status


@dataclass
class Desk:
    """The requests of the invented organ; a test may change it."""

    requests: dict[str, pb.Request] = field(default_factory=dict)
    applicants: dict[str, pb.Applicant] = field(default_factory=dict)
    submitted: list[pb.SubmitRequest] = field(default_factory=list)
    commands: list[Any] = field(default_factory=list)
    """What clerks asked for, oldest first."""
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    refusals: list[Reason] = field(default_factory=list)
    """What the next write is refused for."""
    throttled: bool = False
    clients: list[str] = field(default_factory=list)


def invent_desk() -> Desk:
    """Requests in every state a page shows."""
    desk = Desk()
    asked = "浍沟镇2025年度高标准农田建设项目的资金使用明细表和竣工验收报告"
    _add(desk, RUNNING, asked, submitted="2026-11-05", received="2026-11-06")
    _add(
        desk, OVERDUE, "灵璧县2024年度村级光伏电站收益分配明细", submitted="2026-10-20", received="2026-10-23"
    )
    _add(desk, SOON, "渔沟镇2025年宅基地审批名册", submitted="2026-10-28", received="2026-10-29")
    _add(desk, WAITING, "灵城镇拆迁安置房分配结果", submitted="2026-11-21")
    _add(
        desk,
        PROVISIONAL,
        "2025年全县中小学食堂大宗食材采购合同",
        submitted="2026-12-07",
        received="2026-12-08",
    )
    done = _add(
        desk,
        DISCLOSED,
        "城区公交票价成本监审报告",
        submitted="2026-10-12",
        received="2026-10-13",
        decided="2026-11-02",
    )
    done.delivery = "sent"
    done.decision.MergeFrom(
        pb.Decision(
            outcome="disclosed", on="2026-11-02", text="现将您申请的信息提供给您。\n见附件。", article="《政府信息公开条例》第三十六条第（二）项",
            remedy_zh=REMEDY, files=[keep(desk, "成本监审报告.pdf", "application/pdf", b"%PDF-1.4 invented")],
        )
    )  # fmt: skip
    not_held = _add(
        desk,
        NOT_HELD,
        "1998年乡镇企业登记名册",
        submitted="2026-09-01",
        received="2026-09-02",
        decided="2026-10-20",
    )
    not_held.search.MergeFrom(
        pb.SearchRecord(on="2026-09-20", places="本机关档案室、业务系统", words="乡镇企业、1998", result="没有检索到", by="staff-1")
    )  # fmt: skip
    not_held.decision.MergeFrom(
        pb.Decision(outcome="not_held", on="2026-10-20", text="经检索，本机关不掌握该信息。", article="《政府信息公开条例》第三十六条第（四）项", remedy_zh=REMEDY)
    )  # fmt: skip
    erased = _add(desk, ERASED, "", submitted="2026-03-02", received="2026-03-03", decided="2026-03-10")
    erased.erased, erased.applicant_masked = True, ""
    erased.ClearField("content")
    _evil(desk)
    for one in desk.requests.values():
        allow(one)
    return desk


def keep(desk: Desk, name: str, media_type: str, data: bytes) -> pb.File:
    """Keep a file of a reply."""
    digest = hashlib.sha256(data).hexdigest()
    desk.files[digest] = (name, media_type, data)
    return pb.File(name=name, digest=digest, size=len(data), media_type=media_type)


def _add(
    desk: Desk, number: str, asked: str, *, submitted: str, received: str = "", decided: str = ""
) -> pb.Request:
    one = pb.Request(
        number=number, organ=ORGAN, organ_name="灵璧县民政局", division=COUNTY, phase="submitted", outcome="none",
        delivery="none", submitted_on=submitted, received_on=received, applicant_masked="王**", applicant_kind="natural",
        visibility="applicant_and_clerks",
        content=pb.Content(description=asked, supply="electronic", delivery="online"),
    )  # fmt: skip
    happened = [("submitted", submitted, "申请人在网上提交", ""), ("received", received, "双方确认收到", "《政府信息公开条例》第三十一条第（三）项"), ("decided", decided, "作出答复", "《政府信息公开条例》第三十六条")]  # fmt: skip
    for what, on, text, article in happened:
        if on:
            one.steps.insert(
                0, pb.Step(at=f"{on}T06:14:00+00:00", on=on, what=what, text_zh=text, article=article)
            )
    if received:
        one.phase = "handling"
    if decided:
        one.phase, one.outcome = "decided", "disclosed" if number == DISCLOSED else "not_held"
    count(one, TODAY if submitted <= TODAY.isoformat() else date.fromisoformat(received))
    desk.requests[number] = one
    desk.applicants[number] = pb.Applicant(
        kind="natural", name="王秀兰（演示）", id_kind="resident_id", id_number="341323195603021527",
        phone="13900000000", email="wang@example.invalid",
    )  # fmt: skip
    return one


def count(one: pb.Request, today: date = TODAY) -> None:
    """Read the clock of a request."""
    days = (("submitted", one.submitted_on), ("received", one.received_on), ("decided", one.decision.on))
    decided = next((step.on for step in one.steps if step.what == "decided"), "")
    entries = [Entry(what, date.fromisoformat(on or decided)) for what, on in days if on or (what == "decided" and decided)]  # fmt: skip
    read = reply_clock(entries, _RULES, _CALENDAR, today)
    one.clock.CopyFrom(
        pb.Clock(
            state=read.state, due_on=read.due.day.isoformat() if read.due else "", provisional=bool(read.due and read.due.provisional),
            day=read.day, left=read.left, limit=read.limit, sentence_zh=read.sentence_zh,
            steps=[
                pb.ClockStep(
                    on=step.on.isoformat() if step.on else "", event_zh=step.event_zh, effect_zh=step.effect_zh,
                    due_on=step.due_on.isoformat() if step.due_on else "", article=step.article, provisional=step.provisional,
                )
                for step in read.steps
            ],
            days=[pb.ClockDay(date=day.day.isoformat(), state=day.state, number=day.number, note_zh=day.note_zh) for day in read.days],
        )
    )  # fmt: skip


def _evil(desk: Desk) -> None:
    one = _add(desk, EVIL, EVIL_TEXT, submitted="2026-11-05", received="2026-11-06", decided="2026-11-20")
    one.organ_name = one.applicant_masked = EVIL_TEXT
    one.search.MergeFrom(
        pb.SearchRecord(on="2026-11-10", places=EVIL_TEXT, words=EVIL_TEXT, result=EVIL_TEXT)
    )
    one.decision.MergeFrom(
        pb.Decision(
            outcome="disclosed", on="2026-11-20", text=EVIL_TEXT, article=EVIL_TEXT, remedy_zh=EVIL_TEXT,
            files=[keep(desk, f"../../{EVIL_TEXT}.txt", "text/html", b"<script>alert(1)</script>")],
        )
    )  # fmt: skip
    one.steps[0].text_zh = EVIL_TEXT
    one.clock.sentence_zh = EVIL_TEXT
    one.clock.steps.add(event_zh=EVIL_TEXT, effect_zh=EVIL_TEXT, article=EVIL_TEXT)
    desk.applicants[EVIL] = pb.Applicant(
        kind="other", name=EVIL_TEXT, id_kind="uscc", id_number=EVIL_TEXT, contact_name=EVIL_TEXT, phone=EVIL_TEXT,
        email=EVIL_TEXT, address=EVIL_TEXT,
    )  # fmt: skip


ACTS: Final = {
    "confirm_receipt": ("《政府信息公开条例》第三十一条第（三）项", ("submitted",)),
    "correct_receipt": ("《政府信息公开条例》第三十一条", ("handling",)),
    "record_search": ("《政府信息公开条例》第三十六条第（四）项", ("handling",)),
    "disclose": ("《政府信息公开条例》第三十六条第（二）项", ("handling",)),
    "not_held": ("《政府信息公开条例》第三十六条第（四）项", ("handling",)),
}


def allow(one: pb.Request) -> None:
    """Say what may be done with a request now, and why the rest may not."""
    one.ClearField("acts")
    for code, (article, phases) in ACTS.items():
        reasons = []
        if one.phase not in phases:
            why = {"submitted": "还没有确认收到", "handling": "已经确认收到", "decided": "已经作出答复"}[
                one.phase
            ]
            reasons.append(
                pb.Reason(code=f"{code}.phase", message_zh=_NOT_WHILE.format(why), article=article)
            )
        if code == "not_held" and not one.search.result:
            reasons.append(
                pb.Reason(
                    code="search.missing",
                    message_zh="还没有登记检索记录。答复“不掌握”以前要先检索并登记。",
                    article=article,
                )
            )
        one.acts.add(code=code, allowed=not reasons, reasons=reasons, article=article)
    erase = one.acts.add(code="erase", article="《个人信息保护法》第四十七条")
    erase.allowed = one.phase == "decided" and not one.erased
    if not erase.allowed:
        erase.reasons.add(
            code="erase.phase", message_zh="已经删除。" if one.erased else "还没有办结。办结以后才能删除。"
        )


class RequestOffice(requests_pb2_grpc.RequestServiceServicer):
    """Answers from the desk."""

    def __init__(self, desk: Callable[[], Desk], check: Callable[[str], None]) -> None:
        self._desk = desk
        self._check = check

    @property
    def desk(self) -> Desk:
        self._check("requests")
        return self._desk()

    # -- the public --------------------------------------------------------------------------------------------

    async def Submit(self, request: pb.SubmitRequest, _context: Any) -> pb.SubmitResponse:
        desk = self._public(request.client)
        if desk.refusals:
            raise Refusal(*desk.refusals)
        if all(one.command_id != request.command_id for one in desk.submitted):
            desk.submitted.append(request)
        return pb.SubmitResponse(
            number=WAITING, query_code="K7QM3-XPD9T", submitted_at="2026-11-23T06:14:00+00:00", organ_name="灵璧县民政局"
        )  # fmt: skip

    async def LookUp(self, request: pb.LookUpRequest, _context: Any) -> pb.LookUpResponse:
        desk = self._public(request.client)
        one = pb.Request()
        one.CopyFrom(_paired(desk, request.number, request.query_code))
        one.ClearField("acts")
        one.ClearField("search")
        return pb.LookUpResponse(request=one)

    async def FetchReplyFile(
        self, request: pb.FetchReplyFileRequest, _context: Any
    ) -> AsyncIterator[pb.FetchReplyFileResponse]:
        desk = self._public(request.client)
        one = _paired(desk, request.number, request.query_code)
        if request.digest not in {file.digest for file in one.decision.files}:
            raise NotFound(Reason("file.unknown", "没有这个文件。", "digest"))
        name, media_type, data = desk.files[request.digest]
        half = len(data) // 2
        yield pb.FetchReplyFileResponse(name=name, media_type=media_type, data=data[:half])
        yield pb.FetchReplyFileResponse(data=data[half:])

    def _public(self, client: str) -> Desk:
        desk = self.desk
        desk.clients.append(client)
        if desk.throttled:
            raise Throttled(Reason("throttled", "尝试次数过多，请 10 分钟后再试。"))
        return desk

    # -- a clerk -----------------------------------------------------------------------------------------------

    async def ListRequests(self, request: pb.ListRequestsRequest, _context: Any) -> pb.ListRequestsResponse:
        seen = [one for one in self.desk.requests.values() if _may("request.read", one)]
        answer = pb.ListRequestsResponse()
        for one in seen:
            for name in _clocks(one):
                answer.by_clock[name] += 1
        found = [one for one in seen if not request.clock or request.clock in _clocks(one)]
        found.sort(key=lambda one: (one.phase == "decided", one.clock.due_on or "9999"))
        start = (max(request.page, 1) - 1) * request.page_size
        answer.requests.extend(found[start : start + request.page_size])
        answer.total = len(found)
        return answer

    async def GetRequest(self, request: pb.GetRequestRequest, _context: Any) -> pb.GetRequestResponse:
        return pb.GetRequestResponse(request=self._mine(request.number))

    async def ReadApplicant(
        self, request: pb.ReadApplicantRequest, _context: Any
    ) -> pb.ReadApplicantResponse:
        self._mine(request.number, "request.handle", request)
        return pb.ReadApplicantResponse(applicant=self.desk.applicants[request.number])

    async def ConfirmReceipt(
        self, request: pb.ConfirmReceiptRequest, _context: Any
    ) -> pb.ConfirmReceiptResponse:
        one = self._mine(request.number, "request.handle", request)
        one.phase, one.received_on = "handling", request.on
        return pb.ConfirmReceiptResponse(request=_again(one))

    async def CorrectReceipt(
        self, request: pb.CorrectReceiptRequest, _context: Any
    ) -> pb.CorrectReceiptResponse:
        one = self._mine(request.number, "request.handle", request)
        one.received_on = request.on
        return pb.CorrectReceiptResponse(request=_again(one))

    async def RecordSearch(self, request: pb.RecordSearchRequest, _context: Any) -> pb.RecordSearchResponse:
        one = self._mine(request.number, "request.handle", request)
        one.search.CopyFrom(request.search)
        return pb.RecordSearchResponse(request=_again(one))

    async def Decide(self, request: pb.DecideRequest, _context: Any) -> pb.DecideResponse:
        one = self._mine(request.number, "request.handle", request)
        one.phase, one.outcome = "decided", request.outcome
        one.decision.CopyFrom(
            pb.Decision(outcome=request.outcome, on=request.on, text=request.text, files=request.files)
        )
        return pb.DecideResponse(request=_again(one))

    async def UploadReplyFile(
        self, request_iterator: AsyncIterator[pb.UploadReplyFileRequest], _context: Any
    ) -> pb.UploadReplyFileResponse:
        name, media_type, data = "", "", b""
        async for one in request_iterator:
            self._mine(one.number or RUNNING, "request.handle")
            name, media_type = name or one.name, media_type or one.media_type
            data += one.chunk
        return pb.UploadReplyFileResponse(file=keep(self.desk, name, media_type, data))

    async def EraseApplicant(
        self, request: pb.EraseApplicantRequest, _context: Any
    ) -> pb.EraseApplicantResponse:
        one = self._mine(request.number, "request.erase", request)
        one.erased, one.applicant_masked = True, ""
        one.ClearField("content")
        return pb.EraseApplicantResponse(request=_again(one))

    def _mine(self, number: str, act: str = "request.read", command: Any = None) -> pb.Request:
        desk = self.desk
        one = desk.requests.get(number)
        if one is None or not (_may("request.read", one) or _may(act, one)):
            raise NotFound(Reason("request.unknown", "没有这件申请，或者它不归您办理。", "number"))
        if not _may(act, one):
            raise PermissionRefused(Reason("auth.not-allowed", "您不是这件申请的经办人。"))
        if command is not None:
            if desk.refusals:
                raise Refusal(*desk.refusals)
            desk.commands.append(command)
        return one


def _may(act: str, one: pb.Request) -> bool:
    return may(current_staff(), act, Place(one.organ, one.division))


def _again(one: pb.Request) -> pb.Request:
    allow(one)
    return one


def _paired(desk: Desk, number: str, code: str) -> pb.Request:
    if number not in desk.requests or code.replace("-", "") != CODE:
        raise NotFound(Reason("lookup.wrong", "没有查到。", "query_code"))
    return desk.requests[number]


def _clocks(one: pb.Request) -> Sequence[str]:
    names = [one.clock.state]
    if one.clock.state == "running" and one.clock.left <= 5:
        names = ["soon"]
    return [*names, "provisional"] if one.clock.provisional else names
