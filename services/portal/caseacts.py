"""What a clerk may do with a request, in words: the panel beside the case, and the page that tells the consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ActWords:
    """How one act is told."""

    slug: str
    """Last part of its address."""
    label: str
    explains: str
    title: str
    consequences: Sequence[str]
    button: str
    fields: Sequence[str] = ()
    """Names of the fields its page asks for, as the call names them."""
    grave: bool = False


ACTS: Final[Mapping[str, ActWords]] = MappingProxyType(
    {
        "confirm_receipt": ActWords(
            "receipt", "确认收到", "写明哪一天、怎样与申请人确认，期限从第二天起算", "确认收到这件申请",
            ("答复期限从收到之日的第二天起算，申请人看得到最迟答复日；", "日期写错了可以更正，更正留下记录和理由。"),
            "确认收到", ("on", "proof"),
        ),
        "record_search": ActWords(
            "search", "登记检索记录", "在哪里、用什么词检索，结果如何；答复“不存在”以前必须有", "登记检索记录",
            ("检索记录是答复“经检索不存在”的依据，复议、诉讼时要出示；", "再次登记的，以最后一次为准，以前的仍在办理记录里。"),
            "登记", ("on", "search.places", "search.words", "search.result"),
        ),
        "disclose": ActWords(
            "disclose", "予以公开", "写明答复，附上要公开的文件", "答复：予以公开",
            ("答复期限到此为止，按期还是超期由日期决定；", "申请人凭查询码立刻看得到答复和文件，并会收到通知，不能收回；", "作出以后不能再改。"),
            "作出答复", ("on", "text", "files"),
        ),
        "not_held": ActWords(
            "not-held", "告知不存在", "经检索没有所申请的信息", "答复：经检索不存在",
            ("答复期限到此为止，按期还是超期由日期决定；", "申请人凭查询码立刻看得到答复和救济途径，并会收到通知，不能收回；", "作出以后不能再改。"),
            "作出答复", ("on", "text"),
        ),
        "correct_receipt": ActWords(
            "correction", "更正收到日期", "收到之日登记错了的，写明正确的日期和理由", "更正收到日期",
            ("最迟答复日跟着重新计算，申请人看得到；", "原来的日期、更正的理由都留在办理记录里。"),
            "更正", ("on", "reason"),
        ),
        "erase": ActWords(
            "erase", "删除申请人信息", "保存期满或者依法应当删除的，由管理员删除", "删除申请人信息和申请内容",
            (
                "申请人的姓名、证件、联系方式，申请内容、答复和答复文件永远不能再看到，备份里的也不能；",
                "登记编号、办理经过、日期和结果保留，用于统计和监督；", "不能撤销。",
            ),
            "永久删除", ("reason",), grave=True,
        ),
    }
)  # fmt: skip
"""Act → its words, in the order of the panel."""
BY_SLUG: Final = {words.slug: code for code, words in ACTS.items()}
READ_APPLICANT: Final = "read_applicant"
DECIDES: Final = {"disclose": "disclosed", "not_held": "not_held"}
"""Act → the outcome it decides for."""
