"""Replacing a key while tokens of it are under way."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import nkeys
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gongkai.security import keys
from gongkai.security.keys import KeyFault, create_keys, key_id, private_key, public_key, public_keys
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.rotation import NotYet, holders, retire, rotate, waiting
from gongkai.security.tokens import (
    Caller,
    TokenRefused,
    Verifier,
    issue,
    issue_staff,
    operator_tokens,
    organ_tokens,
    service_tokens,
)

PORTAL = Caller("service", "portal")
LATER = timedelta(minutes=7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", services=["portal", "search", "catalog"])
    return tmp_path / "keys"


def later() -> datetime:
    return datetime.now(UTC) + LATER


async def test_a_token_names_its_key(folder: Path) -> None:
    """The header says 16 hex digits of the key's digest; a key id alone opens nothing."""
    token = service_tokens(folder, "portal")("search")
    public = public_key(folder, "portal")
    assert public is not None
    assert jwt.get_unverified_header(token)["kid"] == key_id(public)
    assert len(key_id(public)) == 16

    forged = jwt.encode(
        jwt.decode(token, options={"verify_signature": False}),
        private_key(folder, "search"),
        algorithm="EdDSA",
        headers={"kid": key_id(public)},
    )
    with pytest.raises(TokenRefused):
        await Verifier("search", folder).verify(forged)


async def test_tokens_of_both_keys_are_good_until_the_old_one_is_retired(folder: Path) -> None:
    """A rotation shuts nobody out; after it is retired, what the old key signed proves nothing."""
    checking = Verifier("search", folder)
    source = service_tokens(folder, "portal")
    old = source("search")

    new_id = rotate(folder, "portal")

    fresh = source("search")  # the running signer notices
    assert jwt.get_unverified_header(fresh)["kid"] == new_id
    assert [await checking.verify(token) for token in (old, fresh)] == [PORTAL, PORTAL]
    assert retire(folder, "portal", later())
    assert await checking.verify(fresh) == PORTAL
    with pytest.raises(TokenRefused, match="not in force"):
        await checking.verify(old)
    assert not retire(folder, "portal", later())


async def test_a_token_without_a_key_id_is_tried_with_both_keys(folder: Path) -> None:
    """What a release before this one has issued stays good for its five minutes, rotation or not."""
    checking = Verifier("search", folder)
    token = issue(private_key(folder, "portal"), caller=PORTAL, audience="search")
    claims = jwt.decode(token, options={"verify_signature": False})
    unnamed = jwt.encode(claims, private_key(folder, "portal"), algorithm="EdDSA")

    rotate(folder, "portal")

    assert await checking.verify(unnamed) == PORTAL
    with pytest.raises(TokenRefused):
        await checking.verify(jwt.encode(claims, private_key(folder, "search"), algorithm="EdDSA"))


async def test_an_organ_may_name_its_key_as_it_likes(folder: Path) -> None:
    """An organ's token is made by its own program: whatever key id that writes, its NATS key in force is what counts."""
    seed = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
    public = nkeys.from_seed(bytearray(seed)).public_key.decode()

    async def in_force(_code: str) -> set[str]:
        return {public}

    token = organ_tokens("341323-mzj", bytes(seed))("publishing")
    claims = jwt.decode(token, options={"verify_signature": False})
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    named = jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "our key of 2026"})
    checking = Verifier("publishing", folder, organ_keys=in_force)
    for one in (token, named):
        assert await checking.verify(one) == Caller("organ", "341323-mzj")


async def test_catalogs_rotation_covers_the_staff_and_the_operators_their_own(folder: Path) -> None:
    """Staff tokens are catalog's to sign: the old and the new key are both known for them."""
    staff = Staff("s-1", "某人", "科员", "341323-mzj", (Grant(Role.EDITOR, "341323-mzj"),))
    signing = keys.KeyFile(folder, "catalog")
    before = issue_staff(signing(), staff=staff, audience="search")
    operator = operator_tokens(folder)("search")

    rotate(folder, "catalog")
    rotate(folder, "operator")

    checking = Verifier("search", folder)
    for token in (before, issue_staff(signing(), staff=staff, audience="search")):
        assert (await checking.verify(token)).staff == staff
    for token in (operator, operator_tokens(folder)("search")):
        assert await checking.verify(token) == Caller("operator", "operator")


def test_a_key_is_not_rotated_or_retired_too_early(folder: Path) -> None:
    """A second rotation would shut out tokens of the first key; so would retiring it within six minutes."""
    assert holders(folder) == ["operator", "catalog", "portal", "search"]
    rotate(folder, "portal")
    assert [holder for holder, _ in waiting(folder)] == ["portal"]

    with pytest.raises(NotYet):
        rotate(folder, "portal")
    with pytest.raises(NotYet):
        retire(folder, "portal", datetime.now(UTC))
    assert retire(folder, "portal", datetime.now(UTC), at_once=True)  # its secret is out
    rotate(folder, "portal")
    with pytest.raises(KeyFault):
        rotate(folder, "nobody")
    with pytest.raises(KeyFault):
        rotate(folder, "../operator")


def test_private_files_stay_private_and_nothing_is_left_behind(folder: Path) -> None:
    """A rotated key is as closed as the first; no temporary file remains."""
    rotate(folder, "portal")
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "services").glob("*portal*")}
    assert files == {"portal.key": 0o600, "portal.pub": 0o644, "portal.previous.pub": 0o644}


@pytest.mark.parametrize("steps", [1, 2])
async def test_a_rotation_that_was_broken_off_shuts_nobody_out_and_is_finished_by_the_next(
    folder: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any of the three files, the signer's tokens verify; the next rotation goes on from there."""
    checking, source = Verifier("search", folder), service_tokens(folder, "portal")
    really, done = keys.replace, []

    def dies(path: Path, content: bytes, *, mode: int = 0o600) -> None:
        if len(done) == steps:
            raise OSError("killed")
        done.append(path)
        really(path, content, mode=mode)

    monkeypatch.setattr(keys, "replace", dies)
    with pytest.raises(OSError, match="killed"):
        rotate(folder, "portal")
    monkeypatch.undo()

    before = source("search")
    assert await checking.verify(before) == PORTAL
    with pytest.raises(NotYet):
        retire(folder, "portal", later())
    rotate(folder, "portal")
    assert await checking.verify(before) == PORTAL
    assert await checking.verify(source("search")) == PORTAL
    assert len(public_keys(folder, "portal")) == 2
