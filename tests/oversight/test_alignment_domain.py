"""Figures of one matter, place and period held beside each other, and wholes beside the sums of their parts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongkai.divisions import upwards
from gongkai.successions import End, Successions
from services.oversight.domain.alignment import (
    FIELDS,
    Key,
    State,
    Statement,
    begins,
    compare,
    newest,
    place_in,
)
from services.oversight.domain.figures import explained, summed
from services.oversight.domain.sums import SumState, own_words, sums

pytestmark = pytest.mark.domain

COUNTY, TOWN, VILLAGE, NEXT = "341323000000", "341323110000", "341323110201", "341323110202"
MZJ, CZJ, HALL = "341323-mzj", "341323-czj", "341323110-zf"
NAMES = {MZJ: "县民政局", CZJ: "县财政局", HALL: "镇政府"}
DAY = date(2026, 10, 9)


def said(
    division: str,
    organ: str,
    place: str = VILLAGE,
    *,
    period: str = "2026-Q3",
    number: int = 1,
    on: date = DAY,
    version: int = 1,
    **values: Any,
) -> Statement:
    if "amount" in values:
        values["amount"] = Decimal(values["amount"])
    key = Key("m-20-001", place, period)
    return Statement(key, division, organ, f"X/202610-{number:05d}", on, version, **values)


def test_the_lower_level_that_differs_must_explain() -> None:
    """Given county, township and village; when the village's number differs; then the village's publisher explains."""
    county, town = said(COUNTY, MZJ, people=32), said(TOWN, HALL, people=32)
    [found] = compare([said(VILLAGE, HALL, people=30), county, town])
    assert (found.state, found.explaining) == (State.DISAGREE, (HALL,))
    assert [voice.level for voice in found.voices] == ["county", "township", "village"]
    [difference] = found.differences
    assert [voice.level for voice in difference.explaining] == ["village"]
    assert explained(found, NAMES) == "人数：村级公布 30 人，与县级公布的 32 人不一致，由镇政府说明。"


def test_amounts_are_numbers_and_not_text() -> None:
    """Given 12300 and 12300.00; then they agree; a 分 more disagrees."""
    county = said(COUNTY, MZJ, amount="12300")
    assert compare([county, said(VILLAGE, HALL, amount="12300.00")])[0].state is State.AGREE
    [found] = compare([county, said(VILLAGE, HALL, amount="12300.01")])
    assert "12,300.01 元，与县级公布的 12,300.00 元不一致" in explained(found, NAMES)


def test_what_one_side_gives_is_not_compared() -> None:
    """Given an amount above and a number of people below; then nothing stands beside anything."""
    [found] = compare([said(COUNTY, MZJ, amount="5"), said(VILLAGE, HALL, people=3)])
    assert (found.state, found.explaining) == (State.ALONE, ())
    assert "不是同一种数字" in explained(found, NAMES)
    [alone] = compare([said(COUNTY, MZJ, amount="5")])
    assert explained(alone, NAMES) == "只有县级公布了数字，其他层级还没有公布，无从比对。"
    [both] = compare([said(COUNTY, MZJ, amount="5", people=3), said(VILLAGE, HALL, people=3)])
    assert both.state is State.AGREE


def test_a_quarter_is_not_held_beside_its_months() -> None:
    """Given the county's quarter and the village's month; then they are of different periods, and both alone."""
    found = compare([said(COUNTY, MZJ, people=9), said(VILLAGE, HALL, period="2026-09", people=3)])
    assert [(one.key.period, one.state) for one in found] == [("2026-09", "alone"), ("2026-Q3", "alone")]


def test_an_organs_newest_word_counts_field_by_field() -> None:
    """Given a later record that corrects the people and is silent about the amount; then both of its words hold."""
    first = said(COUNTY, MZJ, amount="100", people=30)
    second = said(COUNTY, MZJ, number=2, on=DAY + timedelta(days=1), people=32)
    village = said(VILLAGE, HALL, number=3, amount="90", people=32)
    [found] = compare([second, first, village])
    assert [one.field for one in found.differences] == ["amount"]
    assert found.voices[0].values["amount"].index_number == first.index_number
    assert found.voices[0].values["people"].index_number == second.index_number


def test_records_of_one_day_are_decided_by_version_and_then_by_number() -> None:
    """Given two records of an organ of the same day; then the answer does not hang on the order they come in."""
    one, two = said(COUNTY, MZJ, people=1, version=2), said(COUNTY, MZJ, number=2, people=2)
    for order in ([one, two], [two, one]):
        assert compare(order)[0].voices[0].values["people"].value == 1
    three = said(COUNTY, MZJ, number=3, people=3, version=2)
    assert compare([three, one])[0].voices[0].values["people"].value == 3


def test_two_organs_of_the_top_that_differ_must_both_explain() -> None:
    """Given two organs of the county that differ; then both explain; below, only who agrees with neither."""
    county = [said(COUNTY, MZJ, people=32), said(COUNTY, CZJ, number=2, people=30)]
    [found] = compare([*county, said(VILLAGE, HALL, number=3, people=30)])
    assert found.explaining == (CZJ, MZJ)
    assert explained(found, NAMES).endswith("互不一致，由县财政局、县民政局分别说明。")
    [found] = compare([*county, said(VILLAGE, HALL, number=3, people=31)])
    assert found.explaining == (CZJ, MZJ, HALL)


def test_two_organs_below_are_measured_by_the_level_above() -> None:
    """Given one of two lower organs that says what the county says; then only the other explains."""
    other = said(TOWN, "341323110-mz", number=2, people=32)
    [found] = compare([said(COUNTY, MZJ, people=32), said(TOWN, HALL, people=30), other])
    assert found.explaining == (HALL,)
    sentence = "人数：乡级镇政府公布 30 人，与县级公布的 32 人不一致，由镇政府说明。"
    assert explained(found, NAMES) == sentence


def test_equal_words_are_said_once() -> None:
    """Given a township and a village that say the same and not what the county says; then they are named together."""
    [found] = compare(
        [said(COUNTY, MZJ, people=32), said(TOWN, HALL, people=30), said(VILLAGE, HALL, people=30)]
    )
    sentence = "人数：乡级、村级公布 30 人，与县级公布的 32 人不一致，由镇政府说明。"
    assert explained(found, NAMES) == sentence


def test_days_and_households_are_held_beside_each_other_too() -> None:
    """Given two days and two numbers of households; then each field has its sentence."""
    county = said(COUNTY, MZJ, households=12, on=DAY)
    village = Statement(
        county.key, VILLAGE, HALL, "X/202610-00009", DAY, 1, households=11, on=date(2026, 9, 10)
    )
    county = Statement(county.key, COUNTY, MZJ, "X/202610-00001", DAY, 1, households=12, on=date(2026, 9, 30))
    [found] = compare([county, village])
    assert [one.field for one in found.differences] == ["households", "on"]
    assert "日期：村级公布 2026年9月10日，与县级公布的 2026年9月30日不一致" in explained(found, NAMES)


def test_a_figure_is_of_its_place_as_it_stood_in_the_period() -> None:
    """Given a township that ended; then its older figures stay its own, and later ones are its successor's."""
    ends = Successions({TOWN: End("341323111000", date(2026, 8, 1))})
    assert place_in(TOWN, "2026-Q3", ends) == TOWN
    assert place_in(TOWN, "2026-08", ends) == "341323111000"
    assert [begins(one) for one in ("2026", "2026-Q4", "2026-11")] == [
        date(2026, 1, 1),
        date(2026, 10, 1),
        date(2026, 11, 1),
    ]


