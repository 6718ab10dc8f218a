"""Markup typed into every field there is stands on every page as the text it is, and nothing runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest

from gongkai.serving.clock import legal_day, utc_now
from tests.endtoend.city import City
from tests.endtoend.subscribers import Gateway
from tests.endtoend.visitors import (
    apply,
    log_in,
    look_up,
    register_organ,
    register_staff,
    visitor,
)
from tests.portal.reader import Page, Reader

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ORGAN: Final = "341322-hostile"
COUNTY: Final = "341322000000"
HOME: Final = "/341322"
"""A county of its own: other tests read the pages of their own ones."""
EVIL: Final = "\"'><evil-tag onload=alert(1)></textarea></title><script>alert(2)</script>{{1337*7}}"
COUNTED: Final = "9359"
"""What a template would make of the end of it."""
HTML: Final = b"<html><script>alert(3)</script></html>"
SUBSCRIBER: Final = "hostile.reader@erase.invalid"
DRAFT: Final[dict[str, Any]] = {
    name: f"{name} {EVIL}"[:100]
    for name in ("title", "doc_number", "summary", "keywords", "issuer", "topic", "genre", "category", "body_text")
}  # fmt: skip


@dataclass
class Wary(Reader):
    """A reader who looks at each page whether anything on it would run."""

    shown: set[str] = field(default_factory=set)
    """Addresses of pages on which the text stood."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__(client)
        self.shown = set()

    async def _take(self, answer: httpx.Response) -> Page:
        page = await super()._take(answer)
        harmless(page)
        values = [value for form in page.forms for _, value in form.fields]
        if "evil-tag" in page.text or any("evil-tag" in value for value in values):
            self.shown.add(page.answer.url.path)
        return page


def harmless(page: Page, policy: str = "script-src 'self'") -> None:
    """Nothing of the text became markup, nothing on the page would run, and the browser is told to run nothing inline."""
    headers = page.answer.headers
    if "content-disposition" in headers:
        safe_to_take(page.answer)
        return
    assert headers["x-content-type-options"] == "nosniff"
    if not headers.get("content-type", "").startswith("text/html"):
        return
    where = f"{page.answer.url}: "
    assert "evil-tag" not in {tag for tag, _ in page.tags}, where
    assert [given for tag, given in page.tags if tag == "script" and not given.get("src")] == [], where
    assert [given for _, given in page.tags if any(name.startswith("on") or name == "style" for name in given)] == [], where  # fmt: skip
    links = [
        str(given.get(name) or "")
        for _, given in page.tags
        for name in ("href", "src", "action", "formaction")
    ]
    assert [one for one in links if one.lower().startswith(("javascript:", "data:"))] == [], where
    assert COUNTED not in page.text, where
    assert policy in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]


@dataclass
class Scene:
    """Who takes part."""

    city: City
    editor: Wary
    reviewer: Wary
    clerk: Wary
    administrator: Wary
    public: Wary

    async def all_open(self, *paths: str) -> None:
        """Everybody opens these pages."""
        for path in paths:
            for reader in (self.editor, self.reviewer, self.clerk, self.administrator, self.public):
                await reader.open(path)


@pytest.fixture(scope="module")
async def scene(city: City) -> AsyncIterator[Scene]:
    """An organ and its people with hostile names."""
    await register_organ(city, ORGAN, f"机关 {EVIL}", COUNTY)
    roles = {"editor": ORGAN, "reviewer": ORGAN, "clerk": ORGAN, "administrator": COUNTY}
    for role, where in roles.items():
        await register_staff(city, f"hostile.{role}", ORGAN, f"{role}@{where}", name=f"{role} {EVIL}"[:100], post=EVIL)  # fmt: skip
    async with AsyncExitStack() as stack:
        people = {}
        for number, role in enumerate((*roles, "")):
            reader = await stack.enter_async_context(visitor(city, f"203.0.113.{100 + number}"))
            people[role or "public"] = Wary(reader.client)
            if role:
                await log_in(people[role], f"hostile.{role}")
        yield Scene(city, **people)


