"""Tables over real gRPC on a real database: exported, previewed and imported into a draft, all of it or nothing."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from gongkai.cli.catalogue import app
from gongkai.devstack.postgres import Postgres
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import (
    CatalogueServiceServicer,
    CatalogueServiceStub,
    add_CatalogueServiceServicer_to_server,
)
from gongkai.security.keys import create_keys, private_key
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import issue_staff, operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.codec import CODEC
from services.catalog.editions.commands import open_edition
from services.catalog.editions.desk import Desk
from services.catalog.editions.tables_api import TablesApi
from services.catalog.handlers import Office, Order
from services.catalog.seed.reading import read_seed
from services.catalog.sowing import sow
from tests.catalog.workbooks import edited, grid, saved
from tests.conftest import fresh_database

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceAsyncStub

GUIDE, CITY, COUNTY, OTHER = "guide", "341300000000", "341323000000", "341324000000"


class Api(TablesApi, CatalogueServiceServicer):
    """The tables' part of the service alone."""


@dataclass
class Tables:
    office: Office
    keys: Path
    target: str
    stub: CatalogueServiceAsyncStub
    """As the operator."""

    async def export(self, catalogue: str, *, draft: bool = False, domain: str = "") -> bytes:
        request = pb.ExportTableRequest(catalogue=catalogue, draft=draft, domain=domain)
        return (await self.stub.ExportTable(request, timeout=60)).workbook

    async def preview(
        self, catalogue: str, workbook: bytes, *, complete: bool = True
    ) -> pb.PreviewImportResponse:
        request = pb.PreviewImportRequest(catalogue=catalogue, workbook=workbook, complete=complete)
        return await self.stub.PreviewImport(request, timeout=60)

    async def head(self) -> int:
        async with self.office.engine.connect() as conn:
            return await self.office.store.head(conn)

    async def open(self, catalogue: str) -> None:
        order = Order(str(uuid.uuid4()), "staff:somebody")
        await open_edition(Desk(self.office, utc_now), order, catalogue, "第二版")

    @asynccontextmanager
    async def as_steward(self, division: str) -> AsyncIterator[CatalogueServiceAsyncStub]:
        """A steward of a division."""
        person = Staff("s-1", "某人", "科员", "341323-zfb", (Grant(Role.STEWARD, division=division),))
        token = issue_staff(private_key(self.keys, "catalog"), staff=person, audience="catalog")
        async with channel(self.target, audience="catalog", tokens=lambda _: token) as opened:
            yield CatalogueServiceStub(opened)


def order(
    catalogue: str, workbook: bytes, seen: pb.PreviewImportResponse, **more: str
) -> pb.ImportTableRequest:
    return pb.ImportTableRequest(
        command_id=more.get("command_id", str(uuid.uuid4())),
        catalogue=catalogue,
        workbook=workbook,
        complete=True,
        digest=seen.digest,
        reason=more.get("reason", ""),
    )


@pytest.fixture(scope="module")
async def tables(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tables]:
    """One service for all; the city and a county draft an edition, the guide does not."""
    with fresh_database(postgres) as database_url:
        async with serving(database_url, tmp_path_factory.mktemp("keys")) as one:
            await one.open(CITY)
            await one.open(COUNTY)
            yield one


@asynccontextmanager
async def serving(database_url: str, keys: Path) -> AsyncIterator[Tables]:
    create_keys(keys, services=["catalog", "portal"])
    await migrate("services.catalog", database_url)
    engine = create_engine(database_url)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=Vault(bytes(32), clock=utc_now))
    office = Office(engine, store, CommandLedger(clock=utc_now))
    await sow(office, read_seed())
    settings = Settings("catalog", keys=keys, grpc_listen=Address("127.0.0.1", 0))
    async with Service("catalog", settings) as service:
        api = Api(Desk(office, utc_now))
        service.grpc(add_CatalogueServiceServicer_to_server, api, pb.DESCRIPTOR)
        await service.start()
        target = f"127.0.0.1:{service.grpc_port}"
        async with channel(target, audience="catalog", tokens=operator_tokens(keys)) as opened:
            yield Tables(office, keys, target, CatalogueServiceStub(opened))
    await engine.dispose()


def changed(data: bytes) -> bytes:
    """The city's table after a steward's work: a cell changed, a row renamed, one gone, one new, a domain new."""

    def first_sheet(sheet: Worksheet) -> None:
        sheet["F4"] = "实时公开"
        sheet["C5"] = "政策与解读"
        for merged in [merged for merged in sheet.merged_cells.ranges if merged.min_row > 3]:
            top = sheet.cell(merged.min_row, merged.min_col).value
            sheet.unmerge_cells(str(merged))
            for row in range(merged.min_row, merged.max_row + 1):
                sheet.cell(row, merged.min_col, top)
        sheet.delete_rows(7)
        sheet.append([cell.value if column != 2 else "新增事项" for column, cell in enumerate(sheet[4])])

    book = load_workbook(io.BytesIO(edited(data, first_sheet)))
    copy = book.copy_worksheet(book.worksheets[0])
    copy.title = "乡村振兴"
    copy["A1"] = "宿州市乡村振兴领域基层政务公开标准目录"
    return saved(book)


async def test_the_city_s_edition_is_exported_and_its_import_changes_nothing(tables: Tables) -> None:
    """26 sheets, 305 rows; previewed against the draft of the next edition nothing differs, and nothing is written."""
    workbook = await tables.export(CITY)
    before = await tables.head()

    seen = await tables.preview(CITY, workbook)
    done = await tables.stub.ImportTable(order(CITY, workbook, seen), timeout=60)

    assert len(grid(workbook)) == 26
    assert (seen.rows, seen.same, len(seen.changes), len(seen.bad)) == (305, 305, 0, 0)
    assert (done.added, done.changed, done.removed) == (0, 0, 0)
    assert await tables.head() == before


