"""Logging in and out: whose session it is, and what a planted one is worth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.portal.person import Person, sheet_of
from tests.portal.world import World
from tests.portal.world_staff import NEW_PASSWORD, PASSWORD

Come = Callable[[], Person]


async def test_whoever_is_not_logged_in_is_sent_to_the_login_page(people: Come) -> None:
    """A page of the staff leads to the login page, which leads back to it and nowhere else."""
    person = people()
    answer = await person.get("/staff/drafts/?phase=proposed")
    assert (answer.status_code, answer.headers["location"]) == (
        303, "/staff/login?back=%2Fstaff%2Fdrafts%2F%3Fphase%3Dproposed",
    )  # fmt: skip
    answer = await person.log_in("bianji", back="/staff/drafts/%3Fphase=proposed")
    assert answer.headers["location"] == "/staff/drafts/?phase=proposed"
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "/341323/", "/staff/login"):
        answer = await people().log_in("bianji", back=evil)
        assert answer.headers["location"] == "/staff/"


async def test_the_cookie_is_out_of_reach(people: Come) -> None:
    """The session's cookie cannot be read by script, is not sent along from elsewhere, and ends with the browser."""
    answer = await people().log_in("bianji")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "expires" not in cookie.lower()
    assert "max-age" not in cookie.lower()


async def test_behind_tls_the_cookie_is_bound_to_the_host(people: Come, world: World) -> None:
    """Nobody's word on the scheme counts without a trusted proxy: the plain cookie stays."""
    person = people()
    person.http.headers["x-forwarded-proto"] = "https"
    person.http.headers["x-forwarded-for"] = "203.0.113.9"
    answer = await person.log_in("bianji")
    assert any(one.startswith("session=") for one in answer.headers.get_list("set-cookie"))
    assert world.offices.clients == ["127.0.0.1"]


async def test_a_planted_session_is_never_used_after_a_login(people: Come, world: World) -> None:
    """A login makes a new session whatever cookie the browser brought, and ends the one it brought."""
    attacker, victim = people(), people()
    await attacker.log_in("evil")
    planted = str(attacker.http.cookies["session"])
    victim.http.cookies.set("session", planted)
    page = await attacker.get("/staff/password")
    stolen = sheet_of(page, "/staff/password").value("csrf")
    # the planted session does not even open the login form: its token is the form cookie's
    victim.http.cookies.set("session", "planted-by-somebody")
    login = await victim.get("/staff/login")
    answer = await victim.send(
        sheet_of(login, "/staff/login"), login="bianji", password=PASSWORD, csrf=stolen
    )
    assert answer.status_code == 403
    victim.http.cookies.clear()
    login = await victim.get("/staff/login")
    victim.http.cookies.set("session", planted)
    answer = await victim.send(sheet_of(login, "/staff/login"), login="bianji", password=PASSWORD)
    fresh = next(
        one.split(";")[0].split("=", 1)[1]
        for one in answer.headers.get_list("set-cookie")
        if one.startswith("session=")
    )
    assert fresh != planted
    assert world.offices.sessions == {fresh: "bianji"}
    assert (await attacker.get("/staff/")).status_code == 303


@pytest.mark.parametrize("session", ["", "x" * 5000, "nobody's", "a;b", "<script>"])
async def test_an_unknown_session_is_nobody(people: Come, session: str) -> None:
    """What is no session of catalog's opens nothing, and an address never carries one."""
    person = people()
    person.http.headers["cookie"] = f"session={session}"
    assert (await person.get("/staff/")).status_code == 303
    assert (await person.get("/staff/?session=session-0-bianji")).status_code == 303


async def test_a_wrong_login_tells_nothing_more(people: Come) -> None:
    """An unknown login and a wrong password are answered alike; the login stays, the password never."""
    texts = []
    for login, password in (("nobody", "secret-guess-1"), ("bianji", "secret-guess-1")):
        answer = await people().log_in(login, password)
        assert answer.status_code == 401
        assert "账号或者密码不对" in answer.text
        assert "secret-guess-1" not in answer.text
        sheet = sheet_of(answer, "/staff/login")
        assert sheet.value("login") == login
        texts.append(answer.text.replace(login, "*").replace(sheet.value("csrf"), "").replace(sheet.value("command_id"), ""))  # fmt: skip
    assert texts[0] == texts[1]


