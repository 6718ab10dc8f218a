"""Cycles: 每季度, 每月10日前, 每季度首月20日前, 每年1月31日前."""

from __future__ import annotations

import re
from typing import Final

from gongkai.contracts.matters import TimeLimit
from services.catalog.domain.reading.durations import CYCLE, UNIT
from services.catalog.domain.reading.limit_words import ACTS, CYCLES, UNITS

_LAST_DAY: Final = 31
_LAST_MONTH: Final = {"quarters": 3, "years": 12}
_DONE: Final = "(?:" + "|".join(ACTS) + ")"
_PERIOD: Final = rf"(?P<count>[0-9]{{1,3}})?个?(?P<period>{CYCLE})"
_DATE: Final = (
    r"(?:的?(?:(?P<first>首月|首个月|第1个?月)|(?P<second>第2个?月)|(?P<third>第3个?月|末月)|(?P<month>[0-9]{1,2})月份?))?"
    r"的?(?:(?P<day>[0-9]{1,2})[日号]|(?P<last>底|末))?(?P<before>之前|以前|前)?"
)
_ONCE: Final = rf"(?:(?:至少|应当|应|须|予以|定期|集中)*(?:{_DONE})?(?:信息)?(?:至少)?(?:1次|一次)?)"
_EVERY: Final = re.compile(
    rf"(?P<scope>[^，,。；;：:0-9]{{0,40}}?)(?:应当|应|须)?(?:至少|定期)?(?:每|(?P<by>按|分))(?:满)?{_PERIOD}{_DATE}(?:内)?{_ONCE}"
)
_AND_AFTER: Final = re.compile(
    rf"每(?P<period>{CYCLE})(?:结束|终了)(?:之日起|之后|以后|后)(?P<n>[0-9]{{1,3}})个?(?P<unit>{UNIT})(?:之内|以内|内)(?:予以)?{_DONE}?"
)


def every(clause: str) -> tuple[str, tuple[TimeLimit, ...]] | None:
    """Read a cycle; with it the words before it, which the caller judges."""
    match = _EVERY.fullmatch(clause)
    if match is None:
        return None
    unit, n = CYCLES[match["period"]], int(match["count"] or 1)
    month, day = _month(match, unit), _LAST_DAY if match["last"] else int(match["day"] or 0)
    if month is None or day > _LAST_DAY or n == 0:
        return None
    dated = bool(month or day)
    if dated and (n != 1 or unit not in {"months", "quarters", "years"}):
        return None
    if match["before"] and not day:
        return None  # 每年3月前: before its first day or by its last?
    if day and not month and unit != "months":
        return None  # 每年10日前: of which month?
    return match["scope"], (TimeLimit(kind="cycle", n=n, unit=unit, month=month, day=day),)


def every_and_after(clause: str) -> tuple[TimeLimit, ...]:
    """Read 每季度结束后15日内: a cycle, and how long after each period's end."""
    match = _AND_AFTER.fullmatch(clause)
    if match is None:
        return ()
    if int(match["n"]) == 0:
        return ()
    return (
        TimeLimit(kind="cycle", n=1, unit=CYCLES[match["period"]]),
        TimeLimit(
            kind="deadline",
            trigger="ended",
            event=match["period"],
            n=int(match["n"]),
            unit=UNITS[match["unit"]],
        ),
    )


def _month(match: re.Match[str], unit: str) -> int | None:
    """Give the month of the year or quarter; 0 if none is stated, None if there is no such month."""
    if match["month"]:
        month = int(match["month"])
        return month if unit == "years" and 1 <= month <= _LAST_MONTH["years"] else None
    nth = 1 if match["first"] else 2 if match["second"] else 3 if match["third"] else 0
    if nth:
        return nth if unit == "quarters" else None
    return _LAST_MONTH.get(unit, 0) if match["last"] else 0
