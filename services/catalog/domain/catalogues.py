"""Catalogues (目录): the lineage of a division, whose editions are drafted, reviewed by another person and published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from gongkai.contracts.matters import COLUMNS
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any
from services.catalog.domain.drafting import (
    CatalogueEvent,
    CatalogueFounded,
    EditionDiscarded,
    EditionOpened,
    EditionProposed,
    EditionReturned,
    UpperTaken,
)
from services.catalog.domain.editions import EditionPublished
from services.catalog.domain.merging import Asked, Question

GUIDE: Final = "guide"
"""The catalogue of the State's guides (国家试点领域标准指引), kept by the city's stewards; it has none above."""
LEVELS: Final = ("guide", "city", "county", "township")
"""From the top down: each stands on the one before."""
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"
_MOST_TOLD: Final = 100
"""Questions that a refusal names one by one; the rest it counts."""
NONE, DRAFTING, PROPOSED = "none", "drafting", "proposed"
_PHASES: Final[Mapping[str, str]] = MappingProxyType(
    {NONE: "没有起草中的版本", DRAFTING: "正在起草", PROPOSED: "已送复核"}
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue as its events tell."""

    id: str
    division: str
    level: str
    upper: str
    """Empty for a guide."""
    title: str
    phase: str = NONE
    number: int = 0
    """Of the newest edition, drafted or published."""
    draft_title: str = ""
    upper_edition: int = 0
    """That the draft stands on, or the newest edition did."""
    proposed_by: str = ""
    note: str = ""
    """Of the proposal, or why it was returned."""
    published: int = 0
    upper_taken: int = 0
    """That the edition in force stands on."""


@dataclass(frozen=True, slots=True)
class Above:
    """What the catalogue above has published."""

    published: int = 0
    title: str = ""


def evolve(state: Catalogue | None, event: DomainEvent) -> Catalogue | None:  # noqa: PLR0911 - one return an event
    """Apply one event.

    Raises:
        TypeError: an event that is not of a catalogue.
    """
    if isinstance(event, CatalogueFounded):
        return Catalogue(event.catalogue, event.division, event.level, event.upper, event.title)
    assert state is not None, "a catalogue is founded first"
    match event:
        case EditionOpened():
            return replace(
                state, phase=DRAFTING, number=event.number, upper_edition=event.upper_edition,
                draft_title=event.title, proposed_by="", note="",
            )  # fmt: skip
        case UpperTaken():
            return replace(state, upper_edition=event.upper_edition)
        case EditionProposed():
            return replace(state, phase=PROPOSED, proposed_by=event.by, note=event.note)
        case EditionReturned():
            return replace(state, phase=DRAFTING, proposed_by="", note=event.reason)
        case EditionDiscarded():
            return replace(
                state, phase=NONE, number=state.published, upper_edition=state.upper_taken,
                draft_title="", proposed_by="", note="",
            )  # fmt: skip
        case EditionPublished():
            return replace(
                state, phase=NONE, number=event.number, published=event.number, title=event.title,
                draft_title="", proposed_by="", note="", upper_edition=event.upper_number,
                upper_taken=event.upper_number,
            )  # fmt: skip
        case _:
            raise TypeError(f"{event.NAME} is not about a catalogue")


def open_edition(state: Catalogue, above: Above, title: str, *, founded: bool) -> list[CatalogueEvent]:
    """Begin the next edition. A later one stands where the one before stood; `take_upper` brings it up to date.

    Args:
        state: the catalogue; as it will be founded where there is none yet.
        above: the catalogue above.
        title: empty to keep the catalogue's.
        founded: it exists already.
    """
    refuse_if_any(_opening(state, above))
    founding: list[CatalogueEvent] = [
        CatalogueFounded(
            catalogue=state.id,
            division=state.division,
            level=state.level,
            upper=state.upper,
            title=state.title,
        )
    ]
    opened = EditionOpened(
        catalogue=state.id,
        number=state.published + 1,
        upper_edition=state.upper_taken or above.published,
        title=title.strip() or state.title,
    )
    return [*([] if founded else founding), opened]


def take_upper(state: Catalogue, above: Above) -> list[CatalogueEvent]:
    """Let the draft stand on the newest edition above; nothing where it does."""
    refuse_if_any(_drafting(state))
    if state.upper_edition == above.published:
        return []
    return [UpperTaken(catalogue=state.id, upper_edition=above.published)]


def require_draft(state: Catalogue) -> None:
    """Return if the draft may be edited.

    Raises:
        Refusal: it may not now.
    """
    refuse_if_any(_drafting(state))


