"""Invented drafts, reports of departments and messages, and the services that answer for them."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.notify.v1 import notify_pb2, notify_pb2_grpc
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import drafts_pb2_grpc
from gongkai.security.grpc_auth import current_staff
from gongkai.security.permissions import Place, Staff, may
from gongkai.security.personal import find_personal_numbers
from gongkai.serving.errors import NotFound, PermissionRefused, Unavailable

COUNTY: Final = "341323000000"
ORGAN: Final = "341323-mzj"
ORGAN_NAME: Final = "灵璧县民政局"
AT: Final = "2026-11-23T01:40:00+00:00"
_SEVENTEEN: Final = "《政府信息公开条例》第十七条"
_ACTS: Final = (
    "draft.write",
    "draft.propose",
    "draft.confirm",
    "draft.return",
    "draft.publish",
    "draft.discard",
)
_OPEN: Final = {
    "draft.write": ("drafting",), "draft.propose": ("drafting",), "draft.confirm": ("proposed",),
    "draft.return": ("proposed", "confirmed"), "draft.publish": ("confirmed",),
    "draft.discard": ("drafting", "proposed", "confirmed"),
}  # fmt: skip
_NOT_NOW: Final = Reason("draft.not-now", "稿件现在的环节不能这样做。", "", _SEVENTEEN)
_TEXT: Final = """# 2026年第四季度残疾人两项补贴发放情况

根据残疾人两项补贴制度有关规定，现将韦集镇2026年第四季度残疾人两项补贴发放情况公开如下。

| 镇、村 | 补贴类别 | 金额（元） |
|---|---|---|
| 韦集镇徐圩村 | 困难残疾人生活补贴 | 225.00 |
| 韦集镇戴家村 | 重度残疾人护理补贴 | 270.00 |

