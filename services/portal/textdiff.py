"""What changed between two texts of a table's cell, in pieces a reader understands: whole elements, titles, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final, NamedTuple

_MARKED: Final = re.compile(r"[●○〇■□][^●○〇■□;；]*|[;；]|[^●○〇■□;；]+")
_WORDS: Final = re.compile(r"《[^》]*》|〔[^〕]*〕|[0-9]+|[A-Za-z]+|.", re.DOTALL)
_MARKS: Final = frozenset("●○〇■□")
_LONGEST: Final = 4000
"""Characters above which two texts are shown whole, one struck, one new."""


class Piece(NamedTuple):
    """A run of text: in both, only in the old one, only in the new one."""

    kind: str
    """same, gone or new."""
    text: str


def pieces(was: str, now: str) -> list[Piece]:
    """What stands in both, what went, what came, in reading order.

    Args:
        was: the text it is compared with.
        now: the text as it is.
    """
    if was == now:
        return [Piece("same", now)] if now else []
    if not was or not now or len(was) + len(now) > _LONGEST:
        return [one for one in (Piece("gone", was), Piece("new", now)) if one.text]
    old, new = _tokens(was), _tokens(now)
    return list(_joined(_matched(old, new)))


def _tokens(text: str) -> list[str]:
    """Elements and boxes where the text has any, else titles, numbers and characters."""
    return (_MARKED if _MARKS & set(text) else _WORDS).findall(text)


def _matched(old: list[str], new: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(new[from_new:to_new]))
            continue
        yield Piece("gone", "".join(old[from_old:to_old]))
        yield Piece("new", "".join(new[from_new:to_new]))


def _joined(found: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one; what is empty left out."""
    held: Piece | None = None
    for one in found:
        if not one.text:
            continue
        if held is not None and held.kind == one.kind:
            held = Piece(held.kind, held.text + one.text)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held