def propose(
    state: Catalogue,
    by: str,
    note: str,
    open_questions: Sequence[tuple[str, Question]],
    *,
    rows: int,
    changed: bool,
) -> list[CatalogueEvent]:
    """Hand the draft to another person.

    Args:
        state: the catalogue.
        by: the actor.
        note: for the reviewer.
        open_questions: what is undecided, by name of the matter.
        rows: how many the edition would have.
        changed: it is not as the edition in force.
    """

    def reasons() -> Iterator[Reason]:
        yield from _drafting(state)
        yield from unpublishable(open_questions, rows)
        if not changed and not open_questions and rows:
            yield Reason(
                "edition.unchanged",
                "与现行版本相比没有任何变化，不需要发布新版。请先修改草稿，不改了就放弃草稿。",
                "catalogue",
            )

    refuse_if_any(reasons())
    return [EditionProposed(catalogue=state.id, by=by, note=note.strip())]


def give_back(state: Catalogue, reason: str) -> list[CatalogueEvent]:
    """Send a proposed draft back to be worked on."""

    def reasons() -> Iterator[Reason]:
        yield from _proposed(state)
        if blank(reason):
            yield Reason("return.reason.missing", "退回须说明理由，请写明需要修改之处。", "reason")

    refuse_if_any(reasons())
    return [EditionReturned(catalogue=state.id, reason=reason.strip())]


def discard(state: Catalogue, reason: str) -> list[CatalogueEvent]:
    """Give the draft up, with everything that was edited in it."""

    def reasons() -> Iterator[Reason]:
        if state.phase != DRAFTING:
            advice = "没有可以放弃的草稿" if state.phase == NONE else "要放弃请先退回"
            text = f"目录目前{_PHASES[state.phase]}，不能放弃草稿。{advice}。"
            yield Reason("edition.not-drafting", text, "catalogue")
        if blank(reason):
            yield Reason("discard.reason.missing", "放弃草稿须说明理由，请写明为什么不再继续。", "reason")

    refuse_if_any(reasons())
    return [EditionDiscarded(catalogue=state.id, number=state.number, reason=reason.strip())]


def publishing_reasons(
    state: Catalogue, by: str, open_questions: Sequence[tuple[str, Question]], rows: int
) -> Iterator[Reason]:
    """Give what keeps ``by`` from publishing the draft now."""
    yield from _proposed(state)
    if state.phase == PROPOSED and state.proposed_by == by:
        text = "送复核人不能发布自己送复核的目录，须由另一位目录管理员复核发布。"
        yield Reason("edition.same-person", text, "catalogue", _PLAN)
    yield from unpublishable(open_questions, rows)


def unpublishable(open_questions: Sequence[tuple[str, Question]], rows: int) -> Iterator[Reason]:
    """Give what an edition lacks, whoever publishes it."""
    if not rows:
        yield Reason("edition.empty", "目录至少应有一个公开事项，请先沿用或增加事项。", "catalogue", _PLAN)
    for name, question in open_questions[:_MOST_TOLD]:
        yield Reason(f"question.{question.kind.replace('_', '-')}", _asked(name, question), question.field)
    rest = len(open_questions) - _MOST_TOLD
    if rest > 0:
        yield Reason("question.more", f"另有 {rest} 处尚未决定，请在目录草稿中逐一处理。", "catalogue")


def phase_name(phase: str) -> str:
    """Give what a sentence calls a phase."""
    return _PHASES[phase]


def _asked(name: str, question: Question) -> str:
    match question.kind:
        case Asked.NEW_ABOVE:
            return f"上级目录新增了“{name}”，尚未决定沿用还是不采用。"
        case Asked.GONE_ABOVE:
            return f"上级目录删除了“{name}”，本级有自己的内容，尚未决定保留或一并删除。"
        case Asked.CHANGED_BOTH:
            return f"“{name}”的“{COLUMNS[question.field]}”上级目录和本级都有修改，尚未决定用哪一个。"


def _opening(state: Catalogue, above: Above) -> Iterator[Reason]:
    if state.phase != NONE:
        text = f"第 {state.number} 版{_PHASES[state.phase]}，发布或者放弃以后才能再起草新版。"
        yield Reason("edition.open", text, "catalogue")
    if state.level not in LEVELS:
        text = "村（社区）不编制公开事项目录，另有村务公开清单。"
        yield Reason("catalogue.level", text, "catalogue", "《中华人民共和国村民委员会组织法》第三十条")
    elif state.upper and not above.published:
        text = "上一级目录还没有发布，无从沿用。请先请上级发布目录。"
        yield Reason("upper.unpublished", text, "catalogue", _PLAN)


def _drafting(state: Catalogue) -> Iterator[Reason]:
    if state.phase != DRAFTING:
        advice = "请先起草新版" if state.phase == NONE else "要修改请先退回"
        text = f"目录目前{_PHASES[state.phase]}，不能修改。{advice}。"
        yield Reason("edition.not-drafting", text, "catalogue")


def _proposed(state: Catalogue) -> Iterator[Reason]:
    if state.phase != PROPOSED:
        yield Reason("edition.not-proposed", f"目录目前{_PHASES[state.phase]}，须先送复核。", "catalogue")
