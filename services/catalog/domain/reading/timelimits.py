"""公开时限: the clocks of a matter.

A cell is cut at 。；and its numbering into sentences, a sentence at its commas into clauses. A clause is read only
if one of the ``limit_forms`` covers all of it, and a sentence only if all its clauses are read: half a sentence may
say the opposite of the whole. The words are in ``limit_words``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from gongkai.contracts.matters import TimeLimit
from services.catalog.domain.reading.durations import with_digits
from services.catalog.domain.reading.limit_forms import FORMS
from services.catalog.domain.reading.limit_words import GENERIC, NARROWING
from services.catalog.domain.reading.pieces import Reading, plain, quoted, tidy

_STOP: Final = re.compile(r"[。；;\n]+")
_LABEL: Final = re.compile(
    r"^\s*(?:[0-9]{1,2}[.．、](?![0-9])|[（(][0-9一二三四五六七八九十]{1,2}[）)]|[①-⑳]|[一二三四五六七八九十]{1,2}、)"
)
_OF_THESE: Final = re.compile(r"^\s*其中[，,：:]?")
_HEAD: Final = re.compile(r"^(?P<head>[^：:，,]{1,40})[：:](?P<rest>.+)$", re.DOTALL)
_BARE_HEAD: Final = frozenset({"公开时限", "时限", "公开时间", "时间", "期限", "公开期限"})
_BRACKET: Final = re.compile(r"[（(](?!(?:或者|或)?变更[）)])([^（）()]*)[）)]")
_AND_UPDATED: Final = re.compile(r"(?<=[\u4e00-\u9fff])(?=并(?:进行|实行)?动态)")
_COMMA: Final = re.compile(r"[，,]")
_LONGEST: Final = 90  # characters of a clause; longer ones are prose
_JOINED: Final = 3  # clauses that one form may cover


@lru_cache(maxsize=4096)
def read_time_limits(text: str) -> Reading[TimeLimit]:
    """Read the clocks of a cell, in its order; ``scope`` says which part of the content a clock is for."""
    found: list[TimeLimit] = []
    flags: list[str] = []
    for sentence in _sentences(text):
        limits = _read(sentence)
        if limits is None:
            flags.append(
                f"公开时限中{quoted(sentence)}未能读出：写法不在可识别之列，已按原文保留；"
                "请改写为“自……之日起……个工作日内”一类的写法，否则由人工把握。"
            )
        found += limits or ()
    if not found and not flags:
        flags.append("公开时限没有填写；请补写。")
    return Reading(tuple(_narrowed(found)), tuple(flags))


def _sentences(text: str) -> Iterator[str]:
    for line in _STOP.split(text):
        sentence = tidy(_OF_THESE.sub("", _LABEL.sub("", line)))
        if sentence.strip("，,、：:.．"):
            yield sentence


def _read(sentence: str) -> tuple[TimeLimit, ...] | None:
    """Read all the clauses of a sentence, or none."""
    scope, rest = "", sentence
    if head := _HEAD.match(sentence):
        scope, rest = tidy(head["head"]), head["rest"]
        if re.search(r"[0-9]", scope):
            return None
        scope = "" if scope in _BARE_HEAD else scope
    clauses = [each for each in (tidy(part) for part in _COMMA.split(_apart(rest))) if each]
    limits: list[TimeLimit] = []
    at = 0
    while at < len(clauses):
        for end in range(min(at + _JOINED, len(clauses)), at, -1):
            if read := _clause("，".join(clauses[at:end])):
                break
        else:
            return None
        if scope and any(limit.scope for limit in read):
            return None
        limits += (limit.model_copy(update={"scope": scope or limit.scope}) for limit in read)
        at = end
    return tuple(limits)


def _apart(sentence: str) -> str:
    """Set what stands in brackets, and 并动态调整, apart by commas."""
    return _AND_UPDATED.sub("，", _BRACKET.sub(r"，\1，", sentence))


def _clause(text: str) -> tuple[TimeLimit, ...]:
    """Read one clause by the first form that covers it; empty if none does."""
    if len(text) > _LONGEST:
        return ()
    clause = with_digits(plain(text)).replace("(", "（").replace(")", "）")
    for form in FORMS:
        if limits := form(clause):
            return tuple(limit.model_copy(update={"text": text}) for limit in limits)
    return ()


def _narrowed(limits: list[TimeLimit]) -> Iterator[TimeLimit]:
    """Say for which part a clock is whose event is a part: 处罚决定作出后 beside 信息形成之日起, 其他信息形成之日起."""
    for limit in limits:
        rest = [other for other in limits if other is not limit and other.kind == "deadline"]
        whole = any(not other.scope and other.event in GENERIC for other in rest)
        is_part = limit.trigger in NARROWING and limit.event and not limit.scope
        if is_part and (limit.event.startswith("其他") or (whole and limit.kind == "deadline")):
            yield limit.model_copy(update={"scope": limit.event})
        else:
            yield limit
