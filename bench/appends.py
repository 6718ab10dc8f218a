"""What the event store costs: appends against raw inserts in the same run, and against the length of the log.

    python bench/appends.py [--seconds 4] [--rounds 3] [--long 1000000]

Starts its own PostgreSQL (fsync on) below a temporary folder. A raw insert puts the same columns into a twin of
the event table, prepared, on psycopg alone: no lock, no digest, no positions returned. Compare the ratios; the
rates are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.devstack.ports import free_port
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child
from gongkai.eventstore.codec import Codec, DomainEvent, canonical
from gongkai.eventstore.schema import create_tables
from gongkai.eventstore.store import Append, EventStore, StreamWrite
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.database import create_engine

BATCH = 500
SHORT = 10_000
COLUMNS = "stream, version, event_id, type, schema, payload, digest, actor, command_id, recorded_at"
RAW = f"INSERT INTO raw_event ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 constants


class Published(DomainEvent):
    """About as large as a record's event is: 0.6 KB."""

    NAME: ClassVar[str] = "record.published"

    title: str = "关于印发城市公共服务设施建设管理办法的通知" * 2
    organ: str = "11410900005958"
    formed_on: date = date(2026, 3, 2)
    keywords: tuple[str, ...] = ("设施", "管理", "办法")
    summary: str = "为规范城市公共服务设施的规划建设和管理，根据有关法律法规，结合本市实际，制定本办法。" * 2
    digest: str = "0" * 64


STORE = EventStore(Codec(Published), clock=utc_now, ids=new_id)
Step = Callable[[], Awaitable[None]]
serial = itertools.count()


def command() -> Append:
    """A new record."""
    number = next(serial)
    return Append([StreamWrite(f"record:{number:012}", 0, [Published()])], "loader", f"c-{number}")


def raw_row() -> tuple[object, ...]:
    """The same as a row; encoded here too, for a raw insert's caller has to."""
    row = {
        "stream": f"record:{next(serial):012}",
        "version": 1,
        "event_id": new_id(),
        "type": Published.NAME,
        "schema": 1,
        "payload": canonical(Published().model_dump(mode="json")),
        "digest": b"0" * 32,
        "actor": "loader",
        "command_id": "c",
        "recorded_at": utc_now(),
    }
    return tuple(row.values())


@asynccontextmanager
async def appender(engine: AsyncEngine, size: int) -> AsyncIterator[Step]:
    """One writer that appends ``size`` commands a commit."""
    async with engine.connect() as conn:

        async def step() -> None:
            async with conn.begin():
                await STORE.append_batch(conn, [command() for _ in range(size)])

        yield step


@asynccontextmanager
async def inserter(url: str, size: int) -> AsyncIterator[Step]:
    """One writer that inserts ``size`` raw rows a commit."""
    async with await psycopg.AsyncConnection.connect(url) as conn:

        async def step() -> None:
            async with conn.transaction(), conn.cursor() as cursor:
                if size == 1:
                    await cursor.execute(RAW, raw_row(), prepare=True)
                else:
                    await cursor.executemany(RAW, [raw_row() for _ in range(size)])

        yield step


async def rate(steps: Sequence[Step], seconds: float, size: int) -> float:
    """Events a second that these writers commit together."""
    until = time.perf_counter() + seconds

    async def write(step: Step) -> int:
        done = 0
        while time.perf_counter() < until:
            await step()
            done += size
        return done

    began = time.perf_counter()
    done = await asyncio.gather(*(write(step) for step in steps))
    return sum(done) / (time.perf_counter() - began)


@dataclass(frozen=True)
class Case:
    """So many writers, so many events a commit."""

    name: str
    writers: int
    size: int


CASES = (
    Case("1 writer, 1 event a commit", 1, 1),
    Case("16 writers, 1 event a commit", 16, 1),
    Case(f"1 writer, {BATCH} events a commit", 1, BATCH),
    Case(f"16 writers, {BATCH} events a commit", 16, BATCH),
)


