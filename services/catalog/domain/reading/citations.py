"""公开依据: the titles, document numbers and articles that a row cites.

A title stands in 《》, its number in brackets behind it, its articles behind that. What stands between citations
and names nothing that can be looked up (及相关规定, 各地相关政策, 同上) is flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gongkai.contracts.matters import Citation
from services.catalog.domain.reading.pieces import Reading, plain, quoted, tidy

_YEAR: Final = r"[〔\[［【（(]\s*(?:19|20)[0-9]{2}\s*年?\s*[〕\]］】）)]"
_ORGAN: Final = r"[\u4e00-\u9fff]{2,24}?"
_NUMBER: Final = (
    rf"(?:[\u4e00-\u9fff]{{1,16}}{_YEAR}(?:第\s*)?[0-9]+号"
    rf"|{_ORGAN}令(?:{_YEAR}|(?:19|20)[0-9]{{2}}年)?(?:第\s*)?[0-9一二三四五六七八九十百零〇○]+号"
    rf"|{_ORGAN}公告(?:{_YEAR}|(?:19|20)[0-9]{{2}}年)?(?:第\s*)?[0-9]+号"
    r"|(?:GB|DB[0-9]{2}|[A-Z]{2})(?:/T|/Z)?\s*[0-9]+(?:\.[0-9]+)?\s*[-—－–]\s*(?:19|20)[0-9]{2})"
)  # fmt: skip
_COUNT: Final = r"[0-9一二三四五六七八九十百零〇]+"
_ARTICLE: Final = rf"第{_COUNT}条(?:之{_COUNT})?(?:第{_COUNT}款)?(?:第?[（(]?{_COUNT}[）)]?项)?"
_ARTICLES: Final = re.compile(
    rf"(?:的)?(?P<words>{_ARTICLE}(?:\s*(?:[、，,和及与至到\-—]|以及)\s*(?:{_ARTICLE}|第{_COUNT}[款项]|[（(]{_COUNT}[）)]项))*)"
)
_BARE: Final = re.compile(rf"[（(]?(?P<number>{_NUMBER})[）)]?")
_BRACKET: Final = re.compile(r"\s*[（(](?P<inside>(?:[^（()）]|[（(][^（()）]*[）)])*)[）)]")
_SPLIT: Final = re.compile(r"[，,；;、]\s*")
_PART_OF_TITLE: Final = re.compile(r"试行|暂行|草案|修订草案")
_NOTE: Final = re.compile(
    r"(?:19|20)[0-9]{2}年(?:[0-9]{1,2}月)?(?:[0-9]{1,2}日)?(?:第[一二三四五]次)?(?:修正|修订|修改|施行|实施|起施行|印发|公布|发布|版|本)?"
    r"|修正|修订|修订版|原.*|以下简称.*|简称.*|已废止|已修订"
)
_JOINING: Final = re.compile(
    r"(?:[、，,；;。：:\s]|以及|依据|根据|按照|和|及|与|[0-9]{1,2}[.．、](?![0-9]))+"
)
_ISSUER: Final = re.compile(
    r"[\u4e00-\u9fff、\s]{0,40}(?:部|委|办|厅|局|院|会|政府|总署|署|银行|法院|检察院|党委|中央)(?:等[0-9一二三四五六七八九十]*部门)?"
)
_INSIDE: Final = re.compile(
    r"[\u4e00-\u9fff、\s]{0,40}关于(?:印发|发布|公布|颁布|转发|修改|废止|执行|实施|贯彻实施|贯彻落实|做好|公开)+"
)
_OUTSIDE: Final = re.compile(r"的?(?:通知|公告|决定|意见|批复|函|通告|命令|令)")


def read_citations(text: str) -> Reading[Citation]:
    """Read the citations of a cell, in its order. A number without a title is a citation without a title."""
    found: list[Citation] = []
    flags: list[str] = []
    at, between = 0, ""
    words = tidy(text)
    while at < len(words):
        step = _cited(words, at, between) or _numbered(words, at, between)
        if step is None:
            between += words[at]
            at += 1
            continue
        citation, at, before = step
        flags += _unread(before)
        between = ""
        found.append(citation)
    flags += _unread(between)
    if not words:
        flags.append("公开依据没有填写；请写明文件名称。")
    return Reading(tuple(found), tuple(flags))


def _cited(words: str, at: int, between: str) -> tuple[Citation, int, str] | None:
    """Read a citation whose 《 stands here; with it where it ends and which words before it are not its own."""
    if words[at] != "《" or (end := _closing(words, at)) is None:
        return None
    title, before, issuer = words[at + 1 : end - 1], between, ""
    inside, outside = _tail(_INSIDE, between), _OUTSIDE.match(words, end)
    if inside and outside:
        title, end, before = f"{inside}《{title}》{outside[0]}", outside.end(), between.removesuffix(inside)
    elif issuer := _tail(_ISSUER, between):
        before = between.removesuffix(issuer)
    number, notes, articles = "", [issuer] if issuer else list[str](), list[str]()
    while True:
        if not articles and (bracket := _bracket(words, end)):
            suffix, found, more, end = bracket
            title, number, notes = title + suffix, number or found, [*notes, *more]
        elif match := _ARTICLES.match(words, end):
            articles.append(plain(match["words"]))
            end = match.end()
        else:
            break
    return (
        Citation(title=tidy(title), number=number, articles="、".join(articles), note="；".join(notes)),
        end,
        before,
    )


def _bracket(words: str, at: int) -> tuple[str, str, list[str], int] | None:
    """Read a bracket behind a title: what belongs to the title, the number, other words that are understood."""
    match = _BRACKET.match(words, at)
    if match is None:
        return None
    suffix, number, notes = "", "", list[str]()
    for part in _SPLIT.split(match["inside"].strip()):
        if not number and re.fullmatch(_NUMBER, part):
            number = normal_number(part)
        elif _PART_OF_TITLE.fullmatch(part):
            suffix = f"（{part}）"
        elif _NOTE.fullmatch(part) or _ARTICLES.fullmatch(part):
            notes.append(part)
        else:
            return None
    return suffix, number, notes, match.end()


def _numbered(words: str, at: int, between: str) -> tuple[Citation, int, str] | None:
    """Read a document number that stands here without a title."""
    if between and not _JOINING.fullmatch(between):
        return None
    match = _BARE.match(words, at)
    if match is None:
        return None
    articles = _ARTICLES.match(words, match.end())
    citation = Citation(
        title="", number=normal_number(match["number"]), articles=plain(articles["words"]) if articles else ""
    )
    return citation, (articles or match).end(), between


def normal_number(number: str) -> str:
    """Write a document number as the standard does: 〔〕 around the year, no spaces; a standard's keeps one."""
    bare = re.sub(rf"({_YEAR})", lambda year: f"〔{re.sub('[^0-9]', '', year[0])}〕", number)
    bare = bare.replace("〕第", "〕")
    if re.match(r"[A-Z]", bare):
        return re.sub(r"\s+", " ", re.sub(r"\s*[-—－–]\s*", "-", bare)).strip()
    return plain(bare)


def _closing(words: str, at: int) -> int | None:
    """Find the end of the 《 at this place, with other 《》 inside it; None if it never closes."""
    depth = 0
    for place in range(at, len(words)):
        depth += (words[place] == "《") - (words[place] == "》")
        if depth == 0:
            return place + 1 if place > at + 1 else None
    return None


def _tail(pattern: re.Pattern[str], words: str) -> str:
    """Give the end of the words, from the last joining word on, if all of it is of the pattern."""
    own = re.split(r"[；;。，,]|以及", words)[-1].lstrip("、和及与 ")
    return own if own and pattern.fullmatch(own) else ""


def _unread(between: str) -> Iterator[str]:
    left = between.strip(" 、，,；;。：:")
    if not left or _JOINING.fullmatch(left):
        return
    if re.fullmatch(r"同上|同前|〃|″", left):
        yield f"公开依据写的是{quoted(left)}，不知指哪一行；请写明文件名称。"
    else:
        yield f"公开依据中{quoted(left)}没有写明可查的文件名称或文号，已按原文保留；请补写《文件名称》（文号）。"
