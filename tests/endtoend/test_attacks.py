"""Guessing, planted sessions, forms from elsewhere and hostile text, on the running platform.

``GONGKAI_TEST_GUESSES`` is how many query codes are guessed; the suite guesses fewer than somebody in earnest would.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import httpx
import pytest
from starlette.routing import Route

from services.portal.app import ROUTES
from services.portal.routes.staff import STAFF_ROUTES
from tests.endtoend.city import City
from tests.endtoend.visitors import (
    HOME,
    PASSWORD,
    Ticket,
    apply,
    log_in,
    look_up,
    register_organ,
    register_staff,
    visitor,
)
from tests.portal.reader import Page, Reader

GUESSES: Final = int(os.environ.get("GONGKAI_TEST_GUESSES", "300"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + GUESSES // 20)]

ORGAN: Final = "341323-attacked"
ROUTES_OF_ALL: Final[list[Route]] = [*ROUTES, *STAFF_ROUTES]
PARAMETER: Final = re.compile(r"{(\w+)(?::\w+)?}")
HERE: Final = {"Origin": "", "Sec-Fetch-Site": "same-origin"}
"""As our own pages send a form; the origin is filled in."""
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
AT_ONCE: Final = 16
LOGIN: Final = "/staff/login"
LOOKUP: Final = f"{HOME}/requests/lookup"
WRONG_PAIRS: Final = 10
"""Wrong pairs a client may try before it must wait."""
WRONG_LOGINS: Final = 10
"""Wrong passwords for one login in a quarter of an hour."""
STAFF: Final = ("door.editor", "door.other", "door.victim")
APPLICATION: Final = {
    "description": "2026年低保核查材料",
    "kind": "natural",
    "name": "王秀兰（演示）",
    "id_kind": "resident_id",
    "id_number": "341323195603021525",
    "phone": "0557-0000000",
    "supply": "electronic",
    "delivery": "online",
}


@dataclass
class Town:
    """An organ with a request, and doors for whoever comes."""

    city: City
    ticket: Ticket
    stack: AsyncExitStack

    async def come(self, address: str) -> Reader:
        """Somebody new, from an address."""
        return await self.stack.enter_async_context(visitor(self.city, address))


@pytest.fixture(scope="module")
async def town(city: City) -> AsyncIterator[Town]:
    """The platform with one request, whose holder is honest."""
    await register_organ(city, ORGAN, "灵璧县守门机关")
    for login in STAFF:
        await register_staff(
            city, login, ORGAN, f"editor@{ORGAN}", f"clerk@{ORGAN}", name="守门", post="科员"
        )
    async with AsyncExitStack() as stack:
        holder = await stack.enter_async_context(visitor(city, "203.0.113.1"))
        yield Town(city, await apply(holder, ORGAN, APPLICATION), stack)


def guess() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(10))


async def marks(reader: Reader, path: str, button: str) -> dict[str, str]:
    """The hidden fields of a form, to send it many times."""
    page = await reader.open(path)
    return dict(page.form(button).fields)


async def post(reader: Reader, path: str, fields: dict[str, str]) -> httpx.Response:
    """Send a form as the site's own page would."""
    origin = str(reader.client.base_url).rstrip("/")
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    return await reader.client.post(path, data=fields, headers=headers)


# --- query codes


