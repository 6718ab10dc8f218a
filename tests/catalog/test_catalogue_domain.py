"""Given a stance and what stands above, when something is edited or changes above, then these rows and questions."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai.contracts.matters import MatterReading
from gongkai.refusal import Refusal
from services.catalog.domain import catalogues
from services.catalog.domain.catalogues import Above, Catalogue
from services.catalog.domain.domains import matter_id, register, serial_of
from services.catalog.domain.editing import add_matter, decide
from services.catalog.domain.editions import Domain, MatterRetired, MatterRevised
from services.catalog.domain.edits import Edit, Ground, Since, since
from services.catalog.domain.merging import (
    Asked,
    Question,
    State,
    Upper,
    merge,
    questions,
    resolve,
    settled,
    stand,
)
from services.catalog.domain.publication import Draft, Particulars, Publication, is_changed, publish
from services.catalog.domain.rows import Change, MatterRow, reaches
from services.catalog.domain.stances import (
    UNDECIDED,
    Kind,
    MatterAdapted,
    MatterAdopted,
    MatterLeftOut,
    MatterRestored,
    Stance,
    evolve,
)
from tests.catalog.rowcells import COMPLETE

pytestmark = pytest.mark.domain

ROW = MatterRow(
    domain="01", place=1, level1="机构信息", level2="机构职能", time_limit="20个工作日内", levels="县级;乡级"
)
ADOPTED = Stance(Kind.ADOPTED)
LEFT_OUT = Stance(Kind.LEFT_OUT, reason="本县没有这项业务")
OWN = Stance(Kind.OWN, row=ROW)


def adapted(**cells: tuple[str, str]) -> Stance:
    return Stance(Kind.ADOPTED, {name: Change(was=was, now=now) for name, (was, now) in cells.items()})


TEN_DAYS = adapted(time_limit=("20个工作日内", "10个工作日内"))


def after(edit: Edit, ground: Ground) -> Stance:
    stance = ground.stance
    for event in decide(edit, ground):
        stance = evolve(stance, event)
    return stance


def refused(edit: Edit, ground: Ground) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        decide(edit, ground)
    return [reason.code for reason in refusal.value.reasons]


# -- merging ---------------------------------------------------------------------------------------------------


def test_what_was_not_adapted_follows_and_what_was_keeps() -> None:
    """The row above changes in one cell; another is adapted: one follows, the other stays, nobody is asked."""
    standing = stand(TEN_DAYS, ROW.put({"subject": "民政局"}))

    assert standing.row == ROW.put({"subject": "民政局", "time_limit": "10个工作日内"})
    assert standing.differs == {"time_limit": Change(was="20个工作日内", now="10个工作日内")}
    assert standing.questions == ()


def test_a_cell_changed_here_and_above_is_asked_and_keeps_our_text_meanwhile() -> None:
    """Both changed the time limit: the question names what it was, what it is above and what is ours."""
    standing = stand(TEN_DAYS, ROW.put({"time_limit": "15个工作日内"}))

    assert standing.row == ROW.put({"time_limit": "10个工作日内"})
    asked = Question(Asked.CHANGED_BOTH, "time_limit", "20个工作日内", "15个工作日内", "10个工作日内")
    assert standing.questions == (asked,)


def test_an_adaptation_that_became_the_text_above_dissolves() -> None:
    """The standard took over the county's text: nothing differs, nothing is asked, and the stance is plain again."""
    above = ROW.put({"time_limit": "10个工作日内"})

    assert stand(TEN_DAYS, above).differs == {}
    assert stand(TEN_DAYS, above).questions == ()
    assert settled(TEN_DAYS, above) == ADOPTED


@pytest.mark.parametrize(
    ("stance", "upper", "gone", "state", "asked"),
    [
        (UNDECIDED, ROW, None, State.OUT, [Asked.NEW_ABOVE]),
        (UNDECIDED, None, ROW, State.OUT, []),
        (ADOPTED, ROW, None, State.IN, []),
        (ADOPTED, None, ROW, State.OUT, []),
        (TEN_DAYS, None, ROW, State.IN, [Asked.GONE_ABOVE]),
        (LEFT_OUT, ROW, None, State.LEFT_OUT, []),
        (LEFT_OUT, None, ROW, State.OUT, []),
        (OWN, None, None, State.IN, []),
        (OWN, ROW, None, State.IN, []),
    ],
)
def test_every_stance_meets_a_row_above_or_none(
    stance: Stance, upper: MatterRow | None, gone: MatterRow | None, state: State, asked: list[Asked]
) -> None:
    """What is undecided or adapted and gone is asked; what is adopted or left out follows."""
    standing = stand(stance, upper, gone)

    assert standing.state is state
    assert [question.kind for question in standing.questions] == asked


