"""Who asks is nowhere to be read but with the provider that must tell them; and after erasure nowhere at all.

Planted people go the whole way through the pages; then every place of the running platform is searched for them, in
every form in which text is written down.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from gongkai.security.personal import check_character
from gongkai.serving.clock import legal_day, utc_now
from tests.endtoend.city import City
from tests.endtoend.subscribers import Gateway
from tests.endtoend.traces import (
    administration,
    dump_databases,
    dump_index,
    dump_metrics,
    dump_streams,
    find,
    forms,
)
from tests.endtoend.visitors import (
    COUNTY,
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
from tests.portal.reader import Reader

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ORGAN: Final = "341323-planted"
MARK: Final = "龘靐齾"
"""In everything planted that is written in Chinese; no other text has it."""
FILE: Final = f"planted-file-5f1c9e {MARK}的材料".encode() * 40
FILE_NAME: Final = f"{MARK}的材料.pdf"
IDENTITY: Final = "34132319571119"


@dataclass(frozen=True)
class Planted:
    """An applicant, and where they come from."""

    name: str
    id_number: str
    phone: str
    email: str
    address: str
    client: str

    @property
    def fields(self) -> dict[str, str]:
        """As the form wants them."""
        given = {
            "description": f"{MARK}一家2026年的低保核查材料，{MARK}曾用名甲",
            "kind": "natural",
            "name": self.name,
            "id_kind": "resident_id",
            "id_number": self.id_number,
            "phone": self.phone,
            "supply": "paper",
            "delivery": "post",
            "address": self.address,
        }
        return given | ({"email": self.email} if self.email else {})

    @property
    def secrets(self) -> dict[str, str]:
        """What may be read nowhere, by what it is."""
        given = {"id number": self.id_number, "phone": self.phone, "client": self.client}
        return given | ({"e-mail": self.email} if self.email else {})


def identity_number(serial: str) -> str:
    return f"{IDENTITY}{serial}{check_character(IDENTITY + serial)}"


BY_MAIL: Final = Planted(
    f"{MARK}甲", identity_number("731"), "13928475610", "planted.jia@erase.invalid", f"{MARK}路1号", "198.51.100.71"
)  # fmt: skip
BY_PHONE: Final = Planted(
    f"{MARK}乙", identity_number("732"), "13928475627", "", f"{MARK}路2号", "198.51.100.72"
)
SUBSCRIBER: Final = "planted.reader@erase.invalid"
ELSEWHERE: Final = "341321000000"
"""Where nothing is published: they wait for nothing."""
CLERK: Final = "齉爨经办"


async def dump_pages(others: Iterable[Reader], number: str, folder: Path) -> None:
    """What the pages tell others: the public, somebody without the code, staff of another organ, the administrator."""
    paths = (
        *("/", f"{HOME}/", f"{HOME}/requests/", f"{HOME}/oversight/", f"{HOME}/oversight/{ORGAN}/requests"),
        *(f"{HOME}/oversight/{ORGAN}/late", f"{HOME}/requests/lookup", "/staff/", "/staff/requests/"),
        *(
            f"/staff/requests/{number}",
            f"/staff/requests/{number}/disclose",
            f"/staff/requests/{number}/erase",
        ),
        *("/staff/messages/?state=", "/staff/people/", "/subscribe"),
    )
    for who, reader in enumerate(others):
        for place, path in enumerate(paths):
            page = await reader.open(path)
            (folder / f"page-{who}-{place}").write_text(
                f"{page.answer.url}\n{page.answer.headers}\n{page.html}"
            )
        page = await look_up(reader, number, "00000-00000")
        (folder / f"page-{who}-wrong-code").write_text(page.html)


async def dump(city: City, others: Iterable[Reader], number: str, folder: Path) -> None:
    """Everything that can be asked of the platform, written below a folder."""
    for name in ("databases", "streams", "index", "metrics", "pages"):
        (folder / name).mkdir(parents=True)
    dump_databases(city, folder / "databases")
    await dump_streams(city, folder / "streams")
    dump_index(city, folder / "index")
    dump_metrics(city, folder / "metrics")
    await dump_pages(others, number, folder / "pages")


@dataclass
class Case:
    """What was planted, and who may know of it."""

    city: City
    jia: Ticket
    yi: Ticket
    applicant: Reader
    clerk: Reader
    administrator: Reader
    others: Sequence[Reader]
    secrets: dict[str, str]
    earlier: set[Path]
    """Files of replies to other people."""

    async def dumped(self, folder: Path) -> list[Path]:
        """Every place there is: what the platform answers, and all its files but the provider's own."""
        await dump(self.city, self.others, self.jia.number, folder)
        return [folder, self.city.state]


