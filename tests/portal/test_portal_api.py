"""REST: the same facts, problems in Chinese, and an organ's uploads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import nkeys
import pytest

from gongkai.security.tokens import organ_tokens
from tests.portal.town import LIMIT, town
from tests.portal.world import ACT, WITHDRAWN, World, invent

ORGAN = "341323-mzj"
DATA = b"0123456789abcdef" * (150 * 1024)
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def token(world: World) -> str:
    """A token of an organ whose key is in force."""
    pair = nkeys.from_seed(nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER))
    world.organ_keys[ORGAN] = [pair.public_key.decode()]
    return organ_tokens(ORGAN, bytes(pair.seed))("publishing")


def is_problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, object] = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told


async def test_a_record_is_had_by_its_index_number(site: httpx.AsyncClient) -> None:
    """A record comes with its labels, files and addresses; empty values are null."""
    record = (await site.get(f"/api/v1/records/{ACT}")).json()
    assert record["index_number"] == ACT
    assert record["validity_label"] == "现行有效"
    assert record["issuer"] is None
    assert record["url"] == f"{str(site.base_url).rstrip('/')}/r/{ACT}"
    assert record["facts"][0] == {
        "division": "341323000000", "period": "2026-Q3", "amount": "1234567.50", "people": 0, "households": 812, "on": None,
    }  # fmt: skip
    assert (record["facts"][1]["people"], record["facts"][1]["households"]) == (58, None)
    body = await site.get(record["files"][0]["url"])
    assert hashlib.sha256(body.content).hexdigest() == record["files"][0]["digest"]


async def test_a_withdrawn_record_is_a_problem_410(site: httpx.AsyncClient) -> None:
    """A withdrawn record gives date, organ and reason alone."""
    told = is_problem(await site.get(f"/api/v1/records/{WITHDRAWN}"), 410)
    assert told["withdrawn_on"] == "2026-11-02"
    assert told["organ_name"] == "灵璧县人民政府办公室"
    assert "绝不出现" not in str(told)


async def test_lists_and_search_are_paged(site: httpx.AsyncClient, world: World) -> None:
    """Lists narrow by division, kind and month; search gives fragments and facets."""
    listed = (await site.get("/api/v1/records?division=341323&kind=subsidy&month=2026-11&page_size=2")).json()
    expected = [
        one for one in world.public() if one.kind == "subsidy" and one.published_on.startswith("2026-11")
    ]
    assert listed["total"] == len(expected)
    assert len(listed["records"]) == min(2, len(expected))
    found = (await site.get("/api/v1/search", params={"q": "危房改造", "kind": ["subsidy"]})).json()
    assert {"text": "危房改造", "marked": True} in found["hits"][0]["title"]
    assert found["facets"]["kind"] == [{"value": "subsidy", "label": "", "count": found["total"]}]


async def test_the_registry_is_open(site: httpx.AsyncClient) -> None:
    """Divisions, organs, domains and matters are given; credentials of organs are not."""
    counties = (await site.get("/api/v1/divisions?parent=341300&level=county")).json()
    assert counties["total"] == 7
    organs = await site.get("/api/v1/organs?division=341323")
    assert organs.json()["organs"][0]["uscc"]
    assert "credential" not in organs.text
    assert (await site.get(f"/api/v1/organs/{ORGAN}")).json()["name"] == "灵璧县民政局"
    assert len((await site.get("/api/v1/domains")).json()["domains"]) == 26
    assert (await site.get("/api/v1/domains/20/matters")).json()["total"] == 12


async def test_errors_are_problems_in_chinese(site: httpx.AsyncClient, world: World) -> None:
    """Every error is application/problem+json and tells no inside."""
    is_problem(await site.get("/api/v1/nothing"), 404)
    is_problem(await site.get("/api/v1/records/X/1"), 404)
    is_problem(await site.post("/api/v1/records"), 405)
    told = is_problem(await site.get("/api/v1/records?page=x&month=1"), 400)
    assert isinstance(told["reasons"], list)
    assert {one["field"] for one in told["reasons"]} == {"page", "month"}
    told = is_problem(await site.get("/api/v1/search", params={"q": "危" * 150}), 422)
    assert "搜索的词太长" in str(told["reasons"])
    world.away.add("publishing")
    assert (await site.get("/api/v1/records")).headers["retry-after"]
    world.away.clear()
    world.broken.add("publishing")
    assert "secret" not in str(is_problem(await site.get("/api/v1/records"), 500))


async def test_the_description_names_every_path(site: httpx.AsyncClient) -> None:
    """OpenAPI describes all paths with problems as errors; the page in Chinese is made of it."""
    schema = (await site.get("/api/v1/openapi.json")).json()
    assert set(schema["paths"]) == {
        "/records", "/records/{uscc}/{number}", "/search", "/divisions", "/organs", "/organs/{code}", "/domains",
        "/domains/{code}/matters", "/content/{digest}", "/catalogues", "/catalogues/{catalogue}",
        "/catalogues/{catalogue}/editions", "/catalogues/{catalogue}/rows", "/catalogues/{catalogue}/rows/{matter}",
        "/catalogues/{catalogue}/matters/{matter}/schema", "/organs/{organ}/duties", "/organs/{organ}/duties/changes",
        "/organs/{organ}/duties/{matter}/validate", "/divisions/{division}/villages", "/villages/{village}/list",
        "/divisions/{division}/alignment",
    }  # fmt: skip
    assert "HTTPValidationError" not in str(schema)
    page = await site.get("/api/")
    for path in schema["paths"]:
        assert f"/api/v1{path}" in page.text
    assert not re.findall(r"<td>(（|</td>)", page.text)  # every parameter says what it is
    assert "要素的名称 → 内容（在 JSON 正文里）" in page.text


async def test_an_organ_uploads_under_its_own_name(site: httpx.AsyncClient, world: World, token: str) -> None:
    """The bytes reach publishing in pieces of at most 1 MiB, sent by the organ, not by the portal."""
    answer = await site.put(
        f"/api/v1/content/{DIGEST}",
        content=DATA,
        headers={"authorization": f"Bearer {token}", "content-type": "application/pdf"},
    )
    assert answer.status_code == 200
    assert answer.json() == {"digest": DIGEST, "size": len(DATA)}
    assert world.uploaded[DIGEST] == DATA
    assert world.uploaders == [f"organ:{ORGAN}"]
    assert max(world.chunks) <= 1024 * 1024


@pytest.mark.parametrize("authorization", ["", "Basic x", "Bearer nonsense"])
async def test_an_upload_without_a_good_token_is_refused(
    site: httpx.AsyncClient, world: World, authorization: str
) -> None:
    """No token, or one nobody signed: 401, and nothing reaches publishing in the portal's name."""
    headers = {"content-type": "text/plain"} | ({"authorization": authorization} if authorization else {})
    answer = await site.put(f"/api/v1/content/{DIGEST}", content=b"x", headers=headers)
    is_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not world.uploaded