def _own(*words: Statement) -> Any:
    fields: dict[str, dict[Key, Any]] = {}
    for one in own_words(words):
        for field, newer in newest([one]).items():
            fields.setdefault(field, {})[one.key] = newer.value
    return fields


def _parent(place: str, _period: str) -> str:
    line = upwards(place)
    return line[1] if len(line) > 1 else ""


def test_a_whole_is_held_beside_the_sum_of_its_parts() -> None:
    """Given a township's total and its villages' own; then it agrees, differs, or is not complete yet."""
    both = (VILLAGE, NEXT)

    def added(whole: str, *parts: str) -> tuple[SumState, str]:
        own = [said(place, HALL, place, amount=part) for place, part in zip(both, parts, strict=False)]
        # what the township says of a village is no village's own word
        other = said(TOWN, HALL, NEXT, amount="77", number=9)
        [found] = sums(_own(said(TOWN, HALL, TOWN, amount=whole), *own, other), _parent, lambda *_: both)
        return found.state, summed(found, "township", "镇政府")

    assert added("100", "60", "40.00")[0] is SumState.AGREE
    assert added("100", "60", "30") == (
        SumState.DISAGREE,
        "2 个村（社区）公布的金额合计 90.00 元，与本级公布的 100.00 元不一致，由镇政府会同下级说明。",
    )
    assert added("100", "60") == (
        SumState.INCOMPLETE,
        "已有 1 个村（社区）公布的金额合计 60.00 元，还有 1 个没有公布，暂时不能核对总数 100.00 元。",
    )
    state, sentence = added("100", "100.50")
    assert state is SumState.DISAGREE
    assert sentence.endswith("还有 1 个没有公布，已超过本级公布的 100.00 元，由镇政府说明。")


def test_only_the_same_field_is_added_up() -> None:
    """Given people above and households below, or villages without a township's total; then there is no sum."""
    days = _own(said(TOWN, HALL, TOWN, people=2), said(VILLAGE, HALL, households=1))
    assert sums(days, _parent, lambda *_: ()) == []
    assert sums(_own(said(VILLAGE, HALL, people=3)), _parent, lambda *_: ()) == []


_STATEMENTS = st.lists(
    st.builds(
        said,
        st.sampled_from([COUNTY, TOWN, VILLAGE]),
        st.sampled_from([MZJ, CZJ, HALL]),
        number=st.integers(1, 9),
        people=st.one_of(st.none(), st.integers(0, 3)),
        households=st.one_of(st.none(), st.integers(0, 2)),
    ),
    max_size=9,
    unique_by=lambda one: one.index_number,
)


@settings(max_examples=60, deadline=None)
@given(_STATEMENTS, st.randoms())
def test_order_never_matters_and_every_difference_has_who_explains(
    said: list[Statement], chance: Any
) -> None:
    """Whatever is said in whatever order: the same answer, and a disagreement always names somebody."""
    shuffled = list(said)
    chance.shuffle(shuffled)
    found = compare(said)
    assert found == compare(shuffled)
    for one in found:
        assert (one.state is State.DISAGREE) == bool(one.explaining)
        for field in FIELDS:
            values = {voice.values[field].value for voice in one.voices if field in voice.values}
            assert (len(values) > 1) == any(each.field == field for each in one.differences)