async def test_guessing_codes_is_stopped_and_unnoticed_by_who_holds_one(town: Town) -> None:
    """Of all guesses from four addresses ten each are looked at and none is right; the holder elsewhere sees theirs all the while."""
    thieves = [await town.come(f"203.0.113.{number}") for number in range(20, 24)]
    forms = [await marks(one, LOOKUP, "查询") for one in thieves]
    left = iter(range(GUESSES))
    answers: Counter[int] = Counter()

    async def guesses() -> None:
        for number in left:
            at = number % len(thieves)
            fields = forms[at] | {"number": town.ticket.number, "code": guess()}
            answers[(await post(thieves[at], LOOKUP, fields)).status_code] += 1

    holder = await town.come("203.0.113.30")
    waited = []
    began = time.monotonic()
    flood = asyncio.gather(*(guesses() for _ in range(AT_ONCE)))
    while not flood.done():
        asked = time.monotonic()
        page = await look_up(holder, town.ticket.number, town.ticket.code)
        waited.append(time.monotonic() - asked)
        assert (page.status, APPLICATION["description"] in page.text) == (200, True)
    await flood
    figures = f"{GUESSES} guesses in {time.monotonic() - began:.1f} s: {dict(answers)}; "
    figures += f"{len(waited)} look-ups of the holder meanwhile, median {statistics.median(waited):.3f} s, longest {max(waited):.3f} s"
    sys.stdout.write(f"{figures}\n")
    assert answers == {404: WRONG_PAIRS * len(thieves), 429: GUESSES - WRONG_PAIRS * len(thieves)}
    page = await look_up(holder, town.ticket.number, town.ticket.code)
    assert APPLICATION["description"] in page.text
    right = await look_up(thieves[0], town.ticket.number, town.ticket.code)
    assert (right.status, APPLICATION["description"] in right.text) == (429, False)


async def test_every_wrong_pair_is_answered_alike(town: Town) -> None:
    """A wrong code, a number nobody has, a code that cannot be one: one status and one page but for what was typed."""
    number, code = town.ticket.number, town.ticket.code
    pairs = {
        "wrong code": (number, guess()),
        "wrong number": ("341323-2026-99999", code),
        "other place": ("110101-2026-00001", code),
        "malformed code": (number, "'; DROP TABLE request; --"),
        "short code": (number, code[:-1]),
        "odd letters": (number, "查询码"),
    }
    pages = {}
    for at, (name, pair) in enumerate(pairs.items()):
        stranger = await town.come(f"203.0.113.{40 + at}")
        pages[name] = (await look_up(stranger, *pair), pair[0])
    assert {page.status for page, _ in pages.values()} == {404}
    assert len({without_marks(page, typed) for page, typed in pages.values()}) == 1
    stranger = await town.come("203.0.113.50")
    assert len({(await look_up(stranger, "x", one)).status for one in (code, guess())}) == 1


async def test_time_tells_nothing_worth_printing(town: Town) -> None:
    """How long a wrong code and a wrong number take is printed, for who reads; equal work is asserted where it is done."""
    took: dict[str, list[float]] = {"wrong code": [], "wrong number": []}
    for address in range(60, 64):
        stranger = await town.come(f"203.0.113.{address}")
        form = await marks(stranger, LOOKUP, "查询")
        for turn in range(WRONG_PAIRS):
            name = ("wrong code", "wrong number")[turn % 2]
            number = town.ticket.number if name == "wrong code" else "341323-2026-99999"
            asked = time.monotonic()
            answer = await post(stranger, LOOKUP, form | {"number": number, "code": guess()})
            took[name].append(time.monotonic() - asked)
            assert answer.status_code == 404
    for name, seconds in took.items():
        quarters = [f"{1000 * one:.1f}" for one in statistics.quantiles(seconds, n=4)]
        sys.stdout.write(f"{name}: quartiles {' / '.join(quarters)} ms of {len(seconds)}\n")


def without_marks(page: Page, typed: str) -> str:
    """A page without what was typed and what is made anew for each."""
    text = page.html.replace(typed, "")
    for form in page.forms:
        for name, value in form.fields:
            if name in {"csrf", "command_id"}:
                text = text.replace(value, "")
    return text


# --- passwords and sessions


