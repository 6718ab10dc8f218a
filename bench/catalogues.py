"""What editions cost: publishing a catalogue in many divisions, and merging a revised standard into all of them.

    python bench/catalogues.py [--matters 5000] [--divisions 10] [--revised 100] [--sizes 1000 10000]

Starts its own PostgreSQL (fsync on) below a temporary folder. Every division adopts all that stands above it and adapts
one matter in a hundred; then the standard is revised, and every division takes the revision, answers what is asked and
publishes again. ``--sizes`` measures one division over catalogues of several sizes: the cost of a matter should not
depend on how many there are. The whole city is ``--divisions 130 --sizes 1000 10000 100000``, which takes its time.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy import text

from bench.database import database_of
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.collecting import collect_seldom
from services.catalog.codec import CODEC
from services.catalog.domain.editions import Matter
from services.catalog.domain.edits import Edit
from services.catalog.editions import commands
from services.catalog.editions.desk import Desk
from services.catalog.editions.drafts import Loaded, load_draft
from services.catalog.handlers import Office, Order
from services.catalog.seed.reading import Seed, read_seed
from services.catalog.sowing import sow
from services.catalog.views.catalogues import find_catalogue
from services.catalog.views.lineage import catalogue_of

CITY = "341300000000"
ADAPTED = 100
"""One matter in so many is adapted by each division."""
serial = itertools.count()


def order(who: str = "staff:drafts") -> Order:
    """The next command of somebody."""
    return Order(f"bench-{next(serial)}", who)


def grown(seed: Seed, size: int) -> Seed:
    """The seed with so many matters: its own rows again and again, each with words of its own."""
    rows = itertools.islice(itertools.cycle(seed.matters), size)
    matters = tuple(
        Matter.of(
            f"m-{row.domain}-{number:06d}",
            row.row.model_copy(
                update={
                    "level2": f"{row.level2}（{number}）",
                    "place": number,
                    "levels": "县级;乡级",
                    "legal_basis": f"{row.legal_basis}《办法{number % 997}》",
                }
            ),
        )
        for number, row in enumerate(rows, start=1)
    )
    return replace(seed, matters=matters)


@asynccontextmanager
async def desk_of(size: int) -> AsyncIterator[Desk]:
    """Catalog on a database of its own, with a standard of so many matters in force."""
    async with database_of("catalog") as engine:
        store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=Vault(bytes(32), clock=utc_now))
        office = Office(engine, store, CommandLedger(clock=utc_now))
        await sow(office, grown(read_seed(), size))
        yield Desk(office, utc_now)


async def seconds(work: Awaitable[object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def draft_of(desk: Desk, catalogue: str) -> Loaded:
    """The draft as its editors have it before them."""
    async with desk.office.engine.connect() as conn:
        found = await find_catalogue(conn, catalogue)
        assert found is not None, "it was opened"
        return await load_draft(conn, catalogue_of(found))


async def edit(desk: Desk, catalogue: str, edits: Sequence[Edit]) -> None:
    """Send edits as pages do, some at a time."""
    for start in range(0, len(edits), commands.MOST_EDITS):
        part = edits[start : start + commands.MOST_EDITS]
        await commands.edit_matters(desk, order(), catalogue, part)


async def publish(desk: Desk, catalogue: str) -> None:
    """Propose by one, publish by another."""
    await commands.propose(desk, order(), catalogue, "")
    await commands.publish_edition(desk, order("staff:reviews"), catalogue, 0)


async def adopt(desk: Desk, catalogue: str) -> None:
    """Begin a catalogue: all that stands above, some of it in words of one's own."""
    await commands.open_edition(desk, order(), catalogue, "")
    undecided = (await draft_of(desk, catalogue)).standings
    await edit(
        desk,
        catalogue,
        [
            Edit(matter, "set", {"time_limit": f"{number % 20 + 1}个工作日内"})
            if number % ADAPTED == 0
            else Edit(matter, "adopt")
            for number, matter in enumerate(undecided)
        ],
    )


async def revise(desk: Desk, many: int) -> None:
    """Change so many matters of the standard, some in a cell that everybody adapted."""
    await commands.open_edition(desk, order(), CITY, "")
    matters = list((await draft_of(desk, CITY)).standings)
    every = max(1, len(matters) // many)
    edits = [Edit(matter, "set", {"time_limit": "30个工作日内"}) for matter in matters[::every][:many]]
    await edit(desk, CITY, edits)
    await publish(desk, CITY)


async def merge(desk: Desk, catalogue: str) -> int:
    """Take what changed above and answer what it asks; how many questions there were."""
    await commands.open_edition(desk, order(), catalogue, "")
    await commands.take_upper(desk, order(), catalogue)
    asked = [
        Edit(matter, "hold")
        for matter, standing in (await draft_of(desk, catalogue)).standings.items()
        if standing.questions
    ]
    if asked:
        await edit(desk, catalogue, asked)
    return len(asked)


def divisions(seed: Seed, many: int) -> list[str]:
    """Counties, then townships."""
    codes = [each.code for level in ("county", "township") for each in seed.divisions if each.level == level]
    return codes[:many]


async def everywhere(size: int, many: int, revised: int) -> None:
    """Publish, revise and merge in many divisions."""
    async with desk_of(size) as desk:
        where = divisions(read_seed(), many)
        drafting, publishing, merging, again = [], [], [], []
        for catalogue in where:
            drafting.append(await seconds(adopt(desk, catalogue)))
            publishing.append(await seconds(publish(desk, catalogue)))
        revision = await seconds(revise(desk, revised))
        for catalogue in where:
            merging.append(await seconds(merge(desk, catalogue)))
            again.append(await seconds(publish(desk, catalogue)))
        async with desk.office.engine.connect() as conn:
            bytes_ = await conn.scalar(text("SELECT pg_database_size(current_database())"))
    print(f"{size} matters x {len(where)} divisions; seconds a division (median, sum):")
    for name, taken in (
        ("adopt all, adapt 1 %", drafting),
        ("propose and publish", publishing),
        (f"merge {revised} revised", merging),
        ("propose and publish again", again),
    ):
        print(f"  {name:28} {statistics.median(taken):8.2f} {sum(taken):9.1f}")
    print(f"  the standard itself, revised {revision:7.2f}; the database holds {(bytes_ or 0) / 1e6:.0f} MB")


async def by_size(sizes: Sequence[int]) -> None:
    """One division over catalogues of several sizes."""
    print("microseconds a matter:      adopt   publish     merge   publish again")
    for size in sizes:
        async with desk_of(size) as desk:
            [catalogue] = divisions(read_seed(), 1)
            taken = [await seconds(adopt(desk, catalogue)), await seconds(publish(desk, catalogue))]
            await revise(desk, max(1, size // 50))
            taken += [await seconds(merge(desk, catalogue)), await seconds(publish(desk, catalogue))]
        print(
            f"  {size:>7} matters     " + "".join(f"{each / size * 1e6:10.0f}" for each in taken), flush=True
        )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--matters", type=int, default=5000)
    parser.add_argument("--divisions", type=int, default=10)
    parser.add_argument("--revised", type=int, default=100)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000])
    asked = parser.parse_args()
    collect_seldom()  # as services do
    if asked.divisions:
        asyncio.run(everywhere(asked.matters, asked.divisions, asked.revised))
    if asked.sizes:
        asyncio.run(by_size(asked.sizes))


if __name__ == "__main__":
    main()
