"""Any sequence of edits, merges and publications over three levels, against a plain account of what was wanted.

The account knows nothing of stances: for each level and matter it keeps the cells somebody wrote and did not take back.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongkai.contracts.matters import MatterReading
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Refusal
from services.catalog.domain.catalogues import Catalogue, unpublishable
from services.catalog.domain.editing import add_matter, decide
from services.catalog.domain.editions import Domain, MatterRetired, MatterRevised
from services.catalog.domain.edits import Edit, Ground
from services.catalog.domain.merging import ANSWERS, Asked, State, Upper, stand
from services.catalog.domain.publication import Draft, InForce, Particulars, publish, standing_in_force
from services.catalog.domain.rows import FIELDS, MatterRow, reaches
from services.catalog.domain.stances import UNDECIDED, Kind, Stance, StanceEvent, evolve, revert
from tests.catalog.rowcells import COMPLETE

pytestmark = pytest.mark.domain

LEVELS = ("city", "county", "township")
DOMAINS = {"01": Domain(code="01", seq=1, name="国土空间规划", lead_units="")}
PARTICULARS = Particulars(date(2026, 3, 2), DOMAINS, lambda _: MatterReading())
CELLS = ("time_limit", "time_limit", "time_limit", "level2", "levels")
TEXTS = {
    "level2": ("甲", "乙", "丙"),
    "time_limit": ("5日", "10日", "20日"),
    "phone": ("", "1", "2"),
    "levels": ("县级", "县级;乡级", "乡级"),
}


@dataclass
class Level:
    """One catalogue: its stances, what it published, its log, and the plain account of what was wanted."""

    name: str
    above: Level | None
    upper_edition: int = 0
    stances: dict[str, Stance] = field(default_factory=dict)
    editions: list[dict[str, InForce]] = field(default_factory=lambda: [{}])
    log: dict[str, list[DomainEvent]] = field(default_factory=lambda: defaultdict(list))
    wanted: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    serial: int = 0
    mark: dict[str, int] = field(default_factory=dict)
    """How long each matter's log was when the edition in force was published; with it, what was wanted and on which edition above."""
    marked: tuple[dict[str, dict[str, str]], int] = field(default_factory=lambda: ({}, 0))

    # -- the service's part --------------------------------------------------------------------------------

    def upper(self) -> Upper:
        if self.above is None:
            return Upper()
        last: dict[str, MatterRow] = {}
        for edition in self.above.editions[: self.upper_edition + 1]:
            last |= self._in_scope(edition)
        rows = self._in_scope(self.above.editions[self.upper_edition])
        return Upper(rows, {matter: row for matter, row in last.items() if matter not in rows})

    def _in_scope(self, edition: dict[str, InForce]) -> dict[str, MatterRow]:
        return {
            matter: held.row
            for matter, held in edition.items()
            if held.state is State.IN and held.row is not None and reaches(held.row, self.name)
        }

    def apply(self, matter: str, events: list[DomainEvent]) -> None:
        self.log[matter] += events
        for event in events:
            self.stances[matter] = evolve(self.stances.get(matter, UNDECIDED), event)

    def edit(self, edit: Edit) -> list[StanceEvent] | None:
        """Gives what was said, nothing where it stood so already; None if it was refused."""
        upper = self.upper()
        stance, row = self.stances.get(edit.matter, UNDECIDED), upper.rows.get(edit.matter)
        known = stance.kind is not Kind.NONE or row is not None
        try:
            events = decide(edit, Ground(stance, row, upper.gone.get(edit.matter), known=known))
        except Refusal:
            return None
        if events:
            self._settle_account(edit.matter, row)
            self.apply(edit.matter, list(events))
        return events

    # -- the account ---------------------------------------------------------------------------------------

    def _settle_account(self, matter: str, row: MatterRow | None) -> None:
        """What became the text above is no wish of our own any more."""
        if row is not None:
            self.wanted[matter] = {
                cell: text for cell, text in self.wanted[matter].items() if text != getattr(row, cell)
            }

    def note(self, edit: Edit, was: Kind) -> None:
        row = self.upper().rows.get(edit.matter)
        match edit.act:
            case "set":
                self.wanted[edit.matter] |= edit.fields
                self._settle_account(edit.matter, row)
            case "restore":
                self.wanted[edit.matter].clear()
            case "leave_out" | "drop":
                self.wanted[edit.matter].clear()
            case "adopt" if was is not Kind.ADOPTED and was is not Kind.OWN:
                self.wanted[edit.matter].clear()

    # -- what happens --------------------------------------------------------------------------------------

    def act(self, edit: Edit) -> None:
        was = self.stances.get(edit.matter, UNDECIDED).kind
        if self.edit(edit):
            self.note(edit, was)

    def add(self, cells: dict[str, str]) -> None:
        self.serial += 1
        matter = f"{self.name}-{self.serial}"
        row = {**COMPLETE, "domain": "01", "level2": "甲", **cells}
        added = add_matter(Edit(matter, "add", row), DOMAINS, self.serial)
        self.apply(matter, [added])
        self.wanted[matter] = added.row.cells()

    def take_up_from_below(self, below: Level, number: int) -> None:
        """The level above makes a matter of a lower one its own, under the same identity."""
        own = sorted(matter for matter, stance in below.stances.items() if stance.kind is Kind.OWN)
        if not own:
            return
        matter = own[number % len(own)]
        if self.stances.get(matter, UNDECIDED).kind is Kind.NONE and matter not in self.upper().rows:
            row = below.stances[matter].row
            assert row is not None
            cells = row.cells() | {"phone": "9", "domain": "01"}
            added = add_matter(Edit(matter, "add", cells), DOMAINS, 1)
            self.apply(matter, [added])
            self.wanted[matter] = added.row.cells()

    def answer(self, number: int) -> None:
        """Settle the first question in one of the ways that are offered."""
        for matter, standing in Draft(self.upper(), self.stances, {}).standings().items():
            for question in standing.questions:
                answers = ANSWERS[question.kind]
                act = answers[number % len(answers)]
                fields = (
                    {question.field or "phone": "7"}
                    if act == "set"
                    else {question.field: ""}
                    if question.field
                    else {}
                )
                self.act_on_question(Edit(matter, act, fields, "理由"), question.field)
                return

    def act_on_question(self, edit: Edit, cell: str) -> None:
        was = self.stances.get(edit.matter, UNDECIDED).kind
        assert self.edit(edit) is not None, "an answer that is offered is taken"
        if edit.act == "restore":
            self.wanted[edit.matter].pop(cell, None)
        elif edit.act == "keep":
            row = self.stances[edit.matter].row
            assert row is not None
            assert all(getattr(row, name) == text for name, text in self.wanted[edit.matter].items())
            self.wanted[edit.matter] = row.cells()
        else:
            self.note(edit, was)

    def publish(self) -> None:
        draft = Draft(self.upper(), self.stances, self.editions[-1])
        standings = draft.standings()
        asked = [
            (matter, question) for matter, standing in standings.items() for question in standing.questions
        ]
        rows = sum(standing.state is State.IN for standing in standings.values())
        if list(unpublishable(asked, rows)):
            return
        number = len(self.editions)
        state = Catalogue(
            self.name, "341300000000", self.name, "", "目录", number=number, upper_edition=self.upper_edition
        )
        said = publish(state, draft, PARTICULARS)
        for matter in {*self.wanted, *standings}:
            row = draft.upper.rows.get(matter)
            self._settle_account(matter, row)
        for matter, events in said.matters.items():
            self.apply(matter, events)
        self.editions.append(
            {
                matter: standing_in_force(standing)
                for matter, standing in standings.items()
                if standing.state is not State.OUT
            }
        )
        self.check_published()
        self.mark = {matter: len(events) for matter, events in self.log.items()}
        self.marked = {matter: dict(cells) for matter, cells in self.wanted.items()}, self.upper_edition

    def discard(self) -> None:
        """Give up what was done since the last publication: the draft is the edition in force again."""
        for matter, stance in list(self.stances.items()):
            was = reduce(evolve, self.log[matter][: self.mark.get(matter, 0)], UNDECIDED)
            self.apply(matter, list(revert(stance, was)))
            assert self.stances[matter] == was
        wanted, self.upper_edition = self.marked
        self.wanted = defaultdict(dict, {matter: dict(cells) for matter, cells in wanted.items()})
        standings = Draft(self.upper(), self.stances, {}).standings()
        assert not any(standing.questions for standing in standings.values())
        held = {matter: standing_in_force(one) for matter, one in standings.items()}
        assert {matter: one for matter, one in held.items() if one.state is not State.OUT} == self.editions[
            -1
        ]

    # -- what must hold --------------------------------------------------------------------------------------

    def check(self) -> None:
        upper = self.upper()
        for matter in {*upper.rows, *self.stances}:
            stance, row = self.stances.get(matter, UNDECIDED), upper.rows.get(matter)
            standing = stand(stance, row, upper.gone.get(matter))
            wanted = self.wanted[matter]
            if wanted:
                assert standing.state is State.IN, (self.name, matter)
                assert standing.row is not None
                assert {cell: getattr(standing.row, cell) for cell in wanted} == wanted
            if standing.state is State.IN and row is not None and standing.row is not None:
                follows = [cell for cell in FIELDS if cell not in wanted]
                assert all(getattr(standing.row, cell) == getattr(row, cell) for cell in follows)
            asked = {question.kind for question in standing.questions}
            assert (Asked.GONE_ABOVE in asked) == (
                row is None and stance.kind is Kind.ADOPTED and bool(stance.adapted)
            )
            assert (Asked.NEW_ABOVE in asked) == (row is not None and stance.kind is Kind.NONE)

    def check_published(self) -> None:
        """Nothing dangles: every stance is to something that stands above, every difference is one."""
        rows = self.upper().rows
        for matter, stance in self.stances.items():
            row = rows.get(matter)
            if stance.kind is Kind.OWN:
                assert row is None
            elif stance.kind is not Kind.NONE:
                assert row is not None
                for cell, change in stance.adapted.items():
                    assert change.was == getattr(row, cell) != change.now

    def check_replay(self) -> None:
        """The log alone gives the same stances and every edition."""
        editions: list[dict[str, InForce]] = [{} for _ in self.editions]
        for matter, events in self.log.items():
            stance = UNDECIDED
            for event in events:
                stance = evolve(stance, event)
                if isinstance(event, MatterRevised):
                    held = InForce(State.IN, event.matter.row, event.differs, event.added, event.reason)
                    _from(editions, event.number, matter, held)
                elif isinstance(event, MatterRetired):
                    left_out = event.why == "left_out"
                    held = InForce(State.LEFT_OUT, event.row, reason=event.reason)
                    _from(editions, event.number, matter, held if left_out else None)
            assert stance == self.stances[matter]
        assert editions == self.editions


