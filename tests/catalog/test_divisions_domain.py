"""Divisions and organs that change, as given / when / then, and what follows what on a day."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai.contracts.catalog import FormerName
from gongkai.refusal import Refusal
from gongkai.successions import End, Successions, name_on
from services.catalog.domain import division_changes, organ_changes
from services.catalog.domain.changes import Named
from services.catalog.domain.division_changes import (
    DivisionEnded,
    EndDivision,
    Inside,
    KeepDivision,
    RenameDivision,
)
from services.catalog.domain.divisions import Division, RegisterDivision, decide, evolve
from services.catalog.domain.organ_changes import EndOrgan, KeepOrgan, RenameOrgan
from services.catalog.domain.organs import Organ
from services.catalog.domain.organs import evolve as evolve_organ

pytestmark = pytest.mark.domain

TODAY, DAY, LATER = date(2026, 11, 23), date(2026, 12, 1), date(2027, 3, 1)
BASIS = "省民政厅关于撤镇并镇的批复 皖民地字〔2026〕12号"
EAST = Division("341323111000", "东镇", "township", "341323000000")
WEST = Division("341323112000", "西镇", "township", "341323000000")
COUNTY = Division("341323000000", "灵璧县", "county", "341300000000")
MERGE = EndDivision(EAST.code, "merged", WEST.code, DAY, BASIS)
ORGAN = Organ("341323-mzj", "灵璧县民政局", "县民政局", COUNTY.code, "11341323MD23A00253")
OTHER = Organ("341323-shj", "灵璧县社会局", "县社会局", COUNTY.code, "11341323MD23A00254")


def codes(refusal: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def after(state: Division, command: division_changes.DivisionChange, inside: Inside) -> Division:
    now: Division | None = state
    for event in division_changes.change(state, command, TODAY, inside):
        now = evolve(now, event)
    assert now is not None
    return now


def test_a_township_is_merged_into_its_neighbour() -> None:
    """The end names its day, kind, successor, document and who moves along; it may lie ahead."""
    inside = Inside(WEST, [Named("341323-dz", "东镇政府")], [Named("341323111200", "甲村")])
    told = division_changes.change(
        EAST,
        EndDivision(EAST.code, "merged", WEST.code, DAY, BASIS, ("341323111200", "341323-dz")),
        TODAY,
        inside,
    )

    assert told == [
        DivisionEnded(
            code=EAST.code, name="东镇", level="township", parent=COUNTY.code, ended_on=DAY, successor=WEST.code,
            basis=BASIS, kind="merged", along=("341323-dz", "341323111200"),
        )
    ]  # fmt: skip


def test_what_is_left_behind_is_told_with_every_other_reason() -> None:
    """Organs and divisions still there, a strange one named, no successor and no document: one answer."""
    inside = Inside(
        None, [Named("341323-dz", "东镇政府")], [Named("341323111200", "甲村"), Named("341323111201", "乙村")]
    )
    bad = EndDivision(EAST.code, "merged", "341323999000", DAY, " ", ("341323111201", "341323-x"))

    with pytest.raises(Refusal) as refusal:
        division_changes.change(EAST, bad, TODAY, inside)

    assert codes(refusal) == [
        "change.successor.unknown",
        "change.basis.missing",
        "division.organs",
        "division.divisions",
        "division.along.unknown",
    ]
    texts = [reason.message_zh for reason in refusal.value.reasons]
    assert "东镇政府（341323-dz）" in texts[2]
    assert "甲村（341323111200）" in texts[3]
    assert "乙村" not in texts[3]
    assert "341323-x" in texts[4]


@pytest.mark.parametrize(
    ("command", "successor", "code"),
    [
        (EndDivision(EAST.code, "merged", COUNTY.code, DAY, BASIS), COUNTY, "division.successor.level"),
        (EndDivision(COUNTY.code, "abolished", WEST.code, DAY, BASIS), WEST, "division.successor.level"),
        (EndDivision(EAST.code, "merged", EAST.code, DAY, BASIS), EAST, "change.successor.self"),
        (EndDivision(EAST.code, "merged", "", DAY, BASIS), None, "change.successor.missing"),
        (
            MERGE,
            Division(WEST.code, "西镇", "township", COUNTY.code, ended_on=LATER, successor="341323113000"),
            "change.successor.ended",
        ),
        (EndDivision(EAST.code, "sold", WEST.code, DAY, BASIS), WEST, "change.kind.unknown"),  # type: ignore[arg-type]  # from outside
    ],
)
def test_a_successor_must_be_able_to_follow(
    command: EndDivision, successor: Division | None, code: str
) -> None:
    """Of the same level, not itself, known, and with no end of its own: so no ring can be decided."""
    state = COUNTY if command.code == COUNTY.code else EAST

    with pytest.raises(Refusal) as refusal:
        division_changes.change(state, command, TODAY, Inside(successor))

    assert codes(refusal) == [code]


def test_an_abolished_township_may_go_to_its_county() -> None:
    """What is abolished may be followed by a division above it."""
    command = EndDivision(EAST.code, "abolished", COUNTY.code, DAY, BASIS)

    assert after(EAST, command, Inside(COUNTY)).successor == COUNTY.code


def test_an_end_is_decided_once() -> None:
    """The same end again changes nothing; another end or a renaming is refused and names the successor."""
    ended = after(EAST, MERGE, Inside(WEST))

    assert division_changes.change(ended, MERGE, TODAY, Inside(WEST)) == []
    for command in (
        EndDivision(EAST.code, "merged", WEST.code, LATER, BASIS),
        RenameDivision(EAST.code, "新东镇", LATER, BASIS),
    ):
        with pytest.raises(Refusal) as refusal:
            division_changes.change(ended, command, TODAY, Inside(WEST))
        assert codes(refusal) == ["change.ended"]
        assert WEST.code in refusal.value.reasons[0].message_zh


def test_an_end_that_lies_ahead_is_taken_back() -> None:
    """Until the day before; from its first day on it stands, and nothing is taken back that was never decided."""
    ended = after(EAST, MERGE, Inside(WEST))
    keep = KeepDivision(EAST.code, BASIS)
    assert after(ended, keep, Inside()) == EAST
    gone = evolve_organ(
        ORGAN, organ_changes.change(ORGAN, EndOrgan(ORGAN.code, OTHER.code, DAY, BASIS), TODAY, OTHER)[0]
    )
    stays = organ_changes.change(gone, KeepOrgan(ORGAN.code, BASIS), date(2026, 11, 30))
    assert [(event.ended_on, event.successor) for event in stays] == [(None, "")]

    for state, command, found in (
        (ended, keep, ["change.keep.too-late"]),
        (EAST, KeepDivision(EAST.code, ""), ["change.keep.no-end", "change.basis.missing"]),
    ):
        with pytest.raises(Refusal) as refusal:
            division_changes.change(state, command, DAY, Inside())
        assert codes(refusal) == found
    with pytest.raises(Refusal) as refusal:
        organ_changes.change(gone, KeepOrgan(ORGAN.code, BASIS), DAY)
    assert codes(refusal) == ["change.keep.too-late"]


def test_a_renaming_keeps_the_former_name_until_its_day() -> None:
    """The newest name is told ahead; what it is called on a day is derived."""
    renamed = after(EAST, RenameDivision(EAST.code, " 东街道 ", DAY, BASIS), Inside())

    assert (renamed.name, renamed.former_names) == ("东街道", (FormerName(name="东镇", until=DAY),))
    names = [name_on(day, renamed.name, renamed.former_names) for day in (date(2026, 11, 30), DAY)]
    assert names == ["东镇", "东街道"]


def test_history_is_written_forwards() -> None:
    """A change not after the last renaming's day is refused, and a name that is borne already."""
    renamed = after(EAST, RenameDivision(EAST.code, "东街道", LATER, BASIS), Inside())

    with pytest.raises(Refusal) as refusal:
        division_changes.change(renamed, RenameDivision(EAST.code, "东街道", DAY, ""), TODAY, Inside())

    assert codes(refusal) == ["change.name.same", "change.too-early", "change.basis.missing"]