async def test_a_table_is_carried_out_as_it_was_previewed_once(tables: Tables) -> None:
    """Changes, renames, removals, additions and a new domain, in one command; exported again it is the same table.

    Before somebody opens the next edition nothing can be imported.
    """
    workbook = changed(await tables.export(GUIDE, domain="20"))
    with pytest.raises(grpc.aio.AioRpcError) as closed:
        await tables.stub.ImportTable(order(GUIDE, workbook, pb.PreviewImportResponse()))
    await tables.open(GUIDE)

    seen = await tables.preview(GUIDE, workbook)
    asked = order(GUIDE, workbook, seen, reason="本级没有此项职能")
    first = await tables.stub.ImportTable(asked, timeout=60)
    again = await tables.stub.ImportTable(asked, timeout=60)
    after = await tables.export(GUIDE, draft=True)

    kinds = [change.kind for change in seen.changes]
    assert list(seen.new_domains) == ["乡村振兴"]
    assert (kinds.count("changed"), kinds.count("renamed"), kinds.count("removed")) == (1, 1, 1)
    assert (first.added, first.changed, first.removed) == (seen.added, 2, 1) == (kinds.count("added"), 2, 1)
    assert again == first
    assert [sheet[0] for sheet in grid(after)][-1] == "乡村振兴"
    assert list((await tables.preview(GUIDE, after)).changes) == []
    assert list((await tables.preview(GUIDE, workbook)).changes) == []
    assert [reason.code for reason in reasons_of(closed.value)] == ["edition.not-drafting"]


async def test_bad_cells_a_stale_preview_or_a_missing_reason_change_nothing(tables: Tables) -> None:
    """Each refusal says what to do; the log is as long as before."""
    good = await tables.export(CITY, domain="20")
    fewer = edited(good, lambda sheet: sheet.delete_rows(sheet.max_row))
    broken = edited(good, lambda sheet: sheet.__setitem__("H4", "■政府网战"))
    seen = await tables.preview(CITY, good)
    before = await tables.head()

    codes = []
    for request in (
        order(CITY, broken, await tables.preview(CITY, broken)),
        order(CITY, fewer, seen, reason="不再需要"),
        order(CITY, fewer, await tables.preview(CITY, fewer)),
        order(CITY, b"PK\x03\x04", pb.PreviewImportResponse()),
        order("341399000000", good, seen),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await tables.stub.ImportTable(request)
        codes.append([reason.code for reason in reasons_of(refusal.value)])

    assert codes == [
        ["import.cell"], ["import.changed-since"], ["import.reason.missing"], ["workbook.broken"], ["catalogue.unknown"],
    ]  # fmt: skip
    assert await tables.head() == before


async def test_only_the_division_s_stewards_import(tables: Tables) -> None:
    """A steward of another county is refused; the county's own takes up what the table names."""
    workbook = await tables.export(CITY, domain="20")

    async with tables.as_steward(OTHER) as stranger, tables.as_steward(COUNTY) as steward:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stranger.PreviewImport(pb.PreviewImportRequest(catalogue=COUNTY, workbook=workbook))
        seen = await steward.PreviewImport(pb.PreviewImportRequest(catalogue=COUNTY, workbook=workbook))
        done = await steward.ImportTable(
            pb.ImportTableRequest(command_id="c-1", catalogue=COUNTY, workbook=workbook, digest=seen.digest)
        )

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert {change.kind for change in seen.changes} == {"returned"}
    assert done.added == seen.rows


async def test_the_service_answers_while_workbooks_are_read(tables: Tables) -> None:
    """Reading happens in threads: the loop goes on turning all the while."""
    workbook = await tables.export(CITY)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    turning = asyncio.create_task(turn())
    await asyncio.gather(*(tables.preview(CITY, workbook) for _ in range(2)))
    turning.cancel()

    assert turns > 5


async def test_the_operator_exports_previews_and_imports_from_the_command_line(
    tables: Tables, tmp_path: Path
) -> None:
    """``gongkai catalogue``: a good table has nothing to change, a broken one is told cell by cell and fails."""
    state, good, broken, mapping = (
        tmp_path / name for name in ("state", "good.xlsx", "broken.xlsx", "mapping.yaml")
    )
    state.mkdir()
    (state / "keys").symlink_to(tables.keys)
    found = {"portal": "", "nats": "", "opensearch": "", "grpc": {"catalog": tables.target}}
    (state / "endpoints.json").write_text(json.dumps(found), encoding="utf-8")

    async def run(*words: object) -> tuple[int, str]:
        line = [*map(str, words), "--state", str(state)]
        result = await asyncio.to_thread(CliRunner().invoke, app, line)
        return result.exit_code, result.output

    exported = await run("export", CITY, good, "--domain", "20")
    broken.write_bytes(edited(good.read_bytes(), lambda sheet: sheet.__setitem__("H4", "■政府网战")))
    previewed = await run("preview", CITY, good, "--save-mapping", mapping)
    done = await run("import", CITY, good, "--mapping", mapping)
    refused = await run("import", CITY, broken)

    assert (exported[0], previewed[0], done[0], refused[0]) == (0, 0, 0, 1)
    assert "不变 13。" in previewed[1]
    assert "已导入：增加 0，修改 0，删除 0。" in done[1]
    assert "H4" in refused[1]
