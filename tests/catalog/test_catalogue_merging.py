"""The city's standard of 305 matters is revised in 20 ways; two counties and a township merge it: row by row.

Everything goes through the service, on a database of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import grpc
import pytest

from gongkai.devstack.postgres import Postgres
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.serving.errors import reasons_of
from gongkai.serving.rebuilding import Difference, rebuild
from services.catalog.views.rebuild import views_of
from tests.catalog.rowcells import COMPLETE
from tests.catalog.staffroom import CITY, COUNTY, OTHER_COUNTY, TOWN, Staffroom, staffroom
from tests.catalog.stewards import Pair, fields, pair, refused

CITYS, ITS, OTHERS, TOWNS = "m-05-3413-001", "m-23-341323-001", "m-12-341324-001", "m-15-341323110-001"
CITYS_FOR_COUNTIES = "m-06-3413-001"
"""Matters that the catalogues add."""


@pytest.fixture(scope="module")
async def own_room(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffroom]:
    async with staffroom(postgres, tmp_path_factory.mktemp("merging-keys")) as room:
        yield room


def leave_out(matter: str, reason: str) -> pb.Edit:
    return pb.Edit(matter=matter, act="leave_out", reason=reason)


def added(domain: str, name: str, **cells: str) -> pb.Edit:
    row = {**COMPLETE, "domain": domain, "level1": "新增", "level2": name, "levels": "县级;乡级", **cells}
    return pb.Edit(act="add", fields=row)


COUNTYS_OWN = [
    fields("m-20-001", {"time_limit": "5个工作日内"}, reason="便民"),
    fields("m-20-002", {"phone": "0557-6020001"}),
    fields("m-20-003", {"subject": "灵璧县民政局"}),
    fields("m-20-004", {"time_limit": "7个工作日内"}),
    fields("m-04-001", {"office": "预算股"}),
    fields("m-04-002", {"channels": "■政府网站;■广播电视"}),
    fields("m-24-001", {"level2": "规范性文件（县）"}),
    leave_out("m-12-001", "本县没有这项业务"),
    leave_out("m-12-002", "由市级统一公布"),
    added("23", "石榴种植补贴"),
]
OTHERS_OWN = [
    fields("m-20-001", {"time_limit": "3个工作日内"}),
    fields("m-24-002", {"audience": "特定群体:学生及家长"}),
    leave_out("m-12-003", "本县没有这项业务"),
    added("12", "泗州戏展演", time_limit="演出前5日", levels="县级"),
]
TOWNS_OWN = [
    fields("m-20-005", {"office": "民政所"}),
    fields("m-20-001", {"phone": "0557-6110001"}),
    leave_out("m-04-006", "由县级统一公开"),
    added("15", "汛期值守安排", levels="乡级"),
]
REVISED = [
    fields("m-20-001", {"time_limit": "8个工作日内"}),  # 1 adapted by both counties in other ways
    fields("m-20-001", {"phone": "12345"}),  # 2 adapted by the township
    fields("m-20-002", {"time_limit": "15个工作日内"}),  # 3 beside a cell that the county adapted
    fields("m-20-003", {"subject": "灵璧县民政局"}),  # 4 into what the county had already
    fields("m-20-004", {"level2": "办事指引"}),  # 5 renamed, beside an adapted cell
    fields("m-20-006", {"legal_basis": "《社会救助暂行办法》"}),  # 6 adapted by nobody
    fields("m-20-007", {"levels": "县级"}),  # 7 concerns townships no longer
    fields("m-21-001", {"levels": "县级;乡级"}),  # 8 concerns townships now
    leave_out("m-04-001", "并入部门预算"),  # 9 adapted by the county, which keeps it
    leave_out("m-04-002", "并入部门预算"),  # 10 adapted by the county, which drops it
    leave_out("m-04-003", "并入部门预算"),  # 11 adapted by nobody
    leave_out("m-12-001", "不再办理"),  # 12 left out by the county already
    fields("m-12-002", {"content_elements": "●服务项目●开放时间"}),  # 13 left out by the county
    added("05", "应急避难场所名录"),  # 14 new, down to the townships
    added("06", "税务信用等级", levels="县级"),  # 15 new, for counties
    pb.Edit(
        matter=OTHERS, act="add",
        fields={**COMPLETE, "domain": "12", "level1": "新增", "level2": "地方戏展演", "time_limit": "演出前5日", "levels": "县级;乡级"},
    ),  # 16 a county's own, taken up in other words
    fields("m-24-001", {"level2": "行政规范性文件"}),  # 17 renamed here and there
    fields("m-24-002", {"mode": "依申请"}),  # 18 beside a cell that the other county adapted
    fields("m-25-001", {"channels": "■政府网站;■两微一端"}),  # 19 adapted by nobody
    fields("m-04-006", {"time_limit": "批准后15日内"}),  # 20 left out by the township
]  # fmt: skip


async def first(steward: Pair, own: list[pb.Edit]) -> pb.Edition:
    await steward.open()
    await steward.adopt_all()
    await steward.edit_now(*own)
    return await steward.publish()


async def questions(steward: Pair) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(matter, cell or kind) → what it was, is above, is with us."""
    return {
        (row.matter, asked.field or asked.kind): (asked.was, asked.upper, asked.own)
        for row in (await steward.rows("undecided")).values()
        for asked in row.questions
    }