def test_nothing_is_registered_below_what_ends() -> None:
    """A new village needs a township that stays."""
    with pytest.raises(Refusal) as refusal:
        decide(
            None,
            RegisterDivision("341323111209", "丙村", "village", EAST.code),
            after(EAST, MERGE, Inside(WEST)),
        )

    assert codes(refusal) == ["division.parent.ended"]


def test_an_organ_is_renamed_and_ends() -> None:
    """Its code, credit code and keys stay; a later event of another kind says the same of its names."""
    events = organ_changes.change(
        ORGAN, RenameOrgan(ORGAN.code, "灵璧县民生局", "县民生局", DAY, BASIS), TODAY
    )
    renamed = evolve_organ(ORGAN, events[0])
    assert renamed is not None
    ended = evolve_organ(
        renamed,
        organ_changes.change(renamed, EndOrgan(ORGAN.code, OTHER.code, LATER, BASIS), TODAY, OTHER)[0],
    )

    assert ended is not None
    assert (ended.name, ended.uscc) == ("灵璧县民生局", ORGAN.uscc)
    assert ended.former_names == (FormerName(name="灵璧县民政局", until=DAY, short_name="县民政局"),)
    assert (ended.ended_on, ended.successor) == (LATER, OTHER.code)


def test_an_organ_cannot_end_without_a_successor_that_stays() -> None:
    """Unknown, itself, or ended: refused; so is an organ nobody registered."""
    for successor, found, code in (
        ("341323-x", None, "change.successor.unknown"),
        (ORGAN.code, ORGAN, "change.successor.self"),
    ):
        with pytest.raises(Refusal) as refusal:
            organ_changes.change(ORGAN, EndOrgan(ORGAN.code, successor, DAY, BASIS), TODAY, found)
        assert codes(refusal) == [code]
    with pytest.raises(Refusal) as refusal:
        organ_changes.change(None, EndOrgan("341323-x", OTHER.code, DAY, BASIS), TODAY, OTHER)
    assert codes(refusal) == ["organ.unknown"]