async def test_guessing_a_password_is_stopped_and_keeps_nobody_else_out(town: Town) -> None:
    """After ten wrong passwords a login waits, even for the right one; its open session goes on, others log in as before."""
    inside, thief, other = [await town.come(f"203.0.113.{number}") for number in (80, 81, 82)]
    assert (await log_in(inside, "door.victim")).answer.url.path == "/staff/"
    form = await marks(thief, LOGIN, "登录")

    async def tried(login: str, password: str) -> int:
        return (await post(thief, LOGIN, form | {"login": login, "password": password})).status_code

    guessed = [await tried("door.victim", f"wrong guess {number}") for number in range(13)]
    assert guessed == [401] * WRONG_LOGINS + [429] * 3
    assert await tried("door.victim", PASSWORD) == 429
    assert "session" not in thief.client.cookies
    assert (await log_in(other, "door.other")).answer.url.path == "/staff/"
    assert (await inside.open("/staff/")).answer.url.path == "/staff/"
    one_after_another = [await tried(f"nobody{number}", "wrong guess") for number in range(30)]
    assert one_after_another[-1] == 429
    neighbour = await town.come("203.0.113.83")
    assert (await log_in(neighbour, "door.editor")).answer.url.path == "/staff/"


async def test_a_planted_session_is_never_adopted(town: Town) -> None:
    """An invented secret and one of the attacker's own session: login makes a new one and ends the old; logout ends that."""
    attacker, victim = await town.come("203.0.113.84"), await town.come("203.0.113.85")
    await log_in(attacker, "door.other")
    own = attacker.client.cookies["session"]
    planted = ("x" * 43, own)
    made = []
    for secret in planted:
        victim.client.cookies.clear()
        victim.client.cookies.set("session", secret)
        await victim.open(f"/staff/login?session={secret}")
        if secret == own:  # whoever is logged in already is not asked again
            victim.page = await login_page(await town.come("203.0.113.86"), victim)
        page = await victim.press("登录", login="door.editor", password=PASSWORD)
        assert page.answer.url.path == "/staff/"
        jar = [one for one in victim.client.cookies.jar if one.name == "session" and one.value not in planted]
        made += [str(one.value) for one in jar]
    assert len(made) == len(set(made)) == 2
    assert not await opens(town, "x" * 43)
    assert not await opens(town, own), (
        "the session that was planted ended when somebody else logged in over it"
    )
    assert await opens(town, made[1])
    await victim.open("/staff/")
    answer = await press_raw(victim, "退出")
    assert 'session=""' in answer.headers["set-cookie"]
    assert not await opens(town, made[1])


