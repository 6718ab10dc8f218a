"""Who is meant by the words of 公开主体: by the kinds of organs, unless a person said otherwise."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongkai.demo.records import demo_organs
from gongkai.divisions import level_of, stem, upwards
from gongkai.refusal import Refusal
from services.catalog.domain.subjects import NOBODY, Assignment, assign, derive, follow, plain, read_kinds
from services.catalog.duties.following import kinds

pytestmark = pytest.mark.domain

COUNTY = "341323000000"
MZJ, ZJJ, RMZF = "341323-mzj", "341323-zjj", "341323110-rmzf"
TABLE = read_kinds(
    [("民政部门、乡镇人民政府（街道办事处）", "mzj|rmzf"), ("征收部门", "zsj>zjj"), ("各部门", "*")]
)


def test_every_phrase_of_the_standard_stands_in_the_table() -> None:
    """The 53 phrases of the 305 rows, each once."""
    text = files("services.catalog.seed").joinpath("catalog_rows.csv").read_text(encoding="utf-8")
    phrases = {plain(row["subject"]) for row in csv.DictReader(text.splitlines())}
    assert (len(phrases), phrases - kinds().keys(), kinds().keys() - phrases) == (53, set(), set())


def test_a_phrase_means_the_organs_of_its_kinds() -> None:
    """Of each group the first kind there is; a star means all; spellings do not matter; unknown words mean nobody."""
    assert derive("民政部门、乡镇人民政府(街道办事处) ", [MZJ, ZJJ, RMZF], TABLE) == (MZJ, RMZF)
    assert derive("征收部门", [MZJ, ZJJ], TABLE) == (ZJJ,)
    assert derive("征收部门", ["341323-zsj", ZJJ], TABLE) == ("341323-zsj",)
    assert derive("各部门", [ZJJ, MZJ], TABLE) == (MZJ, ZJJ)
    assert derive("招标人", [ZJJ, MZJ], TABLE) == ()


def test_the_demo_answers_to_most_of_the_standard() -> None:
    """In each county of the demo its organs are meant by the phrases of their work."""
    codes = [organ.code for organ in demo_organs() if organ.division == COUNTY]
    meant = {phrase: derive(phrase, codes, kinds()) for phrase in kinds()}
    assert meant[plain("县级人民政府民政部门")] == (MZJ,)
    assert meant[plain("县级教育行政部门")] == ("341323-jtj",)
    assert meant[plain("县级人民政府、自然资源主管部门")] == ("341323-zfb", "341323-zrj")
    assert meant[plain("公安机关")] == ()


def test_the_table_is_followed_until_a_person_decides() -> None:
    """What the table gives is told when it changes; a person's word stays, also where it is nobody."""
    (first,) = follow(NOBODY, COUNTY, "征收部门", [ZJJ], TABLE)
    assert (first.organs, first.by_hand) == ((ZJJ,), False)
    assert follow(Assignment((ZJJ,)), COUNTY, "征收部门", [ZJJ], TABLE) == []
    assert follow(Assignment((ZJJ,)), COUNTY, "征收部门", [], TABLE)[0].organs == ()
    (decided,) = assign(Assignment((ZJJ,)), COUNTY, "征收部门", [], [ZJJ])
    assert (decided.organs, decided.by_hand) == ((), True)
    assert follow(Assignment((), by_hand=True), COUNTY, "征收部门", [ZJJ], TABLE) == []
    (passed,) = follow(Assignment((MZJ,), by_hand=True), COUNTY, "征收部门", [ZJJ], TABLE, {MZJ: ZJJ})
    assert (passed.organs, passed.by_hand) == ((ZJJ,), True)
    assert assign(Assignment((ZJJ,), by_hand=True), COUNTY, "征收部门", [ZJJ, ZJJ], [ZJJ]) == []


def test_a_person_names_organs_of_the_division_only() -> None:
    """Every organ that is elsewhere, and an empty phrase, is told at once."""
    with pytest.raises(Refusal) as refused:
        assign(NOBODY, COUNTY, " ", ["341324-mzj", MZJ, "x"], [MZJ])
    assert [(one.code, one.field) for one in refused.value.reasons] == [
        ("subject.missing", "subject"),
        ("subject.organ.unknown", "organs[0]"),
        ("subject.organ.unknown", "organs[2]"),
    ]


def test_the_line_of_a_division_goes_up_to_its_city() -> None:
    """Village, township, county, city; what is no code stands alone."""
    assert upwards("341323110201") == ("341323110201", "341323110000", COUNTY, "341300000000")
    assert upwards("341300000000") == ("341300000000",)
    assert upwards("*") == ("*",)
    assert [level_of(code) for code in upwards("341323110201")] == ["village", "township", "county", "city"]


@given(st.from_regex(r"[1-9]\d{11}", fullmatch=True))
def test_whoever_is_above_shares_the_stem(code: str) -> None:
    """Each division in the line begins with the stem of every one above it, and is shorter."""
    line = upwards(code)
    assert all(code.startswith(stem(above)) for above in line)
    assert [len(stem(above)) for above in line] == sorted({len(stem(above)) for above in line}, reverse=True)
