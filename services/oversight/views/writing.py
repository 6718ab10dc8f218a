"""From contracts to view rows. A row is written only by a newer version, so order, repeats and refills do not matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import CalendarAnnounced, DivisionChanged, OrganChanged, RuleChanged
from gongkai.contracts.contract import Contract
from gongkai.contracts.publishing import RecordState, RecordWithdrawn
from gongkai.contracts.requests import RequestState
from gongkai.messaging.applying import Received
from gongkai.messaging.view import upsert_newer
from services.oversight.domain.lag import DISCLOSURE_RULE, Dates, Law, measure
from services.oversight.domain.reply import timed
from services.oversight.views import disclosed, tables
from services.oversight.views.catalogue_writing import apply_catalogue
from services.oversight.views.law import MEASURING, RULES, change_law, hold_law, measure_again, time_again

Row = dict[str, Any]
"""A table row; its types are the table's."""

_DECEMBER, _LAST = 12, 31


async def apply_records(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    """Apply what publishing said; the law is held until the batch is committed."""
    law = await hold_law(conn)
    told = [received.contract for received in batch]
    states = [contract for contract in told if isinstance(contract, RecordState | RecordWithdrawn)]
    organs = {state.organ: _organ_of_record(state) for state in states}
    await upsert_newer(conn, tables.organ, list(organs.values()), key="code")
    rows = [_withdrawn(s) if isinstance(s, RecordWithdrawn) else _published(s, law) for s in states]
    before = await disclosed.claims_of(conn, [row["id"] for row in rows])
    changed = await upsert_newer(conn, tables.record, rows)
    now = (row for row in _newest(rows) if row["id"] in changed)
    claims = [disclosed.Claim(row["organ"], row["domain"], row["matter"], row["late"]) for row in now]
    await disclosed.note(conn, [before[one] for one in changed & before.keys()], claims)
    await _note_time(conn, "publishing", batch)


async def apply_requests(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    """Apply what requests said; the law is held until the batch is committed."""
    law = await hold_law(conn)
    states = [received.contract for received in batch if isinstance(received.contract, RequestState)]
    await upsert_newer(conn, tables.request, [_request(state, law) for state in states])
    await _note_time(conn, "requests", batch)


async def apply_registry(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    """Apply what catalog said; a changed calendar or rule measures every record it touches again."""
    told = [received.contract for received in batch]
    # The law before the rows: others hold the law first too, so that nobody waits in a ring.
    await _change_law(conn, told)
    organs = [contract for contract in told if isinstance(contract, OrganChanged)]
    rows = [
        contract.model_dump(
            mode="json", include={"code", "version", "name", "division", "former_names", "successor"}
        )
        | {"ended_on": contract.ended_on}
        for contract in organs
    ]
    await upsert_newer(conn, tables.organ, rows, key="code")
    divisions = [
        contract.model_dump(include={"code", "version", "ended_on", "successor"})
        for contract in told
        if isinstance(contract, DivisionChanged)
    ]
    await upsert_newer(conn, tables.division, divisions, key="code")
    await apply_catalogue(conn, told)
    await _note_time(conn, "catalog", batch)


async def _change_law(conn: AsyncConnection, told: Sequence[Contract]) -> None:
    years = [_year(contract) for contract in told if isinstance(contract, CalendarAnnounced)]
    rules = [
        _rule(contract) for contract in told if isinstance(contract, RuleChanged) and contract.code in RULES
    ]
    if not years and not rules:
        return
    await change_law(conn)
    years = await _news(conn, tables.calendar_year, years, "year")
    rules = await _news(conn, tables.rule, rules, "id")
    await upsert_newer(conn, tables.calendar_year, years, key="year")
    await upsert_newer(conn, tables.rule, rules)
    if years or any(row["code"] in MEASURING for row in rules):
        await time_again(conn)
    if any(row["code"] == DISCLOSURE_RULE for row in rules):
        await measure_again(conn, since=None, until=None)
    elif years:
        # A notice may move days of the December before.
        since = date(min(row["year"] for row in years) - 1, _DECEMBER, 1)
        until = date(max(row["year"] for row in years), _DECEMBER, _LAST)
        await measure_again(conn, since=since, until=until)


async def _news(conn: AsyncConnection, table: Table, rows: Sequence[Row], key: str) -> list[Row]:
    """Keep the rows that are newer than what is held: a refill repeats everything and must measure nothing."""
    held = {row[0]: row[1] for row in await conn.execute(select(table.c[key], table.c.version))}
    return [row for row in rows if row["version"] > held.get(row[key], 0)]


async def _note_time(conn: AsyncConnection, service: str, batch: Sequence[Received]) -> None:
    times = [received.envelope.time for received in batch if received.envelope.time is not None]
    if not times:
        return
    statement = insert(tables.freshness).values(service=service, seen_until=max(times))
    newest = func.greatest(tables.freshness.c.seen_until, statement.excluded.seen_until)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=[tables.freshness.c.service], set_={"seen_until": newest}
        )
    )


def _newest(rows: Sequence[Row]) -> list[Row]:
    """Give of each record the row the table takes: the newest, of one version the first."""
    newest: dict[str, Row] = {}
    for row in rows:
        if row["version"] > newest.setdefault(row["id"], row)["version"]:
            newest[row["id"]] = row
    return list(newest.values())


def _published(state: RecordState, law: Law) -> Row:
    lag = measure(Dates(state.formed_on, state.published_on, state.defects, state.division), law)
    return {
        "id": state.record_id,
        "version": state.version,
        "index_number": state.index_number,
        "organ": state.organ,
        "title": state.title,
        "formed_on": state.formed_on,
        "published_on": state.published_on,
        "defects": list(state.defects),
        "withdrawn": False,
        "lag": lag.days if lag else None,
        "late": lag is not None and lag.late,
        "provisional": lag is not None and lag.provisional,
        "division": state.division,
        "kind": state.kind,
        "domain": state.domain or "",
        "matter": state.matter or "",
        # figures are of a matter: without one nothing can be held beside them
        "facts": [one.model_dump(mode="json") for one in state.facts] if state.matter else [],
    }


def _withdrawn(state: RecordWithdrawn) -> Row:
    """Keep that there was a record, and nothing of what it said."""
    return {
        "id": state.record_id,
        "version": state.version,
        "index_number": state.index_number,
        "organ": state.organ,
        "title": "",
        "formed_on": None,
        "published_on": None,
        "defects": [],
        "withdrawn": True,
        "lag": None,
        "late": False,
        "provisional": False,
        "division": state.division,
        "kind": "",
        "domain": "",
        "matter": "",
        "facts": [],
    }


def _request(state: RequestState, law: Law) -> Row:
    reply = timed(state.clock, law)
    return {
        "id": state.request_id,
        "version": state.version,
        "number": state.number,
        "organ": state.organ,
        "clock": [entry.model_dump(mode="json") for entry in state.clock],
        "received_on": reply.received_on,
        "decided_on": reply.decided_on,
        "due_on": reply.due_on,
        "provisional": reply.provisional,
        "days_over": reply.over,
    }


def _rule(rule: RuleChanged) -> Row:
    columns = {column.name for column in tables.rule.c}
    return {"id": f"{rule.code}@{rule.effective_from}", **rule.model_dump(include=columns)}


def _organ_of_record(state: RecordState | RecordWithdrawn) -> Row:
    """The organ as a record names it, until catalog's word arrives: version 0 never replaces anything."""
    return {
        "code": state.organ,
        "version": 0,
        "name": state.organ_name,
        "division": state.division,
        "ended_on": None,
    }


def _year(calendar: CalendarAnnounced) -> Row:
    days = {moved.day.isoformat(): moved.working for moved in calendar.days}
    return {
        "year": calendar.year,
        "version": calendar.version,
        "complete": calendar.complete,
        "days": days,
    }
