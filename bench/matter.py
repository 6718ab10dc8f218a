"""What a matter's page costs, as a ladder: each rung does more than the one before, all in turn in one run.

    python -m bench.matter [--matters 1000] [--catalogues 130] [--rounds 400]
    python -m bench.matter --state .gongkai [--rounds 400]

1. the bare query: the row, its history, twelve other catalogues with how many there are; one connection, nothing decoded;
2. the statement of the page over the same connection, read: the row with its organs and bases, history, twelve others;
3. the bare query behind a gRPC method of grpc.aio that gives its bytes: no token, no message, no pool;
4. GetRow of catalog: the statement of the page as a message, with token and pool;
5. the public page over HTTP, and what it asks besides (with ``--state`` alone).

Without ``--state`` it starts its own PostgreSQL below a temporary folder and sows a city's standard; the other catalogues
are copies of its rows, each with words of its own for one matter in a hundred; client, service and query share a process.
With ``--state`` it asks the processes of a running stack, and changes nothing there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import uvloop
from grpc import aio
from sqlalchemy import Table, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bench.catalogues import CITY, desk_of
from gongkai.cli.endpoints import load_endpoints
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import (
    CatalogueServiceStub,
    add_CatalogueServiceServicer_to_server,
)
from gongkai.rpc.oversight.v1 import oversight_pb2
from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceStub
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.rpc.publishing.v1.publishing_pb2_grpc import RecordServiceStub
from gongkai.security.keys import create_keys
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.database import DRIVER, create_engine
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.editions.api import CatalogueApi
from services.catalog.editions.desk import Desk
from services.catalog.views.matter_page import read_matter
from services.catalog.views.tables import catalogue, edition, matter_row

OTHERS = 12
WARM = 30
AIM = 1.3
_BARE = (
    "(SELECT m.*, 0 AS others FROM matter_row m WHERE matter = :matter AND catalogue = :catalogue)"
    " UNION ALL (SELECT m.*, (SELECT count(*) FROM matter_row WHERE matter = :matter AND until_edition IS NULL"
    " AND catalogue <> :catalogue) FROM matter_row m WHERE matter = :matter AND until_edition IS NULL"
    " AND catalogue <> :catalogue ORDER BY catalogue ~ '^[0-9]', catalogue LIMIT :others)"
)
BARE = text(_BARE)
BYTES = text(f"SELECT json_agg(told)::text FROM ({_BARE}) AS told")  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Place:
    """Whose page of which matter."""

    catalogue: str
    domain: str
    matter: str

    @property
    def path(self) -> str:
        """Its address on the site."""
        slug = self.catalogue[: 6 if self.catalogue.endswith("0" * 6) else 9]
        return f"/{slug}/catalogue/{self.domain}/{self.matter}"

    @property
    def given(self) -> dict[str, object]:
        """What the bare query is asked with."""
        return {"matter": self.matter, "catalogue": self.catalogue, "others": OTHERS}


@dataclass(slots=True)
class Rung:
    """One way to ask, and the milliseconds it took."""

    name: str
    ask: Callable[[Place], Awaitable[object]]
    found: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """The 95th of a hundred."""
        return statistics.quantiles(self.found, n=20, method="inclusive")[-1]


async def climb(rungs: Sequence[Rung], places: Sequence[Place], rounds: int) -> None:
    """Ask every rung in turn, so that all see the same machine; the first ones do not count. Then print."""
    for number in range(WARM + rounds):
        place = places[number * 31 % len(places)]
        for rung in rungs:
            began = time.perf_counter()
            await rung.ask(place)
            if number >= WARM:
                rung.found.append((time.perf_counter() - began) * 1000)
    print(f"  {'ms':36} {'median':>8} {'p95':>8}   p95 against each rung before")
    for number, rung in enumerate(rungs):
        ratios = "  ".join(f"{rung.p95 / before.p95:5.2f}" for before in rungs[:number])
        print(f"  {rung.name:36} {statistics.median(rung.found):8.2f} {rung.p95:8.2f}   {ratios}")
    print(f"  the aim is {AIM}")


@asynccontextmanager
async def bare(engine: AsyncEngine) -> AsyncIterator[list[Rung]]:
    """The query itself, and behind a method that only hands its bytes on."""
    async with AsyncExitStack() as stack:
        of_its_own = engine.execution_options(isolation_level="AUTOCOMMIT")
        conn = await stack.enter_async_context(of_its_own.connect())
        server = aio.server()

        async def give(request: bytes, _context: object) -> bytes:
            told: str = (await conn.execute(BYTES, json.loads(request))).scalar_one()
            return told.encode()

        method = grpc.method_handlers_generic_handler(
            "bench.Bare", {"Give": grpc.unary_unary_rpc_method_handler(give)}
        )
        server.add_generic_rpc_handlers((method,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, 0)
        opened = await stack.enter_async_context(aio.insecure_channel(f"127.0.0.1:{port}"))
        call = opened.unary_unary("/bench.Bare/Give", bytes, bytes)

        async def query(place: Place) -> object:
            return (await conn.execute(BARE, place.given)).all()

        async def read(place: Place) -> object:
            return await read_matter(
                conn, place.catalogue, place.matter, number=0, on=None, most=OTHERS, brief=True
            )

        async def behind(place: Place) -> object:
            return await call(json.dumps(place.given).encode())

        yield [
            Rung("bare query", query),
            Rung("statement of the page, read", read),
            Rung("bare query behind a gRPC method", behind),
        ]


def get_row(opened: aio.Channel) -> Rung:
    """What the page asks of catalog."""
    stub = CatalogueServiceStub(opened)

    async def ask(place: Place) -> object:
        asked = pb.GetRowRequest(catalogue=place.catalogue, matter=place.matter, others=OTHERS, brief=True)
        return await stub.GetRow(asked)

    return Rung("GetRow over gRPC", ask)


async def copy(conn: AsyncConnection, table: Table, key: str, to: str) -> None:
    """Give another catalogue the rows that the city's has in a view."""
    named = {column.name: column for column in table.columns}
    words = (
        {"time_limit": func.concat("自形成之日起", named["place"] % 97, "个工作日内")}
        if table is matter_row
        else {}
    )
    own = {"division": literal(to)} if "division" in named else {}
    columns = [
        literal(to) if name == key else own.get(name, words.get(name, column))
        for name, column in named.items()
    ]
    await conn.execute(insert(table).from_select(list(named), select(*columns).where(named[key] == CITY)))


