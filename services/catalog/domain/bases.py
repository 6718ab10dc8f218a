"""Bases (公开依据): laws and documents that matters rest on, and whether they are still in force.

What is known of a basis comes from three hands: the seed, a published list that is imported (again and again), and
people. An import never undoes in silence what is better known; see ``learn``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Final, Literal

from gongkai.citing import title_key
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any

KINDS: Final = ("law", "regulation", "rule", "local", "normative", "other")
STATES: Final = ("in_force", "amended", "repealed", "replaced", "unknown")
"""``amended``: in force, with a text that is not its first: articles may be counted otherwise than when cited."""
FALLEN: Final = ("repealed", "replaced")
"""What a matter can no longer rest on."""
MARKS: Final = ("L", "F", "S", "M")
"""From the surest: L read in the statute; F on a published page; S the city's plan; M recalled, not confirmed."""
LONGEST: Final = 400
"""Characters of a title, a source or an alias."""
ALIASES: Final = 20
Verdict = Literal["registered", "changed", "same", "kept"]
"""``kept``: what was imported contradicts what is better known, and was not taken over."""


class BasisFacts(DomainEvent):
    """A basis as it stands after the event."""

    basis: str
    title: str
    """Without 《》."""
    number: str
    """文号; empty where it has none."""
    kind: str
    region: str
    """Only of a local one whose title does not say where."""
    aliases: tuple[str, ...]
    """Other titles it is cited by."""
    state: str
    since: date | None
    """When the state began; None where that was not found."""
    replaced_by: str
    """Id of the basis in whose place it came; empty for none known."""
    source: str
    checked_on: date | None
    """When the source was read."""
    mark: str
    by: Literal["import", "edit"]


class BasisRegistered(BasisFacts):
    """A basis entered the registry."""

    NAME: ClassVar[str] = "basis.registered"


class BasisDescribed(BasisFacts):
    """Its title, number, kind or aliases are others now."""

    NAME: ClassVar[str] = "basis.described"


