"""Contents by digest: the addresses that contracts carry."""

from __future__ import annotations

import httpx

from tests.portal.world import ACT, World


async def test_the_address_in_a_contract_gives_the_bytes_while_a_public_record_has_them(
    site: httpx.AsyncClient, world: World
) -> None:
    """The bytes as they are, never shown as a page; 404 for a digest that is unknown or no digest."""
    body = world.records[ACT].files[0]

    answer = await site.get(f"/files/{body.digest}")

    assert answer.status_code == 200
    assert (
        answer.content
        == (await site.get(f"/r/{ACT}/files/{body.digest}/正文.txt", follow_redirects=True)).content
    )
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (await site.head(f"/files/{body.digest}")).status_code == 200
    assert (await site.get(f"/files/{'0' * 64}")).status_code == 404
    assert (await site.get("/files/latest")).status_code == 404
