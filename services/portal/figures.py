"""The figures of a record or a draft: set as a table, and read back from the rows of a form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2
from services.portal import words
from services.portal.forms import Form
from services.portal.pasting import lines_of, plain
from services.portal.places import Divisions, Place
from services.portal.villagewords import village_name

FIELDS: Final = MappingProxyType(
    {
        "division": "地区", "period": "时间", "amount": "金额（元）", "people": "人数", "households": "户数", "on": "日期",
    }
)  # fmt: skip
"""Columns of the form, in the order of a pasted line."""
HEADS: Final = MappingProxyType({"amount": "金额", "people": "人数", "households": "户数", "on": "日期"})
"""Values of a line as the public reads them; a column in which nobody says anything is left out."""
MORE: Final = 5
"""Empty lines added at once."""
MOST: Final = 500
MOST_FIELDS: Final = 4000
"""500 lines of seven fields, and the rest of the form."""
MOST_CHOICES: Final = 60
"""Places in a select; where there are more, each line has a text field that proposes them."""
_CODE: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_LINE: Final = re.compile(r"facts\[(\d{1,3})\](?:\.([a-z]+))?")


@dataclass(frozen=True, slots=True)
class Table:
    """Figures as they are read."""

    heads: Sequence[str]
    """Without place and period."""
    lines: Sequence[tuple[str, str, Sequence[str]]]
    """Place, period, and what is said below each head."""


def of_record(record: publishing_pb2.Record, divisions: Divisions | None) -> Table:
    """The table of a record's figures."""
    return table(map(typed, record.facts), divisions, record.division)


def typed(fact: publishing_pb2.Fact) -> pb.DraftFact:
    """A figure as somebody would have typed it."""
    counts = {name: str(getattr(fact, name)) for name in ("people", "households") if fact.HasField(name)}
    return pb.DraftFact(division=fact.division, period=fact.period, amount=fact.amount, on=fact.on, **counts)


def table(facts: Iterable[pb.DraftFact], divisions: Divisions | None, own: str) -> Table:
    """Set figures; what does not read as a figure stands as it was typed.

    Args:
        facts: the lines.
        divisions: what places are called; None while nobody tells.
        own: division of the record: a line that names no place is about it.
    """
    rows = list(facts)
    names = [name for name in HEADS if any(getattr(row, name) for row in rows)]
    lines = [
        (place_name(divisions, row.division or own, own), words.period(row.period), [_value(row, name) for name in names])
        for row in rows
    ]  # fmt: skip
    return Table([HEADS[name] for name in names], lines)


def place_name(divisions: Divisions | None, code: str, own: str) -> str:
    """What a place is called on a page about ``own``: a village of a county with its township before it."""
    place = divisions.find(code) if divisions and _CODE.fullmatch(code) else None
    if place is None or divisions is None:
        return code
    here = divisions.find(own)
    above = {one.code for one in divisions.above(here)} | {here.code} if here else set()
    between = [one.name for one in divisions.above(place) if one.code not in above] if code != own else []
    return "".join([*between, village_name(place.name)])


def _value(row: pb.DraftFact, name: str) -> str:
    said = getattr(row, name)
    match name:
        case "amount":
            return words.yuan(said)
        case "on":
            return words.long_date(said)
        case _:
            unit = "人" if name == "people" else "户"
            return f"{int(said):,} {unit}" if said.isascii() and said.isdecimal() else said


def choices(divisions: Divisions | None, own: str) -> list[tuple[str, str]]:
    """The places a record of ``own`` may have figures about: itself, then what lies below it, indented."""
    place = divisions.find(own) if divisions else None
    if place is None or divisions is None:
        return [(own, own)] if own else []
    return list(_below(divisions, place, 0))


def _below(divisions: Divisions, place: Place, depth: int) -> Iterable[tuple[str, str]]:
    yield place.code, "　" * depth + village_name(place.name)
    for one in divisions.below.get(place.code, ()):
        yield from _below(divisions, one, depth + 1)


def facts_in(form: Form, places: Sequence[tuple[str, str]]) -> list[pb.DraftFact] | None:
    """The lines of a form, typed and pasted; None where the form has no place for any."""
    if not (lines := form.all("fact")):
        return None
    fields = dict(form.fields)  # thousands: looked through once, the last of a name counts
    found = [_line(fields, at, places) for at in lines]
    found += _pasted(form.text("facts_pasted"), places)
    return [one for one in found if any(getattr(one, name) for name in FIELDS if name != "division")]


def _line(fields: Mapping[str, str], at: str, places: Sequence[tuple[str, str]]) -> pb.DraftFact:
    said = {name: plain(name, fields.get(f"facts[{at}].{name}", "").strip()) for name in FIELDS}
    return pb.DraftFact(**said | {"division": _place(said["division"], places)})


def _pasted(text: str, places: Sequence[tuple[str, str]]) -> list[pb.DraftFact]:
    """Lines of a spreadsheet, in the order of the columns or of the heads above them."""
    return [
        pb.DraftFact(**said | {"division": _place(said.get("division", ""), places)})
        for said in lines_of(text, tuple(FIELDS), MOST)
    ]


def proposals(places: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What a text field proposes for each place: its name, with the code behind it where several have the name."""
    often = Counter(name.strip() for _, name in places)
    return {
        code: name.strip() if often[name.strip()] == 1 else f"{name.strip()} {code}" for code, name in places
    }


def _place(said: str, places: Sequence[tuple[str, str]]) -> str:
    """The code of a place that was chosen, proposed or named; as typed where it is none, or one of several."""
    if match := _CODE.search(said):
        return match[0]
    named = [code for code, name in places if name.strip() == said]
    return named[0] if len(named) == 1 else said


def as_text(facts: Iterable[pb.DraftFact], places: Mapping[str, str]) -> str:
    """Lines in one text, for somebody who compares two versions."""
    lines = []
    for one in facts:
        said = [f"{head}{getattr(one, name)}" for name, head in HEADS.items() if getattr(one, name)]
        place = places.get(one.division, one.division).strip()
        lines.append(" ".join([place, words.period(one.period), *said]).strip())
    return "；".join(lines)


def labels(lines: int) -> dict[str, str]:
    """What reasons about figures link to: field → what it is called."""
    found = {"facts": "数字"}
    for at in range(lines):
        found[f"facts[{at}]"] = f"数字第 {at + 1} 行"
        found |= {f"facts[{at}].{name}": f"数字第 {at + 1} 行{label}" for name, label in FIELDS.items()}
    return found


def faults(reasons: Iterable[Reason]) -> dict[str, list[str]]:
    """Reasons about figures by field: they stand beside the cells."""
    found: dict[str, list[str]] = {}
    for one in reasons:
        if one.field == "facts" or _LINE.fullmatch(one.field):
            found.setdefault(one.field, []).append(one.message_zh)
    return found