def test_our_own_row_that_appears_above_keeps_our_text_as_adaptations() -> None:
    """The standard adopts a county's matter in other words: the county's words stay, as differences."""
    own = Stance(Kind.OWN, row=ROW.put({"phone": "0557-6012345"}))
    above = ROW.put({"subject": "教育局"})

    standing = stand(own, above)

    assert standing.row == ROW.put({"phone": "0557-6012345"})
    assert set(standing.differs) == {"subject", "phone"}
    assert (standing.added, standing.questions) == (False, ())
    assert settled(own, above).kind is Kind.ADOPTED


def test_the_whole_draft_is_resolved_from_the_rows_above_and_the_stances_alone() -> None:
    """Rows and questions of several matters at once."""
    upper = Upper({"a": ROW, "b": ROW, "d": ROW, "e": ROW}, gone={"f": ROW})
    stances = {"a": ADOPTED, "b": TEN_DAYS, "c": OWN, "d": LEFT_OUT, "f": ADOPTED}

    rows = resolve(upper, stances)

    assert {identity: row.time_limit for identity, row in rows.items()} == {
        "a": "20个工作日内", "b": "10个工作日内", "c": "20个工作日内",
    }  # fmt: skip
    assert list(questions(upper, stances)) == [("e", Question(Asked.NEW_ABOVE))]
    assert list(merge(upper, stances)) == ["a", "b", "c", "d", "e", "f"]


def test_a_township_takes_what_names_its_level_and_a_county_takes_all() -> None:
    """Rows for the county alone do not reach a township."""
    alone = ROW.put({"levels": "县级"})

    assert [reaches(row, "township") for row in (ROW, alone, ROW.put({"levels": "镇级"}))] == [
        True,
        False,
        True,
    ]
    assert reaches(alone, "county")


# -- editing ---------------------------------------------------------------------------------------------------


def test_setting_a_cell_adapts_it_and_setting_it_back_follows_again() -> None:
    """An adaptation remembers the text above; writing that text again ends it."""
    ground = Ground(ADOPTED, ROW)
    here = after(Edit("m", "set", {"time_limit": "10个工作日内"}, "便民"), ground)
    back = after(Edit("m", "set", {"time_limit": "20个工作日内"}), Ground(here, ROW))

    assert here == Stance(Kind.ADOPTED, TEN_DAYS.adapted, reason="便民")
    assert back == ADOPTED
    assert decide(Edit("m", "set", {"time_limit": "20个工作日内"}), ground) == []


def test_setting_a_cell_of_what_is_new_above_adopts_it() -> None:
    """One edit decides and adapts."""
    events = decide(Edit("m", "set", {"phone": "110"}), Ground(UNDECIDED, ROW))

    assert events == [MatterAdopted(), MatterAdapted(changes={"phone": Change(was="", now="110")})]


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (Edit("m", "hold", {"time_limit": ""}), "10个工作日内"),
        (Edit("m", "hold"), "10个工作日内"),
        (Edit("m", "restore"), "15个工作日内"),
        (Edit("m", "set", {"time_limit": "5个工作日内"}), "5个工作日内"),
    ],
)
def test_a_question_about_a_cell_is_answered_in_three_ways(edit: Edit, text: str) -> None:
    """Keep ours, take theirs, or write another: then nothing is asked any more."""
    above = ROW.put({"time_limit": "15个工作日内"})
    stance = after(edit, Ground(TEN_DAYS, above))

    standing = stand(stance, above)
    assert standing.row is not None
    assert (standing.row.time_limit, standing.questions) == (text, ())


def test_what_is_gone_above_is_kept_as_our_own_or_dropped() -> None:
    """Keeping makes it ours with every cell; dropping needs a reason."""
    ground = Ground(TEN_DAYS, None, ROW)

    kept = after(Edit("m", "keep"), ground)
    dropped = after(Edit("m", "drop", reason="不再办理"), ground)

    assert kept == Stance(Kind.OWN, row=ROW.put({"time_limit": "10个工作日内"}))
    assert (dropped.kind, stand(dropped, None, ROW).state) == (Kind.NONE, State.OUT)
    assert refused(Edit("m", "set", {"phone": "1"}), ground) == ["matter.gone-above"]


