"""公开依据: the titles, document numbers and articles that a row cites.

A title stands in 《》, its number in brackets behind it, its articles behind that. What stands between citations
and names nothing that can be looked up (及相关规定, 各地相关政策, 同上) is flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
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
    r"|(?:发布|公布|施行|实施|生效|成文|印发)(?:日期|时间)[:：]?(?:19|20)[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}日"
    r"|(?:发布|制定|发文)(?:机关|单位)[:：]?[\u4e00-\u9fff]{2,24}"
    r"|修正|修订|修订版|原.*|以下简称.*|简称.*|已废止|已修订"
)
_NUMBER_AND_NOTE: Final = re.compile(
    rf"(?:发文字号|文号)?[:：]?(?P<number>{_NUMBER})(?P<note>{_NOTE.pattern})?"
)
_SAYS: Final = re.compile(r"\s*的?(?:有关|相关)?规定(?=[、，,；;。\s]|$)")
_KIND: Final = "【[\u4e00-\u9fff、及和]{2,16}】"
_JOINING: Final = re.compile(
    rf"(?:{_KIND}|[、，,；;。：:\s]|以及|依据|根据|按照|和|及|与|[0-9]{{1,2}}[.．、](?![0-9]))+"
)
_ISSUER: Final = re.compile(
    r"[\u4e00-\u9fff、\s]{0,40}(?:部|委|办|厅|局|院|会|政府|总署|署|银行|法院|检察院|党委|中央)(?:等[0-9一二三四五六七八九十]*部门)?"
)
_INSIDE: Final = re.compile(
    r"[\u4e00-\u9fff、\s]{0,40}关于(?:印发|发布|公布|颁布|转发|修改|废止|执行|实施|贯彻实施|贯彻落实|做好|公开)+"
)
_OUTSIDE: Final = re.compile(r"的?(?:通知|公告|决定|意见|批复|函|通告|命令|令)")


@lru_cache(maxsize=4096)
def read_citations(text: str) -> Reading[Citation]:
    """Read the citations of a cell, in its order. A number without a title is a citation without a title."""
    found: list[Citation] = []
    flags: list[str] = []
    words = tidy(text)
    closings = _closings(words)
    opening = iter(sorted(closings))
    at, title_at = 0, next(opening, None)
    while at < len(words):
        while title_at is not None and title_at < at:
            title_at = next(opening, None)
        if step := _numbered(words, at):
            citation, at, before = step
        elif title_at is not None:
            citation, at, before = _cited(words, title_at, closings[title_at], words[at:title_at])
        else:
            flags += _unread(words[at:])
            break
        flags += _unread(before)
        found.append(citation)
    if not found and not flags:
        flags.append("公开依据没有填写；请写明文件名称。")
    return Reading(tuple(found), tuple(flags))


def _cited(words: str, at: int, end: int, between: str) -> tuple[Citation, int, str]:
    """Read the citation whose 《 stands here; with it where it ends and which words before it are not its own."""
    title, before, issuer = words[at + 1 : end - 1], between, ""
    inside, outside = _tail(_INSIDE, between), _OUTSIDE.match(words, end)
    if inside and outside:
        title, end, before = f"{inside}《{title}》{outside[0]}", outside.end(), between.removesuffix(inside)
    elif issuer := _tail(_ISSUER, between):
        before = between.removesuffix(issuer)
    number, notes, articles = "", [issuer] if issuer else list[str](), list[str]()
    while True:
        bracket = None if articles else _bracket(words, end)
        if bracket and not (number and bracket.number):
            title, number, end = title + bracket.suffix, number or bracket.number, bracket.end
            notes, articles = [*notes, *bracket.notes], [*articles, *bracket.articles]
        elif match := _ARTICLES.match(words, end):
            articles.append(plain(match["words"]))
            end = match.end()
        else:
            break
    says = _SAYS.match(words, end)
    citation = Citation(title=tidy(title), number=number, articles="、".join(articles), note="；".join(notes))
    return citation, says.end() if says else end, before


@dataclass(slots=True)
class _Bracket:
    """What a bracket behind a title says."""

    end: int
    suffix: str = ""
    """Belongs to the title: （试行）."""
    number: str = ""
    notes: list[str] = field(default_factory=list)
    articles: list[str] = field(default_factory=list)


def _bracket(words: str, at: int) -> _Bracket | None:
    """Read the bracket that stands here; None unless all of it is understood."""
    match = _BRACKET.match(words, at)
    if match is None:
        return None
    read = _Bracket(match.end())
    for part in _SPLIT.split(match["inside"].strip()):
        if not read.number and (numbered := _NUMBER_AND_NOTE.fullmatch(_joined(part))):
            read.number = normal_number(numbered["number"])
            read.notes += [numbered["note"]] if numbered["note"] else []
        elif _PART_OF_TITLE.fullmatch(part):
            read.suffix = f"（{part}）"
        elif _ARTICLES.fullmatch(part):
            read.articles.append(plain(part))
        elif _NOTE.fullmatch(part):
            read.notes.append(part)
        else:
            return None
    return read


def _joined(part: str) -> str:
    """Take the spaces out of a document number; a standard's, with letters, keeps them."""
    return part if re.search("[A-Z]", part) else plain(part)


def _numbered(words: str, at: int) -> tuple[Citation, int, str] | None:
    """Read a document number without a title that stands here, or behind words that only join."""
    joining = _JOINING.match(words, at)
    for start in dict.fromkeys((at, joining.end() if joining else at)):
        if match := _BARE.match(words, start):
            articles = _ARTICLES.match(words, match.end())
            said = plain(articles["words"]) if articles else ""
            citation = Citation(title="", number=normal_number(match["number"]), articles=said)
            return citation, (articles or match).end(), words[at:start]
    return None


def normal_number(number: str) -> str:
    """Write a document number as the standard does: 〔〕 around the year, no spaces; a standard's keeps one."""
    bare = re.sub(rf"({_YEAR})", lambda year: f"〔{re.sub('[^0-9]', '', year[0])}〕", number)
    bare = bare.replace("〕第", "〕")
    if re.match(r"[A-Z]", bare):
        return re.sub(r"\s+", " ", re.sub(r"\s*[-—－–]\s*", "-", bare)).strip()
    return plain(bare)


def _closings(words: str) -> dict[int, int]:
    """Find for every 《 that closes the end of its 》; those inside another are its own."""
    open_at: list[int] = []
    ends: dict[int, int] = {}
    for place, char in enumerate(words):
        if char == "《":
            open_at.append(place)
        elif char == "》" and open_at:
            ends[open_at.pop()] = place + 1
    return {start: end for start, end in ends.items() if end > start + 2}


def _tail(pattern: re.Pattern[str], words: str) -> str:
    """Give the end of the words, from the last joining word on, if all of it is of the pattern."""
    own = re.split(r"[；;。，,】]|以及", words)[-1].lstrip("、和及与 ")
    return own if own and pattern.fullmatch(own) else ""


def _unread(between: str) -> Iterator[str]:
    left = re.sub(f"^{_KIND}|{_KIND}$", "", between.strip(" 、，,；;。：:")).strip(" 、，,；;。：:")
    if not left or _JOINING.fullmatch(left):
        return
    if re.fullmatch(r"同上|同前|〃|″", left):
        yield f"公开依据写的是{quoted(left)}，不知指哪一行；请写明文件名称。"
    else:
        yield f"公开依据中{quoted(left)}没有写明可查的文件名称或文号，已按原文保留；请补写《文件名称》（文号）。"