对名单有异议的，可以拨打 0557-000 0000。
"""


@dataclass
class Drawer:
    """What waits in publishing and notify."""

    drafts: dict[str, pb.Draft] = field(default_factory=dict)
    contents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    incoming: list[pb.Incoming] = field(default_factory=list)
    messages: list[notify_pb2.Message] = field(default_factory=list)
    commands: dict[str, str] = field(default_factory=dict)
    """Command id → what it made: the same is answered alike."""
    done: list[str] = field(default_factory=list)
    """Every command that changed something, by method."""
    away: bool = False

    def add(self, draft_id: str, phase: str, **content: Any) -> pb.Draft:
        """Put a draft on the drawer."""
        draft = pb.Draft(id=draft_id, version=1, phase=phase, organ_name=ORGAN_NAME, updated_at=AT)
        draft.content.MergeFrom(pb.DraftContent(organ=ORGAN, **content))
        draft.steps.add(at=AT, staff="s-editor", what="saved")
        if phase != "drafting":
            draft.attribute, draft.ground, draft.proposed_by = (
                "proactive",
                "条例第二十条第（十一）项",
                "s-editor",
            )
            draft.steps.insert(0, pb.DraftStep(at=AT, staff="s-editor", what="proposed", note=draft.ground))
        if phase == "confirmed":
            draft.confirmed_by = "s-reviewer"
            draft.steps.insert(0, pb.DraftStep(at=AT, staff="s-reviewer", what="confirmed"))
        self.drafts[draft_id] = draft
        return draft


def invent_drawer() -> Drawer:
    """Make what waits."""
    drawer = Drawer()
    usual = {
        "kind": "subsidy", "formed_on": "2026-11-18", "domain": "20", "matter": "m-20-001", "body_text": _TEXT,
        "summary": "韦集镇37名残疾人第四季度补贴发放人数、标准和金额", "doc_number": "灵民〔2026〕64号", "keywords": ["残疾人", "补贴"],
    }  # fmt: skip
    facts = [
        pb.DraftFact(division="341323101000", period="2026-Q4", amount="9000", people="37"),
        pb.DraftFact(
            division="341323106201", period="2026年四季度", amount="5,400", households="41", on="2026-11-18"
        ),
    ]
    drawer.add(
        "d-proposed",
        "proposed",
        title="2026年第四季度残疾人两项补贴发放情况（韦集镇）",
        facts=facts,
        **usual,
    )
    drawer.add("d-confirmed", "confirmed", title="2026年冬春救助资金分配方案", **usual)
    returned = drawer.add("d-returned", "drafting", title="农村低保动态调整情况（10月）", **usual)
    returned.returned_because = "发放表里有完整的身份证号码，请遮盖后再送。"
    draft = drawer.add(
        "d-draft",
        "drafting",
        title="养老服务机构备案名单",
        kind="notice",
        body_text="正文还没有写完。",
        facts=facts,
    )
    draft.findings.add(code="facts.amount-parted", message_zh="金额带有千位分隔符。请去掉分隔符，5,400 写作 5400。", field="facts[1].amount")  # fmt: skip
    draft.findings.add(code="formed-on.missing", message_zh="缺少生成（成文）日期。", field="formed_on", article="《政府信息公开条例》第十二条")  # fmt: skip
    draft.findings.add(code="domain.unknown", message_zh="所填领域不在现行的公开事项目录中。", field="domain")
    for number, outcome in enumerate(("published", "revised", "unchanged", "rejected", "rejected")):
        one = pb.Incoming(
            event_id=f"evt-{number}", organ=ORGAN, kind="document", received_at=AT, outcome=outcome,
            index_number="" if outcome == "rejected" else "11341323MB00010117/202611-00007",
            title="" if outcome == "rejected" else "2026年第三季度城乡最低生活保障资金发放情况",
        )  # fmt: skip
        if outcome == "rejected":
            one.reasons.add(
                code="title.missing", message_zh="缺少名称（标题）。", article="《政府信息公开条例》第十二条"
            )
            one.reasons.add(code="personal.identity-number", message_zh="含有居民身份证号码，不得公开。请删除后重发。", article="《政府信息公开条例》第十五条")  # fmt: skip
        if outcome == "revised":
            one.defects.add(code="formed-on.missing", field="formed_on", message_zh="缺少生成（成文）日期。")
        drawer.incoming.append(one)
    for number, (state, why) in enumerate((("doubt", "服务商没有回答是否已发出"), ("sent", ""), ("failed", "号码已停机"))):  # fmt: skip
        drawer.messages.append(notify_pb2.Message(
            number=number + 1, key=f"k{number}", channel="sms", template="request.decided", state=state, why=why,
            queued_at=AT, attempts=1, about="341323-2026-00047",
        ))  # fmt: skip
    return drawer


def sentence(staff: Staff, draft: pb.Draft, act: str) -> list[Reason]:
    """Every reason against an act."""
    reasons = []
    if not may(staff, act, Place(draft.content.organ, COUNTY)):
        reasons.append(Reason("auth.not-allowed", "您的角色不能这样做，请找本单位有相应角色的同事。"))
    if draft.phase not in _OPEN[act]:
        reasons.append(_NOT_NOW)
    if act == "draft.confirm" and draft.proposed_by == staff.id:
        reasons.append(Reason("draft.own-proposal", "公开属性由您本人提出，不能由您本人确认。请另一位复核员确认。", "", _SEVENTEEN))  # fmt: skip
    return reasons


class Drafts(drafts_pb2_grpc.DraftServiceServicer):
    """Answers from ``world.drawer``."""

    def __init__(self, world: Any) -> None:
        self._world = world

    @property
    def _drawer(self) -> Drawer:
        if self._world.drawer.away:
            raise Unavailable(Reason("unavailable", "服务暂时不可用"))
        drawer: Drawer = self._world.drawer
        return drawer

    def _draft(self, draft_id: str) -> pb.Draft:
        draft = self._drawer.drafts.get(draft_id)
        if draft is None or not may(current_staff(), "draft.read", Place(draft.content.organ, COUNTY)):
            raise NotFound(Reason("draft.none", "没有这份稿件。"))
        return draft

    def _told(self, draft: pb.Draft) -> pb.Draft:
        told = pb.Draft()
        told.CopyFrom(draft)
        del told.acts[:]
        for act in _ACTS:
            against = sentence(current_staff(), draft, act)
            told.acts.add(code=act, allowed=not against, reasons=[_reason(one) for one in against])
        return told

    def _do(self, request: Any, act: str, what: str, **changes: str) -> pb.Draft:
        draft = self._draft(request.draft_id)
        if request.command_id not in self._drawer.commands:
            against = sentence(current_staff(), draft, act)
            if request.expected_version and request.expected_version != draft.version:
                against.append(Reason("draft.stale", "稿件刚被别人改过，请重新打开。", "expected_version"))
            if what in {"returned", "discarded"} and not request.reason:
                against.append(Reason("reason.missing", "缺少理由。", "reason"))
            if against:
                raise Refusal(*against)
            for name, value in changes.items():
                setattr(draft, name, value)
            note = getattr(request, "reason", "") or getattr(request, "ground", "")
            draft.steps.insert(0, pb.DraftStep(at=AT, staff=current_staff().id, what=what, note=note))
            draft.version += 1
            self._drawer.commands[request.command_id] = draft.id
            self._drawer.done.append(what)
        return self._told(draft)

    async def SaveDraft(self, request: Any, _context: Any) -> pb.SaveDraftResponse:
        drawer = self._drawer
        if request.command_id in drawer.commands:
            return pb.SaveDraftResponse(draft=self._told(drawer.drafts[drawer.commands[request.command_id]]))
        if not may(current_staff(), "draft.write", Place(request.content.organ, COUNTY)):
            raise PermissionRefused(Reason("auth.not-allowed", "您没有在这个机关起草的角色。"))
        reasons = [
            Reason("personal.identity-number", "含有居民身份证号码，不得公开。请删除后再保存。", name, "《政府信息公开条例》第十五条")
            for name in ("title", "summary", "body_text") if any(find_personal_numbers(getattr(request.content, name)))
        ]  # fmt: skip
        draft = drawer.drafts.get(request.draft_id)
        if draft is not None and draft.version != request.expected_version:
            reasons.append(
                Reason("draft.stale", "稿件刚被别人改过，您看到的不是最新内容。", "expected_version")
            )
        if draft is not None:
            reasons += sentence(current_staff(), draft, "draft.write")
        if reasons:
            raise Refusal(*reasons)
        if draft is None:
            draft = drawer.add(request.draft_id or f"d-{request.command_id}", "drafting")
            draft.version = 0
        draft.content.CopyFrom(request.content)
        draft.version += 1
        drawer.commands[request.command_id] = draft.id
        drawer.done.append("saved")
        return pb.SaveDraftResponse(draft=self._told(draft))

    async def ProposeAttribute(self, request: Any, _context: Any) -> pb.ProposeAttributeResponse:
        draft = self._draft(request.draft_id)
        told = [Reason(one.code, one.message_zh, one.field, one.article) for one in draft.findings]
        if not request.ground:
            told.append(Reason("ground.missing", "缺少确定公开属性的理由。", "ground", _SEVENTEEN))
        if told:
            raise Refusal(*told)
        changes = {
            "attribute": request.attribute,
            "ground": request.ground,
            "proposed_by": current_staff().id,
        }
        done = self._do(
            request, "draft.propose", "proposed", phase="proposed", returned_because="", **changes
        )
        return pb.ProposeAttributeResponse(draft=done)

    async def ConfirmAttribute(self, request: Any, _context: Any) -> pb.ConfirmAttributeResponse:
        done = self._do(
            request, "draft.confirm", "confirmed", phase="confirmed", confirmed_by=current_staff().id
        )
        return pb.ConfirmAttributeResponse(draft=done)

    async def ReturnDraft(self, request: Any, _context: Any) -> pb.ReturnDraftResponse:
        done = self._do(
            request, "draft.return", "returned", phase="drafting", returned_because=request.reason
        )
        return pb.ReturnDraftResponse(draft=done)

    async def PublishDraft(self, request: Any, _context: Any) -> pb.PublishDraftResponse:
        done = self._do(request, "draft.publish", "published", phase="published", index_number="11341323MB00010117/202611-00007")  # fmt: skip
        return pb.PublishDraftResponse(draft=done)

    async def DiscardDraft(self, request: Any, _context: Any) -> pb.DiscardDraftResponse:
        return pb.DiscardDraftResponse(
            draft=self._do(request, "draft.discard", "discarded", phase="discarded")
        )

    async def ReviseRecord(self, request: Any, _context: Any) -> pb.ReviseRecordResponse:
        record = self._world.records[request.index_number]
        content = {"title": record.title, "kind": record.kind, "domain": record.domain, "body_text": "原文"}
        draft = self._drawer.add(f"d-{request.command_id}", "drafting", **content)
        draft.index_number, draft.migrated = request.index_number, record.provenance == "migration"
        draft.defects.extend(record.defects)
        self._drawer.done.append("revised")
        return pb.ReviseRecordResponse(draft=self._told(draft))

    async def WithdrawRecord(self, request: Any, _context: Any) -> pb.WithdrawRecordResponse:
        record = self._world.records.get(request.index_number)
        if record is None:
            raise NotFound(Reason("record.none", "没有这条信息，请核对索引号"))
        if not may(current_staff(), "record.withdraw", Place(record.organ, record.division)):
            raise PermissionRefused(Reason("auth.not-allowed", "您没有撤回的角色。"))
        if not request.reason:
            raise Refusal(Reason("reason.missing", "缺少理由。", "reason"))
        self._world.withdraw(request.index_number, request.reason, "2026-11-23")
        self._drawer.done.append("withdrawn")
        return pb.WithdrawRecordResponse(tombstone=self._world.tombstones[request.index_number])

    async def GetDraft(self, request: Any, _context: Any) -> pb.GetDraftResponse:
        return pb.GetDraftResponse(draft=self._told(self._draft(request.draft_id)))

    async def ListDrafts(self, request: Any, _context: Any) -> pb.ListDraftsResponse:
        readable = [
            one for one in self._drawer.drafts.values()
            if may(current_staff(), "draft.read", Place(one.content.organ, COUNTY)) and request.organ in ("", one.content.organ)
        ]  # fmt: skip
        found = [one for one in readable if request.phase in ("", one.phase)]
        start, size = ((request.page or 1) - 1) * (request.page_size or 20), request.page_size or 20
        return pb.ListDraftsResponse(
            drafts=found[start : start + size],
            total=len(found),
            by_phase=Counter(one.phase for one in readable),
        )

    async def ListIncoming(self, request: Any, _context: Any) -> pb.ListIncomingResponse:
        if not may(current_staff(), "incoming.read", Place(request.organ, COUNTY)):
            raise PermissionRefused(Reason("auth.not-allowed", "您不能看这个机关的报送。"))
        of_organ = [one for one in self._drawer.incoming if one.organ == request.organ]
        found = [one for one in of_organ if request.outcome in ("", one.outcome)]
        start, size = ((request.page or 1) - 1) * (request.page_size or 20), request.page_size or 20
        return pb.ListIncomingResponse(
            events=found[start : start + size],
            total=len(found),
            by_outcome=Counter(one.outcome for one in of_organ),
        )

    async def ListOrganRecords(self, request: Any, _context: Any) -> pb.ListOrganRecordsResponse:
        assert self._drawer
        staff = current_staff()
        found = [
            one for one in self._world.public()
            if one.organ == request.organ and request.q in one.title and (one.defects or not request.with_defects)
        ]  # fmt: skip
        start, size = ((request.page or 1) - 1) * (request.page_size or 20), request.page_size or 20
        answer = pb.ListOrganRecordsResponse(total=len(found))
        for one in found[start : start + size]:
            place = Place(one.organ, one.division)
            acts = [
                pb.Act(code=act, allowed=may(staff, act, place))
                for act in ("record.revise", "record.withdraw")
            ]
            answer.records.add(record=one, acts=acts)
        return answer

    async def FetchDraftContent(
        self, request: Any, _context: Any
    ) -> AsyncIterator[pb.FetchDraftContentResponse]:
        draft = self._draft(request.draft_id)
        data = self._world.uploaded.get(request.digest)
        known = request.digest in {one.digest for one in draft.content.attachments}
        if data is None or not known:
            yield pb.FetchDraftContentResponse(digest=request.digest, last=True)
            return
        assert hashlib.sha256(data).hexdigest() == request.digest
        yield pb.FetchDraftContentResponse(digest=request.digest, found=True, data=data, last=True)


class Messages(notify_pb2_grpc.NotifyServiceServicer):
    """The administrator's two calls, for the invented notify service to take on."""

    drawer: Callable[[], Drawer]

    async def ListMessages(self, request: Any, _context: Any) -> notify_pb2.ListMessagesResponse:
        drawer = self.drawer()
        if not any(grant.role == "administrator" for grant in current_staff().grants):
            raise PermissionRefused(Reason("auth.not-allowed", "只有管理员能看消息。"))
        found = [one for one in drawer.messages if request.state in ("", one.state)]
        return notify_pb2.ListMessagesResponse(
            messages=found, total=len(found), by_state=Counter(one.state for one in drawer.messages)
        )

    async def SettleDoubt(self, request: Any, _context: Any) -> notify_pb2.SettleDoubtResponse:
        drawer = self.drawer()
        message = next((one for one in drawer.messages if one.number == request.number), None)
        if message is None:
            raise NotFound(Reason("message.none", "没有这条消息。"))
        reasons = []
        if message.state != "doubt":
            reasons.append(Reason("message.settled", "这条消息已经有结果，不必再处理。"))
        if not request.reason:
            reasons.append(Reason("reason.missing", "缺少理由。", "reason"))
        if reasons:
            raise Refusal(*reasons)
        message.state = {"was_sent": "sent", "send_again": "queued", "drop": "dropped"}[request.decision]
        drawer.done.append(f"settled {request.actor}")
        return notify_pb2.SettleDoubtResponse(message=message)


def _reason(one: Reason) -> pb.Reason:
    return pb.Reason(code=one.code, message_zh=one.message_zh, field=one.field, article=one.article)