class BasisStateChanged(BasisFacts):
    """Whether it is in force, or how well that is known, is otherwise than before."""

    NAME: ClassVar[str] = "basis.state_changed"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a basis is in force, and how that is known."""

    state: str
    since: date | None
    replaced_by: str
    source: str
    checked_on: date | None
    mark: str

    @property
    def claim(self) -> tuple[str, date | None, str, str]:
        """What is said, without where and when it was read."""
        return self.state, self.since, self.replaced_by, self.mark


@dataclass(frozen=True, slots=True)
class SetBasis:
    """What somebody, or some list, says of a basis."""

    title: str
    number: str
    kind: str
    region: str
    aliases: tuple[str, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Basis:
    """A registered basis."""

    id: str
    said: SetBasis
    imported: tuple[str, date | None, str, str] | None = None
    """The last claim that came by import."""


def basis_id(title: str, region: str = "") -> str:
    """Give a basis its id: the same for every way of writing its title, so that importing again changes nothing."""
    words = title_key(title) + (f"@{region}" if region else "")
    return f"b-{hashlib.sha256(words.encode()).hexdigest()[:12]}"


def evolve(state: Basis | None, event: BasisFacts) -> Basis:
    """Apply one event."""
    standing = Standing(
        event.state, event.since, event.replaced_by, event.source, event.checked_on, event.mark
    )
    said = SetBasis(event.title, event.number, event.kind, event.region, event.aliases, standing)
    imported = state.imported if state else None
    is_claim = event.by == "import" and not isinstance(event, BasisDescribed)
    return Basis(event.basis, said, standing.claim if is_claim else imported)


def edit(state: Basis | None, command: SetBasis, replacement: Basis | None) -> list[BasisFacts]:
    """Let a person say what a basis is and whether it is in force; the same again changes nothing.

    Args:
        state: the basis, None for a new one.
        command: everything that is to be true of it.
        replacement: the registered basis of ``standing.replaced_by``, None where there is none.
    """
    identity = state.id if state else basis_id(command.title, command.region)
    refuse_if_any(_reasons(command, replacement, identity))
    return _events(state, identity, command, "edit")


def learn(state: Basis | None, told: SetBasis) -> tuple[Verdict, list[BasisFacts]]:
    """Take over what a list says of a basis.

    A title, a number and a kind that are known stay; aliases are added. The state is taken over unless

    - the list does not know it, or says what it said the last time (somebody may have corrected it since);
    - it adds nothing to a fall that is known;
    - it would raise what has fallen by a text that is older than the fall: lists lag;
    - it is less sure than what is known.
    """
    refuse_if_any(_faults(told))
    if state is None:
        return "registered", _events(None, basis_id(told.title, told.region), told, "import")
    verdict = _weigh(state, told.standing)
    standing = told.standing if verdict == "changed" else state.said.standing
    was = state.said
    said = SetBasis(
        was.title,
        was.number or told.number,
        told.kind if was.kind == "other" else was.kind,
        was.region,
        _names((*was.aliases, *told.aliases, told.title), was.title),
        standing,
    )
    events = _events(state, state.id, said, "import")
    return "changed" if events and verdict == "same" else verdict, events


def _weigh(state: Basis, told: Standing) -> Verdict:
    known = state.said.standing
    if told.state == "unknown" or told.claim in (known.claim, state.imported):
        return "same"
    if known.state == "unknown":
        return "changed"
    if known.state in FALLEN:
        if told.state in FALLEN and not told.replaced_by and told.since in (None, known.since):
            return "same"
        older = told.since is None or known.since is None or told.since <= known.since
        if told.state not in FALLEN and older:
            return "kept"
    elif told.state == known.state and told.since is None:
        return "same"
    return "kept" if MARKS.index(told.mark) > MARKS.index(known.mark) else "changed"


def _events(
    state: Basis | None, identity: str, said: SetBasis, by: Literal["import", "edit"]
) -> list[BasisFacts]:
    aliases = _names((*said.aliases, *(() if state is None else (state.said.title,))), said.title)
    said = replace(said, title=_bare(said.title), number=said.number.strip(), aliases=aliases)
    if state is None:
        return [_event(BasisRegistered, identity, said, by)]
    was, events = state.said, list[BasisFacts]()
    described = (said.title, said.number, said.kind, said.aliases)
    if described != (was.title, was.number, was.kind, was.aliases):
        before = replace(said, region=was.region, standing=was.standing)
        events.append(_event(BasisDescribed, identity, before, by))
    if said.standing != was.standing:
        after = replace(said, region=was.region)
        events.append(_event(BasisStateChanged, identity, after, by))
    return events


def _event(
    kind: type[BasisFacts], identity: str, said: SetBasis, by: Literal["import", "edit"]
) -> BasisFacts:
    standing = said.standing
    return kind(
        basis=identity,
        title=said.title,
        number=said.number,
        kind=said.kind,
        region=said.region,
        aliases=said.aliases,
        state=standing.state,
        since=standing.since,
        replaced_by=standing.replaced_by,
        source=standing.source,
        checked_on=standing.checked_on,
        mark=standing.mark,
        by=by,
    )


def _bare(title: str) -> str:
    """Give a title without the 《》 that stand around all of it."""
    words = title.strip()
    whole = words.startswith("《") and words.endswith("》") and words.count("《") == 1
    return words[1:-1] if whole else words


def _names(names: tuple[str, ...], title: str) -> tuple[str, ...]:
    """Give names that are not the title written otherwise, each once, in a fixed order."""
    keys = {title_key(title)}
    kept = []
    for name in names:
        if (key := title_key(name)) and key not in keys:
            keys.add(key)
            kept.append(name.strip())
    return tuple(sorted(kept))


def _reasons(command: SetBasis, replacement: Basis | None, identity: str) -> Iterator[Reason]:
    yield from _faults(command)
    standing = command.standing
    if standing.replaced_by:
        if standing.replaced_by == identity:
            yield Reason("basis.replaced.itself", "依据不能被它自己替代，请另选替代的依据。", "replaced_by")
        elif replacement is None:
            yield Reason(
                "basis.replaced.unknown",
                f"替代的依据 {standing.replaced_by} 没有登记，请先登记它。",
                "replaced_by",
            )
    yield from _sourceless(standing)


def faults_of(said: SetBasis) -> list[Reason]:
    """Give what is wrong with what a person says, as far as it shows without the registry."""
    return [*_faults(said), *_sourceless(said.standing)]


def _sourceless(standing: Standing) -> Iterator[Reason]:
    if blank(standing.source):
        yield Reason("basis.source.missing", "请写明在何处查得其效力（网站、公报或文件名称）。", "source")


def _faults(said: SetBasis) -> Iterator[Reason]:
    standing = said.standing
    if not title_key(said.title):
        yield Reason("basis.title.missing", "请填写依据的名称。", "title")
    for field, text in (("title", said.title), ("number", said.number), ("source", standing.source)):
        if len(text) > LONGEST:
            yield Reason("basis.long", f"有 {len(text)} 字，超过 {LONGEST} 字的上限，请缩短。", field)
    if len(said.aliases) > ALIASES or any(len(alias) > LONGEST for alias in said.aliases):
        yield Reason(
            "basis.aliases", f"别名最多 {ALIASES} 个，每个不超过 {LONGEST} 字，请删去多余的。", "aliases"
        )
    if said.kind not in KINDS:
        yield Reason(
            "basis.kind.unknown", "依据的种类应为法律、行政法规、规章、地方性法规、规范性文件或其他。", "kind"
        )
    if standing.state not in STATES:
        yield Reason(
            "basis.state.unknown", "效力状态应为有效、已修订、废止或失效、已被替代或待核实。", "state"
        )
    elif standing.state == "replaced" and not standing.replaced_by:
        yield Reason("basis.replaced.missing", "已被替代的依据应写明由哪一件替代。", "replaced_by")
    elif standing.replaced_by and standing.state not in FALLEN:
        yield Reason("basis.replaced.unexpected", "仍然有效的依据不应写替代的依据，请留空。", "replaced_by")
    if standing.mark not in MARKS:
        yield Reason("basis.mark.unknown", "出处标记应为 L、F、S 或 M。", "mark")
