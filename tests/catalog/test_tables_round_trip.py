"""The official table out of the catalogue, into a workbook and back."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from services.catalog.tables.boxes import print_boxes, read_boxes
from services.catalog.tables.cells import print_cell, usual
from services.catalog.tables.columns import FIELDS, TICKED, columns_for
from services.catalog.tables.comparing import Comparison
from services.catalog.tables.examining import Against, examine
from services.catalog.tables.proposing import propose
from services.catalog.tables.reading import read_tables
from services.catalog.tables.workbook import open_sheets
from tests.catalog.workbooks import Row, against, grid, seed_rows, workbook_of

pytestmark = pytest.mark.domain

BARE = {
    "level1": "政策文件", "level2": "法规", "content_elements": "●名称\n●全文", "legal_basis": "《政府信息公开条例》",
    "time_limit": "20个工作日内", "subject": "民政部门", "channels": "■政府网站", "audience": "全社会", "mode": "主动",
    "levels": "县级",
}  # fmt: skip


def imported(data: bytes, standing: dict[str, list[Row]] | None = None) -> Comparison:
    found = examine(data, "", against(standing) if standing else Against((), ()), complete=True)
    assert list(found.bad) == []
    return found.comparison


def rows_of(data: bytes) -> dict[str, list[Row]]:
    """A catalogue that has nothing yet, after the import."""
    rows: dict[str, list[Row]] = {}
    for change in imported(data).changes:
        rows.setdefault(change.domain, []).append(dict(change.now))
    return rows


def test_an_exported_table_imported_and_exported_again_is_equal_cell_for_cell() -> None:
    """All 305 rows of the 26 domains survive: an empty catalogue that imports them prints the same workbook."""
    first = workbook_of(seed_rows())

    rows = rows_of(first)
    second = workbook_of(rows)

    assert (len(rows), sum(map(len, rows.values()))) == (26, 305)
    assert grid(second) == grid(first)


def test_importing_an_export_changes_nothing() -> None:
    """The 305 rows come back as themselves, also those that name their channels in another order than the table."""
    rows = seed_rows()

    found = imported(workbook_of(rows), rows)

    assert (found.same, list(found.changes)) == (305, [])


@pytest.mark.parametrize(
    "row",
    [
        BARE | {"audience": "全社会;特定群体:申请人;特定群体:利害关系人", "mode": "主动;依申请"},
        BARE
        | {
            "levels": "市级;县级;乡级;村级",
            "channels": "■其他:广播;■其他:大喇叭;□公共资源交易平台;■两微一端",
        },
        BARE | {"level3": "规范性文件", "number": "0505", "office": "办公室", "phone": "0557-6020000"},
        BARE | {"content_elements": "=1+1", "subject": "+县民政局", "legal_basis": ""},
        BARE | {"channels": "政府网站", "audience": "村民", "mode": "", "levels": ""},
        BARE | {"channels": "■我县融媒体"},
    ],
    ids=["audiences", "levels", "variant", "formula-like", "unclear", "own-channel"],
)
def test_whatever_a_draft_holds_comes_back_unchanged(row: Row) -> None:
    """Variants of the table, words that look like formulas and cells that say nothing clear: an export is no change."""
    rows = {"社会救助": [row, BARE | {"level2": "另一事项"}]}

    found = imported(workbook_of(rows), rows)

    assert (found.same, list(found.changes)) == (2, [])


def test_the_table_is_laid_out_as_the_departments_print_it() -> None:
    """Title, two header rows with merged cells, thirteen boxes, ticks; across the page, as wide as it, header on each."""
    rows = {"社会救助": [BARE, BARE | {"level2": "标准", "audience": "特定群体:申请人", "mode": "依申请"}]}
    (name, cells, merged), sheet = (
        grid(workbook_of(rows))[0],
        load_workbook(io.BytesIO(workbook_of(rows))).active,
    )

    assert name == "社会救助"
    assert cells["A1"] == "宿州市社会救助领域基层政务公开标准目录"
    assert [cells.get(f"{column}2") for column in "ABDEFGHIKM"] == [
        "序号", "公开事项", "公开内容（要素）", "公开依据", "公开时限", "公开主体", "公开渠道和载体", "公开对象", "公开方式", "公开层级",
    ]  # fmt: skip
    assert [cells.get(f"{column}3") for column in "BCIJKLMN"] == [
        "一级事项", "二级事项", "全社会", "特定群体", "主动", "依申请公开", "县级", "乡级",
    ]  # fmt: skip
    assert {"A1:N1", "A2:A3", "B2:C2", "D2:D3", "I2:J2", "K2:L2", "M2:N2", "B4:B5"} <= set(merged)
    assert str(cells["H4"]).count("□") == 12
    assert str(cells["H4"]).startswith("■政府网站　　　□政府公报\n□两微一端　　　□发布会/听证会\n")
    assert [cells.get(f"{column}4") for column in "IJKLMN"] == ["√", None, "√", None, "√", None]
    assert [cells.get(f"{column}5") for column in "IJKLMN"] == [None, "√\n申请人", None, "√", "√", None]
    assert sheet is not None
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        "landscape",
        1,
        0,
    )
    assert sheet.print_title_rows == "$2:$3"


def test_a_text_that_begins_like_a_formula_is_written_as_text() -> None:
    """Nobody can make a steward's Excel calculate by what stands in a catalogue."""
    data = workbook_of({"社会救助": [BARE | {"subject": '=HYPERLINK("http://example.org")'}]})

    sheet = load_workbook(io.BytesIO(data)).active

    assert sheet is not None
    assert sheet["G4"].data_type == "s"


