"""Subscribing, confirming, leaving; and what WeChat tells the official account."""

from __future__ import annotations

import httpx
import pytest

from gongkai.refusal import Reason
from tests.portal.reader import Page, Reader
from tests.portal.world import World
from tests.portal.world_notify import CONFIRMATION, LEAVE, WECHAT_CODE

HERE = "/subscribe?place=341323106000&topic=20"
ADDRESS = "wang@example.invalid"
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
LEAVING = f"/subscribe/leave/{LEAVE}"


@pytest.fixture
def reader(site: httpx.AsyncClient) -> Reader:
    """Somebody with a browser without script."""
    return Reader(site)


def checked(page: Page, name: str) -> list[str]:
    return [str(one["value"]) for _tag, one in page.tags if one.get("name") == name and "checked" in one]


async def test_the_form_knows_where_the_reader_comes_from(reader: Reader) -> None:
    """From a township's page the township is chosen, from a domain's page the domain; from nowhere, all and none."""
    page = await reader.open(HERE)
    assert checked(page, "places") == ["341323106000"]
    assert checked(page, "topics") == ["20"]
    assert "灵璧县" in page.text
    page = await reader.open("/subscribe")
    assert checked(page, "places") == []
    assert checked(page, "topics") == ["all"]
    assert "保存多久" in page.text
    assert (await reader.open("/subscribe?place=evil&topic=evil")).status == 200


async def test_an_address_is_confirmed_by_its_code(reader: Reader, world: World) -> None:
    """A code goes to the address; a wrong one is told, the right one confirms; the address is in no address of a page."""
    await reader.open(HERE)
    page = await reader.press("订阅", channel="email", address=ADDRESS, topics=["20", "02"])
    assert page.status == 200
    assert "w***@example.invalid" in page.text
    assert page.answer.headers["cache-control"] == "no-store"
    (asked,) = world.post.opened
    assert (asked.channel, asked.address, list(asked.topics)) == ("email", ADDRESS, ["20", "02"])
    assert list(asked.places) == ["341323106000"]
    assert asked.client == "127.0.0.1"
    page = await reader.press("确认订阅", code="000000")
    assert page.status == 422
    assert "验证码不对" in page.text
    page = await reader.press("确认订阅", code=f" {CONFIRMATION[:3]} {CONFIRMATION[3:]} ")
    assert page.answer.url.path == "/subscribe/done"
    assert "订阅已经确认" in page.text
    assert world.post.subscriptions["sub-1"].state == "active"
    assert not [one for one in reader.seen if "wang" in one or CONFIRMATION in one]


async def test_all_domains_are_one_topic(reader: Reader, world: World) -> None:
    """Whoever chooses all domains and some asks for all."""
    await reader.open(HERE)
    await reader.press("订阅", channel="sms", address="13900000000", topics=["20", "all"])
    assert list(world.post.opened[0].topics) == ["all"]


async def test_refusals_are_told_at_their_fields(reader: Reader, world: World) -> None:
    """What notify refuses is told on top and at the field; what was chosen and typed stays; markup is text."""
    world.post.refusals = [
        Reason("address.malformed", "电子邮件地址的写法不对。", "address"),
        Reason("topics.missing", "请至少选择一个领域，或选择全部领域。", "topics"),
    ]
    await reader.open(HERE)
    page = await reader.press("订阅", drop=("topics",), channel="email", address=EVIL)
    assert page.status == 422
    assert page.text.count("电子邮件地址的写法不对。") == 2
    assert page.text.count("请至少选择一个领域") == 2
    assert page.value("address") == EVIL
    assert checked(page, "places") == ["341323106000"]
    assert checked(page, "channel") == ["email"]
    assert "<script>alert" not in page.html


@pytest.mark.parametrize(("fault", "status"), [("away", 503), ("throttled", 429)])
async def test_nothing_is_lost_when_it_cannot_be_taken(
    reader: Reader, world: World, fault: str, status: int
) -> None:
    """While notify is away or asked too often, the form stays as it was filled in."""
    await reader.open(HERE)
    world.post.throttled = fault == "throttled"
    world.away = {"notify"} if fault == "away" else set()
    page = await reader.press("订阅", channel="email", address=ADDRESS)
    assert page.status == status
    assert page.value("address") == ADDRESS


