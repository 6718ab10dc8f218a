"""Duties over real gRPC and NATS with real credentials: asked, validated, assigned, and no change lost."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import grpc
import nats.errors
import pytest
from jsonschema import Draft202012Validator

from gongkai.devstack.postgres import Postgres
from gongkai.messaging.auth import organ_credentials
from gongkai.messaging.connection import connect
from gongkai.rpc.catalog.v1 import catalog_pb2, catalogues_pb2, duties_pb2
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.rpc.catalog.v1.duties_pb2_grpc import DutyServiceStub
from gongkai.rpc.ops.v1 import ops_pb2
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.security.permissions import Role
from gongkai.serving.clock import legal_day, utc_now
from gongkai.serving.errors import reasons_of
from services.catalog.duties import asking
from tests.catalog.dutyroom import COUNTY, MZJ, RMZF, ZJJ, Dutyroom, ask, dutyroom
from tests.catalog.rowcells import COMPLETE
from tests.catalog.stewards import Pair, fields
from tests.conftest import fresh_database

CITY, YUGOU, GAOLOU = "341300000000", "341323110000", "341323111000"
WELFARE = "县级人民政府民政部门"


@pytest.fixture(scope="module")
async def shared(postgres: Postgres) -> AsyncIterator[Dutyroom]:
    with fresh_database(postgres) as database_url:
        async with dutyroom(database_url) as room:
            yield room


@pytest.fixture
def room(shared: Dutyroom) -> Dutyroom:
    """One service for all tests, in their order: the county has no edition of its own until the last ones."""
    return shared


async def refusal(call: Any) -> tuple[grpc.StatusCode, list[str]]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), [one.code for one in reasons_of(refused.value)]


async def test_an_organ_is_told_what_it_must_disclose(room: Dutyroom) -> None:
    """By the city's standard, while its county has none: its rows in the table's order, each with a sound schema."""
    duties = DutyServiceStub(await room.organ(MZJ))
    whole = await duties.ListDuties(duties_pb2.ListDutiesRequest(organ=MZJ, page_size=500))
    assert (whole.edition.catalogue, whole.edition.number, whole.total, whole.next_page_token) == (
        CITY, 1, len(whole.duties), "",
    )  # fmt: skip
    assert {duty.row.row.subject for duty in whole.duties} == {
        WELFARE, "县级人民政府民政部门、乡镇人民政府(街道办事处)", "各政府部门、乡镇人民政府",
    }  # fmt: skip
    assert all(MZJ in duty.row.organs for duty in whole.duties)
    for duty in whole.duties:
        schema = json.loads(duty.schema)
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"urn:gongkai:schema:{CITY}-1:{duty.row.matter}"
        assert list(schema["properties"]) == [element.key for element in duty.row.reading.elements]
    paged: list[str] = []
    token = ""
    while True:
        asked = duties_pb2.ListDutiesRequest(organ=MZJ, page_size=7, page_token=token)
        page = await duties.ListDuties(asked)
        paged += [duty.row.matter for duty in page.duties]
        token = page.next_page_token
        if not token:
            break
    assert paged == [duty.row.matter for duty in whole.duties]


async def test_a_township_owes_what_is_disclosed_at_its_level(room: Dutyroom) -> None:
    """Rows of the county's level alone are not a township's, whoever's words they have."""
    duties = DutyServiceStub(await room.organ(RMZF))
    told = (await duties.ListDuties(duties_pb2.ListDutiesRequest(organ=RMZF, page_size=500))).duties
    assert len(told) > 50
    assert all("township" in duty.row.reading.levels for duty in told)
    listed = await CatalogueServiceStub(await room.operator()).ListRows(
        catalogues_pb2.ListRowsRequest(catalogue=CITY, organ=RMZF, page_size=500)
    )
    assert [row.matter for row in listed.rows] == [duty.row.matter for duty in told]


