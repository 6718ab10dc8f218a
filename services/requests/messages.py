"""Requests as gRPC messages: for the clerk, for the applicant, and as a line of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date

from gongkai.eventstore.event import StoredEvent
from gongkai.legaltime import Day, Entry, ReplyClock, Step, reply_clock, rule_on
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from services.requests.domain.acts import ARTICLES, DISCLOSED_ARTICLE, NOT_HELD_ARTICLE, hindrances
from services.requests.domain.facts import Applicant, Content, Reply, Search
from services.requests.domain.request import Request
from services.requests.handlers import Loaded
from services.requests.timeline import lines
from services.requests.views.law import Law

VISIBILITY = "applicant_and_clerks"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a request is shown against."""

    organ_name: str
    law: Law
    today: date


def for_clerk(loaded: Loaded, at: Situation) -> pb.Request:
    """Everything but the applicant's own data, and what may be done now."""
    shown = _whole(loaded, at)
    shown.steps.extend(_steps(loaded.history, staff=True))
    shown.acts.extend(_acts(loaded.state))
    search = loaded.state.search
    if isinstance(search, Search):
        shown.search.CopyFrom(
            pb.SearchRecord(
                on=search.on.isoformat(),
                places=search.places,
                words=search.words,
                result=search.result,
                by=loaded.state.search_by,
            )
        )
    return shown


def for_applicant(loaded: Loaded, at: Situation) -> pb.Request:
    """The same, without who of the staff did what and what they noted for themselves."""
    shown = _whole(loaded, at)
    shown.steps.extend(_steps(loaded.history, staff=False))
    return shown


def for_administrator(loaded: Loaded, at: Situation) -> pb.Request:
    """How far a request is, for somebody who may erase and not read."""
    return _bare(loaded.state, at, clock_of(loaded.state, at, explained=False))


def for_list(state: Request, at: Situation, clock: ReplyClock) -> pb.Request:
    """A line of a list: the clock unexplained."""
    shown = _bare(state, at, clock)
    _add_content(shown, state)
    return shown


def clock_of(state: Request, at: Situation, *, explained: bool = True) -> ReplyClock:
    """Derive the clock of a request."""
    days = [Entry(one.what, one.on) for one in state.clock]
    return reply_clock(days, at.law.rules, at.law.calendar, at.today, explained=explained)


def applicant_message(applicant: Applicant) -> pb.Applicant:
    """Everything about the applicant."""
    return pb.Applicant(**applicant.model_dump())


def mask(applicant: Applicant) -> str:
    """Show who asks without telling: 王**, and the first two characters of an organisation."""
    return f"{applicant.name[: 1 if applicant.kind == 'natural' else 2]}**"


def _whole(loaded: Loaded, at: Situation) -> pb.Request:
    state = loaded.state
    shown = _bare(state, at, clock_of(state, at))
    _add_content(shown, state)
    if state.decided_on is not None:
        shown.decision.CopyFrom(_decision(state, at.law, state.decided_on))
    return shown


def _bare(state: Request, at: Situation, clock: ReplyClock) -> pb.Request:
    return pb.Request(
        number=state.number,
        organ=state.organ,
        organ_name=at.organ_name,
        division=state.division,
        phase=state.phase,
        outcome=state.outcome,
        delivery=state.delivery,
        submitted_on=state.submitted_on.isoformat(),
        received_on=_iso(state.received_on),
        clock=clock_message(clock),
        applicant_kind=state.applicant_kind,
        erased=state.erased,
        visibility=VISIBILITY,
    )


def _add_content(shown: pb.Request, state: Request) -> None:
    if isinstance(state.content, Content):
        shown.content.CopyFrom(pb.Content(**state.content.model_dump()))
    if isinstance(state.applicant, Applicant):
        shown.applicant_masked = mask(state.applicant)


def clock_message(clock: ReplyClock) -> pb.Clock:
    """A clock as a message."""
    return pb.Clock(
        state=clock.state,
        due_on=_iso(clock.due.day if clock.due else None),
        provisional=clock.due is not None and clock.due.provisional,
        day=clock.day,
        left=clock.left,
        limit=clock.limit,
        steps=map(_clock_step, clock.steps),
        days=map(_clock_day, clock.days),
        sentence_zh=clock.sentence_zh,
    )


def _clock_step(step: Step) -> pb.ClockStep:
    return pb.ClockStep(
        on=_iso(step.on),
        event_zh=step.event_zh,
        effect_zh=step.effect_zh,
        due_on=_iso(step.due_on),
        article=step.article,
        provisional=step.provisional,
    )


def _clock_day(day: Day) -> pb.ClockDay:
    return pb.ClockDay(date=day.day.isoformat(), state=day.state, number=day.number, note_zh=day.note_zh)


def _decision(state: Request, law: Law, on: date) -> pb.Decision:
    decision = pb.Decision(
        outcome=state.outcome,
        on=on.isoformat(),
        article=NOT_HELD_ARTICLE if state.outcome == "not_held" else DISCLOSED_ARTICLE,
        remedy_zh=remedy(law, on),
    )
    if isinstance(state.reply, Reply):
        decision.text = state.reply.text
        decision.files.extend(pb.File(**file.model_dump()) for file in state.reply.files)
    return decision


def remedy(law: Law, on: date) -> str:
    """What can be done against a decision; empty where the rules of that day are not known.

    For outcomes other than refusals by Art. 14 to 16 both ways are open (行政复议法第二十三条 names those alone).
    """
    review, suit = rule_on("reconsideration", on, law.rules), rule_on("suit-direct", on, law.rules)
    if review is None or suit is None:
        return ""
    return (
        f"如对本答复不服，可以自知道本答复之日起{review.value}日内依法申请行政复议（{review.citation}），"
        f"或者自知道本答复之日起{suit.value}个月内依法提起行政诉讼（{suit.citation}）。"
    )


def _acts(state: Request) -> Iterator[pb.Act]:
    for code, article in ARTICLES.items():
        reasons = hindrances(state, code)
        told = [
            pb.Reason(code=one.code, message_zh=one.message_zh, field=one.field, article=one.article)
            for one in reasons
        ]
        yield pb.Act(code=code, allowed=not reasons, reasons=told, article=article)


def _steps(history: Sequence[StoredEvent], *, staff: bool) -> list[pb.Step]:
    """The timeline, newest first."""
    return [
        pb.Step(
            at=stored.recorded_at.astimezone(UTC).isoformat(),
            on=_iso(line.on),
            what=line.what,
            text_zh=line.text_zh,
            article=line.article,
            staff=stored.actor.removeprefix("staff:") if staff and stored.actor.startswith("staff:") else "",
        )
        for stored, line in reversed(list(lines(history, staff=staff)))
    ]


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
