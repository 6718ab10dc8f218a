"""公开依据: titles, numbers and articles as a person reads them; what names nothing is flagged."""

from __future__ import annotations

import csv
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongkai.contracts.matters import Citation
from services.catalog.domain.reading.citations import normal_number, read_citations

pytestmark = pytest.mark.domain

CITED: dict[str, tuple[Citation, ...]] = {
    "《政府信息公开条例》": (Citation(title="政府信息公开条例"),),
    "《城乡规划法》《政府信息公开条例》": (Citation(title="城乡规划法"), Citation(title="政府信息公开条例")),
    "《自然资源规范性文件管理规定》（自然资源部令第2号）": (
        Citation(title="自然资源规范性文件管理规定", number="自然资源部令第2号"),
    ),
    "《关于纳税人权利与义务的公告》（国家税务总局公告2009年第1号）": (
        Citation(title="关于纳税人权利与义务的公告", number="国家税务总局公告2009年第1号"),
    ),
    "《文化馆服务标准》（GB/T 32939-2016）": (Citation(title="文化馆服务标准", number="GB/T 32939-2016"),),
    "《甲办法》（民政部令第 3 号）第十条第一款、第三款": (
        Citation(title="甲办法", number="民政部令第3号", articles="第十条第一款、第三款"),
    ),
    "《政府信息公开条例》第十九条、第二十条第（五）项，《预算法》第14条": (
        Citation(title="政府信息公开条例", articles="第十九条、第二十条第（五）项"),
        Citation(title="预算法", articles="第14条"),
    ),
    "《政府信息公开条例》（第十九条、第二十条）": (
        Citation(title="政府信息公开条例", articles="第十九条、第二十条"),
    ),
    "《财政部关于印发〈地方预决算公开操作规程〉的通知》（财预〔2016〕143号）": (
        Citation(title="财政部关于印发〈地方预决算公开操作规程〉的通知", number="财预〔2016〕143号"),
    ),
    "《财政部关于印发《地方预决算公开操作规程》的通知》（财预[2016] 143号）": (
        Citation(title="财政部关于印发《地方预决算公开操作规程》的通知", number="财预〔2016〕143号"),
    ),
    "民政部关于印发《特困人员认定办法》的通知（民发〔2016〕178号）、民发〔2016〕115号": (
        Citation(title="民政部关于印发《特困人员认定办法》的通知", number="民发〔2016〕178号"),
        Citation(title="", number="民发〔2016〕115号"),
    ),
    "《国家综合防灾减灾规划（2016-2020年）》": (Citation(title="国家综合防灾减灾规划（2016-2020年）"),),
    "《欠税公告办法》（试行）": (Citation(title="欠税公告办法（试行）"),),
    "《法律援助法》（原《法律援助条例》）": (Citation(title="法律援助法", note="原《法律援助条例》"),),
    "《预算法》（2018年修正）第十四条": (Citation(title="预算法", articles="第十四条", note="2018年修正"),),
    "《甲》（国务院令第711号，以下简称《条例》）以及《乙》": (
        Citation(title="甲", number="国务院令第711号", note="以下简称《条例》"),
        Citation(title="乙"),
    ),
    "国务院办公厅《关于深化信息公开的意见》（国办发【2017】97号）": (
        Citation(title="关于深化信息公开的意见", number="国办发〔2017〕97号", note="国务院办公厅"),
    ),
    "【法律】《人口与计划生育法》(中华人民共和国主席令第41号2015年12月27日修正)【规章】《试点方案》(国人口发(2007)78号)": (
        Citation(title="人口与计划生育法", number="中华人民共和国主席令第41号", note="2015年12月27日修正"),
        Citation(title="试点方案", number="国人口发〔2007〕78号"),
    ),
    "1.《甲法》；2.根据《乙法》规定": (Citation(title="甲法"), Citation(title="乙法")),
    "《甲》（国发〔2014〕1号）（国办发〔2015〕2号）": (
        Citation(title="甲", number="国发〔2014〕1号"),
        Citation(title="", number="国办发〔2015〕2号"),
    ),
}

UNNAMED = {
    "同上": "同上",
    "信息公开规定": "信息公开规定",
    "政府信息公开条例": "政府信息公开条例",
    "财政部、农业农村部年度通知": "财政部、农业农村部年度通知",
    "《政府信息公开条例》及相关规定": "及相关规定",
    "《政府信息公开条例》等": "等",
    "《甲意见》、各地相关政策法规文件": "各地相关政策法规文件",
    "《甲意见》（见附件）": "（见附件）",
    "《没有写完": "《没有写完",
}


@pytest.mark.parametrize(("text", "citations"), CITED.items())
def test_a_basis_is_read_as_a_person_reads_it(text: str, citations: tuple[Citation, ...]) -> None:
    """Every title with its number, its articles and what else its brackets say; nothing flagged."""
    reading = read_citations(text)

    assert reading.found == citations
    assert reading.flags == ()


@pytest.mark.parametrize(("text", "words"), UNNAMED.items())
def test_words_that_name_no_document_are_flagged(text: str, words: str) -> None:
    """Nobody can look up 及相关规定: the flag repeats it, and no citation is made of it."""
    reading = read_citations(text)

    assert len(reading.flags) == 1
    assert f"“{words}”" in reading.flags[0]
    assert len(reading.found) == text.count("》")


def test_numbers_are_written_as_the_standard_writes_them() -> None:
    """Whatever brackets stand around the year, one document has one number."""
    written = [
        "国办发〔2017〕97号",
        "国办发[2017]97号",
        "国办发（2017）97号",
        "国办发【2017】第97号",
        "国办发〔 2017 〕 97号",
    ]

    assert {normal_number(number) for number in written} == {"国办发〔2017〕97号"}


def test_every_title_of_the_catalogue_is_a_citation() -> None:
    """Of the 305 rows each 《…》 is cited, but for the former name of a law; seven wordings name no document."""
    text = files("services.catalog.seed").joinpath("catalog_rows.csv").read_text(encoding="utf-8")
    rows = [row["legal_basis"] for row in csv.DictReader(text.splitlines())]
    readings = [read_citations(basis) for basis in rows]

    assert sum(len(reading.found) for reading in readings) == sum(basis.count("《") for basis in rows) - 1
    flags = Counter(
        flag.split("”没有写明")[0].removeprefix("公开依据中“") for each in readings for flag in each.flags
    )
    assert flags == {
        "信息公开规定": 11,
        "各地相关政策法规文件": 6,
        "及相关规定": 5,
        "及其实施细则": 3,
        "各省“七五”普法规划": 3,
        "财政部、农业农村部年度通知": 1,
    }


PIECES = st.sampled_from(
    [
        "《甲法》",
        "《",
        "》",
        "（",
        "）",
        "国发〔2014〕1号",
        "国务院令第711号",
        "第十条",
        "、",
        "，",
        "及",
        "等",
        "民政部",
        "关于印发",
        "的通知",
    ]
)


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=50), st.lists(PIECES, max_size=6).map("".join)))
def test_no_text_raises_and_every_word_is_read_or_flagged(text: str) -> None:
    """Whatever is typed: letters that are in no citation are in a flag."""
    reading = read_citations(text)

    kept = "".join([*(f"{c.title}{c.number}{c.articles}{c.note}" for c in reading.found), *reading.flags])
    assert all(
        char in kept or char in "和及与以规定依据根按照" for char in text if "\u4e00" <= char <= "\u9fff"
    )
    assert reading.found or reading.flags
