"""What a published list of laws says of each title: is it in force, since when, and what came in its place.

The list is JSON lines, one text of a law each: ``title``, ``level``, ``region``, ``issued``, ``effective``, ``expired``,
``history``, ``body``. A title may have several texts; its state is that of the newest. How the fields are read:

- ``expired`` is of the text, not of the title: an old text has expired where a newer one is in the list.
- Where ``history`` knows a text younger than ``issued``, ``expired`` speaks of an older text: nothing follows from it.
- “《甲》同时废止” in a ``body`` is the statute's own word, surer than a field; it also tells of titles the list lacks.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson

from gongkai.citing import title_key

_KINDS: Final = {
    "宪法": "law", "法律": "law", "行政法规": "regulation", "部门规章": "rule", "地方性法规": "local", "民法典": "law",
}  # fmt: skip
_DAY: Final = re.compile(r"((?:19|20)\d{2})年(\d{1,2})月(\d{1,2})日")
_STARTS: Final = re.compile(r"自((?:19|20)\d{2})年(\d{1,2})月(\d{1,2})日起(?:施行|实施|生效)")
_AMENDED: Final = re.compile(r"修正|修订|修改")
_NUMBER: Final = re.compile(r"国务院令第(\d+)号")
_REPEALS: Final = re.compile(r"(?P<what>[^。\n]*)同时(?:予以)?废止")
_WHOLE: Final = re.compile(
    r"《(?P<title>(?:[^《》]|《[^《》]*》)+)》(?:[（(][^（）()]*[）)])*(?=[、，,和及]|以及|$)"
)
_ARTICLE: Final = re.compile(r"^(第[一二三四五六七八九十百千零]+条)")
_PLACE: Final = re.compile(r"[省市县州区盟旗]|^中国")


@dataclass(frozen=True, slots=True)
class Fact:
    """What the list says of one title."""

    title: str
    number: str = ""
    kind: str = "other"
    region: str = ""
    """Only where the title itself does not say where it applies."""
    state: str = "unknown"
    since: date | None = None
    replaced_by: str = ""
    """Title."""
    replacer_region: str = ""
    source: str = ""
    mark: str = "F"


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of a law, without its body."""

    title: str
    kind: str
    region: str
    expired: bool | None
    issued: date | None
    starts: date | None
    made: tuple[date, ...]
    """When each text was passed or brought out, by ``history``."""
    amended: bool
    number: str

    @property
    def newest(self) -> date:
        """The youngest day the text is known by."""
        return max((day for day in (self.issued, *self.made) if day), default=date.min)


@dataclass(frozen=True, slots=True)
class _Repeal:
    """A title's end, in the words of the statute that ends it."""

    title: str
    by: _Text
    on: date
    words: str


@dataclass(slots=True)
class _Found:
    texts: dict[tuple[str, str], list[_Text]] = field(default_factory=lambda: defaultdict(list))
    """Title's key and region → its texts."""
    repeals: dict[str, list[_Repeal]] = field(default_factory=lambda: defaultdict(list))


def read_laws(file: Path, on: date) -> list[Fact]:
    """Read a list as of a day; facts that others are named in come before those that name them.

    The file is read line by line; of a body only its repeals are kept.

    Raises:
        ValueError: a line is no JSON object with a title; its number is told.
    """
    return facts_of(_lines(file), file.name, on)


def facts_of(laws: Iterable[Mapping[str, Any]], name: str, on: date) -> list[Fact]:
    """Give the facts of a list that has a name; what is to end after ``on`` still stands."""
    found = _Found()
    for law in laws:
        text = _text_of(law)
        found.texts[title_key(text.title), text.region].append(text)
        for repeal in _repeals(text, str(law.get("body") or "")):
            if repeal.on <= on:
                found.repeals[title_key(repeal.title)].append(repeal)
    regions: dict[str, set[str]] = defaultdict(set)
    for key, region in found.texts:
        regions[key].add(region)
    facts: dict[tuple[str, str], Fact] = {}
    for (key, region), texts in found.texts.items():
        named = region if len(regions[key]) > 1 or not _names_place(texts[0]) else ""
        facts[key, region] = _fact(texts, found.repeals.get(key, []), named, name)
    for key, repeals in found.repeals.items():
        if key not in regions:
            facts[key, ""] = _repealed(Fact(repeals[0].title), repeals, name)
    return _in_order([_with_region(fact, facts) for fact in facts.values()])


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                law = orjson.loads(line)
            except ValueError:
                raise ValueError(f"{file.name} 第 {number} 行不是 JSON。") from None
            if (
                not isinstance(law, dict)
                or not isinstance(law.get("title"), str)
                or not title_key(law["title"])
            ):
                raise ValueError(f"{file.name} 第 {number} 行没有名称（title）。")
            yield law


