"""What may happen to a request, and what does. A refusal names every reason at once, with the article."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from gongkai.eventstore.personal import Erased
from gongkai.refusal import Reason, Refusal
from gongkai.security.personal import find_personal_numbers
from services.requests.domain.acts import (
    ARTICLES,
    DISCLOSED_ARTICLE,
    LAW,
    NOT_HELD_ARTICLE,
    RECEIPT_ARTICLE,
    REPLY_ARTICLE,
    hindrances,
)
from services.requests.domain.application import is_mobile
from services.requests.domain.commands import (
    Command,
    ConfirmReceipt,
    CorrectReceipt,
    Decide,
    EraseApplicant,
    ReadApplicant,
    RecordSearch,
    Submission,
    act_of,
)
from services.requests.domain.events import (
    ApplicantErased,
    ApplicantRead,
    Decided,
    ReceiptConfirmed,
    ReceiptCorrected,
    RequestEvent,
    RequestSubmitted,
    SearchRecorded,
)
from services.requests.domain.facts import Applicant, Channel, ClockEntry, Content, Reply, Search
from services.requests.domain.request import Request

_TEXT_LIMIT: Final = 5000
_NOTE_LIMIT: Final = 500


def submit(new: Submission) -> RequestSubmitted:
    """Take a request in; its application was checked before (``application.py``)."""
    return RequestSubmitted(
        request_id=new.request_id,
        number=new.number,
        organ=new.organ,
        division=new.division,
        applicant_id=new.applicant_id,
        applicant_kind=new.applicant.kind,
        phase="submitted",
        clock=(ClockEntry(what="submitted", on=new.on),),
        on=new.on,
        applicant=new.applicant,
        content=new.content,
    )


def decide(state: Request, command: Command, today: date) -> RequestEvent:
    """Decide on one command on the legal day ``today``.

    Raises:
        Refusal: with every reason.
    """
    reasons = [*hindrances(state, act_of(command)), *_faults(state, command, today)]
    if reasons:
        raise Refusal(*reasons)
    match command:
        case ReadApplicant(by=by):
            return ApplicantRead(request_id=state.request_id, by=by)
        case RecordSearch(on=date() as on, by=by):
            search = Search(on=on, places=command.places, words=command.words, result=command.result)
            return SearchRecorded(
                request_id=state.request_id, applicant_id=state.applicant_id, by=by, search=search
            )
        case _:
            return _change(state, command, today)


def _change(state: Request, command: Command, today: date) -> RequestEvent:
    match command:
        case ConfirmReceipt(on=date() as on):
            told = {"told_due_on": command.told_due_on, "told_provisional": command.told_provisional}
            after = replace(state, phase="handling", received_on=on)
            return ReceiptConfirmed.model_validate(
                _facts(after) | {"on": on, "proof": command.proof.strip(), **told}
            )
        case CorrectReceipt(on=date() as on):
            after = replace(state, received_on=on)
            return ReceiptCorrected.model_validate(
                _facts(after) | {"on": on, "reason": command.reason.strip()}
            )
        case Decide(outcome="disclosed" | "not_held" as outcome, on=date() as on):
            after = replace(state, phase="decided", outcome=outcome, decided_on=on)
            answer: dict[str, object] = {
                "on": on,
                "reply": Reply(text=command.text.strip(), files=command.files),
                "digests": tuple(file.digest for file in command.files),
                "notice": channel_of(state.applicant),
            }
            return Decided.model_validate(_facts(after) | answer)
        case EraseApplicant(reason=reason, notice_dropped=dropped):
            gone = {"on": today, "reason": reason.strip(), "notice_dropped": dropped}
            return ApplicantErased.model_validate(_facts(state) | gone)
        case _:
            raise AssertionError("its faults were told before")


def _faults(state: Request, command: Command, today: date) -> Iterator[Reason]:
    match command:
        case ConfirmReceipt(on=on):
            yield from _day_faults(
                on, today, after=state.submitted_on, what="收到日期", article=RECEIPT_ARTICLE
            )
            yield from _text_faults("proof", "确认的方式和经过", command.proof, RECEIPT_ARTICLE)
        case CorrectReceipt(on=on):
            yield from _day_faults(
                on, today, after=state.submitted_on, what="收到日期", article=RECEIPT_ARTICLE
            )
            yield from _text_faults("reason", "更正的理由", command.reason, RECEIPT_ARTICLE)
            yield from _correction_faults(state, on)
        case RecordSearch(on=on):
            yield from _day_faults(
                on, today, after=state.submitted_on, what="检索日期", article=NOT_HELD_ARTICLE
            )
            yield from _text_faults("search.places", "检索了哪些地方", command.places, NOT_HELD_ARTICLE)
            yield from _text_faults("search.words", "检索用的词", command.words, NOT_HELD_ARTICLE)
            yield from _text_faults("search.result", "检索结果", command.result, NOT_HELD_ARTICLE)
        case Decide():
            yield from _decision_faults(state, command, today)
        case EraseApplicant(reason=reason):
            yield from _text_faults("reason", "删除的理由", reason, ARTICLES["erase"])
            if find_personal_numbers(reason):
                text = "理由中有身份证号码或者手机号码。理由会长期保存，请删去后再提交。"
                yield Reason("reason.personal", text, "reason", ARTICLES["erase"])
        case ReadApplicant():
            pass


def _correction_faults(state: Request, on: date | None) -> Iterator[Reason]:
    if on is not None and on == state.received_on:
        yield Reason("on.same", "与现在记录的收到日期相同，不需要更正。", "on", RECEIPT_ARTICLE)
    if on is not None and state.decided_on is not None and on > state.decided_on:
        yield Reason("on.after-decision", "收到日期晚于作出决定的日期。请核对。", "on", RECEIPT_ARTICLE)


def _decision_faults(state: Request, command: Decide, today: date) -> Iterator[Reason]:
    article = NOT_HELD_ARTICLE if command.outcome == "not_held" else DISCLOSED_ARTICLE
    if command.outcome not in {"disclosed", "not_held"}:
        text = "没有选择决定种类。请在予以公开、经检索不存在中选一种。"
        yield Reason("outcome.unknown", text, "outcome", f"{LAW}三十六条")
    since = state.received_on or state.submitted_on
    yield from _day_faults(command.on, today, after=since, what="决定日期", article=REPLY_ARTICLE)
    yield from _text_faults("text", "答复内容", command.text, article, most=_TEXT_LIMIT)
    if command.outcome == "disclosed" and not command.files and not _on_site(state):
        text = "没有附上要公开的文件。请上传文件后再作出决定。"
        yield Reason("files.none", text, "files", DISCLOSED_ARTICLE)
    if command.unknown_files:
        text = f"有 {command.unknown_files} 个文件没有为本件上传。请重新上传后再作出决定。"
        yield Reason("files.unknown", text, "files", DISCLOSED_ARTICLE)
    search = state.search
    if command.outcome == "not_held" and isinstance(search, Search) and command.on and search.on > command.on:
        yield Reason("search.late", "检索日期晚于决定日期。请核对。", "on", NOT_HELD_ARTICLE)


def _on_site(state: Request) -> bool:
    """Told when and where to look (Art. 36(二): "获取该政府信息的方式、途径和时间"), such a request needs no file."""
    return isinstance(state.content, Content) and state.content.supply == "on_site"


def _day_faults(on: date | None, today: date, *, after: date, what: str, article: str) -> Iterator[Reason]:
    if on is None:
        yield Reason(
            "on.unreadable", f"{what}没有填写或者无法识别。请写成 2026-11-23 的形式。", "on", article
        )
        return
    if on > today:
        yield Reason("on.future", f"{what}晚于今天。请填写实际发生的日期。", "on", article)
    if on < after:
        yield Reason(
            "on.early",
            f"{what}早于{'收到' if what == '决定日期' else '提交'}申请的日期。请核对。",
            "on",
            article,
        )


def _text_faults(
    name: str, what: str, text: str, article: str, *, most: int = _NOTE_LIMIT
) -> Iterator[Reason]:
    code = name.rpartition(".")[2]
    if not text.strip():
        yield Reason(f"{code}.missing", f"没有填写{what}。", name, article)
    elif len(text) > most:
        yield Reason(f"{code}.too-long", f"{what}超过 {most} 字。请缩短。", name)


def channel_of(applicant: Applicant | Erased) -> Channel:
    """Choose how the applicant is told that there is a decision: e-mail where given, else a mobile number."""
    if isinstance(applicant, Erased):
        return "none"
    if applicant.email:
        return "email"
    return "sms" if is_mobile(applicant.phone) else "none"


def _facts(state: Request) -> dict[str, object]:
    return {
        "request_id": state.request_id,
        "number": state.number,
        "organ": state.organ,
        "division": state.division,
        "applicant_id": state.applicant_id,
        "applicant_kind": state.applicant_kind,
        "phase": state.phase,
        "outcome": state.outcome,
        "clock": state.clock,
    }