@pytest.fixture(scope="module")
async def case(city: City) -> AsyncIterator[Case]:
    """Two applicants answered, one told by mail and one by SMS; a subscriber; others who look around."""
    earlier = reply_objects(city)
    await register_organ(city, ORGAN, "灵璧县种植机关")
    await register_organ(city, f"{ORGAN}-b", "灵璧县邻座机关")
    await register_staff(city, "planted.banli", ORGAN, f"clerk@{ORGAN}", name=CLERK)
    await register_staff(city, "planted.linzuo", f"{ORGAN}-b", f"clerk@{ORGAN}-b", name="邻座")
    await register_staff(city, "planted.guanli", ORGAN, f"administrator@{COUNTY}", name="管理")
    async with AsyncExitStack() as stack:

        async def enter(client: str, login: str = "") -> Reader:
            reader = await stack.enter_async_context(visitor(city, client))
            if login:
                await log_in(reader, login)
            return reader

        jia, yi = await enter(BY_MAIL.client), await enter(BY_PHONE.client)
        clerk, administrator = await enter("198.51.100.73", "planted.banli"), await enter("198.51.100.74", "planted.guanli")  # fmt: skip
        others = [await enter("198.51.100.75"), await enter("198.51.100.76", "planted.linzuo"), administrator]
        by_mail, by_phone = await apply(jia, ORGAN, BY_MAIL.fields), await apply(yi, ORGAN, BY_PHONE.fields)
        await slip(jia)
        await answer_both(clerk, by_mail, by_phone)
        gateway = Gateway(city.endpoints["sandbox"])
        with closing(gateway.client):
            await subscribed(city, gateway, others[0])
            for told in (BY_MAIL.email, BY_PHONE.phone):
                city.wait(lambda told=told: bool(gateway.messages(recipient=told)), "the applicant is told")  # type: ignore[misc]
        people = {
            f"{what} of {one.name[-1]}": text
            for one in (BY_MAIL, BY_PHONE)
            for what, text in one.secrets.items()
        }
        codes = {one.code: one.code for ticket in (by_mail, by_phone) for one in (ticket, plain(ticket))}
        session = {"session": clerk.client.cookies["session"], "password": PASSWORD, "clerk": CLERK}
        texts = {"a planted word": MARK, "file": FILE.decode()[:20], "subscriber": SUBSCRIBER}
        secrets = people | codes | session | texts
        yield Case(city, by_mail, by_phone, jia, clerk, administrator, others, secrets, earlier)


def plain(ticket: Ticket) -> Ticket:
    return Ticket(ticket.number, ticket.code.replace("-", ""))


async def slip(reader: Reader) -> None:
    """A form that is refused, with everything on it."""
    await reader.open(f"{HOME}/requests/new/1")
    await reader.press("找一找", description=BY_MAIL.fields["description"])
    await reader.press("下一步", organ="other", other_organ=ORGAN)
    typed = {name: BY_MAIL.fields[name] for name in ("kind", "name", "id_kind", "phone", "email")}
    page = await reader.press("下一步", **typed, id_number=f"{IDENTITY}9999")  # type: ignore[arg-type]
    assert page.status == httpx.codes.UNPROCESSABLE_ENTITY


async def answer_both(clerk: Reader, disclosed: Ticket, not_held: Ticket) -> None:
    """Confirm, look at the applicant, record the search, answer: one with a file, one that there is nothing."""
    today = legal_day(utc_now()).isoformat()
    for ticket in (disclosed, not_held):
        case = f"/staff/requests/{ticket.number}"
        await clerk.open(f"{case}/receipt")
        await clerk.press("确认收到", on=today, proof=f"{MARK}本人接听")
        page = await clerk.press("查看（留痕）")
        assert MARK in page.text
        await clerk.open(f"{case}/search")
        await clerk.press(
            "登记", search__places=f"{MARK}卷宗", search__words=MARK, search__result=f"{MARK}一件"
        )
    await clerk.open(f"/staff/requests/{disclosed.number}/disclose")
    file = [("files", (FILE_NAME, FILE, "application/pdf"))]
    await clerk.press("下一步", on=today, text=f"{MARK}的材料附后", files=file)
    assert "已作出答复" in (await clerk.press("作出答复")).text
    await clerk.open(f"/staff/requests/{not_held.number}/not-held")
    await clerk.press("下一步", on=today, text=f"没有{MARK}的材料")
    assert "已作出答复" in (await clerk.press("作出答复")).text


async def subscribed(city: City, gateway: Gateway, reader: Reader) -> None:
    """Somebody subscribes by mail and confirms."""
    await reader.open(f"/subscribe?place={ELSEWHERE}")
    await reader.press("订阅", channel="email", address=SUBSCRIBER, topics=["all"], places=[ELSEWHERE])
    city.wait(lambda: bool(gateway.code_for("email", SUBSCRIBER)), "a code")
    page = await reader.press("确认订阅", code=gateway.code_for("email", SUBSCRIBER))
    assert page.answer.url.path == "/subscribe/done"


