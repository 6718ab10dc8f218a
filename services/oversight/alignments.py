"""The figures of a division as they stand on a day: rows of the views, held beside each other by the domain.

A county has tens of thousands of figures and few that differ. The database tells of each matter, place and period whether
any of its values differ at all; those alone, and what a page shows, are read in full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import FormerName
from gongkai.successions import Successions, name_on
from services.oversight.domain.alignment import (
    Comparison,
    Key,
    State,
    Statement,
    begins,
    compare,
    newest,
    place_in,
)
from services.oversight.domain.sums import SUMMED, Number, Sum, SumState, own_words, sums
from services.oversight.views import facts
from services.oversight.views.ended import read_ended
from services.oversight.views.facts import Found, Scope

RawKey = tuple[str, str, str]
"""Matter, place as the record has it, period."""
_CENTS: Final = -2


@dataclass(frozen=True, slots=True)
class Setting:
    """The division asked about, on the day, and what had followed what."""

    division: str
    today: date
    ends: Successions
    organs: Successions
    scope: Scope

    @property
    def moved(self) -> Collection[str]:
        """Codes of all that ended."""
        return sorted({*self.ends.ends, *self.organs.ends})

    def inside(self) -> Callable[[str], bool]:
        """Tell whether a place lies in the division today."""
        return cache(lambda place: self.division in self.ends.upwards(place, self.today))

    def standing(self) -> Callable[[str, str], str]:
        """Give the place a figure of a period is of."""
        return cache(lambda place, period: place_in(place, period, self.ends))


@dataclass(frozen=True)
class Board:
    """How all figures of a division stand; the figures themselves are read for what is shown."""

    setting: Setting
    states: Mapping[Key, State]
    sums: Sequence[Sum]
    moved: Mapping[Key, Sequence[RawKey]]
    """Where a figure was said of a place that had ended: all that stands for the key in records."""
    known: Mapping[Key, Comparison] = field(default_factory=dict)
    """What had to be looked at."""

    def said_of(self, keys: Iterable[Key]) -> list[RawKey]:
        """Give what stands for keys in records."""
        return [one for key in keys for one in self.moved.get(key, (key,))]

    @property
    def matters(self) -> Mapping[str, str]:
        """Each matter, and a place of which it has figures."""
        return {key.matter: key.place for key in self.states}


async def setting_of(conn: AsyncConnection, division: str, today: date) -> Setting:
    """Read what the figures of a division (of what follows it, where it ended) are read by."""
    ended = await read_ended(conn)
    here = ended.divisions.heir(division, today)
    return Setting(here, today, ended.divisions, ended.organs, Scope.of(here, today, ended.divisions))


async def board_of(conn: AsyncConnection, division: str, today: date, matter: str = "") -> Board:
    """Hold the figures of a division beside each other, of one matter or of all ("")."""
    setting = await setting_of(conn, division, today)
    rows = await facts.outlines(conn, setting.scope, setting.moved, matter)
    standing, inside = setting.standing(), setting.inside()
    moves = bool(setting.ends.ends)
    raw: dict[Key, set[RawKey]] = defaultdict(set)
    states: dict[Key, State] = {}
    own: dict[str, dict[Key, Number]] = {name: {} for name in SUMMED}
    look: set[Key] = set()
    # tens of thousands of rows: nothing is made for each of them but its key
    for what, place, period, differs, together, cents, people, households in rows:
        key = Key(what, place, period)
        if moves:
            if not inside(stands := standing(place, period)):
                continue
            if stands != place:
                key = Key(what, stands, period)
                raw[key] |= {(what, place, period), key}
                look.add(key)
        if differs:
            look.add(key)
        states[key] = State.AGREE if together else State.ALONE
        if cents is not None:
            own["amount"][key] = Decimal(cents).scaleb(_CENTS)
        if people is not None:
            own["people"][key] = people
        if households is not None:
            own["households"][key] = households
    board = Board(setting, states, [], {key: sorted(keys) for key, keys in raw.items()})
    found = await statements_of(conn, setting, board.said_of(look))
    known = {one.key: one for one in compare(found)}
    states |= {key: one.state for key, one in known.items()}
    _look_again(own, found, look)
    divisions = await facts.divisions_in(conn, setting.scope) if any(own.values()) else ()
    return replace(board, sums=_sums(setting, own, divisions), known=known)


async def comparisons_of(conn: AsyncConnection, board: Board, keys: Sequence[Key]) -> list[Comparison]:
    """Give the comparisons of some keys in their order, without those of which nothing is said any more."""
    wanted = board.said_of(key for key in keys if key not in board.known)
    found = {one.key: one for one in compare(await statements_of(conn, board.setting, wanted))}
    return [one for key in keys if (one := board.known.get(key) or found.get(key)) is not None]


async def said_still(
    conn: AsyncConnection, board: Board, shown: Sequence[Sum]
) -> tuple[list[Sum], Mapping[Key, list[Statement]]]:
    """Give what the places of some sums, and those below them, say of themselves, and the sums it is all there for.

    A record may have been withdrawn since the board was read: a sum that lacks a number is left out until the next look.
    """
    keys = {
        Key(one.key.matter, place, one.key.period) for one in shown for place in (one.key.place, *one.parts)
    }
    said = await statements_of(conn, board.setting, board.said_of(keys))
    found: dict[Key, list[Statement]] = defaultdict(list)
    for one in own_words(said):
        found[one.key].append(one)
    given = {key: newest(words) for key, words in found.items()}
    whole = [
        one
        for one in shown
        if all(
            one.field in given.get(Key(one.key.matter, place, one.key.period), ())
            for place in (one.key.place, *one.parts)
        )
    ]
    return whole, found


async def sums_asked_of(conn: AsyncConnection, board: Board, found: Sequence[Sum], organ: str) -> list[Sum]:
    """Give those of the sums that differ and whose whole an organ published."""
    wrong = [one for one in found if one.state is SumState.DISAGREE]
    wrong, own = await said_still(conn, board, wrong)
    return [one for one in wrong if whole_of(one, own)[0] == organ]


def whole_of(one: Sum, own: Mapping[Key, Sequence[Statement]]) -> tuple[str, str]:
    """Give who published the whole, and in which record: organ and index number. ``own``: of `said_still`."""
    given = newest(own[one.key])[one.field]
    organ = next(said.organ for said in own[one.key] if said.index_number == given.index_number)
    return organ, given.index_number


async def beside(
    conn: AsyncConnection, index_number: str, today: date
) -> tuple[Setting, list[Comparison]] | None:
    """Hold the figures of one record beside all that others say of the same; None for a record without."""
    own = await facts.facts_of(conn, index_number)
    if not own:
        return None
    setting = await setting_of(conn, own[0].division, today)
    keys = {one.key for one in _statements(own, setting)}
    raw = [
        (key.matter, place, key.period)
        for key in keys
        for place in (key.place, *setting.ends.followed_by(key.place, today))
    ]
    found = [one for one in await statements_of(conn, setting, raw) if one.key in keys]
    return setting, compare(found)


async def statements_of(conn: AsyncConnection, setting: Setting, keys: Collection[RawKey]) -> list[Statement]:
    """Read the statements of some keys."""
    return _statements(await facts.facts_of_keys(conn, setting.scope, keys), setting)


async def names_of(conn: AsyncConnection, organs: Collection[str], today: date) -> Mapping[str, str]:
    """Give organs' names on a day, by code."""
    return {
        row.code: name_on(today, row.name, map(FormerName.model_validate, row.former_names))
        for row in await facts.organs_named(conn, organs)
    }


