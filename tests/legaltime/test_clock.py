"""The reply clock: vectors, the explanation word for word, the clerk's calendar and the citizen's squares."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai.legaltime import Calendar, Entry, ReplyClock, RuleRow, reply_clock
from services.catalog.seed.reading import read_seed

pytestmark = pytest.mark.domain

SEED = read_seed()
CALENDAR = Calendar(
    {day.day: day.working for year in SEED.calendars for day in year.days},
    [year.year for year in SEED.calendars if year.complete],
)
RULES = [
    RuleRow(one.code, one.value, one.unit, one.effective_from, one.effective_to, one.citation)
    for one in SEED.rules
]
ART_31 = "《政府信息公开条例》第三十一条第（三）项"
ART_33 = "《政府信息公开条例》第三十三条第二款"


def clock(today: str, calendar: Calendar = CALENDAR, rules: list[RuleRow] = RULES, **on: str) -> ReplyClock:
    entries = [Entry(what, date.fromisoformat(day)) for what, day in on.items()]
    return reply_clock(entries, rules, calendar, date.fromisoformat(today))


def told(read: ReplyClock) -> list[str]:
    """The explanation as lines: day | event | effect | due | article."""
    return [
        " | ".join(
            [
                step.on.isoformat() if step.on else "",
                step.event_zh,
                step.effect_zh,
                step.due_on.isoformat() if step.due_on else "",
                step.article,
            ]
        )
        for step in read.steps
    ]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2025-01-20", "2025-02-21"),
        ("2025-09-15", "2025-10-17"),
        ("2026-02-09", "2026-03-13"),
        ("2026-09-14", "2026-10-16"),
    ],
)
def test_twentieth_working_day(received: str, due: str) -> None:
    """Given the days of receipt of the vectors, when the clock is read, then it is due on the day they name, for certain."""
    read = clock(received, submitted=received, received=received)
    assert read.due is not None
    assert (read.due.day.isoformat(), read.due.provisional, read.limit) == (due, False, 20)
    assert (read.day, read.left, read.state) == (0, 20, "running")


def test_explanation_over_a_spring_festival() -> None:
    """Given a receipt before the festival of 2026, then each line says what happened and by which article."""
    assert told(clock("2026-02-10", submitted="2026-02-06", received="2026-02-09")) == [
        f"2026-02-06 | 网上提交申请 | 双方确认收到之日为收到之日，确认以前期限不起算 |  | {ART_31}",
        f"2026-02-09 | 双方确认收到 | 收到当日不计，从第二天起算，2月10日是第 1 个工作日 | 2026-03-13 | {ART_31}",
        f" | 答复期限 20 个工作日 | 到2026年3月13日（星期五）届满 | 2026-03-13 | {ART_33}",
        (
            " | 周六、周日和法定节假日不计 | 期间2月15日至2月23日放假，2月14日、2月28日调休上班 | 2026-03-13"
            " | 国务院办公厅2026年节假日安排"
        ),
    ]


def test_explanation_over_the_national_day_and_its_decision() -> None:
    """Given a receipt before the holidays of autumn 2026 and a decision, then the lines end with how it was met."""
    read = clock("2026-11-01", submitted="2026-09-14", received="2026-09-14", decided="2026-10-16")
    assert told(read) == [
        f"2026-09-14 | 网上提交申请 | 双方确认收到之日为收到之日，确认以前期限不起算 |  | {ART_31}",
        f"2026-09-14 | 双方确认收到 | 收到当日不计，从第二天起算，9月15日是第 1 个工作日 | 2026-10-16 | {ART_31}",
        f" | 答复期限 20 个工作日 | 到2026年10月16日（星期五）届满 | 2026-10-16 | {ART_33}",
        (
            " | 周六、周日和法定节假日不计 | 期间9月25日至9月27日、10月1日至10月7日放假，9月20日、10月10日调休上班"
            " | 2026-10-16 | 国务院办公厅2026年节假日安排"
        ),
        f"2026-10-16 | 作出决定 | 第 20 个工作日，没有超过期限 | 2026-10-16 | {ART_33}",
    ]
    assert (read.state, read.day, read.left) == ("met", 20, 0)
    assert read.sentence_zh == "本机关于2026年9月14日收到您的申请，于2026年10月16日作出答复。"


def test_explanation_into_a_year_not_announced() -> None:
    """Given a receipt whose days reach into 2027, then the due day is provisional and a line says why."""
    read = clock("2026-12-16", submitted="2026-12-14", received="2026-12-15")
    assert told(read) == [
        f"2026-12-14 | 网上提交申请 | 双方确认收到之日为收到之日，确认以前期限不起算 |  | {ART_31}",
        f"2026-12-15 | 双方确认收到 | 收到当日不计，从第二天起算，12月16日是第 1 个工作日 | 2027-01-12 | {ART_31}",
        f" | 答复期限 20 个工作日 | 到2027年1月12日（星期二）届满 | 2027-01-12 | {ART_33}",
        " | 周六、周日和法定节假日不计 | 期间没有放假或调休 | 2027-01-12 | 国务院办公厅2026年节假日安排",
        " | 2027年放假安排尚未公布 | 暂按周一至周五为工作日推算，公布后自动重新推算 | 2027-01-12 | ",
    ]
    assert [step.provisional for step in read.steps] == [False, False, True, False, True]
    assert read.sentence_zh == (
        "本机关于2026年12月15日收到您的申请，答复期限为20个工作日，"
        "答复期限届满日为2027年1月12日（2027年放假安排尚未公布，此日期为暂定）。"
    )


def test_clock_follows_a_calendar_announced_later() -> None:
    """Given a provisional due day, when 2027 is announced with a holiday, then the same entries give another, certain day."""
    announced = Calendar(
        CALENDAR.days | {date(2027, 1, 1): False, date(2027, 1, 4): False}, {*CALENDAR.announced, 2027}
    )
    read = clock("2026-12-16", announced, submitted="2026-12-14", received="2026-12-15")
    assert read.due is not None
    assert (read.due.day, read.due.provisional) == (date(2027, 1, 14), False)


def test_waits_for_the_receipt() -> None:
    """Given a request only submitted, then no clock runs, and one line says what it waits for."""
    read = clock("2026-11-23", submitted="2026-11-20")
    assert (read.state, read.due, read.days, len(read.steps)) == ("awaiting_receipt", None, (), 1)


def test_overdue_and_met_late() -> None:
    """Given a passed due day, then it is overdue by so many working days; decided after it, it stays late for ever."""
    read = clock("2026-10-20", submitted="2026-09-14", received="2026-09-14")
    assert (read.state, read.day, read.left) == ("overdue", 22, -2)
    assert told(read)[-1] == (
        f"2026-10-20 | 期限届满 | 已超过期限 2 个工作日，还没有作出决定 | 2026-10-16 | {ART_33}"
    )
    read = clock("2026-11-20", submitted="2026-09-14", received="2026-09-14", decided="2026-10-19")
    assert (read.state, read.left, read.steps[-1].effect_zh) == ("met_late", -1, "超过期限 1 个工作日")
    weekend = clock("2026-10-17", submitted="2026-09-14", received="2026-09-14")
    assert (weekend.state, weekend.left) == ("overdue", 0)


def test_limit_is_that_of_the_day_of_receipt() -> None:
    """Given two rows of the rule, when requests came under each, then each is measured by its own; before both, by none."""
    rules = [
        RuleRow("request-reply", 15, "working_days", date(2008, 5, 1), date(2019, 5, 14), "旧条例第二十四条"),
        RuleRow("request-reply", 20, "working_days", date(2019, 5, 15), None, "新条例第三十三条"),
    ]
    old = clock("2019-05-20", rules=rules, received="2019-05-14")
    assert (old.limit, old.steps[1].article) == (15, "旧条例第二十四条")
    assert clock("2019-05-20", rules=rules, received="2019-05-15").limit == 20
    before = clock("2008-01-03", rules=rules, received="2008-01-02")
    assert (before.due, before.limit) == (None, 0)
    assert "没有当日有效的答复期限规定" in before.steps[0].effect_zh


def test_calendar_has_whole_weeks_and_twenty_squares() -> None:
    """Given a running request, then its days are whole weeks, the numbered ones the twenty squares, each with its state."""
    read = clock("2026-09-21", submitted="2026-09-11", received="2026-09-14")
    assert len(read.days) % 7 == 0
    assert (read.days[0].day, read.days[-1].day) == (date(2026, 9, 7), date(2026, 10, 18))
    squares = [day for day in read.days if day.number]
    assert [day.number for day in squares] == list(range(1, 21))
    shown = {day.day.isoformat()[5:]: (day.state, day.number, day.note_zh) for day in read.days}
    assert shown["09-10"] == ("before", 0, "")
    assert shown["09-11"] == ("event", 0, "网上提交")
    assert shown["09-14"] == ("event", 0, "确认收到")
    assert shown["09-15"] == ("counted", 1, "")
    assert shown["09-19"] == ("rest", 0, "休")
    assert shown["09-20"] == ("counted", 5, "调休上班")
    assert shown["09-21"] == ("today", 6, "今天")
    assert shown["09-22"] == ("to_come", 7, "")
    assert shown["10-01"] == ("rest", 0, "放假")
    assert shown["10-16"] == ("due", 20, "答复期限")


def test_calendar_ends_counting_with_the_decision() -> None:
    """Given a decision within the limit, then the days after it are counted no more, whatever today is."""
    read = clock("2026-09-30", submitted="2026-09-14", received="2026-09-14", decided="2026-09-16")
    shown = {day.day.isoformat()[5:]: (day.state, day.note_zh) for day in read.days}
    assert shown["09-16"] == ("counted", "作出决定")
    assert shown["09-17"] == ("after", "")
    assert shown["09-30"] == ("after", "")
    assert read.steps[-1].effect_zh == "第 2 个工作日，没有超过期限"


def test_answer_on_the_day_of_receipt() -> None:
    """Given a request answered on the spot, then it is met without a day counted."""
    read = clock("2026-09-30", submitted="2026-09-14", received="2026-09-14", decided="2026-09-14")
    assert (read.state, read.day, read.steps[-1].effect_zh) == ("met", 0, "当日答复，没有超过期限")


def test_lists_can_leave_the_explanation_out() -> None:
    """Given a list's need, when a clock is read unexplained, then state and due day are the same and nothing else is made."""
    entries = [Entry("submitted", date(2026, 9, 14)), Entry("received", date(2026, 9, 14))]
    full = reply_clock(entries, RULES, CALENDAR, date(2026, 9, 21))
    brief = reply_clock(entries, RULES, CALENDAR, date(2026, 9, 21), explained=False)
    assert (brief.due, brief.state, brief.left) == (full.due, full.state, full.left)
    assert (brief.steps, brief.days, brief.sentence_zh) == ((), (), "")
