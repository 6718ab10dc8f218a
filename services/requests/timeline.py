"""What happened, a line an event, in words for the applicant or with the notes meant for the staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.personal import Erased
from gongkai.legaltime.wording import long_day
from gongkai.serving.clock import legal_day
from services.requests.domain.acts import (
    ARTICLES,
    DISCLOSED_ARTICLE,
    NOT_HELD_ARTICLE,
    RECEIPT_ARTICLE,
    RECORD_ARTICLE,
)
from services.requests.domain.events import (
    ApplicantErased,
    ApplicantRead,
    Decided,
    NoticeSettled,
    ReceiptConfirmed,
    ReceiptCorrected,
    RequestSubmitted,
    SearchRecorded,
)

OUTCOMES: Final = {"disclosed": "予以公开", "not_held": "经检索，没有所申请公开的信息"}
_SETTLED: Final = {
    "sent": "答复通知已经发出",
    "failed": "答复通知没有发出，需要用其他方式告知申请人",
    "doubt": "答复通知是否发出没有得到答复，等待人工核对",
    "sending": "答复通知正在发送",
}
_SUBMIT_ARTICLE: Final = "《政府信息公开条例》第二十九条"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline."""

    on: date
    what: str
    text_zh: str
    article: str = ""


def lines(history: Sequence[StoredEvent], *, staff: bool) -> Iterator[tuple[StoredEvent, Line]]:
    """Tell each event that is told to this reader, oldest first."""
    for stored in history:
        line = _line(stored, staff=staff)
        if line is not None:
            yield stored, line


def _line(stored: StoredEvent, *, staff: bool) -> Line | None:  # noqa: PLR0911 - one return a row
    event, day = stored.data, legal_day(stored.recorded_at)
    match event:
        case RequestSubmitted(on=on, number=number):
            return Line(on, "submitted", f"网上提交申请，登记编号 {number}。", _SUBMIT_ARTICLE)
        case ReceiptConfirmed(on=on):
            text = f"双方确认收到，以{long_day(on)}为收到之日。{_told(event)}"
            return Line(on, "received", text + _note("确认方式", event.proof, staff=staff), RECEIPT_ARTICLE)
        case ReceiptCorrected(on=on):
            text = f"收到日期更正为{long_day(on)}，答复期限随之重新推算。"
            return Line(day, "corrected", text + _note("理由", event.reason, staff=staff), RECEIPT_ARTICLE)
        case SearchRecorded():
            return Line(day, "searched", "机关进行了检索，并登记了检索记录。", NOT_HELD_ARTICLE)
        case Decided(on=on, outcome=outcome):
            article = NOT_HELD_ARTICLE if outcome == "not_held" else DISCLOSED_ARTICLE
            return Line(on, "decided", f"作出决定：{OUTCOMES[outcome]}。", article)
        case NoticeSettled(state=state):
            return Line(day, "noticed", f"{_SETTLED.get(state, '')}。")
        case ApplicantErased(on=on, reason=reason):
            text = "申请人信息和答复文件已经永久删除。"
            return Line(on, "erased", text + _note("理由", reason, staff=staff), ARTICLES["erase"])
        case ApplicantRead() if staff:
            return Line(day, "applicant_read", "查看了申请人信息。", RECORD_ARTICLE)
        case _:
            return None


def _told(event: ReceiptConfirmed) -> str:
    if event.told_due_on is None:
        return ""
    return (
        f"当时推算的答复期限为{long_day(event.told_due_on)}{'（暂定）' if event.told_provisional else ''}。"
    )


def _note(what: str, text: str | Erased, *, staff: bool) -> str:
    if not staff:
        return ""
    return f"{what}：{'（已删除）' if isinstance(text, Erased) else text}"