def _text_of(law: Mapping[str, Any]) -> _Text:
    history = [str(step) for step in law.get("history") or ()]
    issued, body = _iso(law.get("issued")), str(law.get("body") or "")
    made = tuple(day for step in history if "施行" not in step for day in _days(step))
    begins = [day for step in history if "施行" in step for day in _days(step)]
    begins += [date(*map(int, match)) for match in _STARTS.findall(body)]
    effective, last = _iso(law.get("effective")), max((day for day in (issued, *made) if day), default=None)
    numbers = _NUMBER.findall("；".join(history))
    return _Text(
        title=str(law["title"]).strip(),
        kind=_KINDS.get(str(law.get("level")), _KINDS.get(str(law.get("category")), "other")),
        region=str(law.get("region") or ""),
        expired=law.get("expired"),
        issued=issued,
        starts=effective or min((day for day in begins if last is None or day >= last), default=None),
        made=made,
        amended=any(_AMENDED.search(step) for step in history),
        number=f"国务院令第{numbers[-1]}号" if numbers else "",
    )


def _repeals(text: _Text, body: str) -> Iterator[_Repeal]:
    """Read which titles a body ends, whole and by name. A local one ends only what names a place."""
    article = ""
    for line in body.splitlines():
        if match := _ARTICLE.match(line):
            article = match[1]
        if "废止" not in line:
            continue
        starts = _STARTS.search(line)
        on = date(*map(int, starts.groups())) if starts else text.starts
        for clause in _REPEALS.finditer(line):
            for named in _WHOLE.finditer(clause["what"]):
                title = named["title"].strip()
                local = text.kind == "local" and not _PLACE.search(title)
                if on and not local and title_key(title) not in ("", title_key(text.title)):
                    words = f"《{text.title}》{article}：“《{title}》……同时废止”"
                    yield _Repeal(title, text, on, words)


_MARKED: Final = {None: "未载效力", False: "标为有效", True: "标为已失效"}
"""What the list says of a text, in a reader's words."""


def _fact(texts: Sequence[_Text], repeals: Sequence[_Repeal], region: str, name: str) -> Fact:
    text = max(texts, key=lambda each: (each.newest, each.expired is not None))
    later = [
        repeal for repeal in repeals if repeal.on > text.newest and repeal.by.region in ("", text.region)
    ]
    fact = Fact(text.title, text.number, text.kind, region)
    if later and text.newest > date.min:
        return _repealed(fact, later, name)
    read = f"国家法律法规数据库公开数据（{name}）：{_day(text.newest)}文本，{_MARKED[text.expired]}"
    if text.expired is None:
        return replace(fact, source=f"{read}。")
    if not text.expired:
        amended = text.amended or len({each.newest for each in texts}) > 1
        since = text.starts or (text.issued if amended else None)
        return replace(fact, state="amended" if amended else "in_force", since=since, source=f"{read}。")
    if text.issued and text.newest > text.issued:
        older = f"，所指为{_day(text.issued)}文本，现行文本的效力未载。"
        return replace(fact, source=read + older)
    return replace(fact, state="repealed", source=f"{read}，为该名称的最新文本。")


def _repealed(fact: Fact, repeals: Sequence[_Repeal], name: str) -> Fact:
    first = min(repeals, key=lambda each: each.on)
    return replace(
        fact,
        state="replaced",
        since=first.on,
        replaced_by=first.by.title,
        replacer_region=first.by.region,
        source=f"{first.words}（{name}，body）",
        mark="L",
    )


def _with_region(fact: Fact, facts: Mapping[tuple[str, str], Fact]) -> Fact:
    """Name the replacer as its own fact does."""
    if not fact.replaced_by:
        return fact
    replacer = facts[title_key(fact.replaced_by), fact.replacer_region]
    return replace(fact, replaced_by=replacer.title, replacer_region=replacer.region)


def _in_order(facts: Sequence[Fact]) -> list[Fact]:
    """Put every fact behind the one that names what came in its place."""
    by_name = {(title_key(fact.title), fact.region): fact for fact in facts}
    ordered: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        chain: list[tuple[str, str]] = []
        name = (title_key(fact.title), fact.region)
        while name in by_name and name not in ordered and name not in chain:
            chain.append(name)
            step = by_name[name]
            name = (title_key(step.replaced_by), step.replacer_region)
        for each in reversed(chain):
            ordered[each] = by_name[each]
    return list(ordered.values())


def _names_place(text: _Text) -> bool:
    return text.kind != "local" or text.region in text.title or bool(_PLACE.search(text.title))


def _days(words: str) -> Iterator[date]:
    for match in _DAY.findall(words):
        try:
            yield date(*map(int, match))
        except ValueError:
            continue


def _iso(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _day(day: date) -> str:
    return day.isoformat() if day > date.min else "日期未载的"
