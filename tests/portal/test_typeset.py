"""Bodies become blocks: what is a heading, an article, a signature; and nothing becomes markup."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongkai.content.html import visible_text
from services.portal import words
from services.portal.routes.columns import recent_months
from services.portal.themes import safe_back
from services.portal.typeset import contents, typeset
from tests.portal.world import BODY, HTML, MARKDOWN

pytestmark = pytest.mark.domain


def kinds(text: str, media_type: str = "text/plain") -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in typeset(text.encode(), media_type)]


def test_an_act_is_typeset() -> None:
    """Addressee, signature, title of what is enclosed, chapters and articles are told apart."""
    found = kinds(BODY)
    assert found[0][0] == "addressee"
    assert [kind for kind, _text in found[1:5]] == ["paragraph", "signature", "signature", "chapter"]
    assert [text for kind, text in found if kind == "chapter"] == [
        "灵璧县农村低收入人口常态化帮扶实施办法", "第一章　总则", "第二章　对象认定与动态监测", "第三章　附则",
    ]  # fmt: skip
    assert sum(kind == "article" for kind, _text in found) == 6


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("第十二条　内容", "article"),
        ("第一百零二条之一 内容", "article"),
        ("第三章 附则", "chapter"),
        ("第一节　一般规定", "section"),
        ("一、总体要求", "heading"),
        ("一、总体要求如下，请照办。", "paragraph"),
        ("附件：1.申请表", "attached"),
        ("第三条路通车了没有人知道的话", "article"),
        ("第一章程序", "paragraph"),
    ],
)
def test_a_line_is_what_it_looks_like(line: str, kind: str) -> None:
    """Each line is read by its beginning."""
    assert kinds(f"开头。\n开头。\n开头。\n{line}")[3][0] == kind


def test_headings_can_be_jumped_to() -> None:
    """Chapters and points have anchors, each its own."""
    anchors = [block.anchor for block in contents(typeset(BODY.encode(), "text/plain"))]
    assert len(anchors) == len(set(anchors)) == 4


def test_html_keeps_its_text_alone() -> None:
    """Scripts, titles, handlers and addresses are gone; escaped text stays text."""
    assert [line for line in visible_text(HTML).split("\n") if line] == [
        "通报",
        "第一段链接",
        "第二段 <script>",
    ]


def test_markdown_keeps_a_small_subset() -> None:
    """Headings, bold, tables and lists; a link becomes text with its address."""
    blocks = typeset(MARKDOWN.encode(), "text/markdown; charset=utf-8")
    assert [block.kind for block in blocks] == ["chapter", "paragraph", "table", "list"]
    assert "点这里（javascript:alert(1)）" in blocks[1].text or "javascript" in blocks[1].text
    assert len(blocks[2].rows) == 3


def test_other_types_are_not_shown() -> None:
    """A body that is no text has no blocks."""
    assert typeset(b"%PDF", "application/pdf") == ()


@given(st.binary(max_size=400), st.sampled_from(["text/plain", "text/markdown", "text/html"]))
def test_whatever_comes_is_typeset(data: bytes, media_type: str) -> None:
    """No bytes whatever make typesetting fail, and every block has a known kind."""
    for block in typeset(data, media_type):
        assert block.kind
        assert "\x00" not in block.text


@given(st.text(max_size=60))
def test_file_names_are_safe(name: str) -> None:
    """A file name never holds a path, a quote or a control character, and is never empty."""
    safe = words.file_name(name)
    assert safe
    assert not set(safe) & set('/\\"\r\n\x00')


@given(st.text(max_size=60))
def test_going_back_stays_here(text: str) -> None:
    """Whatever is given as the page to go back to, it is on this site."""
    back = safe_back(text)
    assert back.startswith("/")
    assert not back.startswith("//")


def test_months_go_back_a_year() -> None:
    """Twelve months, newest first, over the turn of a year."""
    months = recent_months(date(2026, 2, 28))
    assert (months[0], months[1], months[2], months[-1]) == ("2026-02", "2026-01", "2025-12", "2025-03")


def test_words_are_those_of_the_design() -> None:
    """Dates, validity states and defects are written as readers expect."""
    assert words.long_date("2026-11-03") == "2026年11月3日"
    assert words.long_date("不详") == "不详"
    assert [words.validity(code) for code in ("in_force", "not_yet_in_force", "unknown")] == [
        "现行有效",
        "尚未施行",
        "未标明",
    ]
    assert words.defect("doc-number.nonstandard") == "发文字号不规范"
    assert words.defect("future.code") == "future.code"
    assert words.local_time("2026-11-23T01:05:00+00:00") == "2026年11月23日 9:05"
