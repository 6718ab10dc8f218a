"""公开内容（要素）: what a document published under the matter must say.

● must, 〇 may. A list that is numbered without gaps is a list; any other text is one element and is never split.
Only 〇 makes an element optional: the column is titled "what is disclosed".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from gongkai.contracts.matters import Element
from services.catalog.domain.reading.pieces import Reading, quoted, tidy

MUST: Final = "●⚫"
MAY: Final = "〇○◯◎"

_MARK: Final = re.compile(f"([{MUST}{MAY}])")
_EDGE: Final = " \t\r\n\u3000;；。，,、"
_CIRCLED: Final = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_HAN: Final = (
    "一",
    "二",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    *(f"十{n}" for n in "一二三四五六七八九"),
    "二十",
)
_CLOCK: Final = re.compile(r"[0-9０-９]+\s*个?\s*(?:工作日|日|天|小时)(?!期)")
_ON_REQUEST: Final = re.compile(r"[（(]依申请(?:公开|提供)?[）)]")
_PAIRS: Final = {"（": "）", "(": ")", "《": "》", "〈": "〉", "“": "”"}


def read_elements(text: str) -> Reading[Element]:
    """Read the elements of a cell, in its order."""
    flags: list[str] = []
    items: list[tuple[bool, str]] = []
    before, *marked = _MARK.split(text)
    if marked:
        if before.strip(_EDGE):
            flags.append(f"公开内容（要素）中{quoted(before)}写在第一个●之前，未计为要素；请加上标记或移走。")
        pairs = zip(marked[::2], marked[1::2], strict=True)
        items = [(mark in MUST, tidy(words.strip(_EDGE))) for mark, words in pairs if words.strip(_EDGE)]
    elif whole := tidy(text):
        items = [(True, words) for words in _numbered(whole) or (whole.strip(_EDGE),) if words]
    if not items:
        flags.append("公开内容（要素）没有填写；请补写。")
    flags += [
        f"要素{quoted(name)}中写有时限，未计入公开时限；如需按期核对，请写入“公开时限”。"
        for _, name in items
        if _CLOCK.search(name)
    ]
    flags += [
        f"要素{quoted(name)}注明依申请公开，未列为必填；主动公开的信息不能要求都含有它。"
        for required, name in items
        if required and _ON_REQUEST.search(name)
    ]
    elements = tuple(_keyed(items))
    for key, count in Counter(element.key for element in elements).items():
        if count > 1:
            flags.append(f"要素{quoted(key)}写了{count}次，只计一次；请删去重复的。")
    first = {element.key: element for element in reversed(elements)}
    return Reading(tuple(element for element in elements if first[element.key] is element), tuple(flags))


def _keyed(items: list[tuple[bool, str]]) -> Iterator[Element]:
    """Name each element by its head, or by all its words where two have the same head."""
    heads = Counter(_head(name) for _, name in items)
    for required, name in items:
        head = _head(name)
        key = head if heads[head] == 1 else name
        yield Element(key=key, name=name, required=required and not _ON_REQUEST.search(name))


def _head(name: str) -> str:
    """Give the words before an explanation: before a colon or semicolon, without a last bracket, without 等."""
    head = name[: _first_outside(name)].strip(_EDGE)
    if head.endswith(("）", ")")):
        start = _opening(head)
        head = head[:start].strip(_EDGE) if start > 0 else head
    if len(head) > 1:
        head = head.removesuffix("等").strip(_EDGE)
    return head or name


def _first_outside(name: str) -> int:
    """Find the first colon or semicolon outside brackets and quotes; the length if there is none."""
    closing: list[str] = []
    for at, char in enumerate(name):
        if closing and char == closing[-1]:
            closing.pop()
        elif char in _PAIRS:
            closing.append(_PAIRS[char])
        elif not closing and char in "：:；;":
            return at
    return len(name)


def _opening(head: str) -> int:
    """Find where the bracket opens that closes the words; 0 if none does."""
    depth = 0
    for at in range(len(head) - 1, -1, -1):
        depth += (head[at] in "）)") - (head[at] in "（(")
        if depth == 0:
            return at
    return 0


def _numbered(text: str) -> tuple[str, ...]:
    """Split a list numbered 1, 2, 3 … from its very beginning, in one style; empty if it is none."""
    for label in (_arabic, _bracketed, _circled, _han, _bracketed_han):
        starts: list[re.Match[str]] = []
        while match := label(len(starts) + 1, text, starts[-1].end() if starts else 0):
            if not starts and match.start() > 0:
                break
            starts.append(match)
        if len(starts) > 1:
            ends = [*(match.start() for match in starts[1:]), len(text)]
            return tuple(text[m.end() : end].strip(_EDGE) for m, end in zip(starts, ends, strict=True))
    return ()


def _arabic(n: int, text: str, start: int) -> re.Match[str] | None:
    return re.compile(rf"(?<![0-9.．]){n}\s*(?:[.．、](?![0-9]))").search(text, start)


def _bracketed(n: int, text: str, start: int) -> re.Match[str] | None:
    return re.compile(rf"[（(]{n}[）)][、.．]?").search(text, start)


def _circled(n: int, text: str, start: int) -> re.Match[str] | None:
    return re.compile(_CIRCLED[n - 1]).search(text, start) if n <= len(_CIRCLED) else None


def _han(n: int, text: str, start: int) -> re.Match[str] | None:
    return re.compile(rf"(?:^|(?<=[；;。\s])){_HAN[n - 1]}、").search(text, start) if n <= len(_HAN) else None


def _bracketed_han(n: int, text: str, start: int) -> re.Match[str] | None:
    return re.compile(rf"[（(]{_HAN[n - 1]}[）)]、?").search(text, start) if n <= len(_HAN) else None
