"""Pages of the staff: whole, by role, harmless whatever was written, honest when a service is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.portal.person import Person
from tests.portal.test_portal_pages import FORBIDDEN_TAGS, Outline
from tests.portal.world import HOSTILE_TITLE, World
from tests.portal.world_staff import EVIL_NAME

Come = Callable[[], Person]
RECORD = "11341323MB00010117/202611-10001"
PAGES = (
    "/staff/", "/staff/drafts/", "/staff/drafts/?phase=proposed", "/staff/drafts/new", "/staff/drafts/d-draft",
    "/staff/drafts/d-draft/edit", "/staff/drafts/d-draft/propose", "/staff/drafts/d-draft/discard", "/staff/drafts/d-proposed",
    "/staff/drafts/d-proposed/confirm", "/staff/drafts/d-proposed/return", "/staff/drafts/d-confirmed/publish",
    "/staff/drafts/d-returned/edit", "/staff/records/", "/staff/records/?q=nothing", "/staff/records/?defects=1",
    f"/staff/records/{RECORD}/withdraw", "/staff/incoming/", "/staff/incoming/?outcome=rejected", "/staff/messages/",
    "/staff/messages/?state=", "/staff/messages/1", "/staff/people/", "/staff/password",
)  # fmt: skip
MENUS = {
    "bianji": ["工作台", "信息发布", "部门报送"],
    "shenhe": ["工作台", "信息发布", "部门报送"],
    "banli": ["工作台", "依申请公开"],
    "jiancha": ["工作台", "信息发布", "部门报送"],
    "guanli": ["工作台", "消息与存疑", "人员"],
    "wugang": ["工作台"],
}


async def test_every_page_of_the_staff_is_whole(people: Come) -> None:
    """One h1, one main, a skip link first, labels for fields, captions for tables, no script of the page's own."""
    person = people()
    await person.log_in("evil")
    for path, answer in zip(PAGES, await asyncio.gather(*map(person.get, PAGES)), strict=True):
        assert answer.status_code == 200, path
        page = Outline(answer.text)
        assert page.all("html")[0]["lang"] == "zh-CN"
        assert len(page.all("h1")) == len(page.all("main")) == 1, path
        assert page.all("a")[0]["href"] == "#main"
        assert not FORBIDDEN_TAGS & {tag for tag, _ in page.tags}
        assert [one["src"] for one in page.all("script") if "defer" in one] == [
            one["src"] for one in page.all("script")
        ]
        labelled = {one.get("for") for one in page.all("label")}
        for tag in ("input", "textarea", "select"):
            for one in page.all(tag):
                named = one.get("type") in {"hidden", "checkbox", "radio"} or one.get("aria-hidden")
                assert named or one.get("id") in labelled, (path, one)
        ids = [str(one["id"]) for _, one in page.tags if "id" in one]
        assert len(ids) == len(set(ids)), path
        assert len(page.all("caption")) == len(page.all("table")) - answer.text.count(
            'aria-label="正文中的表格"'
        )
        assert len(answer.content) < 100_000


async def test_every_link_of_the_staff_leads_somewhere(people: Come) -> None:
    """No page of the staff links to a page that does not exist."""
    person = people()
    await person.log_in("evil")
    links = set()
    for answer in await asyncio.gather(*map(person.get, PAGES)):
        links |= {str(one["href"]).split("#")[0] for one in Outline(answer.text).all("a")}
    wanted = sorted(one for one in links if one.startswith(("/staff/", "/r/")) or one == "/")
    for link, answer in zip(wanted, await asyncio.gather(*map(person.get, wanted)), strict=True):
        assert answer.status_code in {200, 303}, link


