"""A catalogue's edition through two people's hands, without a script: decided, written, proposed, returned, published."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook

from services.portal.rowdeeds import Names
from services.portal.sheets import Column, line_of, value_of
from services.portal.textdiff import Piece, pieces
from tests.portal.person import Person, sheet_of
from tests.portal.test_portal_pages import Outline
from tests.portal.world import World
from tests.portal.world_catalogue import COUNTY

Come = Callable[[], Person]
BASE = f"/staff/catalogue/{COUNTY}"
SHEET = f"{BASE}/draft/20"


def steward(people: Come, world: World, login: str = "mulu") -> Person:
    """A steward of the county who has logged in."""
    person = people()
    world.offices.sessions[f"of-{login}"] = login
    person.http.cookies.set("session", f"of-{login}")
    return person


async def press(person: Person, matter: str, act: str, path: str = SHEET) -> httpx.Response:
    """Press the button of a row."""
    page = await person.get(path)
    found = [one for one in sheet_values(page) if one.startswith(f"{act}|{matter}|")]
    assert found, f"no button {act} at {matter}"
    return await person.send(sheet_of(page, f"{path}/act"), do=found[0])


def sheet_values(page: httpx.Response) -> list[str]:
    """The values of the buttons that stand in the table."""
    return [part.split('"', 1)[0] for part in page.text.split('name="do" value="')[1:]]


def row_of(page: httpx.Response, matter: str) -> str:
    """The markup of a row."""
    return page.text.split(f'<tr id="r-{matter}"')[1].split("</tr>")[0]


async def save(person: Person, edits: list[dict[str, object]], path: str = SHEET) -> httpx.Response:
    """What the grid sends."""
    page = await person.get(path)
    columns = page.text.split('data-columns="')[1].split('"')[0]
    form = sheet_of(page, f"{path}/act")
    data = {
        "csrf": form.value("csrf"),
        "command_id": str(uuid4()),
        "edits": json.dumps(edits),
        "columns": columns,
    }
    return await person.http.post(f"{path}/edits", data=data, headers={"origin": person.url})


async def test_the_draft_shows_every_relation(people: Come, world: World) -> None:
    """Adapted cells show what went and came, a conflict both values with nothing chosen, an added row is all new."""
    page = await steward(people, world).get(SHEET)
    assert "<ins>●接待时间</ins>" in row_of(page, "m-20-002")
    assert "<ins>■两微一端\n</ins>" in row_of(page, "m-20-002")
    assert "<del>●《最低生活保障审核审批办法（试行）》</del>" in row_of(page, "m-20-003")
    conflict = row_of(page, "m-20-005")
    assert "市标准改为" in conflict
    assert "本县原已改为" in conflict
    assert "两边都改了“公开时限”" in conflict
    assert [one.split("|")[0] for one in sheet_values(page) if one.split("|")[1] == "m-20-005"] == [
        "restore",
        "hold",
    ]
    assert "<ins>急难救助</ins>" in row_of(page, "m-20-007")
    assert "<del>临时救助</del>" in row_of(page, "m-20-008")
    assert "送复核前还有 2 处要决定" in page.text
    assert 'colspan="2">公开层级</th>' in page.text
    assert "<script>" not in page.text
    assert world.shelf.edits == []


async def test_rows_are_decided_by_their_buttons(people: Come, world: World) -> None:
    """Without a script each button of the table is a command; the row is found again below its address."""
    person = steward(people, world)
    answer = await press(person, "m-20-005", "hold")
    assert answer.headers["location"] == f"{SHEET}?done=matter-saved#r-m-20-005"
    await press(person, "m-20-008", "adopt")
    await press(person, "m-20-013", "keep")
    assert [(one.act, dict(one.fields)) for one in world.shelf.edits] == [
        ("hold", {"time_limit": ""}),
        ("adopt", {}),
        ("keep", {}),
    ]
    assert "处要决定" not in (await person.get(SHEET)).text


async def test_a_row_is_written_on_its_page(people: Come, world: World) -> None:
    """Only what was changed is sent; leaving out needs a reason; a refusal comes back at its column with what was typed."""
    person = steward(people, world)
    path = f"{BASE}/matters/m-20-002"
    answer = await person.fill(
        path, **{"c-time_limit": "每季度首月10日前", "act": "set", "reason": "按季公布"}
    )
    assert answer.headers["location"] == f"{SHEET}?done=matter-saved#r-m-20-002"
    edit = world.shelf.edits[-1]
    assert (dict(edit.fields), edit.reason, edit.seen) == ({"time_limit": "每季度首月10日前"}, "按季公布", 1)
    refused = await person.fill(path, **{"c-time_limit": "", "c-subject": "县民政局", "act": "set"})
    assert refused.status_code == 422
    assert 'href="#f-c-time_limit"' in refused.text
    assert 'value="县民政局"' in refused.text or "县民政局</textarea>" in refused.text
    nothing = await person.fill(path, act="set")
    assert "没有改动任何一格" in nothing.text
    page = await person.get(path)
    form = next(one for one in [sheet_of(page, path)])
    refused = await person.send(form, act="leave_out", **{"reason-leave_out": ""})
    assert 'href="#f-reason-leave_out"' in refused.text
    await person.send(form, act="leave_out", **{"reason-leave_out": "由市级统一公开"})
    assert (world.shelf.edits[-1].act, world.shelf.edits[-1].reason) == ("leave_out", "由市级统一公开")
    added = await person.fill(f"{SHEET}/add", **{"c-level1": "急难", "c-level2": "先行救助", "c-time_limit": "20个工作日", "c-channels": "■政府网站\n□公开查阅点", "act": "set"})  # fmt: skip
    assert added.status_code == 303
    assert world.shelf.edits[-1].fields["channels"] == "■政府网站;□公开查阅点"
    assert world.shelf.edits[-1].fields["domain"] == "20"


async def test_who_writes_into_a_changed_cell_sees_both(people: Come, world: World) -> None:
    """Somebody else changed the same cell: nothing is saved, both values are shown, on the row's page and in the grid."""
    person = steward(people, world)
    world.shelf.meddling[("m-20-002", "time_limit")] = "5个工作日内"
    refused = await person.fill(f"{BASE}/matters/m-20-002", **{"c-time_limit": "3个工作日内", "act": "set"})
    assert refused.status_code == 409
    both = Outline(refused.text.split("别人改过的格子")[1].split("</table>")[0]).text
    assert both.index("5个工作日内") < both.index("3个工作日内")
    world.shelf.meddling[("m-20-006", "subject")] = "各镇政府"
    told = await save(person, [
        {"m": "m-20-001", "seen": 1, "act": "set", "fields": {"subject": "县民政局"}, "reason": ""},
        {"m": "m-20-006", "seen": 1, "act": "set", "fields": {"subject": "县民政局", "level2": ""}, "reason": ""},
    ])  # fmt: skip
    assert told.status_code == 422
    found = {(one["edit"], one["field"]): one for one in told.json()["refused"]}
    assert set(found) == {(1, "subject"), (1, "level2")}
    assert (found[1, "subject"]["theirs"], found[1, "subject"]["seen"]) == ("各镇政府", 2)
    assert found[1, "level2"]["theirs"] is None
    assert world.shelf.edits == []


