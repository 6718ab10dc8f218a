"""Villages' lists: what Art. 30 asks of them, who confirms them, and the days of their cycles."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai.contracts.villages import VillageItem
from gongkai.refusal import Refusal
from gongkai.villages import Rhythm, before, in_words, is_village, next_due, period_of, quarter_named
from services.catalog.domain import villagelists as rules
from services.catalog.domain.villageitems import differences
from services.catalog.domain.villagelists import Standard, VillageEvent, VillageList
from services.catalog.villages.models import identified, model_for, model_items, village_kinds

pytestmark = pytest.mark.domain

VILLAGE = "341323110203"
MATTERS = frozenset(item.matter for item in model_items() if item.matter)
STANDARD = Standard(village_kinds(), MATTERS)
DAY = date(2026, 11, 23)


def after(state: VillageList, events: list[VillageEvent]) -> VillageList:
    for event in events:
        state = rules.evolve(state, event)
    return state


def drafted(*items: VillageItem) -> VillageList:
    return after(VillageList(VILLAGE), rules.save(VillageList(VILLAGE), items or model_items(), STANDARD))


def codes(refusal: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_a_model_list_is_drafted_confirmed_by_another_and_in_force_that_day() -> None:
    """The model list is complete; its proposer cannot confirm it; it takes the next number."""
    proposed = after(drafted(), rules.propose(drafted(), "staff:a", "", STANDARD))
    with pytest.raises(Refusal) as refused:
        rules.publish(proposed, "staff:a", DAY, STANDARD)
    assert codes(refused) == ["villagelist.same-person"]
    published = after(proposed, rules.publish(proposed, "staff:b", DAY, STANDARD))
    assert (published.phase, published.number, published.items) == ("none", 1, model_items())
    again = after(published, rules.save(published, model_items()[:-1], STANDARD))
    assert (again.phase, again.number, len(again.published) - len(again.items)) == ("drafting", 1, 1)


def test_a_list_tells_every_reason_why_it_cannot_be_proposed() -> None:
    """All five kinds must be covered; every bad cell of every item is named with the article at once."""
    bad = VillageItem(
        id="v-01", kind="3", level1="", level2="低保", elements=" ", cycle="monthly", month=1, day=30, channels="村公示栏",
        basis="第三十条", matter="m-99-001",
    )  # fmt: skip
    with pytest.raises(Refusal) as refused:
        rules.propose(drafted(bad), "staff:a", "", STANDARD)
    assert codes(refused) == [
        *["villagelist.kind.missing"] * 4,
        "villageitem.level1.missing", "villageitem.elements.missing", "villageitem.day.unfit", "villageitem.matter.unknown",
    ]  # fmt: skip
    assert refused.value.reasons[0].article == "《中华人民共和国村民委员会组织法》第三十条第（一）项"
    assert refused.value.reasons[-1].field == "items[0].matter"


def test_the_second_editor_is_told_what_the_first_changed() -> None:
    """Nothing of the second's is kept; the message says the cell, its value before and now."""
    seen = model_items()
    now = drafted(
        seen[0], seen[1].model_copy(update={"cycle": "quarterly", "month": 1, "day": 20}), *seen[3:]
    )
    with pytest.raises(Refusal) as refused:
        rules.save(now, seen, STANDARD, seen)
    assert codes(refused) == ["villagelist.changed-since"]
    assert "删除了“集体资产资源发包、出租”" in refused.value.reasons[0].message_zh
    assert "“村集体财务收支”的公开周期由“每月”改为“每季度”" in refused.value.reasons[0].message_zh
    assert list(differences(seen, seen)) == []


def test_only_villages_keep_such_lists_and_a_model_list_is_for_the_beginning() -> None:
    """A township is refused with the article; a list that has items is not overwritten by the model list."""
    with pytest.raises(Refusal) as refused:
        rules.save(VillageList("341323110000"), model_items(), STANDARD)
    assert codes(refused) == ["villagelist.level"]
    with pytest.raises(Refusal) as refused:
        rules.save(drafted(), model_items(), STANDARD, model=True)
    assert codes(refused) == ["villagelist.model.late"]
    assert is_village(VILLAGE)
    assert not is_village("341323000000")


def test_items_get_identities_and_what_the_catalogue_above_lacks_says_so() -> None:
    """A new item gets the next number, even after one that left; the model follows the catalogue above."""
    known = model_items()
    new = known[0].model_copy(update={"id": ""})
    assert identified([known[0], new], known)[1].id == f"v-{len(known) + 1:02d}"
    adapted = model_for(frozenset())
    assert not any(item.matter for item in adapted)
    assert all(item.unmatched for item in adapted)


@pytest.mark.parametrize(
    ("rhythm", "today", "last", "due", "over", "words"),
    [
        (Rhythm("quarterly", 1, 20), "2026-11-23", None, "2026-10-20", True, "每季度首月20日前"),
        (Rhythm("quarterly", 1, 20), "2026-11-23", "2026-10-18", "2027-01-20", False, "每季度首月20日前"),
        (Rhythm("quarterly"), "2026-11-23", "2026-09-30", "2026-12-31", False, "每季度"),
        (Rhythm("quarterly", 3, 31), "2026-08-01", None, "2026-09-30", False, "每季度末月最后一天前"),
        (Rhythm("monthly", 0, 10), "2026-11-23", "2026-11-05", "2026-12-10", False, "每月10日前"),
        (Rhythm("monthly", 0, 31), "2027-02-03", None, "2027-02-28", False, "每月月底前"),
    ],
)
def test_when_an_item_is_due_next(
    rhythm: Rhythm,
    today: str,
    last: str | None,
    due: str,
    over: bool,  # noqa: FBT001 - a row of the table
    words: str,
) -> None:
    """The fixed day of this period; of the next one where this period has been disclosed already."""
    found = next_due(rhythm, date.fromisoformat(today), date.fromisoformat(last) if last else None)
    assert found is not None
    assert (found.on.isoformat(), found.over) == (due, over)
    assert in_words(rhythm) == words


def test_quarters_by_name() -> None:
    """A quarter is read from its code, has a Chinese name, and knows the one before."""
    quarter = quarter_named("2026-Q1")
    assert quarter is not None
    assert (quarter.name, before(quarter).code) == ("2026年第一季度", "2025-Q4")
    assert quarter_named("2026-Q5") is None
    assert period_of("monthly", date(2026, 2, 3)).last == date(2026, 2, 28)
    assert next_due(Rhythm("at_once"), DAY, None) is None
    new = next_due(Rhythm("quarterly", 1, 20), DAY, None, since=DAY)
    assert new is not None
    assert (new.on, new.over) == (date(2027, 1, 20), False)
