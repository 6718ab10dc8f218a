"""A message: queued once under its key, then sent, failed or dropped for ever, or in doubt until somebody knows.

A doubt is never sent again by itself: only a provider that says it does not have it, or a person, can say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.personal import Erased, Personal
from gongkai.refusal import Reason, Refusal

State = Literal["queued", "sent", "failed", "doubt", "dropped"]
Decision = Literal["was_sent", "send_again", "drop"]

RECORD: Final = "record.published"
CODE: Final = "subscription.code"
DECIDED: Final = "request.decided"


class MessageQueued(DomainEvent):
    """A message is to be sent, once for ever under this key."""

    NAME: ClassVar[str] = "message.queued"

    key: str
    number: int
    """By which people name it."""
    sender: str
    """The service that asked; empty for what subscriptions bring about."""
    channel: str
    template: str
    about: str
    """An index or registration number; nothing personal."""
    subscription_id: str | None
    """Whose address it goes to; None where the sender gave one."""
    at: datetime
    facts: dict[str, str] = Field(default_factory=dict)
    """What the text is made of, where that is public."""
    sealed_for: str = ""
    """The subject of the two fields below: this message alone, so that it is forgotten alone."""
    address: Annotated[str | Erased | None, Personal(subject_field="sealed_for")] = None
    params: Annotated[dict[str, str] | Erased | None, Personal(subject_field="sealed_for")] = None


class MessageSettled(DomainEvent):
    """What became of it."""

    NAME: ClassVar[str] = "message.settled"

    key: str
    sender: str
    channel: str
    state: Literal["sent", "failed", "doubt", "dropped"]
    provider_id: str
    why: str
    """In Chinese; empty for what was sent. Never the address."""
    attempts: int
    at: datetime


class DoubtResolved(DomainEvent):
    """Somebody decided about a doubt: a person, or the provider's proof that it never arrived."""

    NAME: ClassVar[str] = "message.doubt_resolved"

    key: str
    sender: str
    channel: str
    decision: Decision
    reason: str
    at: datetime


class MessageForgotten(DomainEvent):
    """The key of a notice's address was destroyed, long after it was settled."""

    NAME: ClassVar[str] = "message.forgotten"

    key: str
    at: datetime


RESOLVED: Final[Mapping[Decision, State]] = {"was_sent": "sent", "send_again": "queued", "drop": "dropped"}
"""What a decision makes of a doubt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of one attempt, or of one question."""

    state: Literal["sent", "failed", "doubt", "dropped"]
    provider_id: str = ""
    why: str = ""


def record_key(record_id: str, subscription_id: str) -> str:
    """The key of telling one subscription of one record."""
    return sha256(f"{record_id}:{subscription_id}".encode()).hexdigest()


def takes(state: State, outcome: Outcome) -> bool:
    """Tell whether an outcome says something new: a doubt can become certain, what is certain stays."""
    return state == "queued" or (state == "doubt" and outcome.state in {"sent", "failed"})


def resolve(state: State, decision: str, reason: str, *, addressable: bool) -> State:
    """Decide about a doubt.

    Args:
        state: the message's.
        decision: one of ``Decision``.
        reason: why, for the ledger.
        addressable: the address is still known.

    Raises:
        Refusal: with every reason.
    """
    reasons = []
    if state != "doubt":
        reasons.append(
            Reason("message.no-doubt", "该消息已不在存疑之列，不需要处置，请刷新后再看。", "number")
        )
    if decision not in RESOLVED:
        text = "请选择处置方式：已发出（was_sent）、重新发送（send_again）或不再发送（drop）。"
        reasons.append(Reason("decision.unknown", text, "decision"))
    elif decision == "send_again" and not addressable:
        text = "收件地址已按规定销毁或已经退订，不能重新发送，请选择已发出或不再发送。"
        reasons.append(Reason("address.forgotten", text, "decision"))
    if not reason.strip():
        reasons.append(Reason("reason.missing", "请写明处置的理由，例如已向收件人电话核实。", "reason"))
    if reasons:
        raise Refusal(*reasons)
    return RESOLVED[decision]  # type: ignore[index]  # checked above