async def test_hostile_text_in_a_record_is_text_on_every_page(scene: Scene) -> None:
    """From draft to withdrawal, with names, grounds and reasons: as typed on staff's and public pages, in feed, REST and mail."""
    editor, reviewer, public = scene.editor, scene.reviewer, scene.public
    gateway = Gateway(scene.city.endpoints["sandbox"])
    with closing(gateway.client):
        await subscribe(scene, gateway)
        draft = await write(editor)
        await editor.open(f"{draft}/propose")
        await editor.press("提出建议", attribute="proactive", ground=EVIL)
        await reviewer.open(f"{draft}/return")
        await reviewer.press("退回", reason=EVIL)
        await scene.all_open("/staff/", "/staff/drafts/", draft, f"{draft}/edit", f"{draft}/discard")
        await editor.open(f"{draft}/propose")
        await editor.press("提出建议", attribute="proactive", ground=EVIL)
        for act, button in (("confirm", "确认"), ("publish", "现在公开")):
            await reviewer.open(f"{draft}/{act}")
            await reviewer.press(button)
        record = next(
            str(given["href"]) for tag, given in reviewer.page.tags if tag == "a" and str(given.get("href")).startswith("/r/")
        )  # fmt: skip
        scene.city.wait(lambda: bool(scene.city.indexed(ORGAN)), "the record is searchable")
        await scene.all_open(
            record, "/staff/records/", f"{HOME}/", f"{HOME}/statutory/all", f"{HOME}/catalogue/"
        )
        await public.open(f"{HOME}/search?q={quote(EVIL)}")
        await public.open(f"{HOME}/search?q=evil")
        assert f"{HOME}/search" in public.shown
        await feed_and_rest(public, record)
        await download(public, record)
        scene.city.wait(lambda: len(told(gateway)) >= 2, "the subscriber is told")
        page = Page(gateway.client.get("/", params={"recipient": SUBSCRIBER}))
        assert "evil-tag" in page.text
        harmless(page, "default-src 'none'")
        for reader in (editor, reviewer):  # the editor is refused, with what they typed
            await reader.open(f"/staff/records/{record.removeprefix('/r/')}/withdraw")
            await reader.press("撤回", reason=EVIL)
    gone = await public.open(record)
    assert gone.status == httpx.codes.GONE
    assert "evil-tag" in gone.text
    assert {record, f"{HOME}/", f"{HOME}/statutory/all"} <= public.shown
    assert {"/staff/", "/staff/drafts/", draft, f"{draft}/edit", "/staff/records/"} <= editor.shown


async def test_hostile_text_in_a_request_is_text_on_every_page(scene: Scene) -> None:
    """What applicant and clerk type, refused or taken: as typed on the form, the case, the answer and the board."""
    public, clerk = scene.public, scene.clerk
    fields = {
        "description": EVIL,
        "kind": "enterprise",
        "name": EVIL,
        "contact_name": EVIL,
        "address": EVIL,
        "id_kind": "other",
        "id_number": "A12345678",
        "phone": "0557-0000000",
        "supply": "paper",
        "delivery": "post",
    }
    await refused_form(public)
    ticket = await apply(public, ORGAN, fields, HOME)
    case = f"/staff/requests/{ticket.number}"
    await scene.all_open("/staff/requests/", case, f"{case}/receipt", f"{case}/disclose")
    today = legal_day(utc_now()).isoformat()
    await clerk.open(f"{case}/receipt")
    await clerk.press("确认收到", on=EVIL, proof=EVIL)
    await clerk.press("确认收到", on=today, proof=EVIL)
    await clerk.press("查看（留痕）")
    await clerk.open(f"{case}/correction")
    await clerk.press("更正", on=EVIL, reason=EVIL)
    await clerk.open(f"{case}/search")
    await clerk.press("登记", search__places=EVIL, search__words=EVIL, search__result=EVIL)
    await clerk.open(f"{case}/disclose")
    await clerk.press("下一步", on=today, text=EVIL, files=[("files", (f"{EVIL}.html", HTML, "text/html"))])
    await clerk.press("作出答复")
    await scene.all_open(case, "/staff/requests/")
    page = await look_up(public, ticket.number, ticket.code, HOME)
    assert page.text.count("evil-tag") >= 3
    answer = (await public.press("下载")).answer
    assert answer.content == HTML
    safe_to_take(answer)
    await look_up(public, EVIL, EVIL, HOME)
    await public.open(f"{HOME}/oversight/")
    await public.open(f"{HOME}/oversight/{ORGAN}/requests")
    await scene.administrator.open("/staff/people/")
    await scene.administrator.open(f"{case}/erase")
    await scene.administrator.press("下一步", reason=EVIL)
    await scene.administrator.press("永久删除")
    await look_up(public, ticket.number, ticket.code, HOME)
    await scene.all_open(case)
    assert {f"{HOME}/requests/new/2", f"{HOME}/requests/lookup"} <= public.shown
    assert {case, f"{case}/receipt", f"{case}/disclose"} <= clerk.shown
    assert "/staff/people/" in scene.administrator.shown


