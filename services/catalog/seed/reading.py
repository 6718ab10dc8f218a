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

from services.catalog.domain.calendars import AnnounceCalendar, MovedDay
from services.catalog.domain.divisions import RegisterDivision
from services.catalog.domain.editions import Domain, Matter, PublishEdition, matter_id
from services.catalog.domain.rules import ChangeRule

EDITION: Final = "suzhou-1"
_TITLE: Final = "宿州市基层政务公开标准目录（26个试点领域，首版）"
_EFFECTIVE_ON: Final = date(2020, 12, 31)  # the plan: 到2020年底 … 编制完善本级政务公开事项标准目录
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
    edition: PublishEdition


def read_seed() -> Seed:
    """Read the files beside this module.

    Raises:
        KeyError: a file names a level or domain nobody knows.
    """
    divisions = tuple(_divisions())
    return Seed(divisions, tuple(_calendars()), tuple(_rules()), _edition(divisions[0].code))


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


def _edition(city: str) -> PublishEdition:
    domains = tuple(
        Domain(
            code=f"{int(row['seq']):02d}",
            seq=int(row["seq"]),
            name=row["domain"],
            lead_units=row["lead_units"],
        )
        for row in _rows("domains.csv")
    )
    by_name = {domain.name: domain for domain in domains}
    return PublishEdition(EDITION, city, _TITLE, _EFFECTIVE_ON, domains, tuple(_matters(by_name)))


def _matters(domains: dict[str, Domain]) -> Iterator[Matter]:
    """Number the rows of each domain in the table's order, so that ids are the same everywhere."""
    serials: dict[str, int] = defaultdict(int)
    for row in _rows("catalog_rows.csv"):
        domain = domains[row.pop("domain")]
        serials[domain.code] += 1
        identity = matter_id(domain.seq, serials[domain.code])
        yield Matter.model_validate(row | {"id": identity, "domain": domain.code})