async def test_an_organ_asks_about_itself_alone(room: Dutyroom) -> None:
    """Another organ's duties, documents and changes are not its business; what is unknown is told."""
    duties = DutyServiceStub(await room.organ(MZJ))
    denied = (grpc.StatusCode.PERMISSION_DENIED, ["organ.mismatch"])
    assert await refusal(duties.ListDuties(duties_pb2.ListDutiesRequest(organ=ZJJ))) == denied
    assert await refusal(duties.ListChanges(duties_pb2.ListChangesRequest(organ=ZJJ))) == denied
    assert await refusal(duties.ValidateDocument(duties_pb2.ValidateDocumentRequest(organ=ZJJ))) == denied
    operator = await room.duties()
    missing = grpc.StatusCode.NOT_FOUND
    assert await refusal(operator.ListDuties(duties_pb2.ListDutiesRequest(organ="x"))) == (
        missing,
        ["organ.unknown"],
    )
    schema = duties_pb2.GetSchemaRequest(catalogue=CITY, matter="m-99-999")
    assert await refusal(operator.GetSchema(schema)) == (missing, ["matter.unknown"])
    bad = duties_pb2.ListDutiesRequest(organ=MZJ, page_token="341324000000~1~07|1|x")
    assert await refusal(operator.ListDuties(bad)) == (grpc.StatusCode.INVALID_ARGUMENT, ["page.token"])
    for place, code in (("x", "place.malformed"), ("x~1", "place.lost")):
        asked = duties_pb2.ListChangesRequest(organ=MZJ, place=place)
        assert await refusal(operator.ListChanges(asked)) == (grpc.StatusCode.INVALID_ARGUMENT, [code])


async def test_a_system_asks_over_nats(room: Dutyroom) -> None:
    """The same answers in JSON: duties, a schema, every reason against a document; faults are told, in Chinese."""
    async with room.system(MZJ) as client:
        told = await ask(client, MZJ, "duties", page_size=3)
        assert (told["edition"]["catalogue"], len(told["duties"])) == (CITY, 3)
        duty = next(one for one in (await ask(client, MZJ, "duties", page_size=500))["duties"]
                    if len(one["schema"]["required"]) > 1)  # fmt: skip
        matter, required = duty["row"]["matter"], duty["schema"]["required"]
        assert (await ask(client, MZJ, "schema", matter=matter))["schema"] == duty["schema"]

        lacking = await ask(
            client, MZJ, "validate", matter=matter, elements={required[0]: "甲", "别的": "乙"}
        )
        assert lacking["valid"] is False
        assert [(one["code"], one["field"]) for one in lacking["reasons"]] == [
            *(("elements.missing", f"elements.{key}") for key in required[1:]),
            ("elements.unknown", "elements.别的"),
        ]
        assert lacking["reasons"][0]["article"].startswith("《")
        full = await ask(client, MZJ, "validate", matter=matter, elements=dict.fromkeys(required, "甲"))
        assert (full["valid"], full["reasons"], full["edition"]["number"]) == (True, [], 1)

        async def codes(question: str, **asked: Any) -> list[str]:
            answer = await ask(client, MZJ, question, **asked)
            return [answer.get("error", ""), *(one["code"] for one in answer["reasons"])]

        assert await codes("everything") == ["invalid argument", "ask.unknown"]
        assert await codes("schema") == ["invalid argument", "field.missing"]
        assert await codes("duties", page_size="x", 页=1) == [
            "invalid argument",
            "field.malformed",
            "field.unknown",
        ]
        assert await codes("schema", matter="m-99-999") == ["not found", "matter.unknown"]
        assert await codes("validate", matter="m-99-999") == ["", "matter.unknown"]
        garbage = json.loads((await client.request(f"ask.{MZJ}.duties", b"[", timeout=20)).data)
        assert [one["code"] for one in garbage["reasons"]] == ["ask.unreadable"]


async def test_nobody_asks_for_another_or_has_answers_sent_elsewhere(room: Dutyroom) -> None:
    """NATS refuses another organ's subject; a reply subject that is not the asker's inbox gets nothing."""
    async with room.system(MZJ) as client, room.system(ZJJ) as other:
        with pytest.raises((nats.errors.Error, TimeoutError)):
            await other.request(f"ask.{MZJ}.duties", b"{}", timeout=0.5)
        inbox = other.new_inbox()
        listening = await other.subscribe(inbox)
        await other.flush()
        await client.publish(f"ask.{MZJ}.duties", b"{}", reply=inbox)
        assert "place" in await ask(
            client, MZJ, "changes"
        )  # asked later, and answered: the one before was taken
        await other.flush()
        with pytest.raises(nats.errors.TimeoutError):
            await listening.next_msg(timeout=0.3)