def division_of(number: int) -> str:
    """A county of the city, or a township of one."""
    return f"3413{number // 40 + 21:02d}{number % 40 + 100:03d}000"


async def places_of(engine: AsyncEngine, most: int) -> list[Place]:
    """Matters in force, of every catalogue some."""
    column = matter_row.c
    asked = select(column.catalogue, column.domain, column.matter).where(
        column.until_edition.is_(None), column.state == "in", column.catalogue.op("~")("^[0-9]")
    )
    async with engine.connect() as conn:
        return [
            Place(*row) for row in await conn.execute(asked.order_by(func.md5(column.matter)).limit(most))
        ]


async def invented(matters: int, catalogues: int, rounds: int) -> None:
    """Fill a database of our own and measure."""
    async with desk_of(matters) as desk:
        engine = desk.office.engine
        async with engine.begin() as conn:
            for number in range(catalogues - 1):
                for table, key in ((catalogue, "id"), (edition, "catalogue"), (matter_row, "catalogue")):
                    await copy(conn, table, key, division_of(number))
        async with engine.connect() as conn:
            await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
        places = await places_of(engine, WARM + rounds)
        print(f"{catalogues} catalogues x {matters} matters")
        async with bare(engine) as rungs, served(desk) as opened:
            await climb([*rungs, get_row(opened)], places, rounds)


@asynccontextmanager
async def served(desk: Desk) -> AsyncIterator[aio.Channel]:
    """Catalog's gRPC edge over a database, with its tokens."""
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as folder:
        keys = Path(folder)
        create_keys(keys, services=["catalog"])
        settings = Settings("catalog", keys=keys, grpc_listen=Address("127.0.0.1", 0))
        async with Service("catalog", settings) as service:
            service.grpc(add_CatalogueServiceServicer_to_server, CatalogueApi(desk), pb.DESCRIPTOR)
            await service.start()
            target = f"127.0.0.1:{service.grpc_port}"
            async with channel(target, audience="catalog", tokens=operator_tokens(keys)) as opened:
                yield opened


def database_of(told: dict[str, Any], name: str) -> str:
    """The URL of a service's database."""
    held = told["databases"][name]
    password = Path(held["password_file"]).read_text(encoding="utf-8").strip()
    return f"{DRIVER}://{held['user']}:{password}@{told['host']}:{told['port']}/{name}"


async def running(state: Path, rounds: int) -> None:
    """Measure a stack that runs."""
    endpoints = load_endpoints(state)
    told = json.loads((state / "endpoints.json").read_text(encoding="utf-8"))
    engine = create_engine(database_of(told["postgres"], "catalog"))
    tokens = operator_tokens(endpoints.keys)
    site = urlsplit(endpoints.portal)
    line = HTTPConnection(site.hostname or "", site.port)

    async def page(place: Place) -> object:
        line.request("GET", place.path)  # this process has nothing else to do meanwhile
        answer = line.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{answer.status} {place.path}"
        return body

    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        opened = {
            name: await stack.enter_async_context(channel(endpoints.grpc[name], audience=name, tokens=tokens))
            for name in ("catalog", "publishing", "oversight")
        }
        records, oversight = (
            RecordServiceStub(opened["publishing"]),
            OversightServiceStub(opened["oversight"]),
        )

        async def listed(place: Place) -> object:
            asked = publishing_pb2.ListRecordsRequest(
                division=place.catalogue, matter=place.matter, page=1, page_size=10
            )
            return await records.ListRecords(asked)

        async def duty(place: Place) -> object:
            asked = oversight_pb2.GetDutyCoverageRequest(division=place.catalogue, matter=place.matter)
            return await oversight.GetDutyCoverage(asked)

        async def figures(place: Place) -> object:
            asked = oversight_pb2.CountAlignmentRequest(division=place.catalogue, matter=place.matter)
            return await oversight.CountAlignment(asked)

        rungs = await stack.enter_async_context(bare(engine))
        places = await places_of(engine, WARM + rounds)
        besides = [
            Rung("ListRecords over gRPC", listed),
            Rung("GetDutyCoverage over gRPC", duty),
            Rung("CountAlignment over gRPC", figures),
        ]
        await climb(
            [*rungs, get_row(opened["catalog"]), *besides, Rung("the page over HTTP", page)], places, rounds
        )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--matters", type=int, default=1000)
    parser.add_argument("--catalogues", type=int, default=130)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    uvloop.run(
        running(given.state, given.rounds)
        if given.state
        else invented(given.matters, given.catalogues, given.rounds)
    )


if __name__ == "__main__":
    main()
