"""Comparisons and sums in Chinese: what differs, and who must explain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from gongkai.legaltime.wording import long_day
from gongkai.villages import period_of
from services.oversight.domain.alignment import Comparison, Difference, State, Value, Voice, begins
from services.oversight.domain.sums import Sum, SumState

FIELD_NAMES: Final = {"amount": "金额", "people": "人数", "households": "户数", "on": "日期"}
LEVEL_NAMES: Final = {"city": "市级", "county": "县级", "township": "乡级", "village": "村级"}
BELOW_NAMES: Final = {"city": "县区", "county": "乡镇（街道）", "township": "村（社区）"}
_UNITS: Final = {"people": "人", "households": "户"}

Names = Mapping[str, str]
"""Organ code → its name today."""


def written(field: str, value: Value) -> str:
    """Write a value with its unit: 12,300.00 元, 32 人, 2026年9月10日."""
    if isinstance(value, date):
        return long_day(value)
    return f"{value:,.2f} 元" if field == "amount" else f"{int(value):,} {_UNITS[field]}"


def explained(one: Comparison, names: Names) -> str:
    """Say how the voices stand to each other; one sentence for each field that differs."""
    if one.state is State.DISAGREE:
        return "".join(_differs(difference, _speakers(one, names), names) for difference in one.differences)
    if one.state is State.AGREE:
        return "各方公布的数字一致。"
    if len(one.voices) == 1:
        only = one.voices[0]
        return f"只有{LEVEL_NAMES[only.level]}公布了数字，其他层级还没有公布，无从比对。"
    return "各方公布的不是同一种数字，无从比对。"


def _speakers(one: Comparison, names: Names) -> Names:
    """Level and organ → what to call the voice: its level, with the organ where several of the level speak."""
    many = Counter(voice.level for voice in one.voices)
    return {
        voice.level + voice.organ: LEVEL_NAMES[voice.level]
        + (names.get(voice.organ, voice.organ) if many[voice.level] > 1 else "")
        for voice in one.voices
    }


def _differs(one: Difference, speakers: Names, names: Names) -> str:
    who = "、".join(dict.fromkeys(names.get(voice.organ, voice.organ) for voice in one.explaining))
    above = _said(one.reference, one.field, speakers)
    below = _said([voice for voice in one.explaining if voice not in one.reference], one.field, speakers)
    if len(above) > 1:
        return f"{FIELD_NAMES[one.field]}：{'，'.join([*above, *below])}，互不一致，由{who}分别说明。"
    reference = above[0].replace("公布 ", "公布的 ", 1)
    return f"{FIELD_NAMES[one.field]}：{'，'.join(below)}，与{reference}不一致，由{who}说明。"


def _said(voices: Sequence[Voice], field: str, speakers: Names) -> list[str]:
    """Say each value once, with all who give it: 乡级、村级公布 30 人."""
    by_value: dict[Value, list[str]] = defaultdict(list)
    for voice in voices:
        by_value[voice.values[field].value].append(speakers[voice.level + voice.organ])
    return [f"{'、'.join(who)}公布 {written(field, value)}" for value, who in by_value.items()]


def summed(one: Sum, level: str, organ: str) -> str:
    """Say how a sum stands to the whole. ``level``: the place's; ``organ``: name of who published the whole."""
    field, below = FIELD_NAMES[one.field], BELOW_NAMES.get(level, "下级")
    whole, total = written(one.field, one.whole), written(one.field, one.total)
    missing = one.places - len(one.parts)
    so_far = f"{len(one.parts)} 个{below}公布的{field}合计 {total}"
    if one.state is SumState.AGREE:
        return f"{so_far}，与本级公布的一致。"
    if one.state is SumState.INCOMPLETE:
        return f"已有 {so_far}，还有 {missing} 个没有公布，暂时不能核对总数 {whole}。"
    if missing:
        return f"已有 {so_far}，还有 {missing} 个没有公布，已超过本级公布的 {whole}，由{organ}说明。"
    return f"{so_far}，与本级公布的 {whole}不一致，由{organ}会同下级说明。"


def named(period: str) -> str:
    """Write a period: 2026年, 2026年第三季度, 2026年9月."""
    cycle = "quarterly" if "Q" in period else "monthly"
    return period_of(cycle, begins(period)).name if "-" in period else f"{period}年"


def plain(field: str, value: Value) -> str:
    """Write a value for machines: yuan with two decimals, a whole number, a day as ISO writes it."""
    return f"{value:.2f}" if field == "amount" else str(value)
