"""The kinds of record, the attributes and the validity states: each code with its one Chinese label.

Codes travel in events, subjects and addresses and never change; labels are what a reader sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "normative": "规范性文件",
        "notice": "通知公告",
        "reply": "批复函件",
        "plan": "规划计划",
        "budget": "财政预决算",
        "licence": "行政许可",
        "penalty": "行政处罚",
        "subsidy": "补贴发放",
        "project": "项目信息",
        "statistics": "统计信息",
        "personnel": "人事信息",
        "emergency": "应急管理",
        "procurement": "采购招标",
        "guide": "办事指南",
        "interpretation": "政策解读",
        "law": "法律法规",
        "other": "其他",
    }
)
"""Record kind code → label. The code is also the third token of a FEED subject."""

ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {"proactive": "主动公开", "on_request": "依申请公开", "withheld": "不予公开"}
)
"""Disclosure attribute code → label (《政府信息公开条例》第十三条、第十四条)."""

VALIDITIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "in_force": "现行有效",
        "partly_in_force": "部分有效",
        "amended": "已修改",
        "not_yet_in_force": "尚未施行",
        "expired": "已失效",
        "repealed": "已废止",
        "declared_void": "宣布失效",
        "not_applicable": "不适用",
        "unknown": "未标明",
    }
)
"""Validity code → label."""

KINDS_WITH_VALIDITY: Final = frozenset({"normative", "law"})
"""Kinds of which a reader must be told whether they are in force; others default to ``not_applicable``."""


def code_of_kind(text: str) -> str | None:
    """The kind code of a code or of its Chinese label; None when it is neither."""
    return _BY_LABEL.get(text.strip())


def code_of_attribute(text: str) -> str | None:
    """The attribute code of a code or of its Chinese label; None when it is neither."""
    return _ATTRIBUTE_BY_LABEL.get(text.strip())


def code_of_validity(text: str) -> str | None:
    """The validity code of a code or of its Chinese label; None when it is neither."""
    return _VALIDITY_BY_LABEL.get(text.strip())


def _both_ways(labels: Mapping[str, str]) -> dict[str, str]:
    return {**{label: code for code, label in labels.items()}, **{code: code for code in labels}}


_BY_LABEL: Final = _both_ways(KINDS)
_ATTRIBUTE_BY_LABEL: Final = _both_ways(ATTRIBUTES)
_VALIDITY_BY_LABEL: Final = {
    **_both_ways(VALIDITIES),
    # what departmental systems commonly write
    "有效": "in_force",
    "尚未生效": "not_yet_in_force",
    "失效": "expired",
    "废止": "repealed",
    "未注明": "unknown",
}