async def test_a_throttled_login_says_until_when(people: Come, world: World) -> None:
    """Too many tries: 429, and when to try again."""
    world.offices.throttled = True
    answer = await people().log_in("bianji")
    assert answer.status_code == 429
    assert "请 15 分钟后再试" in answer.text


async def test_logging_in_while_catalog_is_away_keeps_the_login(people: Come, world: World) -> None:
    """With catalog away the form says so and keeps the login; pages of the staff answer 503."""
    person = people()
    await person.log_in("bianji")
    world.offices.away = True
    assert (await person.get("/staff/")).status_code == 503
    answer = await people().log_in("bianji")
    assert answer.status_code == 503
    assert sheet_of(answer, "/staff/login").value("login") == "bianji"


async def test_logging_out_ends_the_session(people: Come, world: World) -> None:
    """The session is ended where it is kept; its cookie opens nothing any more; a link cannot log anybody out."""
    person = people()
    await person.log_in("bianji")
    session = str(person.http.cookies["session"])
    assert (await person.get("/staff/logout")).status_code == 405
    answer = await person.fill("/staff/", "/staff/logout")
    assert answer.headers["location"] == "/staff/login?done=logged-out"
    assert not world.offices.sessions
    person.http.cookies.set("session", session)
    assert (await person.get("/staff/")).status_code == 303
    assert "您已退出登录" in (await people().get("/staff/login?done=logged-out")).text
    assert "<script>alert" not in (await people().get("/staff/login?done=<script>alert(1)</script>")).text


async def test_a_reset_password_must_be_changed_first(people: Come, world: World) -> None:
    """Whoever was given a password can do nothing before they chose their own."""
    world.offices.due.add("bianji")
    person = people()
    assert (await person.log_in("bianji")).headers["location"] == "/staff/password"
    assert (await person.get("/staff/drafts/")).headers["location"] == "/staff/password"
    page = await person.get("/staff/password")
    assert "请先设一个自己的密码" in page.text
    assert "/staff/drafts/" not in page.text
    sheet = sheet_of(page, "/staff/password")
    answer = await person.send(sheet, old_password=PASSWORD, new_password=NEW_PASSWORD, repeated="other")
    assert answer.status_code == 422
    assert "两次输入的新密码不一样" in answer.text
    answer = await person.fill(
        "/staff/password", old_password="wrong", new_password="short", repeated="short"
    )
    assert answer.status_code == 422
    assert "现在的密码不对" in answer.text
    assert "新密码太短" in answer.text
    assert 'href="#f-new_password"' in answer.text
    answer = await person.fill(
        "/staff/password", old_password=PASSWORD, new_password=NEW_PASSWORD, repeated=NEW_PASSWORD
    )
    assert answer.headers["location"] == "/staff/?done=password"
    assert (await person.get("/staff/drafts/")).status_code == 200


async def test_a_session_about_to_end_says_so(people: Come, world: World) -> None:
    """Before a login ends its pages say until when, and that what is typed will not be lost."""
    person = people()
    await person.log_in("bianji")
    assert "登录快要结束" not in (await person.get("/staff/")).text
    world.offices.lasting /= 100
    assert "登录快要结束" in (await person.get("/staff/")).text


async def test_what_was_typed_outlives_the_session(people: Come, world: World) -> None:
    """A form sent after the login ended does nothing, keeps its text, and can be sent again after a new login."""
    person = people()
    await person.log_in("bianji")
    sheet = sheet_of(await person.get("/staff/drafts/new"), "/staff/drafts/new")
    world.offices.sessions.clear()
    answer = await person.send(sheet, title="写了很久的标题")
    assert answer.status_code == 401
    assert not world.drawer.done
    kept = sheet_of(answer, "/staff/drafts/new")
    assert kept.value("title") == "写了很久的标题"
    await person.log_in("bianji")
    answer = await person.send(kept)  # its token is the old session's: shown again with one that fits
    assert answer.status_code == 403
    assert not world.drawer.done
    answer = await person.send(sheet_of(answer, "/staff/drafts/new"))
    assert answer.status_code == 303
    assert world.drawer.done == ["saved"]
    assert "写了很久的标题" in (await person.get("/staff/drafts/")).text
