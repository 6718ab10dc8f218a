"""Columns of a county's site that are empty or stale, by the check list for government websites.

国办秘函〔2019〕19号: something new on the home page within 2 weeks, in a column within 6 months; 5 empty columns, or 5 stale
ones of notices and documents, or 10 other stale ones, and the site fails. Every number is a row of catalog's rules.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gongkai.legaltime import RuleRow, rule_on
from gongkai.legaltime.wording import long_day

HOME_RULE: Final = "website-home-update"
"""Within how long there must be something new on the home page."""
COLUMN_RULE: Final = "website-column-update"
"""Within how long a column must have something new."""
EMPTY_RULE: Final = "website-empty-columns"
"""How many empty columns make a site fail."""
STALE_RULE: Final = "website-stale-columns"
"""How many stale columns of notices and documents make a site fail."""
OTHERS_RULE: Final = "website-stale-others"
"""The same of other columns."""
WEBSITE_RULES: Final = (HOME_RULE, COLUMN_RULE, EMPTY_RULE, STALE_RULE, OTHERS_RULE)

NOTICE_KINDS: Final = frozenset({"normative", "notice"})
"""The statutory columns that are notices and documents (通知公告、政策文件)."""
_WEEK: Final = 7
_YEAR: Final = 12
_UNITS: Final = {"weeks": "周", "months": "个月", "days": "天"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what is in it."""

    code: str
    name: str
    group: str
    """``domain``: a domain of the catalogue; ``kind``: a statutory column; ``home``: everything, as the home page has it."""
    records: int = 0
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a column."""

    column: Column
    state: str
    """``kept``, ``stale`` or ``empty``."""
    since: date | None
    """From this day on it was stale; None where it is not."""
    sentence: str
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many columns fail, against how many make the site fail."""

    code: str
    count: int
    limit: int
    citation: str

    @property
    def failed(self) -> bool:
        """So many that the site fails."""
        return self.count >= self.limit


def examine(column: Column, today: date, rules: Sequence[RuleRow]) -> Finding:
    """Look at one column. Without a rule in force nothing is stale."""
    if column.last is None or not column.records:
        row = rule_on(EMPTY_RULE, today, rules)
        return Finding(column, "empty", None, "栏目里还没有信息。", row.citation if row else "")
    row = rule_on(HOME_RULE if column.group == "home" else COLUMN_RULE, today, rules)
    if row is None or row.unit not in _UNITS:
        return Finding(column, "kept", None, f"最近更新于{long_day(column.last)}。")
    end = _plus(column.last, row)
    span = f"{row.value} {_UNITS[row.unit]}"
    if today <= end:
        return Finding(
            column, "kept", None, f"最近更新于{long_day(column.last)}，在 {span}以内。", row.citation
        )
    said = f"最近更新于{long_day(column.last)}，已经超过 {span}没有新的信息。"
    return Finding(column, "stale", end + timedelta(days=1), said, row.citation)


def verdicts(findings: Collection[Finding], today: date, rules: Sequence[RuleRow]) -> list[Verdict]:
    """Count what fails, rule by rule; rules that are not in force are left out."""
    columns = [one for one in findings if one.column.group != "home"]
    counts = {
        EMPTY_RULE: sum(one.state == "empty" for one in columns),
        STALE_RULE: sum(one.state == "stale" and is_notice(one.column) for one in columns),
        OTHERS_RULE: sum(one.state == "stale" and not is_notice(one.column) for one in columns),
    }
    rows = {code: rule_on(code, today, rules) for code in counts}
    return [
        Verdict(code, counts[code], row.value, row.citation) for code, row in rows.items() if row is not None
    ]


def is_notice(column: Column) -> bool:
    """Tell whether a column is one of notices and documents."""
    return column.group == "kind" and column.code in NOTICE_KINDS


def _plus(day: date, row: RuleRow) -> date:
    if row.unit == "months":
        years, month = divmod(day.month - 1 + row.value, _YEAR)
        year = day.year + years
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return day + timedelta(days=row.value * (_WEEK if row.unit == "weeks" else 1))
