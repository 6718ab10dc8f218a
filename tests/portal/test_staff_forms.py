"""Whose forms are taken: only those our own pages sent, for the session they were shown to, within bounds, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from gongkai.serving.settings import Settings, parse_networks
from services.portal.clients import client_of
from services.portal.csrf import from_here, session_cookie
from services.portal.figures import MOST_FIELDS
from services.portal.headers import Proxies
from tests.portal.person import Person, Sheet, sheet_of
from tests.portal.town import LIMIT
from tests.portal.world import World

Come = Callable[[], Person]
NEW = "/staff/drafts/new"


async def written(person: Person, login: str = "bianji") -> Sheet:
    """A form of somebody who is logged in."""
    await person.log_in(login)
    return sheet_of(await person.get(NEW), NEW)


async def post(person: Person, sheet: Sheet, headers: Mapping[str, str], **changes: str) -> httpx.Response:
    """Send a form as a browser elsewhere might."""
    return await person.http.post(sheet.action, data=sheet.filled(changes), headers=dict(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"referer": "https://evil.example/staff/drafts/new"},
        {},
    ],
)
async def test_a_form_from_elsewhere_is_refused(people: Come, world: World, headers: dict[str, str]) -> None:
    """Origin and Sec-Fetch-Site must be ours, the token alone is not enough; the page says what to do."""
    person = people()
    sheet = await written(person)
    answer = await post(person, sheet, headers, title="别的网站")
    assert answer.status_code == 403
    assert "怎么办" in answer.text
    assert "别的网站发出" in answer.text or "不是从本站页面发出" in answer.text
    assert not world.drawer.done


async def test_a_form_without_its_token_is_refused(people: Come, world: World) -> None:
    """No token, an odd one, another session's, a public form's: 403 and nothing done; what was typed is kept."""
    person, other = people(), people()
    sheet = await written(person)
    foreign = (await written(other, "bianji2")).value("csrf")
    public = sheet_of(await people().get("/staff/login"), "/staff/login").value("csrf")
    for token in ("", "0", "zz" * 64, "00" * 64, foreign, public, sheet.value("csrf")[:-2]):
        answer = await person.send(sheet, csrf=token, title="留下的标题")
        assert answer.status_code == 403
        assert sheet_of(answer, NEW).value("title") == "留下的标题"
    assert not world.drawer.done
    without = Sheet(sheet.action, "post", [one for one in sheet.fields if one[0] != "csrf"])
    assert (await person.send(without)).status_code == 403
    assert (await person.send(sheet, title="好了")).status_code == 303
    assert world.drawer.done == ["saved"]


async def test_every_post_of_the_staff_asks_for_the_token(people: Come, world: World) -> None:
    """No address of the staff that takes a form takes one without a token."""
    person = people()
    await person.log_in("evil")
    at = "/staff/records/11341323MB00010117/202611-00007"
    paths = ("/staff/logout", "/staff/password", NEW, "/staff/drafts/d-draft/edit", f"{at}/revise", f"{at}/withdraw",
             "/staff/messages/1", *(f"/staff/drafts/d-proposed/{act}" for act in ("propose", "confirm", "return", "publish", "discard")))  # fmt: skip
    for path in paths:
        answer = await person.http.post(path, data={"reason": "x"}, headers={"origin": person.url})
        assert answer.status_code == 403, path
    assert not world.drawer.done
    assert len(world.offices.sessions) == 1


async def test_a_form_sent_twice_does_its_work_once(people: Come, world: World) -> None:
    """A double click, a reload: the same command; every form of a page is a command of its own."""
    person = people()
    sheet = await written(person)
    first = await person.send(sheet, title="一次")
    again = await person.send(sheet, title="一次")
    assert first.headers["location"] == again.headers["location"]
    assert world.drawer.done == ["saved"]
    ids = [
        one.value("command_id")
        for one in [sheet_of(await person.get(NEW), NEW), sheet_of(await person.get(NEW), "/staff/logout")]
    ]
    assert len(set(ids)) == 2
    assert (await person.send(sheet, command_id="1 or 1=1")).status_code == 400


async def test_a_form_has_bounds(people: Come, world: World) -> None:
    """More bytes, files or fields than a form may have are refused in Chinese, and nothing is done."""
    person = people()
    sheet = await written(person)
    large = {"file": ("大.pdf", b"x" * (LIMIT + 5 * 1024 * 1024), "application/pdf")}
    answer = await person.send(sheet, files=large)
    assert answer.status_code == 413
    assert "附件太大" in answer.text
    two = [("file", ("a.txt", b"a", "text/plain")), ("file", ("b.txt", b"b", "text/plain"))]
    assert (await person.send(sheet, files=two)).status_code == 400
    many = {f"f{number}": "1" for number in range(MOST_FIELDS + 1)}
    assert (await person.send(sheet, **many)).status_code == 400
    answer = await person.http.post(
        NEW, content=b"--x\r\nbroken", headers={"content-type": "multipart/form-data; boundary=x", "origin": person.url}
    )  # fmt: skip
    assert answer.status_code in {400, 403}
    assert not world.drawer.done


async def test_a_form_page_is_kept_by_nobody(people: Come) -> None:
    """Pages with a form, and all pages of the staff, are not stored; tokens are written anew each time."""
    person = people()
    await person.log_in("bianji")
    first, second = await person.get(NEW), await person.get(NEW)
    assert first.headers["cache-control"] == "no-store"
    assert sheet_of(first, NEW).value("csrf") != sheet_of(second, NEW).value("csrf")
    assert (await person.get("/staff/drafts/")).headers["cache-control"] == "no-store"
    assert str(person.http.cookies["session"]) not in first.text


def seen(headers: Mapping[str, str], peer: str = "10.0.0.1", scheme: str = "http") -> Request:
    """A request as the server sees it."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/staff/login", "query_string": b"", "root_path": "",
        "headers": raw, "client": (peer, 1), "scheme": scheme, "server": ("portal", 80),
    }  # fmt: skip
    return Request(scope)


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "<script>, 10.2.2.2", "10.2.2.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8:1:2:3::9", "1.1.1.1", "2001:db8:1:2::"),
        ("unix:", "1.1.1.1", ""),
    ],
)
@pytest.mark.domain
def test_the_readers_address_is_what_trusted_proxies_say(peer: str, said: str, client: str) -> None:
    """The right-most address nobody of ours has; what a reader writes before it counts for nothing."""
    settings = Settings("portal", trusted_proxies=parse_networks("10.0.0.0/8"))
    assert client_of(seen({"x-forwarded-for": said} if said else {}, peer), settings) == client


@pytest.mark.domain
async def test_a_trusted_proxys_scheme_counts() -> None:
    """Behind TLS the cookie is bound to the host, and our own origin is https."""
    found: list[tuple[str, bool]] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        request = Request(scope)
        ours = Settings("portal")
        found.append((session_cookie(request), from_here(request, ours)))

    outside = Proxies(app, parse_networks("10.0.0.0/8"))
    headers = {"x-forwarded-proto": "https", "host": "gk.example", "origin": "https://gk.example"}
    for peer in ("10.0.0.1", "203.0.113.7"):
        await outside(seen(headers, peer).scope, None, None)  # type: ignore[arg-type]
    assert found == [("__Host-session", True), ("session", False)]
