"""What a table would change in a draft: which row is which matter, and what nobody should miss."""

from __future__ import annotations

import pytest

from services.catalog.tables.comparing import Standing
from services.catalog.tables.examining import Against, Examination, examine
from tests.catalog.workbooks import Row, against, seed_rows, workbook_of

pytestmark = pytest.mark.domain

HAVE = {"社会救助": seed_rows()["社会救助"][:6]}


def compared(
    rows: dict[str, list[Row]], *, complete: bool = True, mapping: str = "", have: Against | None = None
) -> Examination:
    found = examine(workbook_of(rows), mapping, have or against(HAVE), complete=complete)
    assert list(found.bad) == []
    return found


def said(found: Examination) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (change.kind, change.was.matter if change.was else "", dict(change.now))
        for change in found.comparison.changes
    ]


def with_row(place: int, **changes: str) -> dict[str, list[Row]]:
    rows = [dict(row) for row in HAVE["社会救助"]]
    rows[place] |= changes
    return {"社会救助": rows}


def test_a_cell_that_differs_is_a_change_of_that_field_alone() -> None:
    """Everything else of the row, and the other rows, are left in peace."""
    found = compared(with_row(1, time_limit="实时公开"))

    assert said(found) == [("changed", "m-1-002", {"time_limit": "实时公开"})]
    assert found.comparison.same == 5


def test_a_row_renamed_is_proposed_as_such_and_keeps_its_identity() -> None:
    """All else being equal and nothing else fitting, it is the same matter; whoever disagrees says so in the mapping."""
    renamed = with_row(2, level2="改了名的事项")

    proposed = compared(renamed)
    declined = compared(renamed, mapping=proposed.mapping.replace("改名: 提出", "改名: 不认"))

    assert said(proposed) == [("renamed", "m-1-003", {"level2": "改了名的事项"})]
    assert [(kind, matter) for kind, matter, _ in said(declined)] == [("added", ""), ("removed", "m-1-003")]


def test_a_rename_that_might_be_of_two_matters_is_none() -> None:
    """Two missing matters with the same cells: nobody can tell which was renamed."""
    twins = {"社会救助": [dict(HAVE["社会救助"][0], level2=name) for name in ("甲", "乙")]}

    found = compared({"社会救助": [dict(twins["社会救助"][0], level2="丙")]}, have=against(twins))

    assert [kind for kind, _, _ in said(found)] == ["added", "removed", "removed"]


def test_what_is_missing_goes_only_if_the_table_is_whole() -> None:
    """A part of the table changes that part; and never a domain the table does not have."""
    have = against(HAVE | {"养老服务": seed_rows()["养老服务"][:2]})
    part = {"社会救助": HAVE["社会救助"][:5]}

    assert said(compared(part, complete=False, have=have)) == []
    assert [(kind, matter) for kind, matter, _ in said(compared(part, have=have))] == [("removed", "m-1-006")]


def test_a_matter_is_known_by_its_number_first() -> None:
    """With a 事项编码 a matter may change its names and more in one go."""
    numbered = {
        "社会救助": [dict(row, number=f"05{place:02d}") for place, row in enumerate(HAVE["社会救助"])]
    }
    changed = {
        "社会救助": [
            dict(numbered["社会救助"][0], level2="新名", subject="民政局"),
            *numbered["社会救助"][1:],
        ]
    }

    found = compared(changed, have=against(numbered))

    assert said(found) == [("changed", "m-1-001", {"level2": "新名", "subject": "民政局"})]


def test_a_matter_left_out_comes_back_as_itself() -> None:
    """What stands above and not in the draft is returned, not added a second time."""
    first, *rest = against(HAVE).standing
    have = Against(
        [Standing(first.matter, first.domain, 1, first.fields, present=False), *rest], ("社会救助",)
    )

    assert said(compared(HAVE, have=have)) == [("returned", "m-1-001", {})]


def test_our_own_row_goes_before_one_of_the_same_names_that_we_left_out() -> None:
    """A county that left a matter out and made its own of it imports its own."""
    own = against(HAVE).standing
    above = [Standing("m-above", was.domain, was.place, was.fields, present=False) for was in own[:1]]

    found = compared(HAVE, have=Against([*above, *own], ("社会救助",)))

    assert (found.comparison.same, said(found)) == (6, [])


def test_a_sheet_of_a_new_name_is_a_new_domain_and_a_near_name_is_asked_about() -> None:
    """乡村振兴 is new and said to be; 社会救肋 may be a slip of the pen."""
    new = compared({"乡村振兴": HAVE["社会救助"][:2]})
    near = examine(workbook_of({"社会救助类": HAVE["社会救助"]}), "", against(HAVE), complete=False)

    assert new.new_domains == ("乡村振兴",)
    assert [kind for kind, _, _ in said(new)] == ["added", "added"]
    assert [(cell.value, cell.reason) for cell in near.bad] == [("社会救助类", "看不出这张工作表是哪个领域")]


def test_the_digest_tells_a_draft_that_changed_since() -> None:
    """The same workbook over the same draft has one digest; over another, or with another mapping, another."""
    book = workbook_of(with_row(1, time_limit="实时公开"))  # one file: another would be of another second
    found = examine(book, "", against(HAVE), complete=True)

    changed = against(with_row(1, time_limit="及时公开"))
    other = found.mapping.replace("改名: 提出", "改名: 不认")

    assert examine(book, found.mapping, against(HAVE), complete=True).digest == found.digest
    assert examine(book, "", changed, complete=True).digest != found.digest
    assert examine(book, other, against(HAVE), complete=True).digest != found.digest
