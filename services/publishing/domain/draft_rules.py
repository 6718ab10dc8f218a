"""What may be done with a draft now, and what follows: every refusal says all of its reasons at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gongkai.contracts.kinds import code_of_attribute
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason, Refusal
from services.publishing.domain.draft import OPEN, Draft, Phase
from services.publishing.domain.draft_events import (
    AttributeConfirmed,
    AttributeProposed,
    DraftDiscarded,
    DraftReturned,
    DraftSaved,
)
from services.publishing.domain.draft_texts import content_reasons, reason_reasons
from services.publishing.domain.lengths import LIMITS
from services.publishing.domain.manuscript import Manuscript, Revises
from services.publishing.domain.personal import personal_reasons_of_text
from services.publishing.domain.reasons import reason
from services.publishing.domain.staff_words import to_staff
from services.publishing.domain.text import clean

WRITE: Final = "draft.write"
PROPOSE: Final = "draft.propose"
CONFIRM: Final = "draft.confirm"
RETURN: Final = "draft.return"
PUBLISH: Final = "draft.publish"
DISCARD: Final = "draft.discard"
ACTS: Final = (WRITE, PROPOSE, CONFIRM, RETURN, PUBLISH, DISCARD)
"""What can be done with a draft: the acts of permissions.py that are about one."""


_NOT_NOW: Final[Mapping[tuple[str, Phase], str]] = MappingProxyType(
    {
        (WRITE, "proposed"): "draft.frozen",
        (WRITE, "confirmed"): "draft.frozen",
        (PROPOSE, "proposed"): "draft.already-proposed",
        (PROPOSE, "confirmed"): "draft.already-proposed",
        (CONFIRM, "drafting"): "draft.not-proposed",
        (CONFIRM, "confirmed"): "draft.already-confirmed",
        (RETURN, "drafting"): "draft.not-proposed",
        (PUBLISH, "drafting"): "draft.not-confirmed",
        (PUBLISH, "proposed"): "draft.not-confirmed",
    }
)
"""Act and phase → why not; what is not here may be done in an open draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every command on a draft says."""

    stream: str
    by: str
    at: datetime
    expected_version: int = 0
    """The version the person was looking at; 0 asks for no such check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Save(Order):
    """Write the whole content anew; the first one opens the draft."""

    organ: str
    content: Manuscript
    revises: Revises | None = None
    """For the first one alone."""
    found: tuple[Reason, ...] = ()
    """What is wrong with the body, which is not looked at here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose(Order):
    """Propose the attribute, with its ground."""

    attribute: str
    ground: str
    findings: tuple[Reason, ...] = ()
    """What stands against publishing the content; told with the rest where it is to become public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Order):
    """Confirm what another person proposed."""

    name: str
    post: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Order):
    """Give it back to its editor."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard(Order):
    """Give it up."""

    reason: str


Command = Save | Propose | Confirm | Return | Discard


def standing(draft: Draft, act: str, by: str) -> list[Reason]:
    """What the draft itself has against an act of a person; empty when it may be done."""
    if draft.phase not in OPEN:
        return [reason(f"draft.{draft.phase}")]
    code = _NOT_NOW.get((act, draft.phase))
    if code is None and act == CONFIRM and by == draft.proposed_by:
        code = "draft.own-proposal"
    return [reason(code)] if code else []


def stale(draft: Draft, expected_version: int) -> list[Reason]:
    """The reason of a command that was given looking at another version."""
    if expected_version and expected_version != draft.version:
        return [reason("draft.stale")]
    return []


def decide(draft: Draft, command: Command) -> Sequence[DomainEvent]:
    """What follows from a command; nothing when it changes nothing.

    Raises:
        Refusal: with every reason.
    """
    match command:
        case Save():
            return _save(draft, command)
        case Propose():
            return _propose(draft, command)
        case Confirm():
            return _confirm(draft, command)
        case Return():
            _refuse(_against(draft, command, RETURN) + reason_reasons(command.reason))
            why = clean(command.reason)
            return [
                DraftReturned(draft=draft.stream, organ=draft.organ, by=command.by, at=command.at, reason=why)
            ]
        case Discard():
            _refuse(_against(draft, command, DISCARD) + reason_reasons(command.reason))
            why = clean(command.reason)
            return [
                DraftDiscarded(
                    draft=draft.stream, organ=draft.organ, by=command.by, at=command.at, reason=why
                )
            ]


def _against(draft: Draft, command: Order, act: str) -> list[Reason]:
    return standing(draft, act, command.by) + stale(draft, command.expected_version)


def _refuse(reasons: Sequence[Reason]) -> None:
    if reasons:
        raise Refusal(*dict.fromkeys(reasons))


def _save(draft: Draft, command: Save) -> Sequence[DomainEvent]:
    content, against = command.content.cleaned(), []
    if draft.version:
        against += standing(draft, WRITE, command.by)
        if command.expected_version != draft.version:  # one who saves must have seen what they write over
            against.append(reason("draft.stale"))
        if command.organ != draft.organ:
            against.append(reason("draft.organ-fixed"))
    _refuse([*against, *command.found, *content_reasons(command.organ, command.content)])
    if draft.version and content == draft.content:
        return []
    revises = draft.revises if draft.version else command.revises
    return [
        DraftSaved(
            draft=command.stream,
            organ=command.organ,
            by=command.by,
            at=command.at,
            content=content,
            revises=revises,
        )
    ]


def _propose(draft: Draft, command: Propose) -> Sequence[DomainEvent]:
    against = _against(draft, command, PROPOSE)
    attribute, ground = code_of_attribute(clean(command.attribute)), clean(command.ground)
    if not clean(command.attribute):
        against.append(reason("attribute.missing"))
    elif attribute is None:
        against.append(reason("attribute.unknown"))
    if not ground:
        against.append(reason("ground.missing"))
    if len(ground) > LIMITS["ground"]:
        against.append(to_staff(reason("field.too-long", "ground")))
    against += map(to_staff, personal_reasons_of_text("ground", ground))
    if attribute == "proactive":
        against += command.findings
    elif not draft.content.title:
        against.append(reason("title.missing"))
    _refuse(against)
    return [
        AttributeProposed(
            draft=draft.stream,
            organ=draft.organ,
            by=command.by,
            at=command.at,
            attribute=attribute or "",
            ground=ground,
        )
    ]


def _confirm(draft: Draft, command: Confirm) -> Sequence[DomainEvent]:
    against = _against(draft, command, CONFIRM)
    name, post = clean(command.name), clean(command.post)
    if not name:
        against.append(reason("confirmer.name-missing"))
    if not post:
        against.append(reason("confirmer.post-missing"))
    _refuse(against)
    return [
        AttributeConfirmed(
            draft=draft.stream,
            organ=draft.organ,
            by=command.by,
            at=command.at,
            confirmer_id=f"confirmer:{draft.id}:{draft.version + 1}",
            confirmer_name=name,
            confirmer_post=post,
        )
    ]