async def test_a_too_large_upload_is_refused(site: httpx.AsyncClient, world: World, token: str) -> None:
    """Over the limit: 413, by the announced length or by what really came."""
    headers = {"authorization": f"Bearer {token}", "content-type": "text/plain"}
    answer = await site.put(f"/api/v1/content/{DIGEST}", content=b"x" * (LIMIT + 1), headers=headers)
    is_problem(answer, 413)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"y" * (1024 * 1024)

    answer = await site.put(f"/api/v1/content/{DIGEST}", content=endless(), headers=headers)
    is_problem(answer, 413)
    assert not world.uploaded


async def test_an_upload_says_all_that_is_wrong(site: httpx.AsyncClient, token: str) -> None:
    """A malformed digest and a missing media type are told at once."""
    answer = await site.put(
        "/api/v1/content/ABC", content=b"x", headers={"authorization": f"Bearer {token}", "content-type": ""}
    )
    told = is_problem(answer, 400)
    assert isinstance(told["reasons"], list)
    assert {one["code"] for one in told["reasons"]} == {"content.digest", "content.media-type"}


async def test_an_upload_that_is_not_its_digest_is_refused(
    site: httpx.AsyncClient, world: World, token: str
) -> None:
    """What publishing refuses comes back with its reason."""
    headers = {"authorization": f"Bearer {token}", "content-type": "text/plain"}
    told = is_problem(await site.put(f"/api/v1/content/{DIGEST}", content=b"other", headers=headers), 422)
    assert "摘要不符" in str(told["reasons"])
    assert not world.uploaded


async def test_the_portal_is_ready_once_catalog_has_answered(tmp_path: Path) -> None:
    """Without catalog the portal lives and is not ready; it becomes ready by itself."""
    world = invent()
    world.away.add("catalog")
    async with town(world, tmp_path) as (url, portal), httpx.AsyncClient(trust_env=False) as client:
        ready = f"http://127.0.0.1:{portal.http_port}/readyz"
        assert (await client.get(ready)).status_code == 503
        assert (await client.get(f"{url}/341323/")).status_code == 503
        world.away.clear()
        assert (await client.get(ready)).status_code == 200
        world.away.add("catalog")
        assert (await client.get(f"{url}/341323/")).status_code == 200
