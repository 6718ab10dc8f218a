"""From a workbook's grids to rows, by a mapping: every row that can be read, and every cell that cannot, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gongkai.contracts.matters import COLUMNS
from services.catalog.tables.cells import read_text, read_ticks, tidy
from services.catalog.tables.columns import REQUIRED, TICKED
from services.catalog.tables.faults import BadCell, CellFault
from services.catalog.tables.mapping import OPEN, SKIP, UNDECIDED, SheetPlan, TableMapping, Target
from services.catalog.tables.proposing import compact, find_header, header_paths
from services.catalog.tables.workbook import Sheet, address

_NAMES: Final = ("level1", "level2")
_NOTES: Final = ("说明", "注", "备注", "填表", "填报", "审核", "单位（", "联系人")
_EDIT: Final = "在对照表“列”中为它写上栏目，或写“不导入”"


@dataclass(slots=True)
class ReadRow:
    """A row of a sheet."""

    sheet: str
    line: int
    """As people count, from 1."""
    domain: str
    """Name of its domain."""
    fields: dict[str, str] = field(default_factory=dict)
    """Field → text, of the columns the sheet has."""
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    """What stood in the cells, by field and tick."""
    places: dict[str, str] = field(default_factory=dict)
    """Field → address of its (first) cell."""
    doubts: dict[str, BadCell] = field(default_factory=dict)
    """Field → why its text cannot be taken, unless the catalogue has just this text already."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the matter is known by: domain and names."""
        names = (self.fields.get(name, "") for name in ("level1", "level2", "level3"))
        return (self.domain, *names)  # type: ignore[return-value]  # three names


@dataclass(frozen=True, slots=True)
class TableRead:
    """What was read."""

    rows: Sequence[ReadRow]
    bad: Sequence[BadCell]


def read_tables(
    sheets: Sequence[Sheet], mapping: TableMapping, known_channels: frozenset[str] = frozenset()
) -> TableRead:
    """Read all sheets.

    Args:
        sheets: of the workbook.
        mapping: of its headers and sheets.
        known_channels: channels beyond the list that the catalogue uses already.
    """
    rows: list[ReadRow] = []
    bad: list[BadCell] = []
    for sheet in sheets:
        plan = mapping.sheets.get(sheet.name, SheetPlan(UNDECIDED, None))
        if plan.domain == SKIP or not sheet.cells:
            continue
        reader = _SheetReader(sheet, plan, mapping, known_channels)
        reader.read()
        rows += reader.rows
        bad += reader.bad
    bad += _repeated(rows)
    if not rows and not bad:
        bad.append(
            BadCell(
                "", "", "", "工作簿里没有任何事项", "核对是否选错了文件，或对照表把工作表都写成了“不导入”"
            )
        )
    return TableRead(rows, bad)


