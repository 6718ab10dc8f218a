"""What a table that was read would change in a draft: which row is which matter, and where they differ.

A matter is known by its 事项编码 where both have one, else by its domain and names. A row that is new but equals, in
everything but its names, the one matter that is missing is proposed as that matter renamed; it is shown as such and
never done in silence. A cell that the catalogue would print just so is no change and no fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from services.catalog.tables.cells import print_cell, tidy, usual
from services.catalog.tables.columns import Column
from services.catalog.tables.faults import BadCell
from services.catalog.tables.reading import ReadRow

Kind = Literal["added", "returned", "changed", "renamed", "removed"]
NAMES: Final = ("level1", "level2", "level3")
_KNOWN_BY: Final = (*NAMES, "number")


@dataclass(frozen=True, slots=True)
class Standing:
    """A matter as the draft has it now."""

    matter: str
    domain: str
    """Name of its domain."""
    place: int
    fields: Mapping[str, str]
    present: bool = True
    """False for what stands above and is left out here, or not decided yet."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """What would happen to one matter."""

    kind: Kind
    domain: str
    was: Standing | None = None
    now: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The fields that change; of a new matter all."""
    place: int = 0
    """Of a new matter: that of the row before it, or its own count in a domain that had none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a table would change. With any ``bad`` nothing can be imported."""

    changes: Sequence[RowChange]
    bad: Sequence[BadCell]
    same: int
    domains: tuple[str, ...]
    """Names of the domains the table has, in its order."""


def compare(
    rows: Sequence[ReadRow], standing: Sequence[Standing], *, complete: bool, renames: bool
) -> Comparison:
    """Compare a table with a draft.

    Args:
        rows: as read.
        standing: every matter the draft knows.
        complete: whether matters that are missing in the table's domains are to go.
        renames: whether a rename may be proposed.
    """
    domains = tuple(dict.fromkeys(row.domain for row in rows))
    matched = _match(rows, standing)
    taken = {was.matter for was in matched.values()}
    missing = [was for was in standing if was.present and was.domain in domains and was.matter not in taken]
    renamed = _renames([row for row in rows if id(row) not in matched], missing) if renames else {}
    gone = {was.matter for was in renamed.values()}
    bad: list[BadCell] = []
    changes: list[RowChange] = []
    places: dict[str, int] = defaultdict(int)
    filled = {was.domain for was in standing}
    for row in rows:
        was = matched.get(id(row)) or renamed.get(id(row))
        places[row.domain] = was.place if was else places[row.domain] + (row.domain not in filled)
        bad += _doubts(row, was)
        change = _change(row, was, "renamed" if id(row) in renamed else "changed", places[row.domain])
        if change is not None:
            changes.append(change)
    same = len(rows) - len(changes)
    if complete:
        changes += [RowChange("removed", was.domain, was) for was in missing if was.matter not in gone]
    return Comparison(changes, bad, same, domains)


def _match(rows: Sequence[ReadRow], standing: Sequence[Standing]) -> dict[int, Standing]:
    """Which matter each row is, by the identity of the row's object: what is in the draft goes before what is not."""
    found: dict[int, Standing] = {}
    for present in (True, False):
        known = _Known([was for was in standing if was.present is present])
        for row in rows:
            if id(row) not in found and (was := known.take(row)) is not None:
                found[id(row)] = was
    return found


class _Known:
    """Matters by what they are known by; each is found once."""

    def __init__(self, standing: Sequence[Standing]) -> None:
        self._standing = standing
        self._numbers = _unique((was.domain, was.fields.get("number", "")) for was in standing)
        self._full = _unique((was.domain, *_names(was, NAMES)) for was in standing)
        self._short = _unique((was.domain, *_names(was, NAMES[:2])) for was in standing)
        self._taken: set[int] = set()

    def take(self, row: ReadRow) -> Standing | None:
        """The matter a row is; None where there is none, or more than one that it may be."""
        number = row.fields.get("number", "")
        index = self._numbers.get((row.domain, number)) if number else None
        if index is None:
            index = self._full.get(row.key) if "level3" in row.fields else self._short.get(row.key[:3])
        if index is None or index in self._taken:
            return None
        self._taken.add(index)
        return self._standing[index]


def _renames(new: Sequence[ReadRow], missing: Sequence[Standing]) -> dict[int, Standing]:
    """New rows that equal just one missing matter in everything but the names, and that matter no other new row."""
    candidates = {id(row): [was for was in missing if _equal_but_names(row, was)] for row in new}
    wanted: dict[str, int] = defaultdict(int)
    for found in candidates.values():
        for was in found:
            wanted[was.matter] += 1
    return {
        key: found[0] for key, found in candidates.items() if len(found) == 1 and wanted[found[0].matter] == 1
    }


def _equal_but_names(row: ReadRow, was: Standing) -> bool:
    if row.domain != was.domain or row.doubts:
        return False
    return all(
        usual(name, was.fields.get(name, "")) == text
        for name, text in row.fields.items()
        if name not in _KNOWN_BY
    )


def _change(row: ReadRow, was: Standing | None, kind: Kind, place: int) -> RowChange | None:
    if was is None:
        return RowChange("added", row.domain, now=dict(row.fields), place=place)
    now = {name: text for name, text in row.fields.items() if usual(name, was.fields.get(name, "")) != text}
    if not was.present:
        return RowChange("returned", row.domain, was, now)
    return RowChange(kind, row.domain, was, now) if now else None


def _doubts(row: ReadRow, was: Standing | None) -> Iterator[BadCell]:
    for name, bad in row.doubts.items():
        printed = was is not None and all(
            tidy(name, print_cell(Column("", name, tick), was.fields)) == text
            for (field_name, tick), text in row.cells.items()
            if field_name == name
        )
        if not printed:
            yield bad


def _names(was: Standing, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(tidy(name, was.fields.get(name, "")) for name in names)


def _unique(keys: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Key → index, of keys that stand once."""
    found: dict[tuple[str, ...], int] = {}
    twice: set[tuple[str, ...]] = set()
    for index, key in enumerate(keys):
        if found.setdefault(key, index) != index:
            twice.add(key)
    return {key: index for key, index in found.items() if key not in twice}