CHAIN = Successions(
    {
        "341323111000": End("341323112000", DAY),
        "341323112000": End("341324100000", LATER),
        "341321000000": End("341323000000", DAY),
    }
)


@pytest.mark.parametrize(
    ("code", "day", "heir"),
    [
        ("341323111000", date(2026, 11, 30), "341323111000"),
        ("341323111000", DAY, "341323112000"),
        ("341323111000", LATER, "341324100000"),
        ("341323113000", LATER, "341323113000"),
    ],
)
def test_the_last_successor_of_a_day_is_found(code: str, day: date, heir: str) -> None:
    """The chain is followed as far as it is in force."""
    assert CHAIN.heir(code, day) == heir


def test_a_division_stands_for_what_was_merged_into_it_from_elsewhere() -> None:
    """What lies below it anyway is not named twice; a county stands for what its townships stand for."""
    assert CHAIN.predecessors("341323112000", DAY) == ("341323111000",)
    assert CHAIN.predecessors("341323000000", DAY) == ("341321000000",)
    assert CHAIN.predecessors("341324000000", LATER) == ("341323111000", "341323112000")
    assert CHAIN.predecessors("341324000000", DAY) == ()
    assert CHAIN.followed_by("341324000000", LATER) == ()
    assert Successions().predecessors("341324000000", DAY) == ()


def test_the_line_upwards_goes_over_successors() -> None:
    """What was below an ended county is below its successor, and keeps its code."""
    assert CHAIN.upwards("341321100000", DAY) == ("341321100000", "341323000000", "341300000000")
