"""Bases: how they are named, what an import may change, which of them a citation means, what a list of laws says."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Any

import pytest

from gongkai.citing import number_key, title_key, title_keys
from gongkai.loading.laws import Fact, facts_of
from gongkai.refusal import Refusal
from services.catalog.domain.bases import (
    Basis,
    BasisFacts,
    BasisRegistered,
    BasisStateChanged,
    SetBasis,
    Standing,
    basis_id,
    edit,
    evolve,
    learn,
)
from services.catalog.domain.resolving import Registry, names_of
from services.catalog.seed.reading import read_seed

pytestmark = pytest.mark.domain

NEW = basis_id("甲新办法")


def says(state: str = "in_force", since: str = "", **given: Any) -> SetBasis:
    standing = Standing(
        state,
        date.fromisoformat(since) if since else None,
        given.get("replaced_by", ""),
        given.get("source", "某网站"),
        date(2026, 1, 1),
        given.get("mark", "F"),
    )
    aliases = tuple(given.get("aliases", ()))
    return SetBasis(given.get("title", "甲办法"), given.get("number", ""), "rule", "", aliases, standing)


def after(*steps: list[BasisFacts]) -> Basis:
    events = [event for step in steps for event in step]
    return reduce(evolve, events[1:], evolve(None, events[0]))


def replaced(since: str = "2021-07-01", mark: str = "M") -> SetBasis:
    return says("replaced", since, replaced_by=NEW, mark=mark)


@pytest.mark.parametrize(
    "other",
    [
        "《中华人民共和国土地管理法》",
        "土地管理法（2019年修正）",
        "中华人民共和国土地管理法(2019年8月26日第三次修正)",
        "土 地 管 理 法",
    ],
)
def test_a_title_is_the_same_however_it_is_written(other: str) -> None:
    """The state's name, 《》, width, spaces and the year of a revision make no other title."""
    assert title_key(other) == title_key("土地管理法") == "土地管理法"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("审核审批办法", "审核审批办法（试行）"),
        ("审核办法（试行）", "审核办法（暂行）"),
        ("综合防灾减灾规划", "综合防灾减灾规划（2016-2020年）"),
        ("安徽省水法实施办法", "水法实施办法"),
    ],
)
def test_another_document_has_another_key(one: str, other: str) -> None:
    """What was tried out, and a plan of other years, is another document."""
    assert title_key(one) != title_key(other)


def test_a_notice_is_known_by_what_it_brings_out_too() -> None:
    """财政部关于印发〈甲规程〉的通知 answers to its own title and to 甲规程."""
    assert title_keys("财政部关于印发〈甲规程〉的通知") == ("财政部关于印发甲规程的通知", "甲规程")
    assert number_key("国发 [2012] 第45号") == number_key("国发〔2012〕45号")
    assert number_key("中华人民共和国国务院令第711号") == number_key("国务院令711号")


def test_the_same_import_again_changes_nothing() -> None:
    """An import is a fact stated, not a step taken; a later day of checking alone is no news."""
    first = learn(None, replaced())
    again = says("replaced", "2021-07-01", replaced_by=NEW, mark="M", source="同一清单，另一日查")

    assert first[0] == "registered"
    assert learn(after(first[1]), again) == ("same", [])


@pytest.mark.parametrize(
    ("known", "told", "verdict"),
    [
        (says("unknown", mark="M"), says("in_force", "2020-01-01"), "changed"),
        (says("in_force"), says("amended", "2024-01-01"), "changed"),
        (says("in_force", mark="M"), replaced(mark="L"), "changed"),
        (says("in_force"), says("unknown"), "same"),
        (replaced(), says("repealed"), "same"),
        (replaced(), says("in_force", "2003-09-01"), "kept"),
        (replaced(), says("in_force"), "kept"),
        (replaced(), says("in_force", "2022-01-01"), "changed"),
        (replaced(mark="L"), says("in_force", "2022-01-01", mark="F"), "kept"),
        (says("in_force", mark="L"), says("repealed", mark="F"), "kept"),
    ],
)
def test_an_import_takes_over_only_what_is_better_known(
    known: SetBasis, told: SetBasis, verdict: str
) -> None:
    """Lists lag: what has fallen is not raised by an older text, nor the surer overwritten by the less sure."""
    found, events = learn(after(learn(None, known)[1]), told)

    assert (found, bool(events)) == (verdict, verdict == "changed")


