"""Lines of figures as a spreadsheet gives them: cells with tabs between, a line of heads, numbers with their unit.

Only what is certain is rewritten: 5,400.00元 → 5400.00, 1,320人 → 1320. 万元 stays as it is, so that it is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_HEADS: Final = (
    ("division", re.compile(r"地区|区划|乡镇|村|单位|地方")),
    ("on", re.compile(r"日期|发放日|日$")),
    ("period", re.compile(r"时间|季度|期间|年度|月份|时段")),
    ("amount", re.compile(r"金额|资金|元")),
    ("people", re.compile(r"人数|人次|人口")),
    ("households", re.compile(r"户")),
)
"""Column → words in its head; the first that fits counts (发放日期 is no 时间, 户数 of 低保户 no 人数)."""
_NEEDED: Final = 2
_DIGIT: Final = re.compile(r"[0-9０-９]")
_UNITS: Final = {"amount": "元", "people": "人", "households": "户"}
_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:[,，][0-9]{3})+(\.[0-9]+)?|[0-9]+(\.[0-9]+)?")


def lines_of(text: str, fields: Sequence[str], most: int) -> Iterator[dict[str, str]]:
    """Give each pasted line as column → cell.

    Args:
        text: what was pasted.
        fields: the columns in their order; heads above the lines may say another.
        most: lines read, no more.
    """
    order = list(fields)
    given = [[cell.strip() for cell in line.split("\t")] for line in text.splitlines()[: most + 1]]
    lines = [cells for cells in given if len(cells) > 1 and any(cells)]
    if lines and not any(map(_DIGIT.search, lines[0])):
        order = _order(lines.pop(0), fields)
    for cells in lines:
        yield {name: plain(name, cell) for name, cell in zip(order, cells, strict=False) if name}


def _order(heads: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Columns as their heads name them; as they stand by default where heads are not understood. 序号 and 备注 are none."""
    found = [next((name for name, words in _HEADS if words.search(head)), "") for head in heads]
    named = [name for name in found if name]
    if len(named) < _NEEDED or len(named) != len(set(named)) or "division" not in named:
        return list(fields)
    return found + [name for name in fields if name not in named]


def plain(name: str, cell: str) -> str:
    """A number without its unit and without marks between thousands; everything else as it is."""
    unit = _UNITS.get(name)
    bare = cell.strip().removeprefix("¥").removeprefix("￥").strip() if unit else cell
    if unit is None or not _NUMBER.fullmatch(bare := bare.removesuffix(unit).strip()):
        return cell
    return bare.replace(",", "").replace("，", "")