def _from(editions: list[dict[str, InForce]], number: int, matter: str, held: InForce | None) -> None:
    for edition in editions[number:]:
        edition.pop(matter, None)
        if held is not None:
            edition[matter] = held


@dataclass(frozen=True)
class Step:
    """What happens next; what does not apply does nothing."""

    level: int
    what: str
    act: str
    number: int
    cell: str
    text: int


KINDS = (
    "roll",
    "roll",
    "clash",
    "clash",
    "edit",
    "edit",
    "edit",
    "answer",
    "answer",
    "publish",
    "add",
    "promote",
    "take",
    "discard",
)
ACTS = (*["set"] * 8, "adopt", "leave_out", "drop", "drop", "restore", "hold")


def some_step(rng: random.Random) -> Step:
    return Step(
        rng.randrange(3),
        rng.choice(KINDS),
        rng.choice(ACTS),
        rng.randrange(4),
        rng.choice(CELLS),
        rng.randrange(3),
    )


def follow(level: Level) -> None:
    """Take the newest edition above, answer what it asks and publish."""
    assert level.above is not None
    level.upper_edition = len(level.above.editions) - 1
    for number in range(40):
        level.answer(number)
    level.publish()


def edit(level: Level, step: Step) -> None:
    known = sorted({*level.upper().rows, *level.stances})
    cells = {step.cell: TEXTS[step.cell][step.text]} if step.act == "set" else {}
    level.act(Edit(known[step.number % len(known)], step.act, cells, "理由"))