@pytest.mark.parametrize(("login", "entries"), MENUS.items())
async def test_the_menu_shows_what_the_roles_allow(people: Come, login: str, entries: list[str]) -> None:
    """Everybody sees the entries of their roles and no others; the desk opens for all."""
    person = people()
    await person.log_in(login)
    answer = await person.get("/staff/")
    assert answer.status_code == 200
    shown = answer.text.split('aria-label="工作平台">')[1].split("</nav>")[0]
    assert [
        name
        for name in ("工作台", "信息发布", "部门报送", "依申请公开", "消息与存疑", "人员")
        if f">{name}</a>" in shown
    ] == entries


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("bianji", "/staff/people/"),
        ("bianji", "/staff/messages/"),
        ("banli", "/staff/incoming/"),
        ("wugang", "/staff/people/"),
    ],
)
async def test_what_a_role_does_not_reach_is_refused(people: Come, login: str, path: str) -> None:
    """The service decides, not the menu: an address typed by hand answers 403 with what to do."""
    person = people()
    await person.log_in(login)
    answer = await person.get(path)
    assert answer.status_code == 403
    assert "怎么办" in answer.text
    assert "回到工作台" in answer.text


async def test_a_draft_of_others_is_not_there(people: Come) -> None:
    """A draft somebody may not read answers as one that does not exist."""
    person = people()
    await person.log_in("banli")
    for path in (
        "/staff/drafts/d-draft",
        "/staff/drafts/nothing",
        "/staff/drafts/d-draft/edit",
        "/staff/drafts/d-draft/discard",
    ):
        assert (await person.get(path)).status_code == 404, path
    lost = await person.get("/staff/nowhere/at/all")  # no route: still within the frame of the staff
    assert lost.status_code == 404
    assert 'href="/staff/drafts/"' in lost.text or 'href="/staff/requests/"' in lost.text


async def test_nothing_written_becomes_markup(people: Come, world: World) -> None:
    """Scripts in every field of a draft, in reasons, names, posts and events stay text on every page of the staff."""
    person = people()
    await person.log_in("evil")
    names = ("title", "doc_number", "summary", "formed_on", "effective_on", "expires_on", "keywords", "issuer", "topic", "genre", "category", "published_on")  # fmt: skip
    fields = dict.fromkeys(names, HOSTILE_TITLE)
    answer = await person.fill(
        "/staff/drafts/new", body_text=f"# {HOSTILE_TITLE}\n\n| {HOSTILE_TITLE} | b |\n|---|---|\n| {HOSTILE_TITLE} | d |", **fields,
        kind=HOSTILE_TITLE, domain=HOSTILE_TITLE, matter=HOSTILE_TITLE, validity=HOSTILE_TITLE,
        files={"file": (HOSTILE_TITLE, b"x", HOSTILE_TITLE)},
    )  # fmt: skip
    assert answer.status_code == 303
    draft = next(one for one in world.drawer.drafts.values() if one.content.title == HOSTILE_TITLE)
    draft.returned_because = draft.ground = draft.attribute = draft.organ_name = HOSTILE_TITLE
    draft.steps.insert(
        0, type(draft.steps[0])(at=HOSTILE_TITLE, staff="s-evil", what=HOSTILE_TITLE, note=HOSTILE_TITLE)
    )
    draft.findings.add(code="x", message_zh=HOSTILE_TITLE, field="title", article=HOSTILE_TITLE)
    draft.defects.add(code=HOSTILE_TITLE, message_zh=HOSTILE_TITLE)
    for event in world.drawer.incoming:
        event.event_id = event.title = event.received_at = HOSTILE_TITLE
        event.reasons.add(message_zh=HOSTILE_TITLE, article=HOSTILE_TITLE)
        event.defects.add(code=HOSTILE_TITLE, message_zh=HOSTILE_TITLE)
    for message in world.drawer.messages:
        message.why = message.about = message.queued_at = HOSTILE_TITLE
    world.records[RECORD].title = world.records[RECORD].doc_number = HOSTILE_TITLE
    world.records[RECORD].defects.add(code=HOSTILE_TITLE, message_zh=HOSTILE_TITLE)
    at = f"/staff/drafts/{draft.id}"
    paths = [
        *PAGES,
        at,
        f"{at}/edit",
        f"{at}/propose",
        f"{at}/discard",
        f"/staff/drafts/?phase={HOSTILE_TITLE}",
        f"/staff/records/?q={HOSTILE_TITLE}",
    ]
    told = 0
    for path, page in zip(paths, await asyncio.gather(*map(person.get, paths)), strict=True):
        outline = Outline(page.text)
        assert page.text.count("<script") == 1, path
        assert not any("onerror" in attributes for _, attributes in outline.tags), path
        assert all(str(one.get("src")).startswith("/static/") for one in outline.all("img")), path
        told += HOSTILE_TITLE in outline.text
        assert EVIL_NAME in outline.text, path
    assert told >= 10
    file = next(iter(draft.content.attachments))
    download = await person.get(f"{at}/files/{file.digest}")
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in download.headers["content-security-policy"]


