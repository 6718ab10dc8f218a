"""The official table as a workbook: one sheet a domain, printed as the departments print it.

A title, two header rows with merged cells, neighbours with the same 一级事项 merged, ticks and boxes, borders; on A3 or A4
across, as wide as the page, the header on every page. Every cell is text: what begins with ``=`` is no formula.
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from services.catalog.tables.cells import print_cell
from services.catalog.tables.columns import TICKED, Column, Fields, columns_for

HEADER_ROWS: Final = (2, 3)
FIRST_ROW: Final = 4
A3: Final = "8"
A4: Final = "9"
"""Paper sizes as SpreadsheetML counts them."""

_THIN: Final = Side(style="thin")
_BORDER: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_TITLE: Final = Font(name="方正小标宋简体", size=18)
_HEAD: Final = Font(name="黑体", size=10)
_TEXT: Final = Font(name="宋体", size=9)
_MIDDLE: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT: Final = Alignment(horizontal="left", vertical="center", wrap_text=True)
_PROSE: Final = frozenset({"content_elements", "legal_basis", "channels"})
_LINE: Final = 12.5
"""Height of a line of the text font, in points."""
_TALLEST: Final = 409.0
"""The tallest row Excel shows, in points."""
_NOT_IN_NAMES: Final = re.compile(r"[\\/*?:\[\]]")
_NAME_CHARACTERS: Final = 31


@dataclass(frozen=True, slots=True)
class DomainTable:
    """What stands on one sheet."""

    name: str
    """The domain's name: of the sheet."""
    title: str
    rows: Sequence[Fields]
    """In their order; see `columns.Fields`."""


def write_workbook(tables: Sequence[DomainTable], *, paper: str = A3) -> bytes:
    """Write a workbook with one sheet a domain; without any it has one empty sheet, as a workbook must."""
    book = Workbook()
    first = book.active
    assert first is not None, "a new workbook has a sheet"
    book.remove(first)
    taken: set[str] = set()
    for table in tables:
        name = _sheet_name(table.name, taken)
        _write_sheet(book.create_sheet(name), table, paper)
    if not tables:
        book.create_sheet("目录")
    book.properties.creator = "公开"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _write_sheet(sheet: Worksheet, table: DomainTable, paper: str) -> None:
    columns = columns_for(table.rows)
    _set_up(sheet, columns, paper)
    _write_head(sheet, columns, table.title)
    for number, row in enumerate(table.rows, start=1):
        texts = [print_cell(column, row) if column.field else str(number) for column in columns]
        for place, (column, text) in enumerate(zip(columns, texts, strict=True), start=1):
            _put(
                sheet,
                FIRST_ROW + number - 1,
                place,
                text,
                _TEXT,
                _LEFT if column.field in _PROSE else _MIDDLE,
            )
        sheet.row_dimensions[FIRST_ROW + number - 1].height = _height(columns, texts)
    for top, bottom in _runs(table.rows, "level1"):
        _merge_down(sheet, columns, "level1", top, bottom)


def _write_head(sheet: Worksheet, columns: Sequence[Column], title: str) -> None:
    _put(sheet, 1, 1, title, _TITLE, _MIDDLE, framed=False)
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(columns))
    sheet.row_dimensions[1].height = 36
    top, below = HEADER_ROWS
    for row in HEADER_ROWS:
        sheet.row_dimensions[row].height = 28
    for place, column in enumerate(columns, start=1):
        _put(sheet, top, place, column.group or column.title, _HEAD, _MIDDLE)
        _put(sheet, below, place, column.title if column.group else "", _HEAD, _MIDDLE)
    place = 1
    for group, members in groupby(columns, key=lambda column: column.group):
        width = len(list(members))
        if group:
            _merge(sheet, top, top, place, place + width - 1)
        else:
            for single in range(place, place + width):
                _merge(sheet, top, below, single, single)
        place += width


def _set_up(sheet: Worksheet, columns: Sequence[Column], paper: str) -> None:
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.freeze_panes = f"A{FIRST_ROW}"
    sheet.print_title_rows = f"{HEADER_ROWS[0]}:{HEADER_ROWS[1]}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = paper
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top = margins.bottom = 0.75
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页，共 &N 页"))


def _put(
    sheet: Worksheet,
    row: int,
    column: int,
    text: str,
    font: Font,
    alignment: Alignment,
    *,
    framed: bool = True,
) -> None:
    cell = sheet.cell(row=row, column=column)
    assert isinstance(cell, Cell), "cells are written before they are merged"
    if text:
        cell.value = text
        cell.data_type = "s"  # also what begins with "=": a table holds words, never formulas
    cell.font = font
    cell.alignment = alignment
    if framed:
        cell.border = _BORDER


def _merge(sheet: Worksheet, top: int, bottom: int, left: int, right: int) -> None:
    if top == bottom and left == right:
        return
    sheet.merge_cells(start_row=top, end_row=bottom, start_column=left, end_column=right)


def _merge_down(sheet: Worksheet, columns: Sequence[Column], field: str, top: int, bottom: int) -> None:
    for place, column in enumerate(columns, start=1):
        if column.field == field:
            _merge(sheet, FIRST_ROW + top, FIRST_ROW + bottom, place, place)


def _runs(rows: Sequence[Fields], field: str) -> Iterator[tuple[int, int]]:
    """Where neighbours have the same words: first and last index of each run."""
    start = 0
    for words, members in groupby(rows, key=lambda row: row.get(field, "")):
        length = len(list(members))
        if words and length > 1:
            yield start, start + length - 1
        start += length


def _height(columns: Sequence[Column], texts: Sequence[str]) -> float:
    """Points a row needs for its fullest cell; a cell that is merged downwards counts with its own row."""
    lines = max(
        sum(max(1, math.ceil(_width(line) / (column.width - 1.5))) for line in text.split("\n"))
        for column, text in zip(columns, texts, strict=True)
        if column.field not in TICKED or column.width > 10  # noqa: PLR2004 - a narrow one holds a tick
    )
    return min(_TALLEST, lines * _LINE + 6)


def _width(line: str) -> float:
    """Characters as Excel counts widths: a Chinese one is as wide as two digits of the (smaller) text font."""
    return sum(1.85 if unicodedata.east_asian_width(char) in "WFA" else 0.95 for char in line)


def _sheet_name(name: str, taken: set[str]) -> str:
    plain = _NOT_IN_NAMES.sub("_", name).strip("' ")[:_NAME_CHARACTERS] or "目录"
    candidate, number = plain, 2
    while candidate.casefold() in taken:
        tail = f" ({number})"
        candidate = plain[: _NAME_CHARACTERS - len(tail)] + tail
        number += 1
    taken.add(candidate.casefold())
    return candidate
