"""Workbooks that cannot be imported: each gets a clear answer that says where, why and what to do."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from services.catalog.tables.archive import ROWS, UNPACKED_BYTES
from services.catalog.tables.examining import Examination, examine
from services.catalog.tables.faults import BadCell, NotReadable
from tests.catalog.workbooks import Row, against, edited, saved, seed_rows, with_part, workbook_of

pytestmark = pytest.mark.domain

ROWS_OF = {name: table[:4] for name, table in seed_rows().items() if name in {"社会救助", "养老服务"}}
GOOD = workbook_of(ROWS_OF)


def examined(data: bytes, mapping: str = "", *, rows: dict[str, list[Row]] | None = None) -> Examination:
    return examine(data, mapping, against(rows or ROWS_OF), complete=False)


def bad(data: bytes, mapping: str = "") -> list[tuple[str, str, str]]:
    """Place, reason and suggestion of all that is wrong."""
    found = examined(data, mapping)
    assert all(isinstance(cell, BadCell) and cell.reason and cell.suggestion for cell in found.bad)
    return [(f"{cell.sheet}!{cell.cell}", cell.reason, cell.suggestion) for cell in found.bad]


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(NotReadable) as refusal:
        examined(data)
    return refusal.value.reason.code, refusal.value.reason.message_zh


def test_a_header_that_was_shifted_sideways() -> None:
    """Header words over other columns than their data: every cell in the wrong column is told, ticks among them."""
    told = bad(edited(GOOD, lambda sheet: sheet.move_range("D2:N3", cols=1)))

    assert ("社会救助!D4", "这一列没有表头，不知道内容属于哪一栏", "删去该内容，或给这一列加上表头") in told


def test_a_header_that_stands_elsewhere_than_the_mapping_says() -> None:
    """Two rows were put in above: the answer says where the header seems to be now; a fresh mapping finds it itself."""
    mapping = examined(GOOD).mapping

    def insert(sheet: Worksheet) -> None:
        merges = [str(merged) for merged in sheet.merged_cells.ranges]
        for merged in merges:
            sheet.unmerge_cells(merged)
        sheet.insert_rows(1, 2)
        for merged in merges:
            moved = CellRange(merged)
            moved.shift(row_shift=2)
            sheet.merge_cells(moved.coord)

    shifted = edited(GOOD, insert)

    told = ("第2至3行不是目录的表头（表头移位或缺失）", "表头似乎在第4至5行，请改对照表中的“表头行”")
    assert bad(shifted, mapping) == [("社会救助!A2", *told)]
    assert bad(shifted) == []


def test_a_table_without_a_header() -> None:
    """Nothing is guessed from the place of a column."""
    told = bad(edited(GOOD, lambda sheet: sheet.delete_rows(1, 3)))

    assert [place for place, _, _ in told] == ["社会救助!"]
    assert "找不到表头" in told[0][1]


def test_cells_merged_across_columns() -> None:
    """A cell merged over 时限 and 主体 says nothing of either; merges downwards stay fine."""
    told = bad(edited(GOOD, lambda sheet: sheet.merge_cells("F5:G5")))

    assert told == [
        (
            "社会救助!F5",
            "单元格横跨几栏合并，无法判断内容属于哪一栏",
            "取消合并，在各栏分别填写（上下合并可以保留）",
        )
    ]


def test_rows_that_stand_twice() -> None:
    """The same matter in two rows: the second is told, with where the first stands."""

    def double(sheet: Worksheet) -> None:
        for column in range(1, 15):
            source = sheet.cell(4, column)
            sheet.cell(8, column, ROWS_OF["社会救助"][0]["level1"] if column == 2 else source.value)

    assert bad(edited(GOOD, double)) == [
        (
            "社会救助!C8",
            "与第4行是同一事项（领域和各级名称都相同）",
            "删去其中一行；内容不同的合并为一行，或用三级事项区分",
        )
    ]


def test_wrong_boxes_and_ticks_are_told_all_at_once() -> None:
    """Unknown channel, none chosen, no box, both boxes, a number as a tick, no tick at all."""

    def spoil(sheet: Worksheet) -> None:
        sheet["H4"], sheet["H5"], sheet["H6"], sheet["H7"] = (
            "■政府网战",
            "□政府网站",
            "网站",
            "■政府公报□政府公报",
        )
        sheet["K4"], sheet["I5"], sheet["J5"], sheet["M6"], sheet["N6"] = "主动公开", None, None, None, None

    assert bad(edited(GOOD, spoil)) == [
        ("社会救助!H4", "不认得渠道“政府网战”", "是否为“政府网站”？如确为另一渠道，写作：■其他：政府网战"),
        ("社会救助!K4", "“主动”一栏只能是√或空白", "适用的填√，不适用的留空"),
        ("社会救助!H5", "没有选用任何渠道（全部是□）", "至少把一个□改为■"),
        ("社会救助!I5", "“全社会”“特定群体”都没有勾选", "在适用的一栏填√"),
        (
            "社会救助!H6",
            "“网站”前没有方框，无法判断是否选用",
            "每个渠道前加■（选用）或□（未选），例如：■政府网站",
        ),
        ("社会救助!M6", "“县级”“乡级”都没有勾选", "在适用的一栏填√"),
        ("社会救助!H7", "渠道“政府公报”既选了■又有□", "保留其中一个"),
    ]


def test_formulas_and_cells_that_are_no_text() -> None:
    """A formula, an error and a date are refused where a column is imported; 序号 may be counted by a formula."""

    def spoil(sheet: Worksheet) -> None:
        sheet["A4"] = "=ROW()-3"
        sheet["F4"] = "=CONCATENATE(1,2)"
        sheet["G5"] = "#REF!"
        sheet["F6"] = date(2020, 12, 31)

    assert [(place, reason) for place, reason, _ in bad(edited(GOOD, spoil))] == [
        ("社会救助!F4", "单元格是公式，不是文字"),
        ("社会救助!G5", "单元格是公式的错误值"),
        ("社会救助!F6", "单元格是日期或时间，不是文字"),
    ]


def test_missing_names_are_told_and_not_taken_from_above() -> None:
    """An empty 一级事项 that is not merged may be an oversight: it is not filled in."""

    def spoil(sheet: Worksheet) -> None:
        for merged in [merged for merged in sheet.merged_cells.ranges if merged.min_row > 3]:
            sheet.unmerge_cells(str(merged))
        for row in range(5, 8):
            sheet[f"B{row}"] = None
        sheet["C7"] = None

    told = [(place, reason) for place, reason, _ in bad(edited(GOOD, spoil))]

    assert told == [
        ("社会救助!B5", "没有写一级事项"),
        ("社会救助!B6", "没有写一级事项"),
        ("社会救助!B7", "没有写一级事项"),
        ("社会救助!C7", "没有写二级事项"),
    ]


def test_fifty_thousand_rows() -> None:
    """Far more rows than a catalogue has: refused before the workbook is built up in memory."""
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 50_001))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'

    code, said = refused(with_part(GOOD, "xl/worksheets/sheet1.xml", sheet % rows))

    assert code == "workbook.rows"
    assert f"{ROWS} 行" in said


def test_a_zip_bomb() -> None:
    """An archive that grows a thousandfold is refused by its directory, and by counting where the directory lies."""
    honest = with_part(GOOD, "xl/media/image1.png", b"\0" * (UNPACKED_BYTES + 1))
    size = (UNPACKED_BYTES + 1).to_bytes(4, "little")
    lying = honest.replace(size, (1000).to_bytes(4, "little"))

    assert refused(honest)[0] == "workbook.bomb"
    assert refused(lying)[0] in {"workbook.bomb", "workbook.broken"}
    assert len(honest) < 200_000


def test_merged_ranges_that_unfold_without_end() -> None:
    """A merge over the whole of a sheet (17 thousand million cells) is cut to where there is something."""
    assert (
        "找不到表头"
        in bad(with_part(GOOD, "xl/worksheets/sheet1.xml", _sheet_with_merge("A1:XFD1048576")))[0][1]
    )


def test_a_workbook_with_a_password() -> None:
    """What Excel encrypts is an OLE container with an EncryptedPackage stream."""
    locked = (
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    )

    code, said = refused(locked)

    assert code == "workbook.password"
    assert "取消“用密码进行加密”" in said


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "workbook.empty"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 2000, "workbook.old"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "workbook.html"),
        ("序号,一级事项\n1,机构信息\n".encode(), "workbook.text"),
        (b"%PDF-1.7 ...", "workbook.pdf"),
        (bytes(range(256)) * 40, "workbook.unknown"),
        (GOOD[: len(GOOD) // 2], "workbook.broken"),
        (b"x" * (8 * 1024 * 1024 + 1), "workbook.large"),
    ],
    ids=["empty", "xls", "html", "csv", "pdf", "random", "cut", "large"],
)
def test_what_is_not_a_workbook(data: bytes, code: str) -> None:
    """The answer says what the file seems to be, and how to make a workbook of it."""
    found, said = refused(data)

    assert found == code
    assert said.endswith("。")


def test_an_archive_that_is_no_workbook_or_declares_entities() -> None:
    """Some other ZIP file; a workbook whose XML would fetch a file of ours."""
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst>&a;</sst>'

    assert refused(other.getvalue())[0] == "workbook.unknown"
    assert refused(with_part(GOOD, "xl/sharedStrings.xml", entity))[0] == "workbook.dtd"
    assert refused(with_part(GOOD, "xl/workbook.xml", b"<workbook"))[0] == "workbook.broken"
    assert refused(with_part(GOOD, "[Content_Types].xml", b'<Types xmlns="x"/>'))[0] == "workbook.broken"


def test_another_variant_is_imported_once_its_mapping_is_decided() -> None:
    """Headers nobody knows are asked about, none is left out in silence; the edited mapping settles it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sheet1"
    sheet.append(
        [
            "序号",
            "事项大类",
            "二级事项",
            "公开内容",
            "法律依据",
            "公开时限",
            "责任主体",
            "公开渠道",
            "公开对象",
            "公开方式",
            "公开层级",
            "环节",
        ]
    )
    row = ROWS_OF["社会救助"][0]
    sheet.append(
        [
            1,
            *(
                row[name]
                for name in (
                    "level1",
                    "level2",
                    "content_elements",
                    "legal_basis",
                    "time_limit",
                    "subject",
                    "channels",
                    "audience",
                    "mode",
                    "levels",
                )
            ),
            "管理",
        ]
    )
    data = saved(book)

    first = examined(data)
    told = [(cell.cell, cell.reason) for cell in first.bad]
    mapping = first.mapping.replace("事项大类: ？", "事项大类: 一级事项").replace("环节: ？", "环节: 不导入")
    second = examined(data, mapping.replace("领域: ？", "领域: 社会救助"))

    assert ("", "看不出这张工作表是哪个领域") in told
    assert ("B1", "不认得表头“事项大类”") in told
    assert ("L1", "不认得表头“环节”") in told
    assert list(second.bad) == []
    assert (second.comparison.same, list(second.comparison.changes)) == (1, [])


def test_a_mapping_that_was_spoilt_says_so() -> None:
    """A mapping is text by people: bad YAML and unknown columns are told like bad cells."""
    mapping = examined(GOOD).mapping

    assert bad(GOOD, "列: [")[0][1] == "对照表的写法有误，读不出“列”和“工作表”两部分"
    assert "不是目录的栏目" in bad(GOOD, mapping.replace("公开依据: 公开依据", "公开依据: 依据栏"))[0][1]
    assert bad(GOOD, mapping) == []


def _sheet_with_merge(merged: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
        f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells></worksheet>'
    ).encode()