async def test_hostile_text_at_the_doors_is_text(scene: Scene) -> None:
    """Login, subscription, addresses and parameters: what was typed comes back as text or not at all."""
    public, typed = scene.public, quote(EVIL, safe="")
    await public.open("/staff/login")
    await public.press("登录", login=EVIL, password=EVIL)
    assert "/staff/login" in public.shown
    await public.open("/subscribe")
    await public.press("订阅", channel="email", address=EVIL, topics=[EVIL], places=[EVIL])
    await public.press("订阅", channel=EVIL, address=EVIL)
    assert "/subscribe" in public.shown
    for path in (
        *(f"/{typed}", f"/staff/login?back={typed}&done={typed}", f"/subscribe?place={typed}&topic={typed}"),
        *(
            f"/subscribe/leave/{typed}",
            f"/subscribe/waiting/{typed}",
            f"/preferences?theme={typed}&back={typed}",
        ),
        *(f"{HOME}/statutory/{typed}", f"{HOME}/catalogue/{typed}", f"{HOME}/oversight/{typed}/late"),
        *(f"/r/{typed}/{typed}", f"{HOME}/search?q={typed}&kind={typed}&page={typed}"),
        *(f"{HOME}/requests/new/1?description={typed}", f"/api/v1/records/{typed}"),
    ):
        await public.open(path)
    for path in (f"/staff/drafts/{typed}", f"/staff/requests/{typed}", f"/staff/records/?q={typed}"):
        await scene.all_open(path)


async def subscribe(scene: Scene, gateway: Gateway) -> None:
    await scene.public.open(f"/subscribe?place={COUNTY}")
    await scene.public.press("订阅", channel="email", address=SUBSCRIBER, topics=["all"], places=[COUNTY])
    scene.city.wait(lambda: bool(gateway.code_for("email", SUBSCRIBER)), "a code")
    await scene.public.press("确认订阅", code=gateway.code_for("email", SUBSCRIBER))


def told(gateway: Gateway) -> list[dict[str, str]]:
    return gateway.messages(recipient=SUBSCRIBER)


async def write(editor: Wary) -> str:
    """Write a draft with the text in every field: refused with what cannot be, taken without; its address."""
    file = [("file", (f"{EVIL}.html", HTML, "text/html"))]
    await editor.open("/staff/drafts/new")
    await editor.press(
        "保存并查看", **DRAFT, kind=EVIL, validity=EVIL, domain=EVIL, matter=EVIL, formed_on=EVIL
    )
    if editor.page.answer.url.path != "/staff/drafts/new":
        await editor.open(f"{editor.page.answer.url.path}/edit")
    today = legal_day(utc_now()).isoformat()
    page = await editor.press("保存并查看", kind="notice", doc_number="", validity="", domain="20", matter="", formed_on=today, files=file)  # fmt: skip
    assert page.status == httpx.codes.OK, page.text
    return page.answer.url.path


async def refused_form(public: Wary) -> None:
    """A request's form with the text even where it cannot stand."""
    await public.open(f"{HOME}/requests/new/1")
    await public.press("找一找", description=EVIL)
    await public.press("下一步", organ=EVIL, other_organ=EVIL)
    await public.press("下一步", organ="other", other_organ=ORGAN)
    await public.press(
        "下一步", kind=EVIL, name=EVIL, id_kind=EVIL, id_number=EVIL, phone=EVIL, email=EVIL, contact_name=EVIL
    )  # fmt: skip


async def feed_and_rest(public: Wary, record: str) -> None:
    """The feed holds the title as text, the REST answer says what it is."""
    feed = await public.client.get(f"{HOME}/statutory/all.atom")
    root = ET.fromstring(feed.content)  # noqa: S314 - our own feed
    titles = [one.text or "" for one in root.iter("{http://www.w3.org/2005/Atom}title")]
    assert any("evil-tag" in title for title in titles)
    assert "<evil-tag" not in feed.text
    rest = await public.client.get(f"/api/v1/records/{record.removeprefix('/r/')}")
    assert rest.status_code == httpx.codes.OK, rest.url
    assert rest.headers["content-type"].startswith("application/json")
    assert rest.headers["x-content-type-options"] == "nosniff"
    assert "evil-tag" in rest.text


async def download(public: Wary, record: str) -> None:
    """A file that is a page itself is taken home and not shown."""
    page = await public.open(record)
    links = [
        str(given["href"]) for tag, given in page.tags if tag == "a" and "/files/" in str(given.get("href"))
    ]
    assert links
    for link in links:
        safe_to_take(await public.client.get(link))


def safe_to_take(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "evil-tag onload" not in answer.headers["content-disposition"].replace("%20", "%")
