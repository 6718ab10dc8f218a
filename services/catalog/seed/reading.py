"""The seed files as commands."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

from services.catalog.domain.bases import SetBasis, Standing, basis_id
from services.catalog.domain.calendars import AnnounceCalendar, MovedDay
from services.catalog.domain.divisions import RegisterDivision
from services.catalog.domain.domains import matter_id
from services.catalog.domain.editions import Domain, Matter
from services.catalog.domain.rules import ChangeRule

GUIDE_TITLE: Final = "基层政务公开标准指引（26个试点领域）"
CITY_TITLE: Final = "宿州市基层政务公开标准目录（26个试点领域）"
EFFECTIVE_ON: Final = date(2020, 12, 31)  # the plan: 到2020年底 … 编制完善本级政务公开事项标准目录
_SOURCE: Final = "国务院办公厅关于{year}年部分节假日安排的通知"
_LEVELS: Final = {"市": "city", "县区": "county", "乡镇街道": "township", "村居": "village"}
_DECEMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything a new registry begins with."""

    divisions: tuple[RegisterDivision, ...]
    """Parents before children."""
    calendars: tuple[AnnounceCalendar, ...]
    rules: tuple[ChangeRule, ...]
    domains: tuple[Domain, ...]
    matters: tuple[Matter, ...]
    """Rows of the guide, which the city's standard adopts."""
    bases: tuple[SetBasis, ...] = ()
    """What the rows cite."""


def read_seed() -> Seed:
    """Read the files beside this module.

    Raises:
        KeyError: a file names a level or domain nobody knows.
    """
    domains = tuple(_domains())
    return Seed(
        tuple(_divisions()),
        tuple(_calendars()),
        tuple(_rules()),
        domains,
        tuple(_matters(domains)),
        tuple(_bases()),
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


def _divisions() -> Iterator[RegisterDivision]:
    for row in _rows("divisions.csv"):
        level = _LEVELS[row["level"]]
        parent = None if level == "city" else row["parent"]
        yield RegisterDivision(row["code"], row["name"], level, parent)


def _calendars() -> Iterator[AnnounceCalendar]:
    """Group the days by year; days of a December before any notice we hold go with the notice that follows."""
    days: dict[int, list[MovedDay]] = defaultdict(list)
    for row in _rows("holidays.csv"):
        day = date.fromisoformat(row["date"])
        days[day.year].append(MovedDay(day=day, working=row["off_day"] == "0", name=row["name"]))
    for year in sorted(days):
        if all(moved.day.month == _DECEMBER for moved in days[year]):
            days[year + 1] += days.pop(year)
    for year, moved in sorted(days.items()):
        yield AnnounceCalendar(year, tuple(moved), _SOURCE.format(year=year), complete=True)


def _rules() -> Iterator[ChangeRule]:
    for row in _rows("rules.csv"):
        yield ChangeRule(
            code=row["code"],
            name=row["name"],
            value=int(row["value"]),
            unit=row["unit"],
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
            citation=row["citation"],
            mark=row["mark"],
        )


def _bases() -> Iterator[SetBasis]:
    for row in _rows("bases.csv"):
        standing = Standing(
            row["state"],
            date.fromisoformat(row["since"]) if row["since"] else None,
            basis_id(row["replaced_by"]) if row["replaced_by"] else "",
            row["source"],
            date.fromisoformat(row["checked_on"]),
            row["mark"],
        )
        aliases = tuple(filter(None, row["aliases"].split(";")))
        yield SetBasis(row["title"], row["number"], row["kind"], "", aliases, standing)


def _domains() -> Iterator[Domain]:
    for row in _rows("domains.csv"):
        number = int(row["seq"])
        yield Domain(code=f"{number:02d}", seq=number, name=row["domain"], lead_units=row["lead_units"])


def _matters(domains: tuple[Domain, ...]) -> Iterator[Matter]:
    """Number the rows of each domain in the table's order, so that ids are the same everywhere."""
    codes = {domain.name: domain.code for domain in domains}
    serials: dict[str, int] = defaultdict(int)
    for row in _rows("catalog_rows.csv"):
        code = codes[row.pop("domain")]
        serials[code] += 1
        here = {"id": matter_id(code, serials[code]), "domain": code, "place": serials[code]}
        yield Matter.model_validate(row | here)
