"""Which acts are possible now: one table for the clerk's page, and for the refusal of who tries all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from gongkai.refusal import Reason
from services.requests.domain.request import Request

LAW: Final = "《政府信息公开条例》第"
RECEIPT_ARTICLE: Final = f"{LAW}三十一条第（三）项"
REPLY_ARTICLE: Final = f"{LAW}三十三条"
DISCLOSED_ARTICLE: Final = f"{LAW}三十六条第（二）项"
NOT_HELD_ARTICLE: Final = f"{LAW}三十六条第（四）项"
RECORD_ARTICLE: Final = f"{LAW}四十五条"

ActCode = Literal[
    "confirm_receipt", "correct_receipt", "record_search", "disclose", "not_held", "read_applicant", "erase"
]
ARTICLES: Final[dict[ActCode, str]] = {
    "confirm_receipt": RECEIPT_ARTICLE,
    "correct_receipt": RECEIPT_ARTICLE,
    "record_search": NOT_HELD_ARTICLE,
    "disclose": DISCLOSED_ARTICLE,
    "not_held": NOT_HELD_ARTICLE,
    "read_applicant": RECORD_ARTICLE,
    "erase": "《个人信息保护法》第四十七条",
}
"""Every act there is, with the article it rests on."""


def hindrances(state: Request, act: ActCode) -> Sequence[Reason]:
    """List why an act cannot be done now, whatever its input; none where it can."""
    return tuple(_hindrances(state, act))


def _hindrances(state: Request, act: ActCode) -> Iterator[Reason]:
    received, decided = state.received_on is not None, state.decided_on is not None
    if state.erased:
        yield Reason("applicant.erased", "申请人信息已经删除，本件不能再办理或查看申请人。")
        return
    match act:
        case "confirm_receipt" if received:
            text = "本件已经确认收到，不能重复确认。日期有误的，请更正收到日期。"
            yield Reason("receipt.confirmed", text, article=RECEIPT_ARTICLE)
        case "correct_receipt" if not received:
            yield Reason("receipt.none", "本件还没有确认收到，没有可以更正的日期。", article=RECEIPT_ARTICLE)
        case "record_search" if decided:
            text = "本件已经作出决定，检索应当在决定以前完成。"
            yield Reason("decided.already", text, article=NOT_HELD_ARTICLE)
        case "disclose" | "not_held":
            yield from _hindrances_to_decide(state, act)
        case "erase" if not decided:
            text = "本件还没有作出决定，申请人信息仍用于办理和送达，不能删除。"
            yield Reason("decided.not", text, article=REPLY_ARTICLE)


def _hindrances_to_decide(state: Request, act: ActCode) -> Iterator[Reason]:
    if state.decided_on is not None:
        yield Reason("decided.already", "本件已经作出决定，不能再次决定。", article=REPLY_ARTICLE)
    if state.received_on is None:
        text = "还没有与申请人确认收到。请先确认收到，当日即可答复。"
        yield Reason("receipt.none", text, article=RECEIPT_ARTICLE)
    if act == "not_held" and state.search is None:
        text = "没有检索记录，不能答复“经检索不存在”。请先登记在哪里、用什么词检索、结果如何。"
        yield Reason("search.none", text, "search", NOT_HELD_ARTICLE)
