"""Catalogues over real gRPC on a real database: drafted, reviewed by another person, published, and asked for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.serving.errors import reasons_of
from gongkai.serving.rebuilding import Difference, rebuild
from services.catalog.views.rebuild import views_of
from tests.catalog.rowcells import COMPLETE
from tests.catalog.staffroom import CITY, COUNTY, OTHER_COUNTY, TOWN, Staffroom
from tests.catalog.stewards import command, fields, pair, refused


async def test_a_county_begins_its_catalogue_and_a_township_below_it_follows(
    room: Staffroom, stack: AsyncExitStack
) -> None:
    """From nothing to a published county edition with differences, and a township edition that stands on it."""
    county = await pair(room, stack, COUNTY)
    reader = await stack.enter_async_context(room.reader())
    town = await pair(room, stack, TOWN)

    before = (await county.drafts.GetDraft(pb.GetDraftRequest(catalogue=COUNTY))).draft
    assert (before.phase, list(before.acts), before.catalogue.title) == (
        "none", ["open"], "灵璧县基层政务公开标准目录",
    )  # fmt: skip
    assert await refused(town.open()) == ["upper.unpublished"]
    draft = await county.open()
    assert (draft.phase, draft.number, draft.upper_edition, draft.counts[0].n) == ("drafting", 1, 1, 305)
    assert {count.name: count.n for count in draft.counts}["undecided"] == 305
    propose = pb.ProposeEditionRequest(command_id=command(), catalogue=COUNTY)
    told = await refused(county.drafts.ProposeEdition(propose))
    assert told[:2] == ["edition.empty", "question.new-above"]
    assert told[-1] == "question.more"

    await county.adopt_all()
    await county.edit_now(
        fields("m-20-001", {"time_limit": "10个工作日内", "phone": "0557-6012345"}, reason="便民"),
        pb.Edit(matter="m-02-001", act="leave_out", reason="本县没有这项业务"),
        pb.Edit(
            act="add",
            fields={
                **COMPLETE,
                "domain": "04",
                "level1": "预算公开",
                "level2": "乡镇财政所报表",
                "levels": "县级;乡级",
            },
        ),
    )
    edition = await county.publish()
    assert (edition.number, edition.matters, edition.added) == (1, 305, 305)

    row = (await reader.GetRow(pb.GetRowRequest(catalogue=COUNTY, matter="m-20-001"))).row
    assert [(change.label, change.now) for change in row.differs] == [
        ("公开时限", "10个工作日内"), ("咨询电话", "0557-6012345"),
    ]  # fmt: skip
    assert (row.reason, row.reading.time_limits[0].n, row.reading.time_limits[0].unit) == (
        "便民", 10, "working_days",
    )  # fmt: skip
    cited = row.reading.citations[0]
    assert (cited.title, cited.state, cited.basis[:2]) == ("中华人民共和国政府信息公开条例", "amended", "b-")
    assert cited.note
    asked = pb.ListRowsRequest(catalogue=COUNTY, differences_only=True)
    differences = (await reader.ListRows(asked)).rows
    assert {each.matter: (each.state, each.added) for each in differences} == {
        "m-02-001": ("left_out", False),
        "m-20-001": ("in", False),
        "m-04-341323-001": ("in", True),
    }
    opened = await town.open()
    names_level = [row for row in (await town.rows()).values() if "乡" in row.upper.levels]
    assert opened.counts[0].n == len(names_level) > 100
    assert "m-04-341323-001" in await town.rows()


async def test_who_keeps_one_county_cannot_touch_another(room: Staffroom, stack: AsyncExitStack) -> None:
    """A steward acts in their own division and below; an editor reads nothing of a division; a service drafts nothing."""
    own = await stack.enter_async_context(room.steward(COUNTY))
    inspector = await stack.enter_async_context(room.steward(COUNTY, role="inspector"))
    portal = await stack.enter_async_context(room.reader())
    denied = grpc.StatusCode.PERMISSION_DENIED

    for catalogue in (OTHER_COUNTY, CITY, "guide"):
        draft = pb.GetDraftRequest(catalogue=catalogue)
        asked = pb.OpenEditionRequest(command_id=command(), catalogue=catalogue)
        edits = [pb.Edit(matter="m-20-001", act="adopt")]
        edit = pb.EditMattersRequest(command_id=command(), catalogue=catalogue, edits=edits)
        publish = pb.PublishEditionRequest(command_id=command(), catalogue=catalogue)
        for call in (
            own.GetDraft(draft),
            own.OpenEdition(asked),
            own.EditMatters(edit),
            own.PublishEdition(publish),
            own.DiscardEdition(
                pb.DiscardEditionRequest(command_id=command(), catalogue=catalogue, reason="无")
            ),
        ):
            assert await refused(call, denied) == ["auth.not-allowed"]
    assert await refused(portal.GetDraft(pb.GetDraftRequest(catalogue=COUNTY)), denied)
    seen = (await inspector.GetDraft(pb.GetDraftRequest(catalogue=COUNTY))).draft
    assert list(seen.acts) == []
    assert {each.act for each in seen.hindrances} == {
        "open",
        "take_upper",
        "edit",
        "propose",
        "return",
        "publish",
        "discard",
    }
    asked = pb.OpenEditionRequest(command_id=command(), catalogue=COUNTY)
    assert await refused(inspector.OpenEdition(asked), denied) == ["auth.not-allowed"]
    nowhere = pb.GetDraftRequest(catalogue="119999000000")
    assert await refused(own.GetDraft(nowhere), grpc.StatusCode.NOT_FOUND) == ["catalogue.unknown"]


async def test_of_two_editors_of_one_matter_the_second_is_told_what_changed(
    room: Staffroom, stack: AsyncExitStack
) -> None:
    """Same cell: refused with both texts, nothing of the batch saved; other cells go through; both at once, one wins."""
    county = await pair(room, stack, OTHER_COUNTY)
    await county.open()
    await county.edit(pb.Edit(matter="m-20-002", act="adopt"), pb.Edit(matter="m-20-003", act="adopt"))
    seen = (await county.rows("", "m-20-002"))["m-20-002"].version

    await county.edit(fields("m-20-002", {"phone": "0557-1"}, seen))
    second = county.edit(
        fields("m-20-002", {"phone": "0557-2", "office": "低保股"}, seen),
        fields("m-20-003", {"office": "低保股"}, 0),
        by=county.reviews,
    )
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await second
    [reason] = reasons_of(error.value)
    assert (reason.code, reason.field) == ("matter.changed-since", "edits[0].fields.phone")
    assert "已被他人改为“0557-1”" in reason.message_zh
    assert (await county.rows("", "m-20-003"))["m-20-003"].stance == "adopted"

    [row] = await county.edit(fields("m-20-002", {"office": "低保股"}, seen), by=county.reviews)
    assert (row.row.phone, row.row.office) == ("0557-1", "低保股")

    both = await asyncio.gather(
        county.edit(fields("m-20-002", {"phone": "甲"}, row.version)),
        county.edit(fields("m-20-002", {"phone": "乙"}, row.version), by=county.reviews),
        return_exceptions=True,
    )
    failed = [each for each in both if isinstance(each, grpc.aio.AioRpcError)]
    assert [reason.code for each in failed for reason in reasons_of(each)] == ["matter.changed-since"]


async def test_a_batch_is_saved_whole_or_not_at_all_and_tells_every_reason(
    room: Staffroom, stack: AsyncExitStack
) -> None:
    """Six bad edits of seven give all their reasons at once, and the good one is not saved; a repeat changes nothing."""
    county = await pair(room, stack, "341322000000")
    await county.open()
    bad = [
        pb.Edit(matter="m-01-001", act="adopt"),
        pb.Edit(matter="m-99-001", act="adopt"),
        pb.Edit(matter="m-01-002", act="leave_out"),
        pb.Edit(matter="m-01-003", act="drop"),
        pb.Edit(matter="m-01-004", act="set", fields={"level1": "", "colour": "红"}),
        pb.Edit(act="add", fields={**COMPLETE, "domain": "99", "level1": "", "level2": "", "subject": ""}),
        pb.Edit(matter="m-01-005", act="fly"),
    ]
    assert await refused(county.edit(*bad)) == [
        "matter.unknown", "leave-out.reason.missing", "drop.reason.missing", "matter.not-own",
        "matter.field.unknown", "matter.name.missing", "matter.domain.unknown", "matter.name.missing",
        "matter.name.missing", "matter.cell.missing", "edit.act.unknown",
    ]  # fmt: skip
    assert set(await county.rows("adopted")) == set()
    assert await refused(county.edit()) == ["edits.none"]

    edits = [pb.Edit(matter="m-01-001", act="adopt")]
    once = pb.EditMattersRequest(command_id="edit-once", catalogue=county.catalogue, edits=edits)
    first = await county.drafts.EditMatters(once)
    again = await county.drafts.EditMatters(once)
    assert first == again
    edits[0].act = "leave_out"
    other = pb.EditMattersRequest(command_id="edit-once", catalogue=county.catalogue, edits=edits)
    assert await refused(county.drafts.EditMatters(other)) == ["command.reused"]


async def test_a_draft_is_published_by_another_person_and_as_it_was_reviewed(
    room: Staffroom, stack: AsyncExitStack
) -> None:
    """The proposer may not publish, a proposed draft may not be edited, a returned one says why, a stale review is told."""
    county = await pair(room, stack, "341321000000")
    await county.open()
    await county.adopt_all()
    propose = pb.ProposeEditionRequest(command_id=command(), catalogue=county.catalogue, note="请审")
    draft = (await county.drafts.ProposeEdition(propose)).draft

    publish = pb.PublishEditionRequest(command_id=command(), catalogue=county.catalogue, seen=draft.version)
    assert await refused(county.drafts.PublishEdition(publish)) == ["edition.same-person"]
    assert await refused(county.edit(fields("m-01-001", {"phone": "1"}))) == ["edition.not-drafting"]
    back = pb.ReturnEditionRequest(command_id=command(), catalogue=county.catalogue, reason=" ")
    assert await refused(county.reviews.ReturnEdition(back)) == ["return.reason.missing"]
    back.reason = "请补电话"
    give_up = pb.DiscardEditionRequest(command_id=command(), catalogue=county.catalogue)
    assert await refused(county.drafts.DiscardEdition(give_up)) == [
        "edition.not-drafting", "discard.reason.missing",
    ]  # fmt: skip
    returned = (await county.reviews.ReturnEdition(back)).draft
    assert (returned.phase, returned.note) == ("drafting", "请补电话")
    await county.edit(fields("m-01-001", {"phone": "1"}))
    propose.command_id = command()
    again = (await county.drafts.ProposeEdition(propose)).draft
    assert again.version > draft.version
    assert await refused(county.reviews.PublishEdition(publish)) == ["edition.changed-since"]
    publish.command_id, publish.seen = command(), again.version
    edition = (await county.reviews.PublishEdition(publish)).edition
    assert (edition.number, edition.catalogue) == (1, county.catalogue)
    assert (await county.open()).number == 2
    propose.command_id = command()
    assert await refused(county.drafts.ProposeEdition(propose)) == ["edition.unchanged"]


async def test_the_public_asks_for_editions_rows_and_differences(
    room: Staffroom, stack: AsyncExitStack
) -> None:
    """Pages go through the table in its order; unknown things, days and tokens are told."""
    reader = await stack.enter_async_context(room.reader())
    missing, malformed = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT

    found = (await reader.ListCatalogues(pb.ListCataloguesRequest())).catalogues
    assert [(each.id, each.level) for each in found[:2]] == [("guide", "guide"), (CITY, "city")]
    asked = pb.ListRowsRequest(catalogue=CITY, page_size=100, domain="")
    matters: list[str] = []
    while True:
        answer = await reader.ListRows(asked)
        matters += [row.matter for row in answer.rows]
        asked.page_token = answer.next_page_token
        if not asked.page_token:
            break
    assert (len(matters), matters == sorted(matters), answer.total) == (305, True, 305)
    some = await reader.ListRows(pb.ListRowsRequest(catalogue=CITY, q="社会 政策", level="township"))
    assert 0 < some.total < 20
    nearest = await reader.GetCatalogue(pb.GetCatalogueRequest(id="341302000000", or_above=True))
    assert (nearest.catalogue.id, len(nearest.domains)) == (CITY, 26)
    for call, status in (
        (reader.ListRows(pb.ListRowsRequest(catalogue=CITY, on="昨天")), malformed),
        (reader.ListRows(pb.ListRowsRequest(catalogue=CITY, page_token="x")), malformed),
        (reader.ListRows(pb.ListRowsRequest(catalogue=CITY, on="2019-01-01")), missing),
        (reader.ListRows(pb.ListRowsRequest(catalogue=CITY, edition=99)), missing),
        (reader.GetRow(pb.GetRowRequest(catalogue=CITY, matter="m-99-001")), missing),
        (reader.GetCatalogue(pb.GetCatalogueRequest(id="119999000000")), missing),
        (reader.CompareEditions(pb.CompareEditionsRequest(catalogue="x")), missing),
    ):
        assert len(await refused(call, status)) == 1
    same = await reader.CompareEditions(pb.CompareEditionsRequest(catalogue="guide", with_catalogue=CITY))
    assert (same.same, same.added, same.removed, same.changed) == (305, 0, 0, 0)


async def test_a_rebuild_of_the_views_finds_them_as_they_are(room: Staffroom) -> None:
    """After all that, the views made anew from the log are the same, row for row."""
    office = room.desk.office
    told = [each async for each in rebuild(office.engine, views_of(office.store))]

    assert [str(each) for each in told if isinstance(each, Difference)] == []
