"""What a matter's page costs in catalog: GetRow over gRPC beside the bare query of the same rows, in the same run.

    python -m bench.matter [--matters 1000] [--catalogues 130] [--rounds 400]

Starts its own PostgreSQL below a temporary folder and sows a city's standard; the other catalogues are copies of its rows
in the views, each with words of its own for one matter in a hundred. Client, service and bare query share one process. The
bare query gives what the page shows (the row, its history, twelve other catalogues with how many there are) in one
statement over one connection, nothing decoded; each question in turn, so that both see the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import Table, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.catalogues import CITY, desk_of
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import (
    CatalogueServiceStub,
    add_CatalogueServiceServicer_to_server,
)
from gongkai.security.keys import create_keys
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.editions.api import CatalogueApi
from services.catalog.editions.desk import Desk
from services.catalog.views.tables import catalogue, edition, matter_row

OTHERS = 12
WARM = 20
RAW = text(
    "(SELECT m.*, 0 AS others FROM matter_row m WHERE matter = :matter AND catalogue = :catalogue)"
    " UNION ALL (SELECT m.*, (SELECT count(*) FROM matter_row WHERE matter = :matter AND until_edition IS NULL"
    " AND catalogue <> :catalogue) FROM matter_row m WHERE matter = :matter AND until_edition IS NULL"
    " AND catalogue <> :catalogue ORDER BY catalogue ~ '^[0-9]', catalogue LIMIT :others)"
)
Ask = Callable[[int], Awaitable[object]]


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


async def measure(desk: Desk, matters: list[str], catalogues: int, rounds: int) -> None:
    """Ask both ways in turn and print."""
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as folder:
        keys = Path(folder)
        create_keys(keys, services=["catalog"])
        settings = Settings("catalog", keys=keys, grpc_listen=Address("127.0.0.1", 0))
        async with Service("catalog", settings) as service:
            service.grpc(add_CatalogueServiceServicer_to_server, CatalogueApi(desk), pb.DESCRIPTOR)
            await service.start()
            target = f"127.0.0.1:{service.grpc_port}"
            async with (
                channel(target, audience="catalog", tokens=operator_tokens(keys)) as opened,
                desk.office.engine.connect() as conn,
            ):
                stub = CatalogueServiceStub(opened)
                where = [CITY, *map(division_of, range(catalogues - 1))]

                def place(number: int) -> tuple[str, str]:
                    return where[number * 31 % len(where)], matters[number * 7 % len(matters)]

                async def page(number: int) -> object:
                    of, matter = place(number)
                    return await stub.GetRow(pb.GetRowRequest(catalogue=of, matter=matter, others=OTHERS))

                async def bare(number: int) -> object:
                    of, matter = place(number)
                    found = await conn.execute(RAW, {"matter": matter, "catalogue": of, "others": OTHERS})
                    return found.all()

                answered, raw = await both(page, bare, rounds)
    for name, found in (("GetRow over gRPC", answered), ("bare query", raw)):
        print(f"  {name:20} {statistics.median(found):8.2f} ms median {p95(found):8.2f} ms p95")
    print(f"  ratio of p95 {p95(answered) / p95(raw):.2f}, {p95(answered) - p95(raw):.2f} ms more")


async def both(first: Ask, second: Ask, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each asking, in turn; the first ones do not count."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM + rounds):
        for ask, kept in zip((first, second), found, strict=True):
            began = time.perf_counter()
            await ask(number)
            if number >= WARM:
                kept.append((time.perf_counter() - began) * 1000)
    return found


def p95(found: list[float]) -> float:
    """The 95th of a hundred."""
    return statistics.quantiles(found, n=20, method="inclusive")[-1]


async def run(matters: int, catalogues: int, rounds: int) -> None:
    """Fill a database and measure."""
    async with desk_of(matters) as desk:
        async with desk.office.engine.begin() as conn:
            for number in range(catalogues - 1):
                for table, key in ((catalogue, "id"), (edition, "catalogue"), (matter_row, "catalogue")):
                    await copy(conn, table, key, division_of(number))
            listed = select(matter_row.c.matter).where(matter_row.c.catalogue == CITY)
            known = list((await conn.execute(listed)).scalars())
        async with desk.office.engine.connect() as conn:
            await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
        print(f"{catalogues} catalogues x {len(known)} matters")
        await measure(desk, known, catalogues, rounds)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matters", type=int, default=1000)
    parser.add_argument("--catalogues", type=int, default=130)
    parser.add_argument("--rounds", type=int, default=400)
    given = parser.parse_args()
    asyncio.run(run(given.matters, given.catalogues, given.rounds))


if __name__ == "__main__":
    main()