async def changes(steward: Pair, left: int, right: int) -> dict[str, dict[str, str] | str]:
    """Matter → ``added``, ``removed``, or the cells that read otherwise now."""
    request = pb.CompareEditionsRequest(
        catalogue=steward.catalogue, edition=left, with_edition=right, page_size=2000
    )
    compared = await steward.drafts.CompareEditions(request)
    return {
        row.matter: {change.field: change.now for change in row.changes} or row.kind for row in compared.rows
    }


async def differences(steward: Pair) -> Mapping[str, object]:
    """Matter → the cells that are not as above, ``left_out`` or ``added``, of the edition in force."""
    request = pb.ListRowsRequest(catalogue=steward.catalogue, differences_only=True, page_size=2000)
    rows = (await steward.drafts.ListRows(request)).rows
    return {
        row.matter: "left_out"
        if row.state == "left_out"
        else "added"
        if row.added
        else {change.field: change.now for change in row.differs}
        for row in rows
    }


async def whole(steward: Pair, edition: int) -> dict[str, pb.Row]:
    request = pb.ListRowsRequest(catalogue=steward.catalogue, edition=edition, page_size=2000)
    return {row.matter: row.row for row in (await steward.drafts.ListRows(request)).rows}


async def test_a_standard_revised_in_twenty_ways_is_merged_row_by_row(own_room: Staffroom) -> None:
    """What was not adapted follows, what was is asked or kept, and every row of the new editions is as stated."""
    async with AsyncExitStack() as stack:
        city, county, other, town = [
            await pair(own_room, stack, catalogue) for catalogue in (CITY, COUNTY, OTHER_COUNTY, TOWN)
        ]
        assert (await first(county, COUNTYS_OWN)).matters == 305 - 2 + 1
        assert (await first(other, OTHERS_OWN)).matters == 305 - 1 + 1
        assert (await first(town, TOWNS_OWN)).matters == 136 - 2 + 1 + 1 - 1
        before = {steward.catalogue: await whole(steward, 1) for steward in (city, county, other, town)}

        await city.open()
        await city.edit_now(*REVISED)
        revised = await city.publish()
        assert (revised.number, revised.added, revised.changed, revised.removed) == (2, 3, 12, 4)

        await county_merges(county)
        await other_county_merges(other)
        await township_merges(town)

        for steward in (city, county, other, town):
            assert await whole(steward, 1) == before[steward.catalogue]
        past = await city.drafts.ListRows(pb.ListRowsRequest(catalogue=CITY, on="2021-01-01", page_size=1))
        assert (past.edition.number, past.total, past.edition.superseded_on != "") == (1, 305, True)
    office = own_room.desk.office
    told = [each async for each in rebuild(office.engine, views_of(office.store))]
    assert [str(each) for each in told if isinstance(each, Difference)] == []


