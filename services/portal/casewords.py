"""How a request for disclosure is written on pages: five axes, each with its own words; the clock as chip, squares, weeks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from gongkai.rpc.requests.v1 import requests_pb2 as pb
from services.portal import asking

PHASES: Final = {"submitted": "已提交", "handling": "办理中", "decided": "已答复", "archived": "已归档"}
OUTCOMES: Final = {"none": "未作出", "disclosed": "予以公开", "not_held": "经检索不存在"}
DELIVERIES: Final = {
    "none": "未送达",
    "sending": "正在通知",
    "sent": "已通知申请人",
    "failed": "没有通知到",
    "doubt": "存疑，等人核对",
}
VISIBILITIES: Final = {"applicant_and_clerks": "申请人和本机关经办人"}
CLOCKS: Final = {
    "overdue": "已逾期",
    "soon": "5 个工作日内到期",
    "running": "期限以内",
    "awaiting_receipt": "等确认收到",
    "provisional": "暂定（跨年）",
    "met": "按期答复",
    "met_late": "超期答复",
}
"""Filter of the work list → its label, in the order of the page."""
ALWAYS: Final = frozenset({"overdue", "running", "awaiting_receipt", "met", "met_late"})
"""Filters that stand there even with nothing in them; the others only while the office counts some."""
SHAPES: Final = {"late": "◆", "soon": "▲", "fine": "●", "wait": "‖", "ring": "◌"}
SOON_DAYS: Final = 5
_WEEKDAYS: Final = "一二三四五六日"
_REST: Final = "休"
_CELLS: Final = {
    "before": "还没有起算",
    "event": "不计",
    "counted": "已计入",
    "today": "今天",
    "to_come": "将计入",
    "rest": "休息日，不计",
    "due": "期限届满",
    "after": "已经答复，不再计",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A due chip: shape, words and colour say the same."""

    look: str
    """late, soon, fine, wait or ring: a style, and the key of its shape."""
    text: str
    below: str = ""
    """The line under it."""

    @property
    def shape(self) -> str:
        """The shape drawn before the words."""
        return SHAPES[self.look]


def chip(clock: pb.Clock) -> Chip:
    """The due chip of a clock."""
    due = short_day(clock.due_on)
    match clock.state:
        case "awaiting_receipt" | "":
            return Chip("wait", "未起算", "等本机关确认收到")
        case "overdue":
            return Chip("late", f"逾期 {-clock.left} 个工作日", f"应于 {due} 答复")
        case "met":
            return Chip("fine", "按期答复", f"期限 {due}")
        case "met_late":
            return Chip("late", "超期答复", f"期限 {due}")
    if clock.provisional:
        return Chip("ring", f"暂定 {clock.due_on}", f"剩 {clock.left} 个工作日，放假安排未公布")
    left = f"剩 {clock.left} 个工作日" if clock.left else "今天到期"
    return Chip("soon" if clock.left <= SOON_DAYS else "fine", left, f"{due} 答复")


def standing(clock: pb.Clock) -> str:
    """Where the clock stands today, as a sentence for whoever asked."""
    match clock.state:
        case "running" if clock.day:
            after = f"之后还有 {clock.left} 个工作日" if clock.left else "是最后一日"
            return f"今天是第 {clock.day} 日，{after}"
        case "running":
            return f"还没有到第 1 日，共 {clock.limit} 个工作日"
        case "overdue":
            return f"已经超过最迟答复日 {-clock.left} 个工作日"
        case "met":
            return "已在期限以内答复"
        case "met_late":
            return "已经答复，超过了期限"
    return "期限还没有开始计算"


@dataclass(frozen=True, slots=True)
class Square:
    """One working day of the period."""

    number: int
    look: str
    """past, today, due or to_come."""
    label: str
    """The same, read aloud."""