def bring_out(level: Level) -> None:
    follow(level) if level.above is not None else level.publish()


def happen(level: Level, step: Step) -> None:
    match step.what, level.above:
        case "add", _:
            level.add({"levels": TEXTS["levels"][step.text]})
        case "edit", _:
            edit(level, step)
        case "roll", above if (
            above is not None
        ):  # the one above changes something, publishes, and the draft takes it
            edit(above, step)
            bring_out(above)
            level.upper_edition = len(above.editions) - 1
        case "clash", above if above is not None:  # both write the same cell, or it goes where we wrote
            edit(level, replace(step, act="set"))
            bring_out(level)
            edit(above, replace(step, text=(step.text + 1) % 3))
            bring_out(above)
            level.upper_edition = len(above.editions) - 1
        case "take", above if above is not None:
            level.upper_edition = len(above.editions) - 1
        case "answer", _:
            level.answer(step.number)
        case "promote", above if above is not None:
            above.take_up_from_below(level, step.number)
        case "discard", _:
            level.discard()
        case "publish", _:
            level.publish()


def city_county_township() -> tuple[Level, Level, Level]:
    """Three matters in force at every level, without a difference."""
    city = Level("city", None)
    county = Level("county", city)
    town = Level("township", county)
    for number in range(3):
        city.add({"level2": TEXTS["level2"][number % 3], "levels": "县级;乡级", "time_limit": "20日"})
    city.publish()
    for level in (county, town):
        level.upper_edition = 1
        for matter in city.stances:
            level.act(Edit(matter, "adopt"))
        level.publish()
    return city, county, town


@given(st.integers(0, 2**64))
@settings(max_examples=60, deadline=None)
def test_no_local_change_is_lost_and_no_difference_dangles(seed: int) -> None:
    """Adopt, adapt, rename, add, drop, leave out, merge, discard, publish in any order: what was wanted stands, or is asked."""
    rng = random.Random(seed)
    levels = city_county_township()
    for _ in range(80):
        step = some_step(rng)
        happen(levels[step.level], step)
        for level in levels:
            level.check()
    for level in levels:
        level.check_replay()
