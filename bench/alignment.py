"""What holding figures beside each other costs: a county's board, a village's, a matter's page, a record's page.

    python -m bench.alignment [--places 130] [--matters 40] [--periods 4] [--rounds 9]

Starts its own PostgreSQL below a temporary folder. One county with townships of twelve villages: for each matter and
period the county publishes one record with a figure of every place, each township one with its own and its villages', and
each place below the county one of its own. One figure in a hundred differs. The bare query is the board's rows over one
connection, read and thrown away, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from itertools import product
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.database import database_of
from gongkai.contracts.catalog import DivisionChanged
from gongkai.contracts.contract import Contract
from gongkai.contracts.facts import Fact
from gongkai.contracts.publishing import RecordPublished
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import Envelope
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.serving.collecting import collect_seldom
from services.oversight.api import OversightApi
from services.oversight.views.writing import apply_records, apply_registry

COUNTY = "341323000000"
USCC = "11341323MD23A00253"
VILLAGES = 12
"""Of a township."""
BATCH = 500
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
NOBODY = cast("Any", None)
RAW = text(
    "SELECT matter, fact.division, fact.period, min(fact.amount) <> max(fact.amount), count(*) FROM record,"
    " jsonb_to_recordset(facts) AS fact (division text, period text, amount numeric) WHERE facts <> '[]' AND NOT withdrawn"
    " AND record.division >= :county AND record.division < :county || ':' GROUP BY 1, 2, 3"
)
"""What differs in amounts, in one statement."""
Ask = Callable[[int], Awaitable[object]]


def places(count: int) -> dict[str, list[str]]:
    """Townships and their villages, so many in all with the county."""
    found: dict[str, list[str]] = {}
    number = 1
    while number < count:
        township = f"341323{100 + len(found):03d}000"
        found[township] = [
            f"{township[:9]}{n:03d}" for n in range(201, 201 + min(VILLAGES, count - number - 1))
        ]
        number += 1 + len(found[township])
    return found


def records(townships: dict[str, list[str]], matters: int, periods: int) -> Iterator[Contract]:
    """What the county, its townships and its villages publish."""
    serial = 0

    def record(division: str, matter: int, period: str, said: list[str]) -> RecordPublished:
        nonlocal serial
        serial += 1
        facts = [
            Fact(
                division=one, period=period, amount=f"{matter * 100 + int(one[6:]) % 97}.00",
                people=matter + int(one[6:]) % 13 + (division == one and serial % 100 == 0), on=date(2026, 9, 10),
            )
            for one in said
        ]  # fmt: skip
        return RecordPublished(
            record_id=f"r{serial}", index_number=f"{USCC}/202610-{serial:05d}", version=1, organ=f"{division[:9]}-zf",
            organ_name="机关", division=division, kind="notice", title="公示", published_on=date(2026, 10, 9),
            formed_on=date(2026, 10, 8), provenance="live", matter=f"m-{matter}", domain="01", facts=tuple(facts),
        )  # fmt: skip

    below = [place for township, villages in townships.items() for place in (township, *villages)]
    for matter, quarter in product(range(matters), range(periods)):
        period = f"{2025 + quarter // 4}-Q{quarter % 4 + 1}"
        yield record(COUNTY, matter, period, [COUNTY, *below])
        for township, villages in townships.items():
            yield record(township, matter, period, [township, *villages])
            for village in villages:
                yield record(village, matter, period, [village])


async def tell(engine: AsyncEngine, contracts: list[Contract], apply: Any) -> None:  # noqa: ANN401
    """Apply contracts in batches, as a consumer does."""
    for at in range(0, len(contracts), BATCH):
        received = [
            Received(Envelope(str(uuid4()), one.TYPE, "/x", "x:1", b"", NOW, 1, "e", at), one, "evt.x", 1)
            for one in contracts[at : at + BATCH]
        ]
        async with engine.begin() as conn:
            await apply(conn, received)


async def timed(rounds: int, ask: Ask) -> str:
    """Median and 95th of a hundred in milliseconds, and this process's own share; after one that does not count."""
    await ask(0)
    found, own = [], []
    for n in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        await ask(n + 1)
        own.append((time.process_time() - worked) * 1000)
        found.append((time.perf_counter() - began) * 1000)
    p95 = statistics.quantiles(found, n=20, method="inclusive")[-1]
    return f"{statistics.median(found):9.1f} ms median, {p95:.1f} ms p95, {statistics.median(own):.1f} ms of Python's CPU"


async def measure(count: int, matters: int, periods: int, rounds: int) -> None:
    """Fill a database and print what each question costs."""
    townships = places(count)
    every = [COUNTY, *townships, *(village for villages in townships.values() for village in villages)]
    told = list(records(townships, matters, periods))
    async with database_of("oversight") as engine:
        divisions: list[Contract] = [
            DivisionChanged(code=code, version=1, name=code, level="x", parent=None) for code in every
        ]
        await tell(engine, divisions, apply_registry)
        began = time.perf_counter()
        await tell(engine, told, apply_records)
        took = time.perf_counter() - began
        async with engine.connect() as conn:
            await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
        figures = sum(len(one.facts) for one in told if isinstance(one, RecordPublished))
        print(
            f"{len(every)} places x {matters} matters x {periods} periods: {len(told)} records, {figures} figures"
        )
        print(f"  records applied              {took * 1e6 / len(told):9.1f} us a record")
        await ask_all(engine, told, matters, rounds)


async def ask_all(engine: AsyncEngine, told: list[Contract], matters: int, rounds: int) -> None:
    """What the pages ask, and the bare query; with the collector as a service sets it."""
    collect_seldom()
    api = OversightApi(engine, clock=lambda: NOW)
    village = "341323100201"
    numbers = [
        one.index_number for one in told if isinstance(one, RecordPublished) and one.division == village
    ]

    async def raw(_: int) -> object:
        async with engine.connect() as conn:
            return (await conn.execute(RAW, {"county": COUNTY[:6]})).all()

    async def county(_: int) -> object:
        return await api.ListAlignment(pb.ListAlignmentRequest(division=COUNTY), NOBODY)

    async def one(_: int) -> object:
        return await api.ListAlignment(pb.ListAlignmentRequest(division=village), NOBODY)

    async def matter(n: int) -> object:
        asked = pb.CountAlignmentRequest(division=COUNTY, matter=f"m-{n * 7 % matters}")
        return await api.CountAlignment(asked, NOBODY)

    async def record(n: int) -> object:
        asked = pb.GetRecordAlignmentRequest(index_number=numbers[n * 7 % len(numbers)])
        return await api.GetRecordAlignment(asked, NOBODY)

    print(f"  bare query of the board      {await timed(rounds, raw)}")
    print(f"  board of the county          {await timed(rounds, county)}")
    print(f"  board of a village           {await timed(rounds, one)}")
    print(f"  line of a matter's page      {await timed(rounds * 3, matter)}")
    print(f"  line of a village's record   {await timed(rounds * 3, record)}")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=130)
    parser.add_argument("--matters", type=int, default=40)
    parser.add_argument("--periods", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    asyncio.run(measure(given.places, given.matters, given.periods, given.rounds))


if __name__ == "__main__":
    main()
