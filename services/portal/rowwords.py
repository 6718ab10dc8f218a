"""The structure of a matter in plain words: each clock as a sentence, levels, how it stands to the catalogue above."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.words import long_date

GUIDE: Final = "guide"
LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {"city": "市级", "county": "县级", "township": "乡级", "village": "村级"}
)
"""Level of disclosure → its column of the official table."""
ABOVE: Final[Mapping[str, str]] = MappingProxyType(
    {"city": "国家指引", "county": "市标准", "township": "县级目录"}
)
"""Level of a catalogue → what the one above it is called."""
_VERBS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "formed_or_changed": ("形成或者变更", "信息形成或者变更"),
        "formed": ("形成", "信息形成"),
        "changed": ("变更", "信息变更"),
        "obtained": ("制定或者获取", "制定或者获取信息"),
        "decided": ("作出", "作出决定"),
        "approved": ("批准", "批准"),
        "received": ("收到", "收到"),
        "applied": ("收到申请", "收到申请"),
        "accepted": ("受理", "受理"),
        "issued": ("印发", "印发"),
        "published": ("公布", "公布"),
        "determined": ("确定", "确定"),
        "drafted": ("拟定", "拟定"),
        "signed": ("签订", "签订"),
        "paid": ("发放", "发放"),
        "completed": ("完成", "完成"),
        "started": ("开始", "开始"),
        "held": ("举行", "举行"),
        "ended": ("结束", "结束"),
        "dealt": ("成交", "成交"),
        "occurred": ("发生", "发生"),
    }
)
"""What starts a clock → after what it befalls, and where nothing is named."""
_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {"working_days": "个工作日", "days": "天", "hours": "小时", "weeks": "周", "months": "个月", "quarters": "个季度", "years": "年"}
)  # fmt: skip
_EVERY: Final[Mapping[tuple[int, str], str]] = MappingProxyType(
    {
        (1, "working_days"): "每个工作日", (1, "days"): "每天", (1, "weeks"): "每周", (1, "months"): "每月", (1, "quarters"): "每季度",
        (6, "months"): "每半年", (1, "years"): "每年",
    }
)  # fmt: skip
_LAST_DAY: Final = 31
_PLAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "realtime": "实时公开",
        "promptly": "及时公开（目录没有规定天数）",
        "long_term": "长期公开",
        "as_regulated": "按另有规定的期限公开",
    }
)


def clock(limit: pb.TimeLimit) -> str:
    """One clock as a sentence; its own words where it is of a kind this does not know."""
    said = _said(limit)
    return f"{limit.scope}：{said}" if limit.scope and said != limit.text else said


def _said(limit: pb.TimeLimit) -> str:  # noqa: PLR0911 - one sentence a kind
    start, span = _start(limit), f"{limit.n} {_UNITS.get(limit.unit, limit.unit)}"
    match limit.kind:
        case "deadline" if limit.n and start:
            return f"{start}之日起 {span}内公开"
        case "deadline" if limit.n:
            return f"{span}内公开"
        case "min_display" if limit.n:
            return f"公示不少于 {span}"
        case "before_event" if limit.n:
            return f"{start}前至少 {span}公开"
        case "before_event":
            return f"{start}之前公开"
        case "with_event":
            return f"{start}的同时公开" if start else "同时公开"
        case "cycle" if limit.n:
            return f"{_every(limit)}公开一次"
        case "promptly" if start:
            return f"{start}后及时公开（目录没有规定天数）"
        case "realtime" if start:
            return f"{start}后实时公开"
        case kind:
            return _PLAIN.get(kind, limit.text)


def _start(limit: pb.TimeLimit) -> str:
    verb, alone = _VERBS.get(limit.trigger, ("", ""))
    return f"{limit.event}{verb}" if limit.event else alone


def _every(limit: pb.TimeLimit) -> str:
    every = _EVERY.get((limit.n, limit.unit), f"每 {limit.n} {_UNITS.get(limit.unit, limit.unit)}")
    month = {"years": f"{limit.month} 月", "quarters": f"第 {limit.month} 个月"}.get(limit.unit, "")
    by = "底" if limit.day == _LAST_DAY else f" {limit.day} 日" if limit.day else "内"
    if limit.month and month:
        return f"{every}{month}{by}前"
    return f"{every}{by}前" if limit.day else every


def reach(code: str) -> str:
    """Name of a level of disclosure."""
    return LEVELS.get(code, code)


def relation(row: pb.PublishedRow) -> str:
    """How a row stands to the catalogue above: adopted, adapted, added, left_out."""
    if row.state == "left_out":
        return "left_out"
    return "added" if row.added else "adapted" if row.differs else "adopted"


def matter_name(row: pb.Row) -> str:
    """What a matter is called where it stands alone."""
    return row.level3 or row.level2 or row.level1 or "（没有名称）"


def basis_said(one: pb.Citation) -> str:
    """Whether what is cited is still in force, in a few words."""
    if one.state == "replaced":
        return f"已被《{one.replaced_by}》代替" if one.replaced_by else "已被代替"
    told = {"in_force": "现行有效", "amended": "已修改", "repealed": "已废止"}
    return told.get(one.state, "效力没有查明")


def edition_span(edition: pb.Edition) -> str:
    """From when till when an edition was in force."""
    if edition.superseded_on:
        return f"{long_date(edition.effective_on)}起施行，{long_date(edition.superseded_on)}起被新版代替"
    return f"{long_date(edition.effective_on)}起施行"


FILTERS: Final = (clock, reach, relation, matter_name, basis_said, edition_span)
