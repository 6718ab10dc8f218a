"""REST for departments' systems: duties, schemas, changes, and what stands against a document."""

from __future__ import annotations

import httpx
from jsonschema import Draft202012Validator

from tests.portal.test_portal_api import is_problem
from tests.portal.world_duties import COUNTY, MATTER, ORGAN, URL


async def test_an_organs_duties_come_with_their_schemas(site: httpx.AsyncClient) -> None:
    """Each duty has its row, its schema and the address where the same schema is had alone."""
    told = (await site.get(f"/api/v1/organs/{ORGAN}/duties")).json()
    assert (told["total"], told["place"], told["edition"]["number"]) == (1, "e~7", 2)
    (duty,) = told["duties"]
    assert (duty["row"]["matter"], duty["schema_url"]) == (MATTER, URL)
    schema = await site.get(URL)
    assert schema.headers["content-type"] == "application/schema+json"
    assert schema.json() == duty["json_schema"]
    Draft202012Validator.check_schema(schema.json())
    is_problem(await site.get("/api/v1/organs/341323-xyz/duties"), 404)
    is_problem(await site.get(f"/api/v1/catalogues/{COUNTY}/matters/m-99-999/schema"), 404)
    is_problem(await site.get("/api/v1/organs/X!/duties"), 400)


async def test_changes_are_asked_from_the_place_that_was_told(site: httpx.AsyncClient) -> None:
    """What changed is told with what it was and is, and with the place to go on from."""
    told = (await site.get(f"/api/v1/organs/{ORGAN}/duties/changes", params={"place": "e~7"})).json()
    (change,) = told["changes"]
    assert (change["matter"], change["kind"], change["changes"][0]["now"]) == (MATTER, "changed", "10")
    address = f"/api/v1/organs/{ORGAN}/duties/changes"
    assert (await site.get(address, params={"place": told["place"]})).json()["changes"] == []
    is_problem(await site.get(address, params={"place": "nonsense"}), 400)


async def test_a_document_is_checked_before_it_is_sent(site: httpx.AsyncClient) -> None:
    """Every reason at once, by the edition in force; a body that is none is a problem."""
    address = f"/api/v1/organs/{ORGAN}/duties/{MATTER}/validate"
    lacking = (await site.post(address, json={"elements": {"电话": "1"}})).json()
    assert [one["code"] for one in lacking["reasons"]] == ["elements.missing", "elements.unknown"]
    assert lacking["edition"]["catalogue"] == COUNTY
    assert (await site.post(address, json={"elements": {"救助对象": "812 户"}})).json()["valid"] is True
    for body in (b"[1]", b"{", b'{"elements": {"a": 1}}', b"[" * 100_000):
        is_problem(await site.post(address, content=body), 400)
    is_problem(await site.post(address, content=b" " * (1024 * 1024 + 1)), 413)
