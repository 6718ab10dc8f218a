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
from services.publishing.views.reading import Filter, list_records

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