async def titles_of(
    conn: AsyncConnection, setting: Setting, matters: Mapping[str, str]
) -> Mapping[str, Found]:
    """Give each matter as the nearest catalogue above the division has it; one that is only below, as it stands there."""
    upwards = cache(lambda place: setting.ends.upwards(place, setting.today))
    found = await _titled(conn, dict.fromkeys(matters, upwards(setting.division)))
    lacking = {matter: upwards(place) for matter, place in matters.items() if matter not in found}
    return {**found, **(await _titled(conn, lacking))}


async def _titled(conn: AsyncConnection, lines: Mapping[str, Sequence[str]]) -> dict[str, Found]:
    ids = {f"{code}/{matter}": rank for matter, line in lines.items() for rank, code in enumerate(line)}
    rows = await facts.matters_named(conn, ids) if ids else ()
    return {row.matter: row for row in sorted(rows, key=lambda row: -ids[row.id])}  # the nearest stays


def _statements(rows: Iterable[Found], setting: Setting) -> list[Statement]:
    """Make statements of rows: places as they stood in the period, organs as they are asked today."""
    standing = setting.standing()
    asked = cache(lambda organ: setting.organs.heir(organ, setting.today))
    return [
        Statement(
            Key(row.matter, standing(row.place, row.period), row.period),
            standing(row.division, row.period),
            asked(row.organ),
            row.index_number,
            row.published_on,
            row.version,
            row.amount,
            row.people,
            row.households,
            row.on,
        )
        for row in rows
    ]


def _look_again(own: Mapping[str, dict[Key, Number]], said: Iterable[Statement], keys: Iterable[Key]) -> None:
    """Put the newest of what places say of themselves in place of what the outlines had."""
    by_key: dict[Key, list[Statement]] = {key: [] for key in keys}
    for one in own_words(said):
        by_key[one.key].append(one)
    for key, words in by_key.items():
        given = newest(words)
        for name, numbers in own.items():
            numbers.pop(key, None)
            value = given[name].value if name in given else None
            if value is not None and not isinstance(value, date):
                numbers[key] = value


def _sums(setting: Setting, own: Mapping[str, Mapping[Key, Number]], divisions: Collection[str]) -> list[Sum]:
    ends = setting.ends
    parents = cache(lambda place, period: (*ends.upwards(place, begins(period)), "")[1])
    families = cache(lambda day: _families(ends, divisions, day))
    return sums(own, parents, lambda place, period: families(begins(period)).get(place, ()))


def _families(ends: Successions, divisions: Collection[str], day: date) -> Mapping[str, Collection[str]]:
    """Place → the places that were there on a day directly below it."""
    below: dict[str, set[str]] = defaultdict(set)
    for code in divisions:
        line = () if ends.ended(code, day) else ends.upwards(code, day)
        if len(line) > 1:
            below[line[1]].add(code)
    return below