@pytest.mark.parametrize(
    ("edit", "ground", "codes"),
    [
        (Edit("m", "fly"), Ground(UNDECIDED, None, known=False), ["edit.act.unknown", "matter.unknown"]),
        (Edit("m", "set", {"level1": " ", "colour": "x", "phone": "1\x00"}), Ground(ADOPTED, ROW),
         ["matter.name.missing", "matter.field.unknown", "matter.cell.control"]),
        (Edit("m", "set", {"time_limit": "", "office": ""}), Ground(ADOPTED, ROW), ["matter.cell.missing"]),
        (Edit("m", "set", {"phone": "1" * 8001}), Ground(OWN), ["matter.cell.long"]),
        (Edit("m", "set", {"phone": "1"}), Ground(LEFT_OUT, ROW), ["matter.left-out"]),
        (Edit("m", "leave_out"), Ground(OWN), ["leave-out.reason.missing", "matter.not-above"]),
        (Edit("m", "drop"), Ground(ADOPTED, ROW), ["drop.reason.missing", "matter.not-own"]),
        (Edit("m", "adopt"), Ground(OWN), ["matter.not-above"]),
        (Edit("m", "keep"), Ground(ADOPTED, ROW), ["matter.not-gone"]),
        (Edit("m", "restore"), Ground(OWN), ["matter.not-above"]),
        (Edit("m", "add"), Ground(OWN), ["matter.exists"]),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_every_reason(
    edit: Edit, ground: Ground, codes: list[str]
) -> None:
    """Each edit that cannot be done says all that is wrong with it."""
    assert refused(edit, ground) == codes


def test_a_matter_of_our_own_needs_a_domain_and_every_official_column() -> None:
    """All that is missing is told; what is complete becomes a row."""
    lacks = {name: text for name, text in COMPLETE.items() if name not in {"level2", "time_limit"}}
    with pytest.raises(Refusal) as refusal:
        add_matter(Edit("", "add", lacks | {"domain": "99", "mode": " "}), ["01"], 4)
    row = add_matter(Edit("", "add", {**COMPLETE, "domain": "01", "level1": " 一 "}), ["01"], 4).row

    assert [reason.code for reason in refusal.value.reasons] == [
        "matter.domain.unknown",
        "matter.name.missing",
        "matter.cell.missing",
        "matter.cell.missing",
    ]
    assert [reason.field.rpartition(".")[2] for reason in refusal.value.reasons[2:]] == ["time_limit", "mode"]
    assert (row.level1, row.place) == ("一", 4)


# -- what others did since -------------------------------------------------------------------------------------


def test_a_cell_somebody_else_changed_since_is_told_and_another_goes_through() -> None:
    """Two editors of one matter: the second learns what changed in their cell, and may change another."""
    seen = since([MatterAdapted(changes={"time_limit": Change(was="20个工作日内", now="10个工作日内")})])
    ground = Ground(TEN_DAYS, ROW, since=seen)

    with pytest.raises(Refusal) as refusal:
        decide(Edit("m", "set", {"time_limit": "7个工作日内", "phone": "1"}), ground)

    [reason] = refusal.value.reasons
    assert (reason.code, reason.field) == ("matter.changed-since", "edits[0].fields.time_limit")
    assert "“10个工作日内”" in reason.message_zh
    assert "“7个工作日内”" in reason.message_zh
    assert decide(Edit("m", "set", {"phone": "1"}), ground)
    assert decide(Edit("m", "set", {"time_limit": "10个工作日内"}), ground) == []


def test_a_cell_that_changed_above_since_is_told() -> None:
    """Somebody took the newer edition above while the cell was being written."""
    ground = Ground(ADOPTED, ROW.put({"phone": "2"}), since=Since(above=frozenset({"phone"})))

    assert refused(Edit("m", "set", {"phone": "1"}), ground) == ["matter.changed-since"]


def test_a_decision_of_somebody_else_is_told_and_not_overturned() -> None:
    """Left out by one, adapted by the other: the second is told; the same decision twice is no quarrel."""
    decided = since([MatterAdopted(), MatterLeftOut(reason="无")])
    ground = Ground(LEFT_OUT, ROW, since=decided)

    assert refused(Edit("m", "set", {"phone": "1"}), ground) == ["matter.changed-since"]
    assert refused(Edit("m", "adopt"), ground) == ["matter.changed-since"]
    assert decide(Edit("m", "leave_out", reason=LEFT_OUT.reason), ground) == []
    touched = Ground(TEN_DAYS, ROW, since=Since(cells=frozenset({"time_limit"})))
    assert refused(Edit("m", "leave_out", reason="无"), touched) == ["matter.changed-since"]


# -- publishing ------------------------------------------------------------------------------------------------

COUNTY = Catalogue(
    "341323000000", "341323000000", "county", "341300000000", "灵璧县目录", phase="drafting", number=2,
    draft_title="灵璧县目录（第二版）", upper_edition=3, published=1, upper_taken=2,
)  # fmt: skip
PARTICULARS = Particulars(
    date(2026, 3, 2),
    {"01": Domain(code="01", seq=1, name="国土空间规划", lead_units="局")},
    lambda _: MatterReading(),
)


def published(upper: Upper, stances: dict[str, Stance]) -> Publication:
    return publish(COUNTY, Draft(upper, stances, {}), PARTICULARS)


def test_an_edition_says_every_matter_that_is_not_as_it_was() -> None:
    """The first edition says all; what is left out is said with its reason."""
    upper = Upper({"a": ROW, "b": ROW, "c": ROW})
    said = published(upper, {"a": ADOPTED, "b": TEN_DAYS, "c": LEFT_OUT})

    assert (said.edition.edition, said.edition.matters, said.edition.added) == ("341323000000-2", 2, 2)
    assert [type(events[-1]) for events in said.matters.values()] == [
        MatterRevised,
        MatterRevised,
        MatterRetired,
    ]
    revised, left_out = said.matters["b"][0], said.matters["c"][0]
    assert isinstance(revised, MatterRevised)
    assert isinstance(left_out, MatterRetired)
    assert [(change.field, change.now) for change in revised.differs] == [("time_limit", "10个工作日内")]
    assert (left_out.why, left_out.reason, left_out.row) == ("left_out", LEFT_OUT.reason, ROW)


def test_a_dissolved_adaptation_is_recorded_at_publishing() -> None:
    """What the catalogue above settled is written down, so that nothing dangles."""
    said = published(Upper({"b": ROW.put({"time_limit": "10个工作日内"})}), {"b": TEN_DAYS})

    assert said.matters["b"][0] == MatterRestored(fields=("time_limit",))
    assert not is_changed(Draft(Upper(), {}, {}), {})


def test_proposing_is_refused_with_every_open_question() -> None:
    """Two questions and no rows are three reasons; who proposed may not publish."""
    asked = [("甲", Question(Asked.NEW_ABOVE)), ("乙", Question(Asked.GONE_ABOVE))]
    with pytest.raises(Refusal) as refusal:
        catalogues.propose(COUNTY, "staff:1", "", asked, rows=0, changed=True)
    codes = [reason.code for reason in refusal.value.reasons]
    assert codes == ["edition.empty", "question.new-above", "question.gone-above"]

    [proposed] = catalogues.propose(COUNTY, "staff:1", "请审", [], rows=1, changed=True)
    state = catalogues.evolve(COUNTY, proposed)
    assert state is not None
    same, other = (list(catalogues.publishing_reasons(state, by, [], 1)) for by in ("staff:1", "staff:2"))
    assert ([reason.code for reason in same], other) == (["edition.same-person"], [])
    with pytest.raises(Refusal):
        catalogues.require_draft(state)
    [back] = catalogues.give_back(state, "补充理由")
    returned = catalogues.evolve(state, back)
    assert returned is not None
    assert (returned.phase, returned.note) == ("drafting", "补充理由")


def test_a_catalogue_opens_on_the_edition_above_and_takes_a_newer_one_when_told() -> None:
    """A first draft stands on the newest edition above; a later one where the one before stood."""
    new = Catalogue("341323000000", "341323000000", "county", "341300000000", "目录")
    founded, opened = catalogues.open_edition(new, Above(3), "", founded=False)
    assert (founded.NAME, opened.NAME) == ("catalogue.founded", "edition.opened")
    assert catalogues.take_upper(COUNTY, Above(3)) == []
    [taken] = catalogues.take_upper(COUNTY, Above(5))
    moved = catalogues.evolve(COUNTY, taken)
    assert moved is not None
    assert moved.upper_edition == 5
    for state, above, code in (
        (COUNTY, Above(3), "edition.open"),
        (new, Above(0), "upper.unpublished"),
        (Catalogue("1", "1", "village", "2", "目录"), Above(1), "catalogue.level"),
    ):
        with pytest.raises(Refusal) as refusal:
            catalogues.open_edition(state, above, "", founded=False)
        assert [reason.code for reason in refusal.value.reasons] == [code]


def test_ids_tell_domain_adder_and_serial() -> None:
    """The guide's ids are as they were; a lower catalogue's carry the meaning digits of its division."""
    assert matter_id("04", 7) == "m-04-007"
    assert matter_id("04", 7, "341323110000") == "m-04-341323110-007"
    assert serial_of("m-04-341323110-007") == 7
    known = [Domain(code="01", seq=1, name="国土空间规划", lead_units="")]
    assert register(known, "国土空间规划") == known[0]
    assert register(known, "殡葬服务").code == "02"