async def test_a_refused_form_shows_hostile_input_as_text(people: Come) -> None:
    """A form shown again escapes what was typed, in fields as in the summary."""
    person = people()
    await person.log_in("bianji")
    answer = await person.fill(
        "/staff/drafts/new", title=HOSTILE_TITLE, body_text=f"</textarea>{HOSTILE_TITLE} 11010519491231002X"
    )
    assert answer.status_code == 422
    assert answer.text.count("<script") == 1
    assert answer.text.count("</textarea>") == answer.text.count("<textarea")


@pytest.mark.parametrize(
    "path", ["/staff/drafts/", "/staff/drafts/d-draft", "/staff/records/", "/staff/incoming/"]
)
async def test_a_service_away_is_told(people: Come, world: World, path: str) -> None:
    """With publishing away its pages answer 503 inside the staff's frame; the desk stands without its parts."""
    person = people()
    await person.log_in("bianji")
    world.drawer.away = True
    answer = await person.get(path)
    assert answer.status_code == 503
    assert "工作平台" in answer.text
    assert answer.headers["retry-after"]
    desk = await person.get("/staff/")
    assert desk.status_code == 200
    assert "暂时看不到" in desk.text


async def test_an_inspector_chooses_an_organ(people: Come) -> None:
    """Whoever has a division chooses among its organs; one that is not theirs is not taken."""
    person = people()
    await person.log_in("jiancha")
    text = (await person.get("/staff/drafts/?organ=341323-mzj")).text
    assert "残疾人两项补贴" in text
    assert 'value="341323-mzj" selected' in text
    assert "残疾人两项补贴" not in (await person.get("/staff/drafts/?organ=341323-czj")).text
    assert "新建信息" not in text
    assert (await person.get("/staff/drafts/?organ=999999-xxx")).status_code == 200


async def test_the_people_of_a_division_are_listed_in_words(people: Come) -> None:
    """An administrator sees who works in the division, with roles in words."""
    person = people()
    await person.log_in("guanli")
    text = Outline((await person.get("/staff/people/")).text).text
    assert "编辑（本单位）" in text
    assert "监督员（灵璧县及以下）" in text
    assert "没有角色" in text


async def test_a_doubt_is_settled_with_a_reason(people: Come, world: World) -> None:
    """A message nobody knows about is settled by a person, who says why; nothing is sent again by itself."""
    person = people()
    await person.log_in("guanli")
    assert "服务商没有回答是否已发出" in (await person.get("/staff/messages/")).text
    assert "请选择怎样处理" in (await person.fill("/staff/messages/1", reason="问过收件人")).text
    answer = await person.fill("/staff/messages/1", decision="was_sent", reason="")
    assert answer.status_code == 422
    assert "缺少理由" in answer.text
    answer = await person.fill("/staff/messages/1", decision="was_sent", reason="后台显示已送达")
    assert answer.headers["location"] == "/staff/messages/?done=settled"
    assert world.drawer.done == ["settled staff:s-admin"]
    answer = await person.fill("/staff/messages/2", decision="drop", reason="再来")
    assert "已经有结果" in answer.text
    assert (await person.get("/staff/messages/99999999999999999999")).status_code == 404