async def test_a_session_travels_in_a_cookie_no_script_can_read(town: Town) -> None:
    """The secret stands in the cookie alone: HttpOnly, SameSite, no page, no address."""
    reader = await town.come("203.0.113.87")
    await reader.open(LOGIN)
    answer = await press_raw(reader, "登录", login="door.other", password=PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    secret = reader.client.cookies["session"]
    assert secret not in answer.headers["location"]
    assert secret not in (await reader.open("/staff/")).html
    stranger = await town.come("203.0.113.88")
    for path in (f"/staff/?session={secret}", f"/staff/;session={secret}"):
        assert (await stranger.client.get(path)).status_code in {303, 404}
    stranger.client.headers["Authorization"] = f"Bearer {secret}"
    assert (await stranger.client.get("/staff/")).status_code == 303


async def opens(town: Town, secret: str) -> bool:
    """Whether a secret is a session."""
    reader = await town.come("203.0.113.89")
    answer = await reader.client.get("/staff/", headers={"Cookie": f"session={secret}"})
    return answer.status_code == httpx.codes.OK


async def login_page(stranger: Reader, victim: Reader) -> Page:
    """The login form as a planted cookie would not show it; its own cookie goes to the victim."""
    page = await stranger.open(LOGIN)
    victim.client.cookies.set("form", stranger.client.cookies["form"])
    return page


async def press_raw(reader: Reader, button: str, **typed: str) -> httpx.Response:
    """Press a button and follow nothing."""
    form = reader.page.form(button)
    return await post(reader, form.action, dict(form.fields) | typed)


# --- forms from elsewhere


OWN_PROOF: Final = {"/subscribe/leave/{token}": 404, "/wechat/callback": 403}
"""Taken without a token of ours, for the proof in their address or signature: what they answer to an invented one."""
ELSEWHERE: Final = {
    "another site": {"Origin": "https://evil.example"},
    "another site, says the browser": {"Sec-Fetch-Site": "cross-site"},
    "another site that hides its name": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a neighbour of ours": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
    "nobody knows": {},
}


async def test_no_form_is_taken_from_elsewhere(town: Town) -> None:
    """Every address that takes a form, whichever there will be: without its token, with another's, from another site: 403, nothing done."""
    assert {method for route in ROUTES_OF_ALL for method in route.methods or ()} <= {"GET", "HEAD", "POST"}
    person, other = await town.come("203.0.113.90"), await town.come("203.0.113.91")
    await log_in(person, "door.editor")
    await log_in(other, "door.other")
    draft = await written(person, "不能动的标题")
    before = happened(town.city)
    refused: list[tuple[str, str, int]] = []
    for path in posts(town, draft):
        staff = path.startswith("/staff/") and path != LOGIN
        page = "/staff/drafts/new" if staff else LOOKUP
        ours, theirs = [(await reader.open(page)).value("csrf") for reader in (person, other)]
        typed = {
            "command_id": str(uuid4()),
            "title": "别人写的标题",
            "reason": "x",
            "number": "1",
            "code": "1",
        }
        tries = {"no token": ("", HERE), "another's token": (theirs, HERE)}
        tries |= {name: (ours, headers) for name, headers in ELSEWHERE.items()}
        for name, (token, headers) in tries.items():
            origin = {key: value or str(person.client.base_url).rstrip("/") for key, value in headers.items()}
            fields = typed | ({"csrf": token} if token else {})
            answer = await person.client.post(path, data=fields, headers=origin)
            refused.append((path, name, answer.status_code))
            assert name in tries.keys() - ELSEWHERE.keys() or "别人写的标题" not in answer.text
    assert len({path for path, _, _ in refused}) >= 18
    assert [one for one in refused if one[2] != 403] == []
    for path, status in OWN_PROOF.items():
        answer = await person.client.post(path.replace("{token}", "invented"))
        assert answer.status_code == status
    assert happened(town.city) == before
    assert "不能动的标题" in (await person.open(draft)).text


def posts(town: Town, draft: str) -> list[str]:
    """The address of every form there is, with something in place of its parameters."""
    given = {
        "div": "341323",
        "step": "2",
        "act": "disclose",
        "uscc": "11341323MB00010117",
        "digest": "0" * 64,
        "id": draft.rpartition("/")[2],
        "number": town.ticket.number,
        "catalogue": "341323000000",
        "domain": "01",
        "matter": "m-01-001",
        "deed": "propose",
        "village": "341323110201",
    }
    (basis,), *_ = town.city.query("catalog", "SELECT id FROM basis ORDER BY id LIMIT 1")
    found = []
    for route in ROUTES_OF_ALL:
        if "POST" in (route.methods or ()) and route.path not in OWN_PROOF:
            values = given | ({"number": "1"} if "messages" in route.path else {})
            values |= {"act": "propose"} if "drafts" in route.path else {}
            values |= {"id": basis} if "bases" in route.path else {}
            found.append(PARAMETER.sub(lambda name, values=values: values[name[1]], route.path))  # type: ignore[misc]
    return found


async def written(reader: Reader, title: str) -> str:
    """Write a draft; its address."""
    await reader.open("/staff/drafts/new")
    page = await reader.press("保存并查看", title=title, kind="notice")
    return page.answer.url.path


def happened(city: City) -> dict[str, int]:
    """How much each service's log has; what is sent meanwhile to people does not count."""
    count = "SELECT count(*) FROM event WHERE type NOT LIKE 'message.%%' AND type NOT LIKE '%%notice%%'"
    return {
        service: city.query(service, count)[0][0]
        for service in ("catalog", "publishing", "requests", "notify")
    }