async def test_the_grid_saves_everything_at_once(people: Come, world: World) -> None:
    """One command for all cells; the answer has the rows as they stand now; the same sent again changes nothing."""
    person = steward(people, world)
    edits: list[dict[str, object]] = [
        {
            "m": "m-20-001",
            "seen": 1,
            "act": "set",
            "fields": {"channels": "■政府网站\n■两微一端"},
            "reason": "",
        },
        {"m": "m-20-005", "seen": 1, "act": "restore", "fields": {"time_limit": ""}, "reason": ""},
    ]
    told = (await save(person, edits)).json()
    assert world.shelf.edits[0].fields["channels"] == "■政府网站;■两微一端"
    assert "<ins>■两微一端\n</ins>" in told["rows"]["m-20-001"]
    assert "冲突" not in told["rows"]["m-20-005"]
    assert "改写 <b>3</b>" in told["tabs"]
    assert "还有 1 处要决定" in told["waiting"]
    unreadable = await save(
        person, [{"m": "m-20-001", "seen": 1, "act": "set", "fields": {"domain": 3}, "reason": ""}]
    )
    assert unreadable.status_code == 400
    stranger = await person.http.post(
        f"{SHEET}/edits", data={"edits": "[]"}, headers={"origin": "https://evil.example"}
    )
    assert stranger.status_code == 403


async def test_everything_new_above_is_adopted_after_it_was_shown(people: Come, world: World) -> None:
    """The page names each of them; only then one command takes them all."""
    person = steward(people, world)
    page = await person.get(f"{BASE}/draft/all/adopt")
    assert "校外培训机构白名单" in page.text
    await person.send(sheet_of(page, f"{BASE}/draft/all/adopt"))
    assert [(one.matter, one.act) for one in world.shelf.edits] == [("m-24-100", "adopt")]