async def gives_up(county: Pair) -> None:
    """Nothing of a discarded draft is left: not its edits, nor its questions, nor the edition above it stood on."""
    await county.open()
    in_force = await county.rows()
    await county.take()
    await county.edit_now(
        pb.Edit(matter="m-20-001", act="hold", fields={"time_limit": ""}),
        pb.Edit(matter="m-24-001", act="restore", fields={"level2": ""}),
        fields("m-20-003", {"phone": "1"}),
        fields(ITS, {"phone": "2"}),
        pb.Edit(matter="m-04-001", act="keep"),
        pb.Edit(matter="m-12-002", act="adopt"),
        leave_out("m-20-009", "误改"),
        added("23", "误加的事项"),
    )
    discard = pb.DiscardEditionRequest(command_id="give-up", catalogue=COUNTY, reason=" ")
    assert await refused(county.drafts.DiscardEdition(discard)) == ["discard.reason.missing"]
    discard.reason = "改错了地方，从头再来"
    told = await county.drafts.DiscardEdition(discard)
    assert (told.matters, told.draft.phase, told.draft.upper_edition) == (8, "none", 1)
    assert await county.drafts.DiscardEdition(discard) == told
    assert (await county.open()).number == 2
    again = await county.rows()
    for rows in (in_force, again):
        for row in rows.values():
            row.version = 0
    assert again == in_force
    await county.drafts.DiscardEdition(
        pb.DiscardEditionRequest(command_id="once-more", catalogue=COUNTY, reason="未改")
    )


async def county_merges(county: Pair) -> None:
    """Seven questions, each answered in another way; first in a draft that is given up."""
    await gives_up(county)
    await county.open()
    assert await questions(county) == {}
    seen = (await county.rows("", "m-20-006"))["m-20-006"].version
    await county.take()
    stale = county.edit(fields("m-20-006", {"legal_basis": "《行政许可法》"}, seen))
    assert await refused(stale) == ["matter.changed-since"]  # what it says above now was never seen
    asked = await questions(county)
    assert asked == {
        ("m-20-001", "time_limit"): ("制定或获取信息之日起10个工作日内", "8个工作日内", "5个工作日内"),
        ("m-24-001", "level2"): ("规范性文件", "行政规范性文件", "规范性文件（县）"),
        ("m-04-001", "gone_above"): ("", "", ""),
        ("m-04-002", "gone_above"): ("", "", ""),
        (CITYS, "new_above"): ("", "", ""),
        (CITYS_FOR_COUNTIES, "new_above"): ("", "", ""),
        (OTHERS, "new_above"): ("", "", ""),
    }
    propose = pb.ProposeEditionRequest(command_id="too-early", catalogue=COUNTY)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await county.drafts.ProposeEdition(propose)
    assert len(reasons_of(error.value)) == len(asked)

    await county.edit_now(
        pb.Edit(matter="m-20-001", act="hold", fields={"time_limit": ""}),
        pb.Edit(matter="m-24-001", act="restore", fields={"level2": ""}),
        pb.Edit(matter="m-04-001", act="keep"),
        pb.Edit(matter="m-04-002", act="drop", reason="并入部门预算"),
        pb.Edit(matter=CITYS, act="adopt"),
        leave_out(CITYS_FOR_COUNTIES, "由税务部门公布"),
        fields(OTHERS, {"phone": "0557-6020009"}),
    )
    assert await questions(county) == {}
    edition = await county.publish()
    assert (edition.upper_edition, edition.matters) == (2, 304 - 2 + 2)

    assert await changes(county, 1, 2) == {
        "m-20-001": {"phone": "12345"},
        "m-20-002": {"time_limit": "15个工作日内"},
        "m-20-004": {"level2": "办事指引"},
        "m-20-006": {"legal_basis": "《社会救助暂行办法》"},
        "m-20-007": {"levels": "县级"},
        "m-21-001": {"levels": "县级;乡级"},
        "m-04-002": "removed",
        "m-04-003": "removed",
        "m-24-001": {"level2": "行政规范性文件"},
        "m-24-002": {"mode": "依申请"},
        "m-25-001": {"channels": "■政府网站;■两微一端"},
        "m-04-006": {"time_limit": "批准后15日内"},
        CITYS: "added",
        OTHERS: "added",
    }
    assert await differences(county) == {
        "m-20-001": {"time_limit": "5个工作日内"},
        "m-20-002": {"phone": "0557-6020001"},
        "m-20-004": {"time_limit": "7个工作日内"},
        "m-04-001": "added",
        "m-12-002": "left_out",
        CITYS_FOR_COUNTIES: "left_out",
        OTHERS: {"phone": "0557-6020009"},
        ITS: "added",
    }
    shown = (await county.drafts.GetRow(pb.GetRowRequest(catalogue=COUNTY, matter="m-12-002"))).row
    assert (shown.row.content_elements, shown.reason) == ("●服务项目●开放时间", "由市级统一公布")