async def test_wechat_is_confirmed_by_sending_the_code(reader: Reader, world: World) -> None:
    """The code to send is shown, the page asks again by itself without script, and goes on once it has arrived."""
    await reader.open(HERE)
    page = await reader.press("订阅", channel="wechat", address="ignored")
    assert world.post.opened[0].address == ""
    assert page.answer.url.path == "/subscribe/waiting/sub-1"
    assert WECHAT_CODE in page.text
    assert page.answer.headers["refresh"] == "5"
    assert not [one for one in reader.seen if WECHAT_CODE in one]
    page = await reader.open("/subscribe/waiting/sub-1")
    assert WECHAT_CODE in page.text
    async with httpx.AsyncClient(base_url=reader.client.base_url, trust_env=False) as stranger:
        assert WECHAT_CODE not in (await stranger.get("/subscribe/waiting/sub-1")).text
    world.post.subscriptions["sub-1"].state = "active"
    page = await reader.open("/subscribe/waiting/sub-1")
    assert "订阅已经确认" in page.text
    world.post.subscriptions["sub-1"].state = "left"
    page = await reader.open("/subscribe/waiting/sub-1")
    assert "没有确认" in page.text
    assert "refresh" not in page.answer.headers
    assert (await reader.open("/subscribe/waiting/unknown")).status == 404


async def test_a_foreign_form_is_refused(reader: Reader, world: World) -> None:
    """A form from another site or without our token subscribes nobody."""
    page = await reader.open(HERE)
    data: dict[str, str] = {**dict(page.form("订阅").fields), "channel": "email", "address": ADDRESS}
    foreign = await reader.client.post("/subscribe", data=data, headers={"Origin": "https://evil.example"})
    here = {"Origin": str(reader.client.base_url).rstrip("/")}
    blind = await reader.client.post("/subscribe", data={**data, "csrf": ""}, headers=here)
    confirm = await reader.client.post("/subscribe/confirm", data={"id": "sub-left"}, headers=here)
    assert [foreign.status_code, blind.status_code, confirm.status_code] == [403, 403, 403]
    assert world.post.opened == []


async def test_leaving_is_one_page_and_one_button(reader: Reader, world: World) -> None:
    """The link shows what is left and changes nothing; the button ends it; a second time says the same."""
    page = await reader.open(LEAVING)
    for shown in ("电子邮件", "w***@example.invalid", "社会救助", "重大建设项目", "灵璧县"):
        assert shown in page.text
    assert page.answer.headers["referrer-policy"] == "no-referrer"
    assert page.answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.answer.headers
    assert world.post.left == []
    page = await reader.press("退订")
    assert "已经退订" in page.text
    reader.page = await reader.open(LEAVING)
    assert "已经退订" in reader.page.text
    assert not reader.page.forms or "退订" not in {
        label for one in reader.page.forms for label in one.buttons
    }


async def test_a_mail_program_leaves_with_one_click(site: httpx.AsyncClient, world: World) -> None:
    """RFC 8058: a POST from nowhere, without cookie, to the link of the mail ends the subscription; twice is once."""
    for _ in range(2):
        answer = await site.post(LEAVING, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert world.post.subscriptions["sub-left"].state == "left"
    assert len({one.command_id for one in world.post.left}) == 1


async def test_a_broken_link_is_told(site: httpx.AsyncClient, world: World) -> None:
    """A link that is not whole says so and does nothing; while notify is away it can be tried again."""
    for answer in (await site.get(f"{LEAVING}x"), await site.post(f"{LEAVING}x")):
        assert answer.status_code == 404
        assert "退订的链接不完整" in answer.text
    world.away = {"notify"}
    assert (await site.post(LEAVING)).status_code == 503
    assert world.post.left == []


async def test_wechat_is_passed_on_byte_for_byte(site: httpx.AsyncClient, world: World) -> None:
    """The server check and messages reach notify as they came, and its answer goes back; others are refused."""
    signed = {"signature": "good", "timestamp": "1", "nonce": "2"}
    echo = await site.get("/wechat/callback", params={**signed, "echostr": "12345"})
    assert echo.content == b"12345"
    body = "<xml><Content>码 &amp; 😀</Content></xml>".encode()
    answer = await site.post("/wechat/callback", params=signed, content=body)
    assert answer.content == b"<xml><Content>ok</Content></xml>"
    assert answer.headers["content-type"].startswith("application/xml")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert world.post.received[1].body == body
    assert world.post.received[1].timestamp == "1"
    assert (await site.post("/wechat/callback", content=body)).status_code == 403
    assert (await site.post("/wechat/callback", params=signed, content=b"x" * 70_000)).status_code == 413
    world.away = {"notify"}
    assert (await site.post("/wechat/callback", params=signed, content=body)).status_code == 503


async def test_pages_lead_to_subscribing(reader: Reader) -> None:
    """A county's, a column's and a domain's page lead to the form, prefilled."""
    for path, link in (
        ("/341323/", "/subscribe?place=341323000000"),
        ("/341323/statutory/normative", "/subscribe?place=341323000000"),
        ("/341323/catalogue/20", "/subscribe?place=341323000000&topic=20"),
    ):
        page = await reader.open(path)
        assert link in {given.get("href") for tag, given in page.tags if tag == "a"}
