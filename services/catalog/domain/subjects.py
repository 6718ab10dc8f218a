"""Who is meant in a division by the words of 公开主体: organs, by their kinds, unless a person said otherwise.

An organ's kind is the last part of its code: 341323-mzj is a 民政局. A table of the seed says which kinds a phrase means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Final

from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any

LONGEST: Final = 400
"""Characters of a phrase; the longest of the ministries' tables has some 40."""
EVERY: Final = "*"
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"


class SubjectAssigned(DomainEvent):
    """These organs of a division are meant by a phrase; none is an answer too."""

    NAME: ClassVar[str] = "subject.assigned"

    division: str
    subject: str
    """As the rows have it."""
    organs: tuple[str, ...]
    """Codes, sorted."""
    by_hand: bool = False
    """A person decided; the table no longer does."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a phrase means in a division now."""

    organs: tuple[str, ...] = ()
    by_hand: bool = False


NOBODY: Final = Assignment()
Kinds = Mapping[str, tuple[tuple[str, ...], ...]]
"""Phrase, as `plain` gives it → the organs meant: of each group the first kind that the division has."""


def subject_stream(division: str, subject: str) -> str:
    """Give the stream of a phrase in a division."""
    return f"subject:{division}:{sha256(subject.encode()).hexdigest()[:32]}"


def plain(subject: str) -> str:
    """Give a phrase by which spellings are the same: widths, blanks and the kinds of brackets do not count."""
    return "".join(unicodedata.normalize("NFKC", subject).split())


def read_kinds(table: Iterable[tuple[str, str]]) -> Kinds:
    """Read the table of phrases: ``zsj>zjj|rmzf`` means 征收局, or where there is none 住建局, and 乡镇人民政府."""
    return {
        plain(subject): tuple(
            tuple(kind.strip() for kind in group.split(">")) for group in kinds.split("|") if group.strip()
        )
        for subject, kinds in table
    }


def kind_of(organ: str) -> str:
    """Give an organ's kind."""
    return organ.rpartition("-")[2]


def derive(subject: str, organs: Collection[str], kinds: Kinds) -> tuple[str, ...]:
    """Give the organs of a division that a phrase means by the table; none where it does not know the phrase."""
    by_kind: dict[str, list[str]] = {}
    for organ in organs:
        by_kind.setdefault(kind_of(organ), []).append(organ)
    meant: set[str] = set()
    for group in kinds.get(plain(subject), ()):
        if EVERY in group:
            meant.update(organs)
        meant.update(next((by_kind[kind] for kind in group if kind in by_kind), ()))
    return tuple(sorted(meant))


def follow(
    held: Assignment,
    division: str,
    subject: str,
    organs: Collection[str],
    kinds: Kinds,
    heirs: Mapping[str, str] = MappingProxyType({}),
) -> list[SubjectAssigned]:
    """Bring a phrase to what the table says; where a person decided, only put its heir in the place of what ended.

    Args:
        held: what is in force.
        division: where.
        subject: the phrase.
        organs: the organs of the division that are there today.
        kinds: the table.
        heirs: organ that ended → what stands in its place today.
    """
    meant = derive(subject, organs, kinds)
    if held.by_hand:
        meant = tuple(sorted({heirs.get(one, one) for one in held.organs} & set(organs)))
    if meant == held.organs:
        return []
    return [SubjectAssigned(division=division, subject=subject, organs=meant, by_hand=held.by_hand)]


def assign(
    held: Assignment, division: str, subject: str, wanted: Collection[str], organs: Collection[str]
) -> list[SubjectAssigned]:
    """Say by hand who is meant.

    Args:
        held: what is in force.
        division: where.
        subject: the phrase.
        wanted: codes of the organs meant; none is an answer too.
        organs: the organs of the division.

    Raises:
        Refusal: with every reason.
    """
    refuse_if_any(_reasons(subject, wanted, organs))
    meant = tuple(sorted(set(wanted)))
    if held == Assignment(meant, by_hand=True):
        return []
    return [SubjectAssigned(division=division, subject=subject, organs=meant, by_hand=True)]


def _reasons(subject: str, wanted: Collection[str], organs: Collection[str]) -> Iterator[Reason]:
    if blank(subject):
        yield Reason("subject.missing", "请填写公开主体的原文。", "subject", _PLAN)
    elif len(subject) > LONGEST:
        yield Reason("subject.long", f"公开主体超过 {LONGEST} 字，请核对。", "subject")
    for at, organ in enumerate(wanted):
        if organ not in organs:
            text = f"本区划没有机关 {organ[:40]}。请先登记机关，或改选本区划的机关。"
            yield Reason("subject.organ.unknown", text, f"organs[{at}]", _PLAN)
