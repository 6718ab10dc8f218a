"""Lists of records are read from the index made for each, never by going through the table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gongkai.contracts.publishing import RecordState
from gongkai.serving.database import migrate
from services.publishing.domain.header import Header
from services.publishing.domain.record import Record
from services.publishing.views.reading import Filter, count_records, list_newest, list_records
from services.publishing.views.records import Change, write_records

_RECORDS = """
INSERT INTO record
SELECT md5(i::text), 'n' || i, 1, true, 'organ', 'name', '341323104000', '3413', '341323', '341323104', 'notice', 'd07',
       date '2020-01-01' + i, %(state)s, null, null
FROM generate_series(1, 300) i
"""


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A migrated database with a few hundred public records."""
    await migrate("services.publishing", database_url)
    engine = create_async_engine(database_url)
    state = RecordState(
        record_id="r", index_number="n", version=1, organ="organ", organ_name="机关", division="341323104000",
        kind="notice", title="通知", published_on=date(2020, 1, 1), provenance="live",
    )  # fmt: skip
    async with engine.begin() as conn:
        await conn.exec_driver_sql(_RECORDS, {"state": state.model_dump_json()})
        await conn.exec_driver_sql(
            "INSERT INTO record_count SELECT division, organ, kind, domain, count(*) FROM record GROUP BY 1, 2, 3, 4"
        )
        await conn.exec_driver_sql("UPDATE record SET matter = 'm-07-001'")
        await conn.exec_driver_sql(
            "INSERT INTO record_matter SELECT matter, division, count(*) FROM record GROUP BY 1, 2"
        )
    yield engine
    await engine.dispose()


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        (Filter(), "record_of_all"),
        (Filter(division="341300000000"), "record_of_city"),
        (Filter(division="341323"), "record_of_county"),
        (Filter(division="341323104"), "record_of_town"),
        (Filter(organ="organ"), "record_of_organ"),
        (Filter(kind="notice"), "record_of_kind"),
        (Filter(domain="d07"), "record_of_domain"),
        (Filter(division="341323", kind="notice"), "record_of_county_kind"),
        (Filter(division="341323", domain="d07"), "record_of_county_domain"),
        (Filter(matter="m-07-001"), "record_of_matter"),
        (Filter(division="341323", matter="m-07-001"), "record_of_county_matter"),
        (Filter(division="341323104", matter="m-07-001"), "record_of_county_matter"),
    ],
)
async def test_list_is_read_from_its_index(engine: AsyncEngine, narrowed: Filter, index: str) -> None:
    """Given a list, when its statement is planned without sorting or scanning the table, then its index serves it."""
    seen: list[tuple[str, Any]] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def remember(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    async with engine.connect() as conn:
        states, total = await list_records(conn, narrowed, page=1, page_size=20)
        statement, parameters = seen[-1]
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            await conn.exec_driver_sql(f"SET LOCAL {setting} = off")
        plan = await conn.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
        lines = [row[0] for row in plan]
    assert (len(states), total) == (20, 300)
    assert any(f"using {index} " in line for line in lines), "\n".join(lines)


async def test_of_one_day_the_last_to_enter_comes_first(engine: AsyncEngine) -> None:
    """Given many records of one day, when another enters, then it heads the list: whoever looks each day misses none."""
    async with engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE record SET published_on = date '2026-11-23'")
        state = '(state::jsonb || \'{"title": "最新"}\')::text'
        await conn.exec_driver_sql(
            "INSERT INTO record SELECT '0', 'last', version, public, organ, organ_name, division, city, county, town, kind,"
            f" domain, published_on, {state} FROM record LIMIT 1"
        )
        await conn.exec_driver_sql("UPDATE record_count SET records = records + 1")
        states, _ = await list_records(conn, Filter(), page=1, page_size=5)

    assert states[0].title == "最新"


async def test_a_matter_lists_and_counts_what_is_public_under_it(engine: AsyncEngine) -> None:
    """Given a record under a matter, when it moves to another and is withdrawn, then lists and count follow each time."""
    below, other = "m-23-001", "m-23-002"

    def state(matter: str, *, public: bool = True, version: int = 1) -> Record:
        header = Header(
            organ="organ", organ_name="机关", division="341323104000", kind="notice", title="补贴发放", domain="23",
            matter=matter, published_on=date(2026, 11, 23), provenance="live",
        )  # fmt: skip
        return Record(version=version, public=public, index_number="n-matter", header=header)

    steps = [
        (Record(), state(below), {below: 1}),
        (state(below), state(other, version=2), {other: 1}),
        (state(other, version=2), state(other, public=False, version=3), {}),
    ]
    for before, after, counted in steps:
        async with engine.begin() as conn:
            gone = {} if after.public else {"withdrawn_on": date(2026, 11, 23), "withdrawn_reason": "有误"}
            await write_records(conn, [Change("r-matter", before, after, **gone)])  # type: ignore[arg-type]
            counts = await count_records(conn, "341323", year=2026, matters=[below, other])
            assert counts.by_matter == counted
            for matter in (below, other):
                listed = await list_records(conn, Filter("341323", matter=matter), page=1, page_size=5)
                narrow = await list_records(
                    conn, Filter("341323104", kind="notice", matter=matter), page=1, page_size=5
                )
                assert listed == narrow
                assert (len(listed[0]), listed[1]) == (counted.get(matter, 0), counted.get(matter, 0))
            assert (await list_records(conn, Filter("341324", matter=below), page=1, page_size=5))[1] == 0
            newest = await list_newest(conn, ["341323104000", "341324100000"])
            assert [place for place, _ in newest] == ["341323104000"] * (1 + len(counted))
            assert {one.matter for _, one in newest} == {None, *counted}
