"""What follows from what a provider said, or did not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from services.notify.adapters.port import PROOF_AFTER, Accepted, InDoubt, Refused, Verdict
from services.notify.domain.messages import Outcome

NO_QUERY: Final = "该渠道没有查询接口，无法核实，请向收件人或服务商核实后处置"
NOT_FOUND: Final = "多次向服务商查询，均未查到"
BROKEN_OFF: Final = "发送途中程序中断，不知服务商是否已收下"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take; seconds."""

    send_limit: float = 30.0
    """How long one call of a provider may take."""
    lease: float = 60.0
    """How long an attempt is its process's; longer than ``send_limit``, or two could hold it."""
    ask_after: tuple[float, ...] = (2.0, 10.0, 30.0, 60.0)
    """When a provider is asked about a doubt, counted from its beginning."""
    first_delay: float = 5.0
    most_delay: float = 600.0
    give_up: float = 3 * 86400.0
    """After how long a message is no news any more."""
    proof_after: float = PROOF_AFTER
    idle: float = 2.0
    """Between two looks at what has become due by the passing of time; what is queued wakes the sender."""
    concurrency: int = 24
    """Calls at once, a channel: what a killed process leaves in doubt at most."""
    mails: int = 8
    """The same for mail: as many as the channel has connections."""


@dataclass(frozen=True, slots=True)
class Later:
    """The message stays in the queue."""

    state: Literal["queued", "asking", "proof"]
    due_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be written about one message."""

    key: str
    holder: UUID | None
    """The attempt it comes from; None where whoever writes holds the queue's row already."""
    outcome: Outcome | None = None
    """What became of it; None while that is open."""
    later: Later | None = None
    """What is still to be done; None: nothing."""
    never_arrived: bool = False
    """The provider's proof that a doubt may be sent again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One message in hand."""

    key: str
    holder: UUID | None
    sent_at: datetime
    attempts: int
    """Sends so far, this one included."""
    asked: int
    """Questions so far, this one included; 0 while it is being sent."""
    listed: bool = False
    """It stands in the list of doubts already."""


def after_send(attempt: Attempt, verdict: Verdict, now: datetime, pace: Pace, *, can_ask: bool) -> Result:
    """What follows from the answer to a send."""
    match verdict:
        case InDoubt(why=why):
            return in_doubt(attempt, why, now, pace, can_ask=can_ask)
        case _:
            return _known(attempt, verdict, now, pace)


def in_doubt(attempt: Attempt, why: str, now: datetime, pace: Pace, *, can_ask: bool) -> Result:
    """A send whose end nobody knows: asked about where that is possible, else listed at once."""
    if can_ask and pace.ask_after:
        return Result(attempt.key, attempt.holder, later=Later("asking", _in(now, pace.ask_after[0]), why))
    return Result(attempt.key, attempt.holder, Outcome("doubt", why=f"{why}。{NO_QUERY}"))


def after_ask(attempt: Attempt, answer: Verdict | None, now: datetime, pace: Pace) -> Result:
    """What follows from the answer to a question."""
    proven = now - attempt.sent_at >= timedelta(seconds=pace.proof_after)
    match answer:
        case Accepted() | Refused():
            return _known(attempt, answer, now, pace)
        case None if proven:
            # It never arrived and never will: the doubt is over, and sending it is no second time.
            return Result(attempt.key, attempt.holder, later=Later("queued", now), never_arrived=True)
        case InDoubt() if attempt.listed:
            return Result(attempt.key, attempt.holder)
        case _:
            pass
    if not attempt.listed and attempt.asked < len(pace.ask_after):
        gap = pace.ask_after[attempt.asked] - pace.ask_after[attempt.asked - 1]
        return Result(attempt.key, attempt.holder, later=Later("asking", _in(now, gap)))
    why = answer.why if isinstance(answer, InDoubt) else NOT_FOUND
    proof = Later("proof", attempt.sent_at + timedelta(seconds=pace.proof_after))
    listed = None if attempt.listed else Outcome("doubt", why=why)
    return Result(attempt.key, attempt.holder, listed, proof)


def _known(attempt: Attempt, verdict: Verdict, now: datetime, pace: Pace) -> Result:
    if isinstance(verdict, Accepted):
        return Result(attempt.key, attempt.holder, Outcome("sent", provider_id=verdict.provider_id))
    assert isinstance(verdict, Refused)
    why = f"{verdict.code}：{verdict.message_zh}"
    if verdict.permanent:
        return Result(attempt.key, attempt.holder, Outcome("failed", why=why))
    delay = min(pace.first_delay * 2 ** min(attempt.attempts - 1, 20), pace.most_delay)
    later = Later("queued", _in(now, delay), why)
    return Result(attempt.key, attempt.holder, later=later, never_arrived=attempt.listed)


def _in(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