def test_a_correction_outlives_the_next_import_of_the_same_list() -> None:
    """A person who sets a false fall right need not do it again after every import."""
    listed = says("repealed")
    steps = learn(None, listed)[1]
    corrected = edit(after(steps), says("in_force", source="公报原文", mark="L"), None)

    assert learn(after(steps, corrected), listed) == ("same", [])


def test_an_import_adds_names_and_never_takes_any() -> None:
    """Other ways of citing gather; the number that is known stays."""
    known = after(learn(None, says(aliases=["乙"], number="甲发〔2020〕1号"))[1])

    verdict, (event,) = learn(known, says(aliases=["丙", "甲 办法"], number="甲发〔2020〕2号"))

    assert (verdict, event.aliases, event.number) == ("changed", ("丙", "乙"), "甲发〔2020〕1号")


def test_a_person_says_that_a_basis_was_replaced() -> None:
    """The state changes with its source; said again it changes nothing; a renamed basis keeps its old name."""
    known, new = after(learn(None, says())[1]), after(learn(None, says(title="甲新办法"))[1])

    (changed,) = edit(known, replaced(), new)
    again = edit(after(learn(None, says())[1], [changed]), replaced(), new)
    renamed = edit(known, says(title="甲管理办法"), None)

    assert isinstance(changed, BasisStateChanged)
    assert (changed.state, changed.replaced_by, changed.by) == ("replaced", NEW, "edit")
    assert again == []
    assert (renamed[0].basis, renamed[0].aliases) == (known.id, ("甲办法",))


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        (says("replaced"), ["basis.replaced.missing"]),
        (replaced(), ["basis.replaced.unknown"]),
        (says("replaced", replaced_by=basis_id("甲办法")), ["basis.replaced.itself"]),
        (says("in_force", replaced_by=NEW), ["basis.replaced.unexpected", "basis.replaced.unknown"]),
        (
            says("gone", title=" 《》", mark="X", source=""),
            ["basis.title.missing", "basis.state.unknown", "basis.mark.unknown", "basis.source.missing"],
        ),
    ],
)
def test_a_wrong_basis_is_refused_with_every_reason(said: SetBasis, codes: list[str]) -> None:
    """A fall names what came instead, a standing basis does not, and every state has a source."""
    with pytest.raises(Refusal) as refused:
        edit(None, said, None)

    assert sorted(reason.code for reason in refused.value.reasons) == sorted(codes)


@pytest.mark.parametrize(
    ("title", "number", "found", "candidates"),
    [
        ("中华人民共和国甲法", "", "a", ()),
        ("甲暂行法", "", "a", ()),
        ("", "甲发〔2020〕1号", "b", ()),
        ("没有登记的名称", "甲发[2020]第1号", "b", ()),
        ("某部关于印发《乙办法》的通知", "", "b", ()),
        ("丙规定", "", "", ("c", "d")),
        ("丙规定", "丁令第2号", "d", ()),
        ("甲法", "甲发〔2020〕1号", "", ("a", "b")),
        ("甲法（试行）", "", "", ()),
        ("", "", "", ()),
    ],
)
def test_a_citation_means_one_basis_or_none(
    title: str, number: str, found: str, candidates: tuple[str, ...]
) -> None:
    """By title, alias or number; where several answer none is chosen, and all are told."""
    bases = {
        "a": ("甲法", "", ("甲暂行法",)),
        "b": ("乙办法", "甲发〔2020〕1号", ()),
        "c": ("丙规定", "丁令第1号", ()),
        "d": ("丙规定", "丁令第2号", ()),
    }
    registry = Registry([(key, basis) for basis, names in bases.items() for key in names_of(*names)])

    resolution = registry.resolve(title, number)

    assert (resolution.basis, resolution.candidates) == (found, candidates)


