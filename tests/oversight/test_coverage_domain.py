"""When a duty is due again, how it stands, and what is wrong with a column."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai.contracts.matters import TimeLimit
from gongkai.legaltime import Calendar, RuleRow
from services.oversight.domain import columns
from services.oversight.domain.columns import Column, examine, verdicts
from services.oversight.domain.coverage import Duty, State, cited, explained, standing
from services.oversight.domain.cycles import Cycle, cycles_of, next_due

pytestmark = pytest.mark.domain

CALENDAR = Calendar({date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True}, [2026])
ART_26 = RuleRow(
    "proactive-disclosure", 20, "working_days", date(2019, 5, 15), None, "《政府信息公开条例》第二十六条"
)
SITE = [
    RuleRow(code, value, unit, date(2019, 4, 1), None, "国办秘函〔2019〕19号")
    for code, value, unit in (
        (columns.HOME_RULE, 2, "weeks"),
        (columns.COLUMN_RULE, 6, "months"),
        (columns.EMPTY_RULE, 5, "columns"),
        (columns.STALE_RULE, 5, "columns"),
        (columns.OTHERS_RULE, 10, "columns"),
    )
]


def every(n: int, unit: str, month: int = 0, day: int = 0, text: str = "") -> TimeLimit:
    return TimeLimit.model_validate(
        {"kind": "cycle", "n": n, "unit": unit, "month": month, "day": day, "text": text}
    )


@pytest.mark.parametrize(
    ("limit", "last", "due"),
    [
        (every(20, "working_days"), "2026-09-10", "2026-10-14"),
        (every(7, "days"), "2026-09-30", "2026-10-07"),
        (every(1, "weeks"), "2026-11-18", "2026-11-29"),
        (every(1, "months"), "2026-10-05", "2026-11-30"),
        (every(1, "months", day=10), "2026-12-28", "2027-01-10"),
        (every(1, "months", day=31), "2027-01-31", "2027-02-28"),
        (every(1, "quarters"), "2026-01-02", "2026-06-30"),
        (every(1, "quarters", month=1, day=20), "2026-11-23", "2027-01-20"),
        (every(1, "years"), "2026-02-05", "2027-12-31"),
        (every(1, "years", month=1, day=31), "2026-02-05", "2027-01-31"),
        (every(1, "years", month=3), "2026-11-23", "2027-03-31"),
        (every(6, "months"), "2026-08-31", "2027-02-28"),
        (every(2, "years"), "2024-02-29", "2026-02-28"),
        (every(2, "weeks"), "2026-11-23", "2026-12-07"),
    ],
)
def test_next_due_follows_the_cycle(limit: TimeLimit, last: str, due: str) -> None:
    """A calendar period is kept by anything within it, so the next is due by the end of the next period or its day."""
    assert next_due(Cycle(limit), date.fromisoformat(last), CALENDAR).day == date.fromisoformat(due)


def test_a_period_may_be_told_after_its_end() -> None:
    """每季度结束后15日内: what was published in October is of the third quarter; the fourth is due on 15 January."""
    grace = TimeLimit(kind="deadline", trigger="ended", event="季度", n=15, unit="days")
    [cycle] = cycles_of([every(1, "quarters"), grace])

    assert next_due(cycle, date(2026, 10, 12), CALENDAR).day == date(2027, 1, 15)


def test_only_cycles_make_a_due_day() -> None:
    """Deadlines after an event, and clocks that could not be read, say nothing about when the next is due."""
    limits = [TimeLimit(kind="deadline", trigger="formed", n=20, unit="working_days"), every(0, "years")]

    assert cycles_of([*limits, TimeLimit(kind="promptly")]) == ()


def duty(*limits: TimeLimit, records: int = 0, late: int = 0, last: date | None = None) -> Duty:
    words = "；".join(limit.text for limit in limits)
    return Duty(
        "泗县基层政务公开标准目录", 2, words, cycles_of(limits), date(2026, 7, 1), records, late, last
    )


def test_a_duty_without_a_cycle_is_kept_at_any_time_or_never() -> None:
    """Nothing says when the next is due; what is missing is said, and what came late with its article."""
    kept = duty(TimeLimit(kind="promptly", text="及时公开"), records=3, late=1, last=date(2026, 8, 3))
    found = standing(kept, date(2026, 11, 23), CALENDAR)

    assert (found.state, found.due) == (State.ANY_TIME, None)
    assert standing(duty(), date(2026, 11, 23), CALENDAR).state is State.NEVER
    text = explained(kept, found, ART_26)
    assert "已公开 3 条，最近一条公开于2026年8月3日。" in text
    assert "其中 1 条自形成之日起超过 20 个工作日才公开（《政府信息公开条例》第二十六条）。" in text
    assert cited(kept) == "《泗县基层政务公开标准目录》第 2 版，公开时限“及时公开”"


@pytest.mark.parametrize(
    ("today", "state", "left"),
    [
        ("2026-11-20", State.IN_TIME, 6),
        ("2026-11-23", State.DUE_SOON, 5),
        ("2026-11-30", State.DUE_SOON, 0),
        ("2026-12-01", State.OVERDUE, -1),
        ("2026-12-07", State.OVERDUE, -5),
    ],
)
def test_a_cycle_comes_due_and_is_over(today: str, state: State, left: int) -> None:
    """Five working days before its day it is due soon, on the day itself still in time, the day after overdue."""
    monthly = duty(every(1, "months", text="每月公开"), records=1, last=date(2026, 10, 9))
    found = standing(monthly, date.fromisoformat(today), CALENDAR)

    assert found.due is not None
    assert (found.state, found.left, found.due.day) == (state, left, date(2026, 11, 30))
    assert "目录要求“每月公开”，应当在2026年11月30日以前公开" in explained(monthly, found, None)


def test_what_was_never_published_runs_from_the_edition() -> None:
    """A cycle of which nothing was ever published begins with the edition, and becomes overdue like any other."""
    yearly = duty(every(1, "years", text="每年公开"))

    assert standing(yearly, date(2026, 11, 23), CALENDAR).state is State.NEVER
    over = standing(yearly, date(2028, 1, 3), CALENDAR)
    assert over.state is State.OVERDUE
    assert "自本版目录有此事项之日（2026年7月1日）起算" in explained(yearly, over, None)


def test_the_clock_that_falls_due_first_counts() -> None:
    """Of two clocks the shorter one says when."""
    both = duty(
        every(1, "years", text="每年汇总"), every(20, "working_days", text="每20个工作日更新"), records=1,
        last=date(2026, 9, 10),
    )  # fmt: skip
    found = standing(both, date(2026, 10, 15), CALENDAR)

    assert (found.state, found.left) == (State.OVERDUE, -1)
    assert "“每20个工作日更新”" in explained(both, found, None)


def test_columns_are_empty_stale_or_kept() -> None:
    """Six months to the day a column is kept, the day after it is stale; the home page has two weeks."""
    today = date(2026, 11, 23)
    kept = examine(Column("01", "国土空间规划", "domain", 2, date(2026, 5, 23)), today, SITE)
    stale = examine(Column("notice", "通知公告", "kind", 2, date(2026, 5, 22)), today, SITE)
    home = examine(Column("all", "首页", "home", 9, date(2026, 11, 8)), today, SITE)
    empty = examine(Column("law", "法律法规", "kind"), today, SITE)

    assert [one.state for one in (kept, stale, home, empty)] == ["kept", "stale", "stale", "empty"]
    assert stale.since == today
    assert "超过 6 个月没有新的信息" in stale.sentence
    assert "超过 2 周没有新的信息" in home.sentence
    assert (stale.citation, empty.citation) == ("国办秘函〔2019〕19号", "国办秘函〔2019〕19号")


def test_five_empty_columns_fail_a_site() -> None:
    """The numbers of the check list are compared with its thresholds; without its rows nothing is judged."""
    today = date(2026, 11, 23)
    found = [examine(Column(f"{n:02d}", "领域", "domain"), today, SITE) for n in range(5)]

    told = {one.code: (one.count, one.limit, one.failed) for one in verdicts(found, today, SITE)}
    assert told == {
        columns.EMPTY_RULE: (5, 5, True),
        columns.STALE_RULE: (0, 5, False),
        columns.OTHERS_RULE: (0, 10, False),
    }
    assert verdicts(found, today, []) == []
    assert examine(Column("01", "领域", "domain", 1, date(2019, 1, 1)), today, []).state == "kept"