def test_boxes_are_read_as_they_are_printed_in_many_places() -> None:
    """Other marks, brackets, one line or several: the same channels."""
    said = read_boxes("☑政府网站 ☐政府公报\n√ 社区/企事业单位/村公示栏（电子屏）；■其他：办税服务厅")

    assert said == "■政府网站;■社区/企事业单位/村公示栏(电子屏);■其他:办税服务厅"
    assert read_boxes(print_boxes(said)) == said


def test_columns_some_departments_have_are_found_by_their_words() -> None:
    """三级事项, 事项编码, 市级 and 镇级, 责任科室 and 咨询电话 need no mapping by hand; merged names reach every row."""
    rows = {
        "社会救助": [
            BARE
            | {
                "level3": "一",
                "number": "0505",
                "office": "救助股",
                "phone": "6020000",
                "levels": "市级;镇级",
            },
            BARE | {"level3": "二", "number": "0506"},
        ]
    }
    sheets = open_sheets(workbook_of(rows))

    read = read_tables(sheets, propose(sheets, ["社会救助"]))

    assert list(read.bad) == []
    first, second = (row.fields for row in read.rows)
    assert (first["number"], first["office"], first["phone"], first["levels"]) == (
        "0505",
        "救助股",
        "6020000",
        "市级;镇级",
    )
    assert (second["level1"], second["level3"]) == ("政策文件", "二")


_WORDS = st.text(
    st.sampled_from("政府网站其他全社会特定群体县级主动 ■□√:：;；()（）/\n、=1aＡ\u3000"), max_size=24
)


@given(field=st.sampled_from(list(FIELDS)), text=_WORDS)
@settings(max_examples=150, deadline=None)
def test_any_text_is_printed_the_same_after_it_was_read(field: str, text: str) -> None:
    """What one reading makes of a printed cell, the next leaves as it is: a table does not change by going around."""
    once = usual(field, text)

    assert usual(field, once) == once
    columns = [column for column in columns_for([{field: text}, {field: once}]) if column.field == field]
    readable = not (field in TICKED and not once)
    assert [print_cell(c, {field: once}) for c in columns] == [
        print_cell(c, {field: text}) for c in columns
    ] or not readable
