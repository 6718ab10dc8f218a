"""公开对象, 公开方式 and 公开层级: the short columns, ticked or written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.catalog.domain.reading.channels import MAY, MUST
from services.catalog.domain.reading.pieces import Reading, plain, quoted

_MODES: Final = {
    "主动": "proactive",
    "主动公开": "proactive",
    "依申请": "on_request",
    "依申请公开": "on_request",
}
_LEVELS: Final = {
    "市级": "city",
    "市": "city",
    "县": "county",
    "乡": "township",
    "镇": "township",
    "村": "village",
    "县级": "county",
    "区级": "county",
    "县区级": "county",
    "县（区）级": "county",
    "县（市、区）级": "county",
    "县（市区）级": "county",
    "区县级": "county",
    "乡级": "township",
    "镇级": "township",
    "乡镇级": "township",
    "街道": "township",
    "街道级": "township",
    "乡镇": "township",
    "乡（镇）级": "township",
    "乡镇（街道）": "township",
    "乡镇（街道）级": "township",
    "镇（街道）级": "township",
    "乡镇街道": "township",
    "乡镇、街道级": "township",
    "村级": "village",
    "社区": "village",
    "村（社区）": "village",
    "村（社区）级": "village",
    "村（居）": "village",
    "村（居）级": "village",
}
_EDGE: Final = ";；,，、。"
_MARK: Final = re.compile(f"([{MUST}{MAY}])")
_LIST: Final = re.compile(r"[;；,，、\n]+|(?<=级)和")
_GROUP: Final = re.compile(
    r"特定(?:群体|群众|对象|人群)(?:[:：]?[（(](?P<inside>.+)[）)]|[:：]?(?P<after>.*))", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a matter is for."""

    kind: str = ""
    """everyone, group; empty: could not be read."""
    group: str = ""
    """Who the group is, in the row's words."""
    flags: tuple[str, ...] = ()


def read_modes(text: str) -> Reading[str]:
    """Read 公开方式: proactive, on_request."""
    return _named("公开方式", text, _MODES, "主动、依申请")


def read_levels(text: str) -> Reading[str]:
    """Read 公开层级: city, county, township, village, in the order written."""
    return _named("公开层级", text, _LEVELS, "市级、县级、乡级、村级")


def read_audience(text: str) -> Audience:
    """Read 公开对象. 全社会 with a group beside it is everyone, and the group is kept."""
    everyone, group, seen_group, flags = False, "", False, list[str]()
    for words in _chosen(text, split=re.compile(r"[;；\n]+|(?<=全社会)[、，,]")):
        if words in {"全社会", "社会公众", "社会"}:
            everyone = True
        elif match := _GROUP.fullmatch(words):
            seen_group = True
            group = (match["inside"] or match["after"] or "").strip("_＿")
            if not group:
                flags.append("公开对象写了特定群体，没有写明是谁；请补写。")
        else:
            flags.append(
                f"公开对象{quoted(words)}未能读出：只认“全社会”和“特定群体：…”，已按原文保留；请改写。"
            )
    if not everyone and not seen_group and not flags:
        flags.append("公开对象没有填写；请填写“全社会”或“特定群体：…”。")
    return Audience("everyone" if everyone else "group" if seen_group else "", group, tuple(flags))


def _named(column: str, text: str, names: Mapping[str, str], known: str) -> Reading[str]:
    found: list[str] = []
    flags: list[str] = []
    for words in _chosen(text, split=_LIST):
        name = names.get(words.replace("(", "（").replace(")", "）"))
        if name is None:
            flags.append(f"{column}{quoted(words)}未能读出：只认{known}，已按原文保留；请改写。")
        elif name not in found:
            found.append(name)
    if not found and not flags:
        flags.append(f"{column}没有填写；请填写{known}之一。")
    return Reading(tuple(found), tuple(flags))


def _chosen(text: str, *, split: re.Pattern[str]) -> list[str]:
    """Give the pieces of a cell that are chosen: those behind ■ or √, or all where nothing is marked."""
    before, *marked = _MARK.split(text)
    pieces = [before, *(words for mark, words in zip(marked[::2], marked[1::2], strict=True) if mark in MUST)]
    words = (plain(each).strip(_EDGE) for piece in pieces for each in split.split(piece))
    return [each for each in words if each]