def squares(clock: pb.Clock) -> Sequence[Square]:
    """The working days of the period, the first to the last."""
    drawn = []
    for day in clock.days:
        if 1 <= day.number <= clock.limit:
            look = "past" if day.state == "counted" else day.state
            drawn.append(
                Square(
                    day.number,
                    look,
                    f"第 {day.number} 日，{spoken_day(day.date)}，{_cell(day, number=False)}",
                )
            )
    return drawn


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the clerk's calendar."""

    day: str
    """Day of the month."""
    look: str
    mark: str
    """Number of the working day, 休, or nothing."""
    note: str
    label: str
    """The whole cell, read aloud: "10月30日，暂停，不计"."""


@dataclass(frozen=True, slots=True)
class Week:
    """A row of the calendar, Monday to Sunday; days outside the period are empty."""

    label: str
    cells: Sequence[Cell | None]


def weeks(clock: pb.Clock) -> Sequence[Week]:
    """The clerk's calendar table."""
    dated = [(date.fromisoformat(day.date), day) for day in clock.days if is_day(day.date)]
    rows = []
    for monday, days in groupby(dated, key=lambda pair: pair[0] - timedelta(days=pair[0].weekday())):
        by_weekday = {on.weekday(): _drawn(on, day) for on, day in days}
        label = f"{monday.month}月{monday.day}日起"
        rows.append(Week(label, [by_weekday.get(number) for number in range(7)]))
    return rows


def _drawn(on: date, day: pb.ClockDay) -> Cell:
    mark = str(day.number) if day.number else _REST if day.state == "rest" else ""
    note = "，".join(part for part in day.note_zh.split("，") if part != _REST)
    return Cell(str(on.day), day.state, mark, note, f"{spoken_day(day.date)}，{_cell(day)}")


def _cell(day: pb.ClockDay, *, number: bool = True) -> str:
    numbered = f"第 {day.number} 日" if number and day.number else ""
    told = [_CELLS.get(day.state, ""), numbered, day.note_zh]
    return "，".join(one for one in told if one)


def is_day(text: str) -> bool:
    """Tell whether a text is a date."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def weekday(text: str) -> str:
    """``2026-12-04`` as 星期五; nothing for what is no date."""
    return f"星期{_WEEKDAYS[date.fromisoformat(text).weekday()]}" if is_day(text) else ""


def short_day(text: str) -> str:
    """``2026-12-04`` as 12-04, for tables."""
    return text[5:] if is_day(text) else text


def spoken_day(text: str) -> str:
    """``2026-12-04`` as 12月4日."""
    if not is_day(text):
        return text
    day = date.fromisoformat(text)
    return f"{day.month}月{day.day}日"


def case_phase(code: str) -> str:
    """环节."""
    return PHASES.get(code, code)


def case_outcome(code: str) -> str:
    """结果."""
    return OUTCOMES.get(code or "none", code)


def case_delivery(code: str) -> str:
    """送达."""
    return DELIVERIES.get(code or "none", code)


def case_visibility(code: str) -> str:
    """可见范围."""
    return VISIBILITIES.get(code, code)


def supply(code: str) -> str:
    """The form asked for."""
    return asking.SUPPLIES.get(code, code)


def way(code: str) -> str:
    """The way asked for."""
    return asking.DELIVERIES.get(code, code)


def applicant_kind(code: str) -> str:
    """Who asks."""
    return asking.KINDS.get(code, code)


def id_kind(code: str) -> str:
    """What a number identifies by."""
    return asking.ID_KINDS.get(code, code)


def brief(text: str, most: int = 40) -> str:
    """The first line of a description, as a title."""
    line = next(iter(text.split("\n")), "").strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"


def on_step(steps: Iterable[pb.Step], what: str) -> str:
    """The day of the newest step of a kind; empty where there was none."""
    return next((step.on for step in steps if step.what == what), "")


FILTERS: Final = (
    chip, standing, squares, weeks, weekday, short_day, spoken_day, case_phase, case_outcome, case_delivery, case_visibility, supply, way,
    applicant_kind, id_kind, brief,
)  # fmt: skip
"""What templates call by name."""
