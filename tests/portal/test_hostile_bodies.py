"""Bodies made to hold the portal: each is read in one pass, or the test runs into its time limit by far."""

from __future__ import annotations

import pytest

from gongkai.content.html import visible_text
from services.portal.typeblocks import MOST_LINES
from services.portal.typeset import typeset

pytestmark = [pytest.mark.domain, pytest.mark.timeout(60)]

MANY = 300_000
HTML = (
    "<!--",
    "<div>",
    "<",
    "<!",
    "<![",
    "<![CDATA[",
    "<?",
    "</",
    "<a ",
    '<a "',
    "<a b='",
    "<a =",
    "<script",
    "&#",
    "<! -<!-- -->-",
)
MARKDOWN = ("[", "[a](", "[a]( ", "[a](b", "**", "*", "|", "|--", "#", "# a#", "![](", "\\", "- ", "1. ")


@pytest.mark.parametrize("piece", HTML)
@pytest.mark.parametrize("end", ["", ">", "-->", "\"'>"])
def test_repeated_markup_in_html_is_read_once(piece: str, end: str) -> None:
    """However often an opening is repeated, and however it ends, no part of the document is looked through again."""
    assert visible_text(piece * MANY + end) is not None


@pytest.mark.parametrize("piece", MARKDOWN)
@pytest.mark.parametrize("begin", ["", "# a", "a|b\n", "[a](b "])
def test_repeated_marks_in_markdown_are_read_once(begin: str, piece: str) -> None:
    """The same for Markdown, in text, headings, tables and links."""
    assert typeset(f"{begin}{piece * MANY}x".encode(), "text/markdown") is not None


@pytest.mark.parametrize("piece", [" ", "\t", "　", "#", "-", "第", "一", "9"])
@pytest.mark.parametrize("begin", ["", "# a", "第", "第一", "第一章", "附件", "|--", "a|b\n|--"])
@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown"])
def test_a_line_without_end_is_read_once(begin: str, piece: str, media_type: str) -> None:
    """One very long line is no more work than many short ones."""
    assert typeset(f"{begin}{piece * MANY}x".encode(), media_type) is not None


def test_a_table_grows_with_its_text_alone() -> None:
    """A wide head does not make the short rows below it wide."""
    table = typeset((f"{'|a' * 1000}|\n{'|--' * 1000}|\n" + "|b|\n" * 5000).encode(), "text/markdown")[0]
    assert len(table.rows[0]) == 1000
    assert {len(row) for row in table.rows[1:]} == {1}


@pytest.mark.parametrize(
    ("media_type", "line"), [("text/plain", "字\n"), ("text/markdown", "字\n\n"), ("text/html", "<p>字")]
)
def test_a_body_of_too_many_lines_is_a_file(media_type: str, line: str) -> None:
    """What would make a page of a hundred thousand paragraphs is not set at all."""
    assert not typeset((line * (MOST_LINES + 1)).encode(), media_type)


def test_html_without_an_end_of_its_head_is_read() -> None:
    """A left out end tag of head, a self-closed drawing and an unclosed comment hide no text before them."""
    assert visible_text("<head><title>x</title><body><p>正文<svg/><p>还有<!-- 不见").split() == [
        "正文",
        "还有",
    ]


def test_what_stood_around_a_comment_does_not_join() -> None:
    """Taking a comment away makes no new markup of what stood around it."""
    assert visible_text("<<!-- -->script>藏") == "< script>藏"


def test_comparison_signs_stay() -> None:
    """A text that compares numbers is no markup."""
    assert visible_text("<p>金额&lt;5万元，或者 3 < 5 且 7>6</p>").strip() == "金额<5万元，或者 3 < 5 且 7>6"