async def compare(case: Case, engine: AsyncEngine, url: str, rounds: int, seconds: float) -> None:
    """Print the store's rate beside the raw one; rounds alternate, so that both meet the same machine."""
    ours, raw = [], []
    async with AsyncExitStack() as stack:
        appends = [await stack.enter_async_context(appender(engine, case.size)) for _ in range(case.writers)]
        inserts = [await stack.enter_async_context(inserter(url, case.size)) for _ in range(case.writers)]
        for _ in range(rounds):
            ours.append(await rate(appends, seconds, case.size))
            raw.append(await rate(inserts, seconds, case.size))
    a, b = statistics.median(ours), statistics.median(raw)
    print(f"{case.name:34} {a:10,.0f} appends/s  {b:10,.0f} raw inserts/s   ratio {a / b:.2f}")


async def timed(action: Step, times: int) -> float:
    """Median microseconds of an action."""
    durations = []
    for _ in range(times):
        began = time.perf_counter()
        await action()
        durations.append(time.perf_counter() - began)
    return statistics.median(durations) * 1e6


async def costs(engine: AsyncEngine) -> dict[str, float]:
    """Microseconds of what a service does with its log, at the log's present length."""
    async with engine.connect() as conn, appender(engine, 1) as one, appender(engine, BATCH) as many:
        head = await STORE.head(conn)
        places = itertools.cycle(head * n // 97 for n in range(1, 97))

        async def read() -> None:
            async with conn.begin():
                await STORE.read(conn, next(places), BATCH)

        async def load() -> None:
            async with conn.begin():
                found = await conn.execute(
                    text("SELECT stream FROM event WHERE position > :p ORDER BY position LIMIT 1"),
                    {"p": next(places)},
                )
                await STORE.load(conn, found.scalar_one())

        await conn.rollback()
        await timed(load, 50)
        return {
            "append one event": await timed(one, 400),
            f"append {BATCH} events, each": await timed(many, 40) / BATCH,
            f"read {BATCH} events, each": await timed(read, 40) / BATCH,
            "load a stream": await timed(load, 400),
        }


async def grow(engine: AsyncEngine, length: int) -> None:
    """Append until the log has this many events; then let the server settle."""
    async with engine.connect() as conn, appender(engine, BATCH) as step:
        while await STORE.head(conn) < length:
            await conn.rollback()
            await step()
    async with engine.connect() as conn:
        await conn.execution_options(isolation_level="AUTOCOMMIT")
        await conn.execute(text("VACUUM ANALYZE event"))
        await conn.execute(text("CHECKPOINT"))


async def measure(url: str, arguments: argparse.Namespace) -> None:
    """Both measurements on an empty database."""
    engine = create_engine(url, pool_size=20)
    async with engine.begin() as conn:
        await conn.run_sync(create_tables)
        await conn.execute(text("CREATE TABLE raw_event (LIKE event INCLUDING ALL)"))
    for case in CASES:
        await compare(case, engine, url.replace("+psycopg", ""), arguments.rounds, arguments.seconds)
    async with engine.begin() as conn:
        await conn.execute(text("DROP TRIGGER event_is_append_only ON event"))
        await conn.execute(text("TRUNCATE event, raw_event RESTART IDENTITY"))

    print(f"\n{'microseconds at so many events':34} {SHORT:>10,} {arguments.long:>10,}")
    found = []
    for length in (SHORT, arguments.long):
        await grow(engine, length)
        found.append(await costs(engine))
    for name, before in found[0].items():
        print(f"{name:34} {before:10,.1f} {found[1][name]:10,.1f}   ratio {found[1][name] / before:.2f}")
    async with engine.connect() as conn:
        began = time.perf_counter()
        verified = await STORE.verify(conn)
        took = time.perf_counter() - began
    print(
        f"\nverify: {verified.events:,} events, {len(verified.faults)} faults, {verified.events / took:,.0f} events/s"
    )
    await engine.dispose()


def main() -> None:
    """Start a server, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=1_000_000, help="events of the long log")
    arguments = parser.parse_args()

    state = Path(tempfile.mkdtemp(prefix="gongkai-bench-"))
    state.chmod(0o711)
    server = Postgres(state, free_port())
    server.prepare()
    child = Child(server.spec(), run=state / "run", logs=state / "logs")
    child.start()
    try:
        child.wait_ready()
        server.ensure_role("bench")
        server.ensure_database("bench", "bench")
        # The superuser, for CHECKPOINT.
        asyncio.run(measure(server.url("postgres", "bench"), arguments))
    finally:
        child.stop()
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    main()