def test_search_finds_every_form_and_the_provider_is_told(case: Case, tmp_path: Path) -> None:
    """What follows proves something: each form of each secret is found where it stands, and the gateway has the addresses."""
    for number, form in enumerate(form for secret in case.secrets.values() for form in forms(secret)):
        (tmp_path / str(number)).write_bytes(b"x" + form + b"y")
    assert (
        len({line.split(": ")[0].split(" in ")[1] for line in find([tmp_path], case.secrets)}) == number + 1
    )
    addresses = {one: one for one in (BY_MAIL.email, BY_PHONE.phone, SUBSCRIBER)}
    told = find([case.city.state / "sandbox"], addresses)
    assert {line.split(" in ")[0] for line in told} == set(addresses)


async def test_planted_applicants_are_ciphertext_everywhere(case: Case, tmp_path: Path) -> None:
    """Databases, their files and write-ahead log, streams, index, logs, metrics, others' pages: no secret, in no form."""
    page = await look_up(case.applicant, case.jia.number, case.jia.code)
    assert f"{MARK}一家" in page.text
    taken = await case.applicant.press("下载")
    assert taken.answer.content == FILE
    places = await case.dumped(tmp_path)
    secrets = dict(case.secrets)
    names = {"clerk": secrets.pop("clerk")}
    assert find(places, secrets, but="sandbox") == []
    assert find([*places[1:], tmp_path / "databases", tmp_path / "streams"], names, but="sandbox") == []
    assert find([tmp_path / "databases"], {"number": case.jia.number})
    assert find([tmp_path / "databases"], {"sealed": "$sealed"})


async def test_erased_applicants_can_be_read_by_nobody(case: Case, tmp_path: Path) -> None:
    """Erased by command and on the administrator's page: keys, file and words are gone; number, days and the log stay sound."""
    city = case.city
    keys, objects = wrapped_keys(city), reply_objects(city) - case.earlier
    assert len(keys) == 2
    assert objects
    assert len(notice_keys(city, case.jia, case.yi)) == 2
    city.cli("request", "erase", case.jia.number, "--reason", "保存期满")
    await case.administrator.open("/staff/requests/")
    await case.administrator.press("下一步", number=case.yi.number)
    await case.administrator.press("下一步", reason="保存期满")
    await case.administrator.press("永久删除")

    assert wrapped_keys(city) == {}
    city.wait(lambda: not notice_keys(city, case.jia, case.yi), "the notices' addresses are forgotten")
    assert not objects & reply_objects(city)
    for ticket in (case.jia, case.yi):
        page = await look_up(case.applicant, ticket.number, ticket.code)
        assert "申请人信息和申请内容已经删除" in page.text
        assert MARK not in page.html
        seen = await case.clerk.open(f"/staff/requests/{ticket.number}")
        assert "已经永久删除" in seen.text
        assert MARK not in seen.html
    with administration(city, "requests") as conn:
        conn.execute("CHECKPOINT")
    assert not key_bytes_in_tables(city, keys)
    city.cli("log", "verify")
    city.cli("views", "rebuild", "requests")
    page = await look_up(case.applicant, case.jia.number, case.jia.code)
    assert "申请人信息和申请内容已经删除" in page.text
    dump_databases(city, tmp_path)
    assert find([tmp_path], case.secrets) == []


def wrapped_keys(city: City) -> dict[str, bytes]:
    """Applicant → their key, of those who asked this organ and are not erased."""
    asked = (
        "SELECT k.subject, k.wrapped_key FROM vault.subject_key k JOIN event e"
        " ON e.payload::json ->> 'applicant_id' = k.subject AND e.type = 'request.submitted'"
        " WHERE e.payload::json ->> 'organ' = %s AND k.wrapped_key IS NOT NULL"
    )
    return dict(city.query("requests", asked, ORGAN))


def notice_keys(city: City, *tickets: Ticket) -> list[str]:
    """What notify can still read of the notices about requests: their addresses."""
    numbers = [ticket.number for ticket in tickets]
    asked = city.query("requests", "SELECT request_id FROM request WHERE number = ANY(%s)", numbers)
    kept = "SELECT subject FROM vault.subject_key WHERE wrapped_key IS NOT NULL AND split_part(subject, '/', 1) = ANY(%s)"
    return [subject for (subject,) in city.query("notify", kept, [one for (one,) in asked])]


def key_bytes_in_tables(city: City, keys: dict[str, bytes]) -> list[Path]:
    """The files of tables and indexes in which a destroyed key still lies, though no row has it."""
    files = [path for path in (city.state / "postgres" / "base").rglob("*") if path.is_file()]
    return [path for path in files if any(key in path.read_bytes() for key in keys.values())]


def reply_objects(city: City) -> set[Path]:
    """The files of replies, as they lie on the disk."""
    return {path for path in (city.state / "reply-files").rglob("*") if path.is_file()}