class _SheetReader:
    """Reads one sheet; ``rows`` and ``bad`` grow as it goes."""

    def __init__(self, sheet: Sheet, plan: SheetPlan, mapping: TableMapping, known: frozenset[str]) -> None:
        self.rows: list[ReadRow] = []
        self.bad: list[BadCell] = []
        self._sheet = sheet
        self._plan = plan
        self._mapping = mapping
        self._known = known
        self._columns: dict[int, Target] = {}
        self._merges_told: set[tuple[int, int]] = set()

    def read(self) -> None:
        """Read the header, and the rows below it if the header can be relied on."""
        header = self._plan.header
        if self._plan.domain == UNDECIDED:
            self._tell(
                "",
                self._sheet.name,
                "看不出这张工作表是哪个领域",
                "在对照表“工作表”中写明领域名称，或写“不导入”",
            )
        if header is None:
            self._tell(
                "",
                "",
                "找不到表头（应有“一级事项”“二级事项”“公开内容（要素）”等栏）",
                "恢复官方表头，或在对照表中写明表头行；不是目录的工作表写“不导入”",
            )
            return
        paths = header_paths(self._sheet, header)
        self._columns = {
            column: target
            for column, path in paths.items()
            if (target := self._mapping.columns.get(path, OPEN)).field or not target.decided
        }
        if not self._header_holds(header, paths):
            return
        for line in range(header[1] + 1, self._sheet.last_row + 1):
            self._line(line, paths)

    def _header_holds(self, header: tuple[int, int], paths: Mapping[int, str]) -> bool:
        before = len(self.bad)
        missing = [
            name for name in REQUIRED if all(target.field != name for target in self._columns.values())
        ]
        if len(missing) > len(REQUIRED) // 2:
            self._tell_moved(header)
            return False
        for column, target in self._columns.items():
            if not target.decided:
                self._tell(address(header[1], column), paths[column], f"不认得表头“{paths[column]}”", _EDIT)
        if missing:
            labels = "”“".join(COLUMNS[name] for name in missing)
            self._tell(
                address(header[0], 1),
                "",
                f"表头缺少“{labels}”",
                "补上这些栏；表头用了别的名称的，在对照表中写明对应关系",
            )
        seen: dict[Target, int] = {}
        for column, target in self._columns.items():
            if target.decided and seen.setdefault(target, column) != column:
                told = f"与{address(header[1], seen[target])}是同一栏"
                self._tell(
                    address(header[1], column),
                    paths[column],
                    told,
                    "保留其中一列，另一列在对照表中写“不导入”",
                )
        return len(self.bad) == before

    def _tell_moved(self, header: tuple[int, int]) -> None:
        found = find_header(self._sheet)
        where = f"第{header[0]}行" if header[0] == header[1] else f"第{header[0]}至{header[1]}行"
        hint = (
            f"表头似乎在第{found[0]}至{found[1]}行，请改对照表中的“表头行”"
            if found
            else "恢复官方表头后重新上传"
        )
        self._tell(
            address(header[0], 1),
            self._sheet.at(header[0], 1).text,
            f"{where}不是目录的表头（表头移位或缺失）",
            hint,
        )

    def _line(self, line: int, paths: Mapping[int, str]) -> None:
        texts = {column: self._sheet.at(line, column).text.strip() for column in self._columns}
        if not any(texts.values()) and not any(self._sheet.at(line, c).fault for c in self._columns):
            self._stray(line, paths)
            return
        if all(compact(text) == paths[column].rpartition("/")[2] for column, text in texts.items() if text):
            return  # the header again, as on printed pages
        if self._is_note(line):
            return
        self._stray(line, paths)
        row = ReadRow(self._sheet.name, line, self._plan.domain)
        before = len(self.bad)
        for column, target in self._columns.items():
            self._take(row, line, column, target)
        self._finish(row, sound=len(self.bad) == before)

    def _is_note(self, line: int) -> bool:
        """Tell whether a line is a remark below the table: one text alone, or one text merged across."""
        texts = {
            text
            for column in range(1, self._sheet.last_column + 1)
            if (text := self._sheet.at(line, column).text.strip())
        }
        return len(texts) == 1 and next(iter(texts)).startswith(_NOTES)

    def _stray(self, line: int, paths: Mapping[int, str]) -> None:
        for column in range(1, self._sheet.last_column + 1):
            text = self._sheet.cells.get((line, column))
            if column not in paths and text is not None:
                self._tell(
                    address(line, column),
                    text.text,
                    "这一列没有表头，不知道内容属于哪一栏",
                    "删去该内容，或给这一列加上表头",
                )

    def _take(self, row: ReadRow, line: int, column: int, target: Target) -> None:
        merge = self._sheet.merge_at(line, column)
        if merge is not None and sum(merge.left <= other <= merge.right for other in self._columns) > 1:
            if (merge.top, merge.left) not in self._merges_told:
                self._merges_told.add((merge.top, merge.left))
                text = self._sheet.at(line, column).text
                self._tell(
                    address(merge.top, merge.left),
                    text,
                    "单元格横跨几栏合并，无法判断内容属于哪一栏",
                    "取消合并，在各栏分别填写（上下合并可以保留）",
                )
            row.doubts.setdefault(target.field, BadCell(row.sheet, "", "", "", ""))
            return
        cell = self._sheet.at(line, column)
        if cell.fault is not None:
            self.bad.append(BadCell.at(row.sheet, address(line, column), cell.text, cell.fault))
        row.places.setdefault(target.field, address(line, column))
        row.cells[target.field, target.tick] = tidy(target.field, cell.text)

    def _finish(self, row: ReadRow, *, sound: bool) -> None:
        if not sound:
            return  # its own faults are told already; what follows from them would only confuse
        if ("domain", "") in row.cells:
            row.domain = row.cells.pop(("domain", ""))
            if not row.domain:
                self._tell(row.places["domain"], "", "没有写领域", "填写领域名称")
        for name in dict.fromkeys(name for name, _ in row.cells):
            found = self._field(row, name)
            if isinstance(found, str):
                row.fields[name] = found
        for name in _NAMES:
            if not row.fields.get(name):
                self._tell(
                    row.places[name],
                    "",
                    f"没有写{COLUMNS[name]}",
                    "每行都要填写；与上一行相同的，填写相同的文字或上下合并单元格",
                )
        if all(row.fields.get(name) for name in _NAMES):
            self.rows.append(row)

    def _field(self, row: ReadRow, name: str) -> str | None:
        cells = {tick: text for (field_name, tick), text in row.cells.items() if field_name == name}
        fault: CellFault | None = None
        place, value = row.places[name], "；".join(filter(None, cells.values()))
        if name in TICKED and "" not in cells:
            read = read_ticks(name, cells)
            if not isinstance(read, str):
                tick, fault = read
                place = self._address(row.line, Target(name, tick)) or place
        else:
            text = read_text(name, cells.get("", ""), self._known)
            read, fault = (text, None) if isinstance(text, str) else ("", text)
            if fault is None and not text and name in REQUIRED and name not in _NAMES:
                fault = CellFault(f"没有写{COLUMNS[name]}", "填写这一栏")
        if fault is not None:
            row.doubts[name] = BadCell.at(row.sheet, place, value, fault)
            return None
        assert isinstance(read, str), "what is no text has a fault"
        return read

    def _address(self, line: int, target: Target) -> str:
        return next((address(line, column) for column, said in self._columns.items() if said == target), "")

    def _tell(self, cell: str, value: str, reason: str, suggestion: str) -> None:
        self.bad.append(BadCell.at(self._sheet.name, cell, value, CellFault(reason, suggestion)))


def _repeated(rows: Sequence[ReadRow]) -> Iterator[BadCell]:
    """Rows that are the same matter: of the same names, or of the same 事项编码."""
    names: dict[tuple[str, ...], ReadRow] = {}
    numbers: dict[tuple[str, str], ReadRow] = {}
    for row in rows:
        first = names.setdefault(row.key, row)
        if first is not row:
            told = CellFault(
                f"与{_where(first, row)}是同一事项（领域和各级名称都相同）",
                "删去其中一行；内容不同的合并为一行，或用三级事项区分",
            )
            yield BadCell.at(row.sheet, row.places["level2"], row.fields["level2"], told)
            continue
        number = row.fields.get("number", "")
        other = numbers.setdefault((row.domain, number), row) if number else row
        if other is not row:
            told = CellFault(f"与{_where(other, row)}的事项编码相同", "每个事项用各自的编码")
            yield BadCell.at(row.sheet, row.places["number"], number, told)


def _where(first: ReadRow, row: ReadRow) -> str:
    return f"第{first.line}行" if first.sheet == row.sheet else f"工作表“{first.sheet}”第{first.line}行"
