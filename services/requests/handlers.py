"""One function a command: look up, load, decide, write view rows, append; all in one transaction."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import Any, Final, TypeVar

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.content.store import ContentStore
from gongkai.eventstore.errors import CommandRaced, VersionConflict
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.ledger import CommandLedger, Entry, fingerprint
from gongkai.eventstore.schema import event as event_table
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.eventstore.vault import Vault
from gongkai.refusal import Reason, Refusal
from gongkai.serving.clock import Clock, Ids, legal_day
from services.requests.domain.application import clean_applicant, clean_content, reasons_against
from services.requests.domain.commands import Submission
from services.requests.domain.deciding import submit
from services.requests.domain.events import NumberTaken
from services.requests.domain.facts import Applicant, Content
from services.requests.domain.numbers import book_stream, code_of, number_of, request_stream
from services.requests.domain.request import NEW, Request, evolve
from services.requests.views.law import Organ, find_organ, heir_of
from services.requests.views.writing import Pending, apply_events

APPLICANT: Final = "applicant"
"""Who acts when the public does: nobody is named in the open part of the log."""
_ATTEMPTS: Final = 4
"""How often a command is decided anew when another one was faster."""
_TAKE_BOOK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:book, 0))")

Outcome = dict[str, Any]
"""What was answered, as JSON without personal data; the ledger keeps it and gives it again."""
T = TypeVar("T")


def _nobody() -> None:
    """Tell nobody: whoever follows the log looks by itself."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler works with."""

    engine: AsyncEngine
    store: EventStore
    ledger: CommandLedger
    vault: Vault
    contents: ContentStore
    clock: Clock
    ids: Ids
    code_key: bytes
    """Makes query codes, and the marks by which a repeated command is known."""
    appended: Callable[[], None] = _nobody
    """Told after each commit that the log has grown: a hint for the relay and the reactor."""

    def code_of(self, request_id: str) -> str:
        """Give the query code of a request, without hyphen; the same for ever."""
        return code_of(hmac.digest(self.code_key, b"code\0" + request_id.encode(), sha256))


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks, and under which id: the same id is done once and answered the same for ever."""

    command_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A request with its history."""

    state: Request
    history: Sequence[StoredEvent]

    @property
    def version(self) -> int:
        """The version to expect when appending."""
        return self.history[-1].version


async def load(desk: Desk, conn: AsyncConnection, request_id: str) -> Loaded:
    """Read one request. Personal fields come open, or as erased.

    Raises:
        KeyError: there is none.
    """
    return (await load_many(desk, conn, [request_id]))[request_id]


async def load_many(desk: Desk, conn: AsyncConnection, request_ids: Sequence[str]) -> dict[str, Loaded]:
    """Read several requests in one query; those that do not exist are left out."""
    streams = {request_stream(request_id): request_id for request_id in request_ids}
    found: dict[str, Loaded] = {}
    for stream, history in (await desk.store.load_many(conn, streams)).items():
        state = reduce(evolve, (stored.data for stored in history), NEW)
        if state is not None:
            found[streams[stream]] = Loaded(state, history)
    return found


async def submit_request(
    desk: Desk, command_id: str, organ: str, applicant: Applicant, content: Content
) -> Outcome:
    """Take a request in.

    Returns:
        ``request_id``, ``number``, ``organ_name``, ``submitted_at`` (RFC 3339).

    Raises:
        Refusal: with every reason, or because the command id was used for another application.
    """
    applicant, content = clean_applicant(applicant), clean_content(content)
    order = Order(command_id, APPLICANT)
    asked = {"submit": organ, "applicant": applicant.model_dump(), "content": content.model_dump()}

    async def once(conn: AsyncConnection) -> Outcome:
        now = desk.clock()
        today = legal_day(now)
        known = await find_organ(conn, organ, today)
        reasons = reasons_against(applicant, content)
        if known is None:
            missing = Reason(
                "organ.unknown", "没有这个机关，或者它不在本平台受理申请。请重新选择机关。", "organ"
            )
            reasons.insert(0, missing)
        elif (heir := await heir_of(conn, organ, today)) is not None:
            reasons.insert(0, _ended(known, heir))
        if reasons or known is None:
            raise Refusal(*reasons)
        book = book_stream(known.division, today.year)
        serial = await _take_serial(conn, book)
        request_id, number = str(desk.ids()), number_of(known.division, today.year, serial)
        new = Submission(
            request_id, number, str(desk.ids()), organ, known.division, applicant, content, today
        )
        event = submit(new)
        outcome = {
            "request_id": request_id,
            "number": number,
            "organ_name": known.name,
            "submitted_at": now.isoformat(),
        }
        await record_answer(desk, conn, order, asked, outcome)
        await apply_events(conn, [Pending(1, event)])
        taken = NumberTaken(number=number, request_id=request_id)
        writes = [StreamWrite(request_stream(request_id), 0, [event]), StreamWrite(book, serial - 1, [taken])]
        await desk.store.append(conn, writes, actor=order.actor, command_id=order.command_id)
        return outcome

    return await carry_out(desk, order, asked, once)


def _ended(known: Organ, heir: Organ) -> Reason:
    text = (
        f"“{known.name}”已于 {known.ended_on} 撤并，不再受理申请；"
        f"其职能由“{heir.name}”（{heir.code}）承继，请向该机关提出申请。"
    )
    return Reason("organ.ended", text, "organ")


async def _take_serial(conn: AsyncConnection, book: str) -> int:
    """Give the next serial of a book; others who want one wait until this transaction ends."""
    await conn.execute(_TAKE_BOOK, {"book": book})
    last = select(func.coalesce(func.max(event_table.c.version), 0)).where(event_table.c.stream == book)
    return int((await conn.execute(last)).scalar_one()) + 1


async def is_answered(desk: Desk, command_id: str) -> bool:
    """Tell whether a command was answered before, so that repeating it costs no attempt."""
    async with desk.engine.connect() as conn:
        return bool(await desk.ledger.find(conn, [command_id]))


async def carry_out(
    desk: Desk, order: Order, asked: Mapping[str, Any], once: Callable[[AsyncConnection], Awaitable[Outcome]]
) -> Outcome:
    """Do a command once. One that raced with another is decided again on what the other left.

    Raises:
        Refusal: the domain's, or because the command id was used for another command.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with desk.engine.begin() as conn:
                known = (await desk.ledger.find(conn, [order.command_id])).get(order.command_id)
                outcome = _repeat(known, mark_of(desk, asked)) if known is not None else await once(conn)
        except (CommandRaced, VersionConflict, IntegrityError):
            if attempt == _ATTEMPTS:
                raise
        else:
            desk.appended()
            return outcome
    raise AssertionError("the loop returns or raises")


async def record_answer(
    desk: Desk, conn: AsyncConnection, order: Order, asked: Mapping[str, Any], outcome: Outcome
) -> None:
    """Remember a command and its answer; before the append."""
    entry = Entry(order.command_id, order.actor, mark_of(desk, asked), outcome)
    await desk.ledger.record(conn, [entry])


def mark_of(desk: Desk, asked: Mapping[str, Any]) -> bytes:
    """Give what a command is known by when it is repeated.

    A keyed digest: a plain one of somebody's name and number could be found by trying names and numbers.
    """
    plain = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str).encode()
    return fingerprint(hmac.digest(desk.code_key, b"asked\0" + plain, sha256))


def _repeat(known: Entry, mark: bytes) -> Outcome:
    if known.fingerprint != mark:
        raise Refusal(Reason("command.reused", "该命令编号已用于另一内容，请换一个编号。", "command_id"))
    return known.outcome
