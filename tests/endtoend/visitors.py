"""People before the running portal: citizens and strangers with an address of their own, and staff of an organ."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.load import organ_credentials_of
from gongkai.cli.staff import add_staff, read_grant
from gongkai.loading.mapping import MappedOrgan
from gongkai.rpc.catalog.v1 import identity_pb2
from tests.endtoend.city import City
from tests.endtoend.sample import credit_code
from tests.portal.reader import Page, Reader

COUNTY: Final = "341323000000"
HOME: Final = "/341323"
SECONDS: Final = 60
PASSWORD: Final = "一句只在测试里用的话 2026"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an applicant is given."""

    number: str
    code: str


@asynccontextmanager
async def visitor(city: City, address: str) -> AsyncIterator[Reader]:
    """Somebody with a browser, who comes from an address."""
    async with httpx.AsyncClient(
        base_url=city.endpoints["portal"],
        headers={"X-Forwarded-For": address},
        timeout=SECONDS,
        trust_env=False,
    ) as client:
        yield Reader(client)


async def register_organ(city: City, code: str, name: str, division: str = COUNTY) -> None:
    """An organ, known to requests (its form lists it)."""
    organ = MappedOrgan(code=code, name=name, short_name=name, division=division, uscc=credit_code(code))
    await organ_credentials_of(load_endpoints(city.state), organ)
    for service, table in (("requests", "organ"), ("publishing", "known_organ")):
        known = f"SELECT 1 FROM {table} WHERE code = %s"

        def told(service: str = service, known: str = known) -> bool:
            return bool(city.query(service, known, code))

        city.wait(told, f"{service} knows {code}")


async def register_staff(city: City, login: str, organ: str, *roles: str, name: str, post: str = "") -> str:
    """Somebody who works at an organ, with roles (``编辑@机关``); their id."""
    staff = identity_pb2.Staff(login=login, name=name, post=post, organ=organ, grants=map(read_grant, roles))
    return (await add_staff(load_endpoints(city.state), staff, password=PASSWORD)).staff.id


async def log_in(reader: Reader, login: str, password: str = PASSWORD) -> Page:
    """Fill the login form in."""
    await reader.open("/staff/login")
    return await reader.press("登录", login=login, password=password)


async def apply(reader: Reader, organ: str, fields: Mapping[str, str], home: str = HOME) -> Ticket:
    """Ask an organ for something, in the four steps of the form; number and code of the receipt."""
    await reader.open(f"{home}/requests/new/1")
    await reader.press("找一找", description=fields["description"])
    await reader.press("下一步", organ="other", other_organ=organ)
    await reader.press(
        "下一步", **{name: fields[name] for name in ("kind", "name", "id_kind", "id_number", "phone")}, **_given(fields, "email", "contact_name")
    )  # fmt: skip
    page = await reader.press("下一步", supply=fields["supply"], delivery=fields["delivery"], **_given(fields, "address"))  # fmt: skip
    assert "第 4 步，共 4 步" in page.text, page.text
    page = await reader.press("提交申请")
    assert page.status == httpx.codes.OK, page.text
    return Ticket(page.value("number"), page.value("code"))


async def look_up(reader: Reader, number: str, code: str, home: str = HOME) -> Page:
    """Ask how far a request is."""
    await reader.open(f"{home}/requests/lookup")
    return await reader.press("查询", number=number, code=code)


def _given(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: fields[name] for name in names if name in fields}
