"""A workbook as grids of texts: merged cells known, formulas and other cells that are no text marked as faults.

Cells are streamed one by one. Whole-sheet objects of openpyxl are avoided on purpose: they unfold every merged range,
and a file of 1 KB may merge seventeen thousand million cells.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser

from services.catalog.tables.archive import CELLS, check_archive
from services.catalog.tables.faults import CellFault, NotReadable

COLUMNS: Final = 64
"""Cells further right are not looked at; the official table has 14 columns, its variants some 20."""
CELL_CHARACTERS: Final = 8000
_MERGES: Final = 20_000
_FAULTS: Final[Mapping[str, CellFault]] = MappingProxyType(
    {
        "f": CellFault("单元格是公式，不是文字", "选中后“复制—选择性粘贴—数值”，把公式变成文字"),
        "e": CellFault("单元格是公式的错误值", "改为应有的文字"),
        "b": CellFault("单元格是逻辑值，不是文字", "勾选请填√，其他请写文字"),
        "d": CellFault("单元格是日期或时间，不是文字", "把单元格格式改为“文本”后重新填写"),
    }
)
"""By the type of a cell as openpyxl names it: formula, error, boolean, date."""
_ZEROS: Final = re.compile(r"0+")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell."""

    text: str
    fault: CellFault | None = None


EMPTY: Final = Cell("")


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, rows and columns from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Sheet:
    """One sheet; rows and columns count from 1, as people read them."""

    name: str
    cells: Mapping[tuple[int, int], Cell]
    merges: tuple[Merge, ...] = ()
    last_row: int = 0
    """The last row with anything in it; 0 for an empty sheet."""
    last_column: int = 0
    _covered: dict[tuple[int, int], Merge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last_row = max((row for row, _ in self.cells), default=0)
        self.last_column = max((column for _, column in self.cells), default=0)
        for merge in self.merges:
            for row in range(merge.top, merge.bottom + 1):
                for column in range(merge.left, merge.right + 1):
                    self._covered[row, column] = merge

    def at(self, row: int, column: int) -> Cell:
        """What a reader sees at a place: of a merged range its one text."""
        merge = self._covered.get((row, column))
        return self.cells.get((merge.top, merge.left) if merge else (row, column), EMPTY)

    def merge_at(self, row: int, column: int) -> Merge | None:
        """The merged range a place belongs to."""
        return self._covered.get((row, column))


def address(row: int, column: int) -> str:
    """A place as people name it: ``C7``."""
    return f"{get_column_letter(column)}{row}"


def open_sheets(data: bytes) -> list[Sheet]:
    """Read the sheets of a workbook.

    Raises:
        NotReadable: the file is no workbook, is protected, broken, too large or harmful.
    """
    check_archive(data)
    try:
        with closing(load_workbook(io.BytesIO(data), read_only=True, keep_links=False)) as book:
            return [_read(sheet) for sheet in book.worksheets]
    except NotReadable:
        raise
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        OSError,
        RecursionError,
    ) as error:  # what openpyxl raises where parts contradict each other
        raise NotReadable(
            "broken", "工作簿的内部结构有误，无法读取。请在Excel或WPS中打开，另存为“Excel 工作簿（.xlsx）”后再上传。"
        ) from error  # fmt: skip


def _read(sheet: Any) -> Sheet:  # noqa: ANN401 - openpyxl's streaming sheet has no type
    book = sheet.parent
    with sheet._get_source() as source:  # noqa: SLF001 - the streaming interface gives no merged ranges
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        cells = dict(_cells(sheet, parser))
    return Sheet(str(sheet.title), cells, tuple(_merges(parser, max((row for row, _ in cells), default=0))))


def _cells(
    sheet: Any,  # noqa: ANN401
    parser: WorkSheetParser,
) -> Iterator[tuple[tuple[int, int], Cell]]:
    for _, row in parser.parse():
        for raw in row:
            if raw["value"] is None or raw["column"] > COLUMNS:
                continue
            cell = _cell(ReadOnlyCell(sheet, **raw))
            if cell.text or cell.fault:
                yield (raw["row"], raw["column"]), cell


def _merges(parser: WorkSheetParser, last_row: int) -> Iterator[Merge]:
    """Merged ranges, cut to where there is something."""
    ranges = parser.merged_cells.mergeCell if parser.merged_cells is not None else ()
    area = 0
    for number, merged in enumerate(ranges):
        left, top, right, bottom = range_boundaries(merged.ref)
        cut = Merge(
            int(top or 1), int(left or 1), min(int(bottom or 1), last_row), min(int(right or 1), COLUMNS)
        )
        area += max(0, cut.bottom - cut.top + 1) * max(0, cut.right - cut.left + 1)
        if number >= _MERGES or area > CELLS:
            raise NotReadable("merges", "合并的单元格太多，不像一份目录。请取消目录以外的合并后再上传。")
        yield cut


def _cell(cell: Any) -> Cell:  # noqa: ANN401 - openpyxl's values have no type
    value = cell.value
    fault = _FAULTS.get(cell.data_type)
    if fault is not None:
        return Cell(value if isinstance(value, str) else "=…" if cell.data_type == "f" else str(value), fault)
    if isinstance(value, int | float):
        return Cell(_number(value, str(cell.number_format)))
    text = str(value)
    if len(text) > CELL_CHARACTERS:
        return Cell(
            text, CellFault(f"有 {len(text)} 字，超过 {CELL_CHARACTERS} 字的上限", "精简，或拆成几个事项")
        )
    return Cell(text if text.strip() else "")


def _number(value: float, shown_as: str) -> str:
    """A number as it is shown, as far as codes and telephone numbers need it: ``0505`` keeps its zero."""
    if float(value).is_integer():
        digits = str(int(value))
        return digits.zfill(len(shown_as)) if _ZEROS.fullmatch(shown_as) else digits
    return repr(value)
