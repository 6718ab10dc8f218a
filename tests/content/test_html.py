"""The words of an HTML document come through, its markup does not, and no input holds up the process."""

from __future__ import annotations

import pytest

from gongkai.content.html import visible_text

pytestmark = pytest.mark.domain


def test_a_reader_sees_the_text_and_nothing_of_the_markup() -> None:
    """Blocks are lines, cells stand apart, scripts and comments are gone, entities are read."""
    source = "<title>标题</title><p>第一<b>段</b></p><script>alert(1)</script><!-- 注 --><table><tr><td>甲</td><td>乙</td></tr></table>&lt;b&gt;"

    text = visible_text(source)

    assert text.split() == ["第一段", "甲", "乙", "<b>"]
    assert "\n" in text


@pytest.mark.parametrize("piece", ["<!--", "<a ", "<p>", "<![CDATA[", "</", "&#"])
def test_hostile_repetition_ends(piece: str) -> None:
    """A hundred thousand of the same unfinished thing are read in linear time; quadratic reading would time out."""
    assert "<script" not in visible_text(piece * 100_000)