async def test_an_edition_passes_through_two_hands(people: Come, world: World) -> None:
    """Proposed only without questions, never published by its proposer, returned with a reason, published by another."""
    drafter, reviewer = steward(people, world), steward(people, world, "fuhe")
    cannot = await drafter.get(f"{BASE}/propose")
    assert "还有 3 项要决定" in cannot.text
    for row in world.shelf.drawings[COUNTY].rows.values():
        del row.questions[:]
        row.stance = "adopted" if row.stance == "undecided" else row.stance
    asked = await drafter.get(f"{BASE}/propose")
    assert "已被替代" in asked.text  # the reminders stand on the page
    await drafter.send(sheet_of(asked, f"{BASE}/propose"), note="按市标准第2版修订")
    mine = await drafter.get(f"{BASE}/")
    assert "要由另一位目录管理员发布" in mine.text.split("现在不能做</h2>")[1]
    assert "任务一" in mine.text
    assert "现在只能看，不能改" in (await drafter.get(SHEET)).text
    refused = await reviewer.fill(f"{BASE}/return", reason="")
    assert 'href="#f-reason"' in refused.text
    await reviewer.fill(f"{BASE}/return", reason="第6行的依据要换")
    assert "第6行的依据要换" in (await drafter.get(f"{BASE}/")).text
    assert "复核人退回，请修改" in (await drafter.get("/staff/")).text
    await drafter.fill(f"{BASE}/propose", note="已换")
    changes = Outline((await reviewer.get(f"{BASE}/changes")).text).text
    assert "监督检查" in changes
    assert "已换" in changes
    assert "改为不采用 1 项" in changes
    stale = await reviewer.get(f"{BASE}/publish")
    world.shelf.drawings[COUNTY].version += 1
    assert "请重新核对" in (await reviewer.send(sheet_of(stale, f"{BASE}/publish"))).text
    done = await reviewer.fill(f"{BASE}/publish")
    assert done.headers["location"] == f"{BASE}/?done=edition-published"
    assert world.shelf.drawings[COUNTY].catalogue.published == 2
    again = await drafter.fill(f"{BASE}/open")
    assert again.headers["location"].endswith("done=edition-opened")
    lost = await drafter.get(f"{BASE}/discard")
    assert "监督检查（公开内容（要素）" in Outline(lost.text).text.split("会丢掉什么")[1]
    assert 'href="#f-reason"' in (await drafter.send(sheet_of(lost, f"{BASE}/discard"), reason="")).text
    given_up = await drafter.fill(f"{BASE}/discard", reason="改错了地方")
    assert given_up.headers["location"].endswith("done=edition-discarded")
    assert "草稿已经放弃" in (await drafter.get(given_up.headers["location"])).text


async def test_a_newer_edition_above_is_told_and_taken(people: Come, world: World) -> None:
    """The overview says so; taking it is an act with its consequences on a page."""
    world.shelf.drawings[COUNTY].upper_edition = 1
    person = steward(people, world)
    assert "上级目录有新版" in (await person.get("/staff/catalogue/")).text
    answer = await person.fill(f"{BASE}/take")
    assert answer.headers["location"].endswith("done=edition-taken")
    assert world.shelf.drawings[COUNTY].upper_edition == 2


async def test_a_table_is_looked_at_before_it_is_imported(people: Come, world: World) -> None:
    """Every bad cell and every change is shown and nothing is imported; the good one is, as it was looked at."""
    person = steward(people, world)
    path = f"{BASE}/import"
    assert "请选择要导入的工作簿" in (await person.fill(path)).text
    bad = await person.fill(path, files={"workbook": ("坏.xlsx", workbook(["一级", ""]))})
    assert "B1" in bad.text
    assert "二级事项空着" in bad.text
    assert "导入草稿" not in bad.text
    no_book = await person.fill(path, files={"workbook": ("假.xlsx", b"PK nothing")})
    assert "另存为 .xlsx" in no_book.text
    data = workbook(["综合业务", "监督检查", "15个工作日"])
    good = await person.fill(path, files={"workbook": ("好.xlsx", data)})
    assert "<del>10</del><ins>15</ins>个工作日" in good.text
    assert world.shelf.imported == []
    form = sheet_of(good, path)
    assert base64.b64decode(form.value("carried")) == data
    answer = await person.send(form)
    assert answer.headers["location"] == f"{BASE}/changes?done=table-imported"
    assert world.shelf.imported == [data]
    table = await person.get(f"{BASE}/export?draft=1&domain=20")
    assert table.content.startswith(b"PK")
    assert "attachment" in table.headers["content-disposition"]