async def other_county_merges(other: Pair) -> None:
    """Its own matter stands above now: adopted, with its own words as differences."""
    await other.open()
    await other.take()
    assert set(await questions(other)) == {
        ("m-20-001", "time_limit"), (CITYS, "new_above"), (CITYS_FOR_COUNTIES, "new_above"),
    }  # fmt: skip
    await other.edit_now(
        pb.Edit(matter="m-20-001", act="restore"),
        pb.Edit(matter=CITYS, act="adopt"),
        pb.Edit(matter=CITYS_FOR_COUNTIES, act="adopt"),
    )
    await other.publish()

    assert await changes(other, 1, 2) == {
        "m-20-001": {"time_limit": "8个工作日内", "phone": "12345"},
        "m-20-002": {"time_limit": "15个工作日内"},
        "m-20-003": {"subject": "灵璧县民政局"},
        "m-20-004": {"level2": "办事指引"},
        "m-20-006": {"legal_basis": "《社会救助暂行办法》"},
        "m-20-007": {"levels": "县级"},
        "m-21-001": {"levels": "县级;乡级"},
        "m-04-001": "removed",
        "m-04-002": "removed",
        "m-04-003": "removed",
        "m-12-001": "removed",
        "m-12-002": {"content_elements": "●服务项目●开放时间"},
        "m-24-001": {"level2": "行政规范性文件"},
        "m-24-002": {"mode": "依申请"},
        "m-25-001": {"channels": "■政府网站;■两微一端"},
        "m-04-006": {"time_limit": "批准后15日内"},
        CITYS: "added",
        CITYS_FOR_COUNTIES: "added",
    }
    assert await differences(other) == {
        "m-24-002": {"audience": "特定群体:学生及家长"},
        "m-12-003": "left_out",
        OTHERS: {"level2": "泗州戏展演", "levels": "县级"},
    }


async def township_merges(town: Pair) -> None:
    """It stands on the county: what left the county or its level goes, what came is asked."""
    await town.open()
    await town.take()
    assert await questions(town) == {
        ("m-20-001", "phone"): ("", "12345", "0557-6110001"),
        ("m-21-001", "new_above"): ("", "", ""),
        (CITYS, "new_above"): ("", "", ""),
        (OTHERS, "new_above"): ("", "", ""),
    }
    await town.edit_now(
        pb.Edit(matter="m-20-001", act="set", fields={"phone": "12345转渔沟"}),
        pb.Edit(matter="m-21-001", act="adopt"),
        pb.Edit(matter=CITYS, act="adopt"),
        leave_out(OTHERS, "本镇没有剧团"),
    )
    edition = await town.publish()

    assert edition.upper_edition == 2
    assert await changes(town, 1, 2) == {
        "m-20-001": {"phone": "12345转渔沟"},
        "m-20-002": {"time_limit": "15个工作日内"},
        "m-20-004": {"level2": "办事指引"},
        "m-20-006": {"legal_basis": "《社会救助暂行办法》"},
        "m-20-007": "removed",
        "m-04-002": "removed",
        "m-21-001": "added",
        CITYS: "added",
    }
    assert await differences(town) == {
        "m-20-005": {"office": "民政所"},
        "m-20-001": {"phone": "12345转渔沟"},
        "m-04-006": "left_out",
        OTHERS: "left_out",
        TOWNS: "added",
    }
