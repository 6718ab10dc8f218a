"""Ended divisions before the running portal: no dead link, nothing forgotten, nothing offered that is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from tests.portal.town import town
from tests.portal.world import COUNTY, World, invent

HEIR, EAST, OLD, LATER = "341323106000", "341323191000", "341323192000", "341323193000"
BASIS = "皖民地字〔2026〕12号"


def changed() -> World:
    """A township merged twice over into another, one that will be, and an organ another follows."""
    world = invent()
    end: dict[str, Any] = {
        "level": "township",
        "parent": COUNTY,
        "ended_on": "2026-06-01",
        "end_kind": "merged",
        "basis": BASIS,
    }
    world.divisions += [
        pb.Division(code=OLD, name="老街镇", successor=EAST, heir=HEIR, **end),
        pb.Division(code=EAST, name="东镇", successor=HEIR, heir=HEIR, **end),
        pb.Division(code=f"{EAST[:9]}200", name="东镇村", level="village", parent=EAST),
        pb.Division(code=LATER, name="南镇", successor=HEIR, **{**end, "ended_on": "2099-01-01"}),
    ]
    heir = next(one for one in world.divisions if one.code == HEIR)
    heir.predecessors.extend([EAST, OLD])
    heir.former_names.append(pb.FormerName(name="旧镇", until="2020-01-01"))
    gone, follows = world.organs[0], world.organs[1]
    gone.ended_on, gone.successor, gone.heir = "2026-06-01", follows.code, follows.code
    return world


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[httpx.AsyncClient, World]]:
    """A reader before a portal whose divisions have changed."""
    world = changed()
    async with (
        town(world, tmp_path_factory.mktemp("moved")) as (url, _portal),
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield client, world


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/341323191/", "/341323106/"),
        ("/341323191", "/341323106/"),
        ("/341323191000/", "/341323106/"),
        (
            "/341323192/statutory/normative/2026-11?page=2&a=%E7%94%B2",
            "/341323106/statutory/normative/2026-11?page=2&a=%E7%94%B2",
        ),
        ("/341323191/search?q=低保", "/341323106/search?q=%E4%BD%8E%E4%BF%9D"),
        ("/341323191/catalogue/20/m-20-001", "/341323106/catalogue/20/m-20-001"),
        ("/341323191/catalogue/20?on=2026-06-01", "/341323106/catalogue/20?on=2026-06-01"),
        ("/341323191/requests/new/1", "/341323106/requests/new/1"),
        ("/341323191/statutory/all.atom", "/341323106/statutory/all.atom"),
    ],
)
async def test_an_address_moves_to_the_last_successor(
    site: tuple[httpx.AsyncClient, World], path: str, target: str
) -> None:
    """301 to the same address there, with what was asked; what is there answers."""
    moved = await site[0].get(path)

    assert (moved.status_code, moved.headers["location"]) == (301, target)
    assert (await site[0].get(target)).status_code == 200


async def test_a_form_sent_the_day_after_keeps_what_was_typed(site: tuple[httpx.AsyncClient, World]) -> None:
    """A post moves as a post."""
    moved = await site[0].post("/341323191/requests/lookup", data={"number": "1"})

    assert (moved.status_code, moved.headers["location"]) == (308, "/341323106/requests/lookup")


async def test_past_catalogues_stay_where_they_were(site: tuple[httpx.AsyncClient, World]) -> None:
    """By edition or a day before the end, with a line that says what became of the division."""
    for path in ("/341323191/catalogue/?edition=1", "/341323191/catalogue/?on=2026-05-31"):
        shown = await site[0].get(path)
        assert shown.status_code == 200
        assert "东镇已于2026年6月1日并入" in shown.text.replace("\n", "")
        assert BASIS in shown.text
        assert "东镇没有自己的目录，撤并以前按灵璧县目录公开" in shown.text


async def test_the_successor_names_what_was_merged_into_it(site: tuple[httpx.AsyncClient, World]) -> None:
    """With day, document, and the way to the old catalogue; the villages that moved along are listed."""
    home = (await site[0].get("/341323106/")).text

    assert "东镇（341323191）已于2026年6月1日并入" in home
    assert "/341323191/catalogue/?on=2026-05-31" in home
    assert "2020年1月1日以前称旧镇" in home
    assert "东镇村" in home


async def test_what_will_end_is_told_and_still_there(site: tuple[httpx.AsyncClient, World]) -> None:
    """Before the day its pages answer and announce it; what has ended is offered in no list."""
    later, county = await site[0].get("/341323193/"), await site[0].get("/341323/")

    assert later.status_code == 200
    assert "南镇将于2099年1月1日并入" in later.text
    assert "南镇" in county.text
    assert "老街镇" not in county.text
    assert "东镇" not in (await site[0].get("/subscribe?place=341323000000")).text


async def test_a_record_keeps_its_address_and_names_who_follows(
    site: tuple[httpx.AsyncClient, World],
) -> None:
    """The organ's name of the day it published, and beside it the successor; the form offers the successor alone."""
    client, world = site
    gone, follows = world.organs[0], world.organs[1]
    number = next(one.index_number for one in world.public() if one.organ == gone.code)

    page = await client.get(f"/r/{number}")
    form = await client.get("/341323/requests/")

    assert page.status_code == 200
    assert f"（已于2026年6月1日撤并，现由{follows.name}承继）" in page.text
    assert gone.name in page.text
    assert follows.name in form.text
    assert gone.name not in form.text
    listed = (await client.get("/api/v1/divisions", params={"level": "township"})).json()["divisions"]
    told = next(one for one in listed if one["code"] == OLD)
    assert (told["ended_on"], told["successor"]) == ("2026-06-01", EAST)
