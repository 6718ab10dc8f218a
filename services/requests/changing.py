"""What happens to a request that exists: receipt, search, decision, reading and erasing the applicant."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Final

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.eventstore.store import StreamWrite
from gongkai.legaltime import Entry, reply_clock
from gongkai.serving.clock import legal_day
from services.requests.domain.commands import Command, ConfirmReceipt, Decide, EraseApplicant
from services.requests.domain.deciding import decide
from services.requests.domain.facts import ReplyFile
from services.requests.domain.numbers import request_stream
from services.requests.domain.request import Request
from services.requests.handlers import Desk, Order, Outcome, carry_out, load, record_answer
from services.requests.views import tables
from services.requests.views.law import read_law
from services.requests.views.writing import Pending, apply_events

_WAIT: Final = "5s"
_log = structlog.get_logger()
_DERIVED: Final = {"told_due_on", "told_provisional", "unknown_files", "notice_dropped"}
"""Fields of commands that are filled in here: they do not belong to what was asked."""


async def change_request(desk: Desk, order: Order, request_id: str, command: Command) -> Outcome:
    """Carry out one command on one request.

    Raises:
        Refusal: with every reason.
        KeyError: there is no such request.
    """
    asked = {"request": request_id, "act": type(command).__name__, **_asked(command)}

    async def once(conn: AsyncConnection) -> Outcome:
        loaded = await load(desk, conn, request_id)
        ready = await _prepare(desk, conn, loaded.state, command)
        event = decide(loaded.state, ready, legal_day(desk.clock()))
        outcome: Outcome = {"number": loaded.state.number}
        await record_answer(desk, conn, order, asked, outcome)
        if isinstance(ready, EraseApplicant):
            await _destroy(desk, conn, loaded.state, ready.reason.strip())
        await apply_events(conn, [Pending(loaded.version + 1, event)])
        write = StreamWrite(request_stream(request_id), loaded.version, [event])
        await desk.store.append(conn, [write], actor=order.actor, command_id=order.command_id)
        return outcome

    outcome = await carry_out(desk, order, asked, once)
    if isinstance(command, EraseApplicant):
        # After the commit, and again whenever it is asked for: a crash in between leaves it to the next start.
        await desk.contents.purge(desk.engine)
        await vacuum_keys(desk.engine)
    return outcome


async def _prepare(desk: Desk, conn: AsyncConnection, state: Request, command: Command) -> Command:
    """Fill in what the domain cannot look up itself."""
    match command:
        case ConfirmReceipt(on=on) if on is not None:
            law = await read_law(conn)
            days = [Entry("submitted", state.submitted_on), Entry("received", on)]
            due = reply_clock(days, law.rules, law.calendar, legal_day(desk.clock()), explained=False).due
            if due is not None:
                return replace(command, told_due_on=due.day, told_provisional=due.provisional)
        case Decide(files=files) if files:
            return await _with_files(conn, state, command)
        case EraseApplicant():
            waiting = delete(tables.notice).where(
                tables.notice.c.request_id == state.request_id, tables.notice.c.asked_at.is_(None)
            )
            dropped = (await conn.execute(waiting.returning(tables.notice.c.key))).all()
            return replace(command, notice_dropped=bool(dropped))
    return command


async def _with_files(conn: AsyncConnection, state: Request, command: Decide) -> Decide:
    """Take size and media type of each file from what was uploaded for this request, not from who decides."""
    file = tables.reply_file.c
    rows = await conn.execute(select(tables.reply_file).where(file.request_id == state.request_id))
    uploaded = {row.digest: row for row in rows}
    known = tuple(
        ReplyFile(
            name=one.name,
            digest=one.digest,
            size=uploaded[one.digest].size,
            media_type=uploaded[one.digest].media_type,
        )
        for one in command.files
        if one.digest in uploaded
    )
    return replace(command, files=known, unknown_files=len(command.files) - len(known))


async def _destroy(desk: Desk, conn: AsyncConnection, state: Request, reason: str) -> None:
    """Destroy the applicant's key and every file that was uploaded for the reply."""
    await desk.vault.erase(conn, state.applicant_id, reason=reason)
    file = tables.reply_file
    gone = delete(file).where(file.c.request_id == state.request_id).returning(file.c.digest)
    for digest in sorted({*state.digests, *(await conn.execute(gone)).scalars()}):
        await desk.contents.destroy(conn, digest, reason=reason)


async def vacuum_keys(engine: AsyncEngine) -> None:
    """Have the destroyed keys leave the database's files.

    The table is written anew: a plain vacuum frees the place of an old row version and leaves its bytes there. Who
    reads keys for longer than ``_WAIT`` is not waited for; then they leave with the next erasure.
    """
    async with engine.connect() as conn:
        plain = await conn.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text(f"SET lock_timeout = '{_WAIT}'"))
        try:
            await plain.execute(text("VACUUM FULL vault.subject_key"))
        except DBAPIError:
            await plain.execute(text("VACUUM vault.subject_key"))
            _log.warning("destroyed keys are unreachable, and their bytes still in the table's file")
        finally:
            await plain.execute(text("RESET lock_timeout"))


def _asked(command: Command) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(command).items() if name not in _DERIVED}
    if isinstance(command, Decide):
        fields["files"] = [(file.name, file.digest) for file in command.files]
    return fields
