"""What coverage costs, by the number of matters and of divisions: answers of the board, of an organ, of a matter's page.

    python bench/coverage.py [--matters 1000 5000] [--divisions 10] [--organs 3] [--rounds 5] [--own]

Starts its own PostgreSQL below a temporary folder. One catalogue of the city holds for every division; each has organs that
share its subject words. One matter in a hundred has a cycle; of every five matters an organ has published four. What a
matter's page asks is compared with the bare query of its records over the same connection.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.database import database_of
from gongkai.contracts.catalog import (
    CalendarAnnounced,
    DomainState,
    EditionPublished,
    MatterRevised,
    MatterState,
    OrganChanged,
    SubjectAssigned,
)
from gongkai.contracts.contract import Contract
from gongkai.contracts.matters import MatterReading, TimeLimit
from gongkai.contracts.publishing import RecordPublished
from gongkai.eventstore.store import EventStore
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import Envelope
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.serving.clock import new_id
from services.oversight.api import OversightApi
from services.oversight.codec import CODEC
from services.oversight.rounds import Rounds
from services.oversight.views.writing import apply_records, apply_registry

CITY = "341300000000"
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
USCC = "11341323MD23A00253"
DOMAINS = 26
BATCH = 500
RAW = text(
    "SELECT organ, count(*), max(published_on) FROM record WHERE organ = ANY (:organs) AND matter = :matter"
    " AND NOT withdrawn GROUP BY organ"
)
CYCLE = TimeLimit(kind="cycle", n=1, unit="months", text="每月公开")
NOBODY = cast("Any", None)
Ask = Callable[[int], Awaitable[object]]


def catalogue(matters: int, words: int, of: str = CITY) -> Iterator[Contract]:
    """An edition of the city, or of a division of its own, and its matters."""
    domains = tuple(
        DomainState(code=f"{n:02d}", seq=n, name=f"领域{n}", lead_units="") for n in range(1, DOMAINS + 1)
    )
    yield CalendarAnnounced(year=2026, version=1, days=(), source="通知", complete=True)
    yield EditionPublished(
        edition=f"{of}-1", version=1, division=of, title="目录", effective_on=date(2026, 1, 1),
        catalogue=of, number=1, domains=domains, matters=matters,
    )  # fmt: skip
    plain = dict.fromkeys(MatterState.model_fields, "") | {"place": 0, "level1": "一级", "level2": "二级"}
    for n in range(matters):
        state = MatterState.model_validate(
            plain
            | {"id": f"m-{n}", "domain": f"{n % DOMAINS + 1:02d}", "place": n, "subject": f"主体{n % words}"}
        )
        reading = MatterReading(time_limits=(CYCLE,) if n % 100 == 0 else (), levels=("county", "township"))
        yield MatterRevised(
            edition=f"{of}-1", version=1, matter=state, catalogue=of, division=of, reading=reading
        )


def division_of(number: int) -> str:
    """A county of the city."""
    return f"3413{number:02d}000000" if number < 100 else f"3413{99:02d}{number:03d}000"


def place(number: int, matters: int, words: int, organs: int) -> tuple[list[Contract], list[Contract]]:
    """A division: what catalog says of it, what its organs published."""
    division = division_of(number)
    codes = [f"{division[:9]}-o{n}" for n in range(organs)]
    registry: list[Contract] = [
        OrganChanged(code=code, version=1, name=code, short_name=code, division=division, uscc=USCC)
        for code in codes
    ]
    registry += [
        SubjectAssigned(division=division, version=1, subject=f"主体{n}", organs=(codes[n % organs],))
        for n in range(words)
    ]
    day = date(2026, 1, 1)
    records: list[Contract] = [
        RecordPublished(
            record_id=f"{division}-{n}", index_number=f"{USCC}/202611-{n:05d}", version=1,
            organ=codes[n % words % organs], organ_name="机关", division=division, kind="notice", title="通知",
            published_on=day + timedelta(days=n % 300), formed_on=day, provenance="live", matter=f"m-{n}",
            domain=f"{n % DOMAINS + 1:02d}",
        )
        for n in range(matters) if n % 5
    ]  # fmt: skip
    return registry, records


async def tell(engine: AsyncEngine, contracts: list[Contract], apply: Any) -> None:  # noqa: ANN401
    """Apply contracts in batches, as a consumer does."""
    for at in range(0, len(contracts), BATCH):
        received = [
            Received(Envelope(str(uuid4()), one.TYPE, "/x", "x:1", b"", NOW, 1, "e", at), one, "evt.x", 1)
            for one in contracts[at : at + BATCH]
        ]
        async with engine.begin() as conn:
            await apply(conn, received)


async def timed(rounds: int, ask: Ask) -> list[float]:
    """Milliseconds of each asking, after one that does not count."""
    await ask(0)
    found = []
    for n in range(rounds):
        began = time.perf_counter()
        await ask(n + 1)
        found.append((time.perf_counter() - began) * 1000)
    return found


def p95(found: list[float]) -> float:
    """The 95th of a hundred."""
    return statistics.quantiles(found, n=20, method="inclusive")[-1]


async def measure(matters: int, divisions: int, organs: int, rounds: int, *, own: bool) -> None:
    """Fill a database and print what each question costs."""
    words = 50
    async with database_of("oversight") as engine:
        began = time.perf_counter()
        await tell(engine, list(catalogue(matters, words)), apply_registry)
        registered = time.perf_counter() - began
        began = time.perf_counter()
        for number in range(1, divisions + 1):
            registry, records = place(number, matters, words, organs)
            await tell(engine, registry, apply_registry)
            if own:
                await tell(engine, list(catalogue(matters, words, division_of(number))), apply_registry)
            await tell(engine, records, apply_records)
        recorded = time.perf_counter() - began
        async with engine.connect() as conn:
            await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
        duties = matters * divisions
        print(f"{matters} matters x {divisions} divisions: {duties} duties, {organs} organs a division")
        print(f"  published edition applied    {registered * 1e6 / matters:9.1f} us a matter")
        print(f"  records applied              {recorded * 1e6 / (duties * 0.8):9.1f} us a record")
        await ask_all(engine, matters, divisions, rounds)
        await one_round(engine, duties)


async def ask_all(engine: AsyncEngine, matters: int, divisions: int, rounds: int) -> None:
    """What the pages ask."""
    api = OversightApi(engine, clock=lambda: NOW)
    county, organ = division_of(1), f"{division_of(1)[:9]}-o0"
    board = await timed(rounds, lambda _: api.GetCoverage(pb.GetCoverageRequest(division=county), NOBODY))
    city = await timed(
        min(rounds, 3), lambda _: api.GetCoverage(pb.GetCoverageRequest(division=CITY), NOBODY)
    )
    listed = await timed(
        rounds, lambda _: api.ListDuties(pb.ListDutiesRequest(organ=organ, page_size=20), NOBODY)
    )
    columns = await timed(rounds, lambda _: api.ListColumns(pb.ListColumnsRequest(division=county), NOBODY))
    page = await timed(
        rounds * 20,
        lambda n: api.GetDutyCoverage(
            pb.GetDutyCoverageRequest(division=county, matter=f"m-{n * 7 % matters}"), NOBODY
        ),
    )
    async with engine.connect() as conn:
        organs = [f"{county[:9]}-o{n}" for n in range(3)]
        raw = await timed(
            rounds * 20, lambda n: conn.execute(RAW, {"organs": organs, "matter": f"m-{n * 7 % matters}"})
        )
    print(
        f"  board of a county            {statistics.median(board):9.1f} ms, {statistics.median(board) * 1000 / matters:.2f} us a duty"
    )
    print(
        f"  board of the city            {statistics.median(city):9.1f} ms, {statistics.median(city) * 1000 / matters / divisions:.2f} us a duty"
    )
    print(f"  duties of an organ           {statistics.median(listed):9.1f} ms")
    print(f"  columns of a county          {statistics.median(columns):9.1f} ms")
    print(f"  a matter's next due day      {p95(page):9.2f} ms p95, bare query {p95(raw):.2f} ms p95")


async def one_round(engine: AsyncEngine, duties: int) -> None:
    """The daily round, first and second."""
    store = EventStore(CODEC, clock=lambda: NOW, ids=new_id)

    async def ready() -> bool:
        return True

    rounds = Rounds(engine, store, clock=lambda: NOW, caught_up=ready, appended=lambda: None)
    for name in ("first", "second"):
        began = time.perf_counter()
        said = await rounds.once(date(2026, 11, 23))
        took = time.perf_counter() - began
        print(
            f"  {name} round of the day{'' if name == 'second' else ' '}      {took * 1000:9.1f} ms, {said} events, {took * 1e6 / duties:.2f} us a duty"
        )


def main() -> None:
    """Read the options and measure each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matters", type=int, nargs="+", default=[1000])
    parser.add_argument("--divisions", type=int, default=10)
    parser.add_argument("--organs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--own", action="store_true", help="a catalogue for each division, not one for all")
    given = parser.parse_args()
    for matters in given.matters:
        asyncio.run(measure(matters, given.divisions, given.organs, given.rounds, own=given.own))


main()