async def test_bases_are_kept_and_fallen_ones_flagged(people: Come, world: World) -> None:
    """The matters that rest on a fallen basis, with its successor; the city's stewards write states down with a source, and register others."""
    person = steward(people, world)
    flagged = await person.get(f"{BASE}/flagged")
    assert "《最低生活保障审核确认办法》" in flagged.text
    assert "各地相关政策法规文件" in flagged.text
    path = "/staff/catalogue/bases/b-1"
    shelf = "/staff/catalogue/bases/"
    assert "已被替代" in (await person.get(f"{shelf}?state=replaced")).text
    assert 'name="source"' not in (await person.get(path)).text
    assert (await person.get(f"{shelf}new")).headers["location"] == shelf
    person = steward(people, world, "shimulu")
    refused = await person.fill(path, state="repealed", source="")
    assert 'href="#f-source"' in refused.text
    unknown = await person.fill(path, state="replaced", replaced_by_title="没有这件", source="")
    assert "登记里没有这件依据" in unknown.text
    assert 'href="#f-source"' in unknown.text  # every reason at once
    assert "替代的依据没有登记" not in unknown.text
    await person.fill(path, state="replaced", replaced_by_title="扶贫资金管理办法", source="公报")
    assert (world.shelf.bases["b-1"].state, world.shelf.bases["b-1"].replaced_by) == ("replaced", "b-2")
    blank = await person.get(f"{shelf}new?title=%E3%80%8A%E7%94%B2%E6%B3%95%E3%80%8B")
    form = sheet_of(blank, f"{shelf}new")
    assert form.value("title") == "甲法"
    made = (await person.send(form, kind="law", source="公报")).headers["location"].removeprefix(shelf)
    assert world.shelf.bases[made.partition("?")[0]].kind == "law"


async def test_who_only_reads_finds_no_act(people: Come, world: World) -> None:
    """An inspector sees the draft and no button; a clerk has no entry; a button pressed all the same is refused."""
    reader, clerk = steward(people, world, "jiancha"), steward(people, world, "banli")
    page = await reader.get(SHEET)
    assert sheet_values(page) == []
    assert "现在只能看，不能改" in page.text
    assert "您不是这个目录的目录管理员" in (await reader.get(f"{BASE}/")).text
    form = sheet_of(page, f"{SHEET}/act")
    assert "没有办成" in (await reader.send(form, do="adopt|m-20-008|1|")).text
    assert (await clerk.get(SHEET)).status_code == 403
    assert "/staff/catalogue/" not in (await clerk.get("/staff/")).text
    assert (await reader.get("/staff/catalogue/999999/draft/20")).status_code == 404
    assert (await reader.get(f"{BASE}/draft/nothing")).status_code == 404
    assert world.shelf.edits == []
    world.away.add("catalogues")
    assert (await reader.get(SHEET)).status_code == 503


def workbook(*rows: list[str]) -> bytes:
    """A workbook with these rows."""
    book, data = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(data)
    return data.getvalue()


@pytest.mark.domain
@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("●甲●乙", "●甲●丙", [("same", "●甲"), ("gone", "●乙"), ("new", "●丙")]),
        ("10个工作日", "7个工作日", [("gone", "10"), ("new", "7"), ("same", "个工作日")]),
        ("", "新", [("new", "新")]),
        ("一样", "一样", [("same", "一样")]),
    ],
)
def test_differences_are_told_in_elements_and_numbers(
    was: str, now: str, expected: list[tuple[str, str]]
) -> None:
    """What changed is told in pieces a reader understands; put together, both texts come back."""
    found = pieces(was, now)
    assert found == [Piece(*one) for one in expected]
    assert "".join(one.text for one in found if one.kind != "new") == was
    assert "".join(one.text for one in found if one.kind != "gone") == now


@pytest.mark.domain
def test_cells_say_what_the_official_table_says(world: World) -> None:
    """Ticks and the group's name come out of the fields; a row that waits for a decision is not written in."""
    rows = world.shelf.drawings[COUNTY].rows
    row = rows["m-20-005"].row
    assert value_of(row, Column("audience", "全社会", "")) == ""
    assert value_of(row, Column("audience", "group", "")) == "所在村居民"
    assert value_of(row, Column("levels", "乡级", "")) == "√"
    column = [Column("level2", "", "")]
    writable = {
        key: line_of(one, column, Names(), editable=True).cells[0].editable for key, one in rows.items()
    }
    assert [key for key, one in writable.items() if not one] == ["m-20-008", "m-20-013", "m-24-100"]