async def test_large_answers_are_cut_into_pages(room: Dutyroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer over the limit comes as a smaller page with a token; no row is lost."""
    monkeypatch.setattr(asking, "LARGEST", 30_000)
    async with room.system(ZJJ) as client:
        told, token, pages = [], "", 0
        while pages == 0 or token:
            data = json.dumps({"page_size": 500, "page_token": token}).encode()
            message = await client.request(f"ask.{ZJJ}.duties", data, timeout=20)
            assert len(message.data) <= 30_000
            answer = json.loads(message.data)
            told += [duty["row"]["matter"] for duty in answer["duties"]]
            token, pages = answer["next_page_token"], pages + 1
        assert (len(told), len(set(told))) == (answer["total"], answer["total"])
        assert pages > 2


async def organs_meant(duties: Any, subject: str) -> list[str]:
    listed = await duties.ListAssignments(duties_pb2.ListAssignmentsRequest(division=COUNTY))
    return next(list(one.organs) for one in listed.assignments if one.subject == subject)


async def test_a_steward_says_who_is_meant(room: Dutyroom) -> None:
    """Where the table knows nobody a steward of the division decides, once; the organ's duties follow, and it is told."""
    operator = await room.duties()
    mine = DutyServiceStub(await room.staff(Role.STEWARD, COUNTY))
    others = DutyServiceStub(await room.staff(Role.STEWARD, "341324000000"))
    open_ones = await operator.ListAssignments(
        duties_pb2.ListAssignmentsRequest(division=COUNTY, unassigned_only=True)
    )
    subject = "公安机关"
    assert subject in {one.subject for one in open_ones.assignments}
    assert WELFARE not in {one.subject for one in open_ones.assignments}
    before = await operator.ListDuties(duties_pb2.ListDutiesRequest(organ=MZJ))

    def wanted(command: str, *organs: str) -> duties_pb2.AssignSubjectRequest:
        return duties_pb2.AssignSubjectRequest(
            command_id=command, division=COUNTY, subject=subject, organs=organs
        )

    assert await refusal(others.AssignSubject(wanted("a-1", MZJ))) == (
        grpc.StatusCode.PERMISSION_DENIED, ["auth.not-allowed"],
    )  # fmt: skip
    assert await refusal(mine.AssignSubject(wanted("a-2", RMZF, "x"))) == (
        grpc.StatusCode.FAILED_PRECONDITION, ["subject.organ.unknown"] * 2,
    )  # fmt: skip
    given = [(await mine.AssignSubject(wanted("a-3", MZJ))).assignment for _ in range(2)]
    assert given[0] == given[1]
    assert (list(given[0].organs), given[0].version) == ([MZJ], 1)

    changed = await operator.ListChanges(
        duties_pb2.ListChangesRequest(organ=MZJ, place=before.place, limit=500)
    )
    assert {one.kind for one in changed.changes} == {"added"}
    assert len(changed.changes) == 14
    after = await operator.ListDuties(duties_pb2.ListDutiesRequest(organ=MZJ))
    assert after.total == before.total + 14


async def test_a_system_learns_of_every_change_and_catches_up(room: Dutyroom) -> None:
    """Its county publishes an edition of its own: the feed tells at once; `changes` tells all of it, paged, once."""
    county: Pair = await room.pair(COUNTY)
    async with room.system(MZJ) as client:
        first = await ask(client, MZJ, "duties", page_size=500)
        welfare = [one["row"]["matter"] for one in first["duties"] if one["row"]["row"]["subject"] == WELFARE]
        heard = await client.subscribe(f"feed.{COUNTY}.catalog.>")
        await client.flush()

        await county.open()
        await county.adopt_all()
        await county.edit_now(
            fields(welfare[0], {"time_limit": "10个工作日内"}, reason="便民"),
            catalogues_pb2.Edit(matter=welfare[1], act="leave_out", reason="本县没有这项业务"),
            catalogues_pb2.Edit(
                act="add",
                fields={**COMPLETE, "domain": "07", "level1": "临时救助", "level2": "一事一议", "subject": WELFARE,
                        "levels": "县级", "content_elements": "●救助对象●救助金额"},
            ),
        )  # fmt: skip
        edition = await county.publish()
        assert (edition.catalogue, edition.number) == (COUNTY, 1)

        told: dict[str, str] = {}
        while not any(matter.startswith("m-07-341323") for matter in told):
            message = await heard.next_msg(timeout=20)
            data = json.loads(message.data)
            if "matter" in data:
                told[data["matter"]["id"]] = data["edition"]
        assert set(told.values()) == {f"{COUNTY}-1"}

        changes: list[dict[str, Any]] = []
        place, asked = first["place"], 0
        while asked == 0 or place.count("~") > 1:
            answer = await ask(client, MZJ, "changes", place=place, limit=1)
            changes += answer["changes"]
            place, asked = answer["place"], asked + 1
        assert {one["matter"]: one["kind"] for one in changes} == {
            welfare[0]: "changed", welfare[1]: "removed", "m-07-341323-001": "added",
        }  # fmt: skip
        assert len(changes) == 3
        (changed,) = (one for one in changes if one["kind"] == "changed")
        assert [(one["label"], one["now"]) for one in changed["changes"]] == [("公开时限", "10个工作日内")]
        assert changed["edition"]["catalogue"] == COUNTY
        again = await ask(client, MZJ, "changes", place=place)
        assert again["changes"] == []
        left = await ask(client, MZJ, "validate", matter=welfare[1])
        assert [one["code"] for one in left["reasons"]] == ["matter.retired"]


async def test_words_that_a_new_edition_brings_are_settled_and_told(room: Dutyroom) -> None:
    """Nobody need do anything: the matter passes to the organ the words mean, and its system is told."""
    county = await room.pair(COUNTY)
    async with room.system(ZJJ) as client:
        place = (await ask(client, ZJJ, "duties"))["place"]
        heard = await client.subscribe(f"feed.{COUNTY}.catalog.>")
        await client.flush()
        await county.open()
        await county.edit_now(fields("m-07-341323-001", {"subject": "县级 住房和城乡建设部门、乡镇人民政府"}))
        await county.publish()
        said: dict[str, Any] = {}
        while "subject" not in said:
            said = json.loads((await heard.next_msg(timeout=20)).data)
        assert (said["subject"], said["organs"]) == ("县级 住房和城乡建设部门、乡镇人民政府", [ZJJ])
        moved = await ask(client, ZJJ, "changes", place=place)
        assert {one["matter"]: one["kind"] for one in moved["changes"]} == {"m-07-341323-001": "added"}


async def test_the_table_follows_a_new_organ(room: Dutyroom) -> None:
    """An organ registered later is meant from that moment; what a person decided stays."""
    operator = await room.duties()
    assert await organs_meant(operator, "县级教育行政部门") == []
    await room.register("341323-jtj")
    assert await organs_meant(operator, "县级教育行政部门") == ["341323-jtj"]
    assert await organs_meant(operator, "公安机关") == [MZJ]
    async with room.system("341323-jtj") as client:
        assert (await ask(client, "341323-jtj", "duties"))["total"] >= 15


async def test_the_view_is_rebuilt_from_the_log(room: Dutyroom) -> None:
    """Who is meant comes back as it was."""
    asking_for = OpsServiceStub(await room.operator()).RebuildViews(ops_pb2.RebuildViewsRequest())
    told = [one async for one in asking_for]
    assert told[-1].finished
    assert [line for one in told for line in one.differences if "subject_assignment" in line] == []


async def test_an_organ_that_ended_is_no_longer_meant(room: Dutyroom) -> None:
    """From the day it ends: the table no longer finds it, and what a person gave it passes to its successor."""
    operator = await room.duties()
    change = catalog_pb2.ChangeOrganRequest(
        command_id=str(uuid.uuid4()),
        code=MZJ,
        effective_on=legal_day(utc_now()).isoformat(),
        basis="机构改革方案（宿编〔2026〕1号）",
        end=catalog_pb2.Ending(successor=ZJJ),
    )
    async with room.system(ZJJ) as client:
        heard = await client.subscribe(f"feed.{COUNTY}.catalog.>")
        await client.flush()
        await CatalogServiceStub(await room.operator()).ChangeOrgan(change)
        told: dict[str, list[str]] = {}
        while not {WELFARE, "公安机关"} <= told.keys():
            said = json.loads((await heard.next_msg(timeout=20)).data)
            told |= {said["subject"]: said["organs"]} if "subject" in said else {}
    assert (told[WELFARE], told["公安机关"]) == ([], [ZJJ])
    assert await organs_meant(operator, "公安机关") == [ZJJ]


async def test_an_organ_that_moved_along_has_its_successors_duties(room: Dutyroom) -> None:
    """From the day its township is merged: the successor's catalogue and words, told as changes; the ended one rests."""
    heir = await room.pair(GAOLOU)
    await heir.open()
    await heir.adopt_all()
    await heir.publish()
    operator, catalog = await room.duties(), CatalogServiceStub(await room.operator())
    before = await operator.ListDuties(duties_pb2.ListDutiesRequest(organ=RMZF))
    below = await catalog.ListDivisions(catalog_pb2.ListDivisionsRequest(parent=YUGOU, page_size=500))
    merge = catalog_pb2.ChangeDivisionRequest(
        command_id=str(uuid.uuid4()),
        code=YUGOU,
        effective_on=legal_day(utc_now()).isoformat(),
        basis="皖民地字〔2026〕12号",
        end=catalog_pb2.Ending(
            kind="merged", successor=GAOLOU, along=[RMZF, *(one.code for one in below.divisions)]
        ),
    )
    listener = organ_credentials(room.nats_keys, "341323111-rmzf", GAOLOU, utc_now()).text
    async with connect(room.nats_url, listener, name="listener") as client:
        heard = await client.subscribe(f"feed.{GAOLOU}.catalog.>")
        await client.flush()
        await catalog.ChangeDivision(merge)
        said: dict[str, Any] = {}
        while RMZF not in said.get("organs", []):
            said = json.loads((await heard.next_msg(timeout=20)).data)
    after = await operator.ListDuties(duties_pb2.ListDutiesRequest(organ=RMZF, page_size=500))
    assert (before.edition.catalogue, after.edition.catalogue) == (COUNTY, GAOLOU)
    assert after.total > 0
    assert all(RMZF in duty.row.organs for duty in after.duties)
    listed = await CatalogueServiceStub(await room.operator()).ListRows(
        catalogues_pb2.ListRowsRequest(catalogue=GAOLOU, organ=RMZF, page_size=1)
    )
    assert listed.total == after.total
    told = await operator.ListChanges(duties_pb2.ListChangesRequest(organ=RMZF, place=before.place))
    assert told.changes == [] or {one.edition.catalogue for one in told.changes} == {GAOLOU}
    nearest = catalogues_pb2.GetCatalogueRequest(id=YUGOU, or_above=True)
    questions = CatalogueServiceStub(await room.operator())
    assert (await questions.GetCatalogue(nearest)).catalogue.id == GAOLOU


async def test_nothing_is_decided_for_a_division_that_ended(room: Dutyroom) -> None:
    """Neither a draft nor who is meant; both refusals name the successor, and the draft tells it beforehand."""
    ended = await room.pair(YUGOU)
    draft = (await ended.drafts.GetDraft(catalogues_pb2.GetDraftRequest(catalogue=YUGOU))).draft
    assert list(draft.acts) == []
    assert {one.act for one in draft.hindrances} >= {"open", "edit", "publish"}
    assert all("高楼镇" in one.message_zh for one in draft.hindrances)
    opening = catalogues_pb2.OpenEditionRequest(command_id=str(uuid.uuid4()), catalogue=YUGOU)
    conflict = grpc.StatusCode.FAILED_PRECONDITION
    assert await refusal(ended.drafts.OpenEdition(opening)) == (conflict, ["division.ended"])
    assigning = duties_pb2.AssignSubjectRequest(
        command_id=str(uuid.uuid4()), division=YUGOU, subject=WELFARE, organs=[RMZF]
    )
    operator = await room.duties()
    assert await refusal(operator.AssignSubject(assigning)) == (conflict, ["division.ended"])
