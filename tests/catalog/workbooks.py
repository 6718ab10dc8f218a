"""Workbooks for tests of tables: the seed's, and broken ones."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from importlib.resources import files
from itertools import groupby

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from services.catalog.tables.columns import FIELDS
from services.catalog.tables.comparing import Standing
from services.catalog.tables.examining import Against
from services.catalog.tables.writing import DomainTable, write_workbook

Row = dict[str, str]


def seed_rows() -> dict[str, list[Row]]:
    """The rows of the seed by the name of their domain."""
    text = (files("services.catalog") / "seed" / "catalog_rows.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    return {
        name: [{key: row[key] for key in FIELDS if key in row} for row in members]
        for name, members in groupby(rows, key=lambda row: row["domain"])
    }


def workbook_of(rows: dict[str, list[Row]]) -> bytes:
    return write_workbook(
        [DomainTable(name, f"宿州市{name}领域基层政务公开标准目录", table) for name, table in rows.items()]
    )


def standing_of(rows: dict[str, list[Row]]) -> list[Standing]:
    return [
        Standing(f"m-{number}-{place:03d}", name, place, row)
        for number, (name, table) in enumerate(rows.items(), start=1)
        for place, row in enumerate(table, start=1)
    ]


def against(rows: dict[str, list[Row]]) -> Against:
    return Against(standing_of(rows), tuple(rows), "宿州市")


def edited(data: bytes, change: Callable[[Worksheet], None]) -> bytes:
    """The workbook after somebody worked on its first sheet in Excel."""
    book = load_workbook(io.BytesIO(data))
    change(book.worksheets[0])
    return saved(book)


def saved(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The archive with one part replaced or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return target.getvalue()


def grid(data: bytes) -> list[tuple[str, dict[str, object], list[str]]]:
    """Every sheet as another program reads it: name, value of each cell, merged ranges."""
    book = load_workbook(io.BytesIO(data))
    return [
        (
            sheet.title,
            {
                cell.coordinate: cell.value
                for row in sheet.iter_rows()
                for cell in row
                if cell.value is not None
            },
            sorted(str(merged) for merged in sheet.merged_cells.ranges),
        )
        for sheet in book.worksheets
    ]