def law(title: str, **given: Any) -> dict[str, Any]:
    law = {
        "title": title,
        "level": "法律",
        "region": None,
        "issued": "2010-01-01",
        "effective": "",
        "expired": False,
    }
    return law | {"history": [], "body": ""} | given


def facts(*laws: dict[str, Any]) -> dict[str, Fact]:
    found = facts_of(laws, "laws.jsonl", date(2026, 1, 1))
    names = [fact.title for fact in found]
    for fact in found:
        assert not fact.replaced_by or names.index(fact.replaced_by) < names.index(fact.title)
    return {fact.title + fact.region: fact for fact in found}


def test_a_title_stands_as_its_newest_text_does() -> None:
    """An old text has expired because a newer one is there: the title is in force, and amended."""
    found = facts(
        law("甲法", issued="2017-03-16", expired=True),
        law("甲法", issued="2022-03-29", history=["1997年5月8日 公布", "2022年3月29日 第二次修订"]),
        law("乙法", issued="2004-01-01", expired=True),
        law("丙法", body="第九条 本法自2010年7月1日起施行。"),
        law("丁法", expired=None),
    )

    states = {title: (fact.state, fact.since) for title, fact in found.items()}
    assert states == {
        "甲法": ("amended", date(2022, 3, 29)),
        "乙法": ("repealed", None),
        "丙法": ("in_force", date(2010, 7, 1)),
        "丁法": ("unknown", None),
    }
    assert "标为已失效" in found["乙法"].source


def test_a_field_that_speaks_of_an_older_text_says_nothing() -> None:
    """Where the history knows a younger text than the one the field is about, the state stays unknown."""
    found = facts(law("甲条例", issued="2005-08-30", expired=True, history=["2019年7月26日 批准"]))

    assert found["甲条例"].state == "unknown"


def test_a_statute_that_ends_others_is_believed() -> None:
    """《甲》同时废止 replaces what is named whole, in the list or not; what is to end later still stands."""
    ends = (
        "第九条 本法自2021年9月1日起施行。1997年国务院发布的《甲暂行条例》（国务院令第1号）、《中华人民共和国乙法》同时废止。\n"
        "第十条 《丙法》第三条同时废止。"
    )
    found = facts(
        law("甲暂行条例", level="行政法规", issued="1997-07-07"),
        law("丙法"),
        law("戊法"),
        law("中华人民共和国甲法", issued="2020-08-11", body=ends),
        law("己法", issued="2025-01-01", body="第二条 本法自2027年1月1日起施行。《戊法》同时废止。"),
    )

    assert (found["甲暂行条例"].state, found["甲暂行条例"].since) == ("replaced", date(2021, 9, 1))
    assert (found["甲暂行条例"].replaced_by, found["甲暂行条例"].mark) == ("中华人民共和国甲法", "L")
    assert "第九条" in found["甲暂行条例"].source
    assert found["中华人民共和国乙法"].state == "replaced"
    assert (found["丙法"].state, found["戊法"].state) == ("in_force", "in_force")


def test_local_laws_of_one_name_are_told_apart() -> None:
    """Two regions' laws of one name carry their region; one that names its place does not."""
    local = {"level": "地方性法规"}
    found = facts(
        law("绿化规定", region="甲", **local),
        law("绿化规定", region="乙", **local),
        law("丙市绿化条例", region="丙", **local),
    )

    assert set(found) == {"绿化规定甲", "绿化规定乙", "丙市绿化条例"}
    assert basis_id("绿化规定", "甲") != basis_id("绿化规定", "乙")


def test_the_seed_is_sound_and_shows_nothing_uncertain_as_law() -> None:
    """Each basis is new, what came instead is there, and what was only recalled is marked so."""
    seed = read_seed().bases
    ids = [basis_id(said.title) for said in seed]
    events = [learn(None, said)[1][0] for said in seed]

    assert len(set(ids)) == len(ids)
    assert all(isinstance(event, BasisRegistered) for event in events)
    assert {event.replaced_by for event in events} - {""} <= set(ids)
    assert all(said.standing.mark == "M" for said in seed if "尚未核实" in said.standing.source)
    assert all(said.standing.state == "unknown" for said in seed if "未收录" in said.standing.source)
