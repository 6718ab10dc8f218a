"""The permission matrix: role × act × organ as one table, checked cell by cell against the predicates.

``o`` the person's own organ, ``d`` another organ of the same division, ``b`` an organ of a division below, ``x`` an
organ elsewhere; a dot where the act is refused. Editors, reviewers and clerks hold their role at their organ,
inspectors, administrators and stewards at its division.
"""

from __future__ import annotations

import pytest

from gongkai.security.permissions import PERMISSIONS, Grant, Place, Role, Staff, may

pytestmark = pytest.mark.domain

MATRIX = """
act                editor  reviewer  clerk  inspector  administrator  steward
draft.read         o...    o...      ....   odb.       ....           ....
draft.write        o...    ....      ....   ....       ....           ....
draft.propose      o...    ....      ....   ....       ....           ....
draft.confirm      ....    o...      ....   ....       ....           ....
draft.return       ....    o...      ....   ....       ....           ....
draft.publish      o...    o...      ....   ....       ....           ....
draft.discard      o...    ....      ....   ....       ....           ....
record.revise      o...    ....      ....   ....       ....           ....
record.withdraw    ....    o...      ....   ....       ....           ....
incoming.read      o...    o...      ....   odb.       ....           ....
request.read       ....    ....      o...   ....       ....           ....
request.handle     ....    ....      o...   ....       ....           ....
request.erase      ....    ....      ....   ....       odb.           ....
message.read       ....    ....      ....   ....       odb.           ....
message.settle     ....    ....      ....   ....       odb.           ....
staff.read         ....    ....      ....   ....       odb.           ....
staff.manage       ....    ....      ....   ....       odb.           ....
oversight.read     o...    o...      o...   odb.       odb.           odb.
catalogue.read     o...    o...      ....   odb.       odb.           odb.
catalogue.draft    ....    ....      ....   ....       ....           odb.
catalogue.review   ....    ....      ....   ....       ....           odb.
subject.assign     ....    ....      ....   ....       odb.           odb.
basis.manage       ....    ....      ....   ....       ....           odb.
village.draft      o...    ....      ....   ....       ....           odb.
village.confirm    ....    o...      ....   ....       ....           odb.
division.manage    ....    ....      ....   ....       odb.           ....
"""

COUNTY = "341323000000"
PLACES = {
    "o": Place("341323-mzj", COUNTY),
    "d": Place("341323-czj", COUNTY),
    "b": Place("341323110-rmzf", "341323110000"),
    "x": Place("341324-mzj", "341324000000"),
}
HELD = {
    "editor": Grant(Role.EDITOR, organ="341323-mzj"),
    "reviewer": Grant(Role.REVIEWER, organ="341323-mzj"),
    "clerk": Grant(Role.CLERK, organ="341323-mzj"),
    "inspector": Grant(Role.INSPECTOR, division=COUNTY),
    "administrator": Grant(Role.ADMINISTRATOR, division=COUNTY),
    "steward": Grant(Role.STEWARD, division=COUNTY),
}


def person(*grants: Grant) -> Staff:
    return Staff("s-1", "某人", "科员", "341323-mzj", grants)


def cells() -> dict[tuple[str, str], str]:
    """(act, role) → places, from the table."""
    head, *lines = MATRIX.strip().splitlines()
    return {
        (act, role): places
        for act, *row in map(str.split, lines)
        for role, places in zip(head.split()[1:], row, strict=True)
    }


def test_the_table_holds_every_role_and_every_act() -> None:
    """Neither an act nor a role can be added without saying here who may do it where."""
    assert {role for _, role in cells()} == set(Role) == set(HELD)
    assert {act for act, _ in cells()} == set(PERMISSIONS)
    assert len(cells()) == 26 * 6


@pytest.mark.parametrize("role", HELD)
@pytest.mark.parametrize("act", PERMISSIONS)
def test_every_cell_is_as_the_table_says(act: str, role: str) -> None:
    """A role may do an act at the places the table names, and at no other."""
    who = person(HELD[role])
    found = "".join(place if may(who, act, PLACES[place]) else "." for place in "odbx")
    assert found == cells()[act, role]


@pytest.mark.parametrize("role", Role)
def test_any_role_can_be_held_at_an_organ_or_at_a_division(role: Role) -> None:
    """At an organ it reaches that organ alone; at a division all its organs and those below, and the division itself."""
    at_organ, at_county = Grant(role, organ="341323-mzj"), Grant(role, division=COUNTY)
    assert [place for place in "odbx" if at_organ.covers(PLACES[place])] == ["o"]
    assert [place for place in "odbx" if at_county.covers(PLACES[place])] == ["o", "d", "b"]
    for division, reached in ((COUNTY, True), ("341323110000", True), ("341300000000", False)):
        assert at_county.covers(Place("", division)) is reached
        assert not at_organ.covers(Place("", division))


def test_a_township_reaches_neither_its_county_nor_its_neighbour() -> None:
    """Nine digits for a township, six for a county, four for a city: nothing above and nothing beside is covered."""
    grant = Grant(Role.INSPECTOR, division="341323110000")
    assert [place for place in "odbx" if grant.covers(PLACES[place])] == ["b"]
    assert not grant.covers(Place("", "341323111000"))
    city = Grant(Role.INSPECTOR, division="341300000000")
    assert all(city.covers(place) for place in PLACES.values())


@pytest.mark.parametrize("act", PERMISSIONS)
def test_who_holds_nothing_may_nothing(act: str) -> None:
    """Without a role, or with one of empty place, every act is refused everywhere; two roles add up and no more."""
    nobody, lost = person(), person(Grant(Role.ADMINISTRATOR))
    both = person(HELD["editor"], HELD["reviewer"])
    for place in PLACES.values():
        assert not may(nobody, act, place)
        assert not may(lost, act, place)
        assert may(both, act, place) is (
            may(person(HELD["editor"]), act, place) or may(person(HELD["reviewer"]), act, place)
        )


def test_an_act_without_a_row_is_nobodys() -> None:
    """What the predicates do not name is refused to everybody."""
    everything = person(*HELD.values())
    assert not any(may(everything, "record.invent", place) for place in PLACES.values())
