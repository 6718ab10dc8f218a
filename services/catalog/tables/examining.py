"""A workbook against a draft, from the bytes to the answer. Pure, and heavy: callers run it in a thread."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.catalog.tables.comparing import Comparison, RowChange, Standing, compare
from services.catalog.tables.faults import BadCell
from services.catalog.tables.mapping import covering, read_mapping, write_mapping
from services.catalog.tables.proposing import propose
from services.catalog.tables.reading import read_tables
from services.catalog.tables.workbook import open_sheets

_NOTHING = Comparison((), (), 0, ())


@dataclass(frozen=True, slots=True)
class Against:
    """What a table is compared with."""

    standing: Sequence[Standing]
    """Every matter the draft knows."""
    domains: Sequence[str]
    """Names of all domains there are."""
    division: str = ""
    """Name of the catalogue's division."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What a workbook would change, or what is wrong with it."""

    comparison: Comparison
    bad: Sequence[BadCell]
    """Any: nothing can be imported."""
    mapping: str
    """The mapping used, as text."""
    rows: int
    new_domains: tuple[str, ...]
    digest: str
    """Of workbook, mapping and changes: the same only while the draft is as it was."""


def examine(data: bytes, mapping: str, against: Against, *, complete: bool) -> Examination:
    """Read a workbook and compare it with a draft; changes nothing.

    Args:
        data: the workbook.
        mapping: as edited by a person; empty to have one proposed.
        against: the draft.
        complete: whether matters that are missing in the table's domains are to go.

    Raises:
        NotReadable: the file as a whole cannot be read.
    """
    sheets = open_sheets(data)
    proposed = propose(sheets, against.domains, against.division)
    used, faults = (proposed, list[BadCell]()) if not mapping.strip() else read_mapping(mapping)
    if used is None:
        return Examination(_NOTHING, faults, mapping, 0, (), "")
    used = covering(used, proposed)
    read = read_tables(sheets, used, _channels(against.standing))
    found = compare(read.rows, against.standing, complete=complete, renames=used.renames)
    text = write_mapping(used)
    new = tuple(name for name in found.domains if name not in against.domains)
    digest = _digest(data, text, found.changes, complete=complete)
    return Examination(found, [*read.bad, *found.bad], text, len(read.rows), new, digest)


def _channels(standing: Sequence[Standing]) -> frozenset[str]:
    """Channels the catalogue names already, whether or not the list has them."""
    parts = (part for was in standing for part in was.fields.get("channels", "").split(";"))
    return frozenset(
        part.strip("■□ ").partition(":")[0].replace("（", "(").replace("）", ")") for part in parts
    )


def _digest(data: bytes, mapping: str, changes: Sequence[RowChange], *, complete: bool) -> str:
    content = [mapping, complete, [_said(change) for change in changes]]
    words = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(hashlib.sha256(data).digest() + words.encode()).hexdigest()


def _said(change: RowChange) -> list[object]:
    was = change.was
    before = {name: was.fields.get(name, "") for name in change.now} if was else {}
    return [change.kind, change.domain, was.matter if was else "", before, dict(change.now)]
