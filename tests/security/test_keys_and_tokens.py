"""Keys on disk, and the tokens made with them."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import nkeys
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gongkai.security.keys import KeyFault, create_keys, derive, master_key, private_key, public_key
from gongkai.security.tokens import (
    Caller,
    TokenRefused,
    Verifier,
    issue,
    operator_tokens,
    organ_tokens,
    service_tokens,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PORTAL = Caller("service", "portal")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", services=["portal", "search"])
    return tmp_path / "keys"


def verifier(folder: Path, audience: str = "search", at: datetime = NOW) -> Verifier:
    return Verifier(audience, folder, clock=lambda: at)


def test_private_files_are_private(folder: Path) -> None:
    """Private keys are readable by their owner alone; no temporary file remains."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pub":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert sorted(path.name for path in folder.iterdir()) == [
        "master.key",
        "operator.key",
        "operator.pub",
        "services",
    ]


def test_creating_again_changes_nothing(folder: Path) -> None:
    """Keys are made once; a later start adds only what is missing."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    create_keys(folder, services=["portal", "search", "oversight"])

    assert {path: path.read_bytes() for path in before} == before
    assert public_key(folder, "oversight") is not None


def test_starts_at_the_same_time_agree(tmp_path: Path) -> None:
    """Many first starts at once leave one matching pair a service."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: create_keys(tmp_path, services=["portal"]), range(8)))

    public = public_key(tmp_path, "portal")
    assert public is not None
    public.verify(private_key(tmp_path, "portal").sign(b"x"), b"x")


def test_damaged_or_missing_keys_are_named(folder: Path) -> None:
    """What is wrong with a key file is said with its path and without its content."""
    (folder / "master.key").write_text("AAAA")
    with pytest.raises(KeyFault, match=r"master\.key"):
        master_key(folder)
    with pytest.raises(KeyFault, match="nobody"):
        private_key(folder, "nobody")
    with pytest.raises(KeyFault, match="cannot name"):
        private_key(folder, "../operator")
    assert public_key(folder, "../operator") is None


def test_purposes_get_keys_of_their_own(folder: Path) -> None:
    """Derived keys differ by purpose and are the same every time."""
    master = master_key(folder)
    assert len({master, derive(master, b"content"), derive(master, b"vault")}) == 3
    assert derive(master, b"content") == derive(master, b"content")


async def test_service_and_operator_are_known(folder: Path) -> None:
    """Tokens of key holders tell who they are."""
    checking = Verifier("search", folder)
    assert await checking.verify(service_tokens(folder, "portal")("search")) == PORTAL
    assert await checking.verify(operator_tokens(folder)("search")) == Caller("operator", "operator")


@pytest.mark.parametrize("seconds", [-60, 331, 3600])
async def test_tokens_are_good_for_their_time_only(folder: Path, seconds: int) -> None:
    """A token is refused before it is issued and after it has expired, give or take half a minute."""
    token = issue(private_key(folder, "portal"), caller=PORTAL, audience="search", clock=lambda: NOW)

    with pytest.raises(TokenRefused):
        await verifier(folder, at=NOW + timedelta(seconds=seconds)).verify(token)
    assert await verifier(folder, at=NOW + timedelta(seconds=299)).verify(token) == PORTAL


async def test_tokens_prove_nothing_elsewhere(folder: Path) -> None:
    """Another audience, another signer, an altered claim, another algorithm: all refused."""
    key = private_key(folder, "portal")
    token = issue(key, caller=PORTAL, audience="search", clock=lambda: NOW)
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["iss"] = "operator:operator"
    altered = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    public = (folder / "operator.pub").read_bytes()

    for forged in (
        issue(key, caller=PORTAL, audience="publishing", clock=lambda: NOW),
        issue(Ed25519PrivateKey.generate(), caller=PORTAL, audience="search", clock=lambda: NOW),
        issue(key, caller=Caller("operator", "operator"), audience="search", clock=lambda: NOW),
        issue(key, caller=Caller("service", "operator"), audience="search", clock=lambda: NOW),
        issue(key, caller=Caller("service", "../operator"), audience="search", clock=lambda: NOW),
        issue(key, caller=Caller("organ", "341323-mzj"), audience="search", clock=lambda: NOW),
        f"{head}.{altered}.{signature}",
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, base64.b64encode(public * 2), algorithm="HS256"),
        "",
        "x.y.z",
    ):
        with pytest.raises(TokenRefused):
            await verifier(folder).verify(forged)


async def test_long_tokens_are_refused_on_both_sides(folder: Path) -> None:
    """Nobody can issue, and nobody accepts, a token good for longer than five minutes."""
    key = private_key(folder, "portal")
    with pytest.raises(ValueError, match="five minutes"):
        issue(key, caller=PORTAL, audience="search", ttl=timedelta(minutes=6))
    claims = {
        "iss": "service:portal",
        "aud": "search",
        "iat": NOW,
        "exp": NOW + timedelta(days=1),
        "jti": "1",
    }
    with pytest.raises(TokenRefused):
        await verifier(folder).verify(jwt.encode(claims, key, algorithm="EdDSA"))


async def test_tokens_no_call_can_bring_are_refused(folder: Path) -> None:
    """A token of any length could be sent to be kept in memory: a huge one is refused, whoever signed it."""
    key = private_key(folder, "portal")
    token = issue(key, caller=PORTAL, audience="search", clock=lambda: NOW, facts={"x": "x" * 20_000})
    with pytest.raises(TokenRefused, match="longer"):
        await verifier(folder).verify(token)


async def test_kept_tokens_are_renewed_in_time(folder: Path) -> None:
    """A token source gives the same token while it lasts, and another before it ends."""
    now = [datetime.now(UTC)]
    tokens = service_tokens(folder, "portal")
    tokens._clock = lambda: now[0]

    first = tokens("search")
    now[0] += timedelta(minutes=3)
    assert tokens("search") == first
    assert tokens("publishing") != first
    now[0] += timedelta(minutes=1, seconds=1)
    assert tokens("search") != first


def organ_pair() -> tuple[str, bytes]:
    seed = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
    return nkeys.from_seed(bytearray(seed)).public_key.decode(), bytes(seed)


async def test_organ_is_known_by_its_nats_key_in_force(folder: Path) -> None:
    """An organ's token holds while its key is among the organ's credentials, and not a moment longer."""
    public, seed = organ_pair()
    in_force = {"341323-mzj": {public}}

    async def organ_keys(code: str) -> Collection[str]:
        return in_force.get(code, set())

    checking = Verifier("publishing", folder, organ_keys=organ_keys)
    assert await checking.verify(organ_tokens("341323-mzj", seed)("publishing")) == Caller(
        "organ", "341323-mzj"
    )
    with pytest.raises(TokenRefused):
        await checking.verify(organ_tokens("341324-mzj", seed)("publishing"))

    in_force["341323-mzj"].clear()
    with pytest.raises(TokenRefused):
        await checking.verify(organ_tokens("341323-mzj", seed)("publishing"))


async def test_damaged_nats_keys_are_refused(folder: Path) -> None:
    """A subject that is no NATS user key proves nothing, even where a catalogue lists it."""
    for subject in ("", "U", "UAAAA", organ_pair()[0][:-1] + "A", "A" + organ_pair()[0][1:], "人"):

        async def organ_keys(_code: str, subject: str = subject) -> Collection[str]:
            return {subject}

        token = issue(
            Ed25519PrivateKey.generate(),
            caller=Caller("organ", "x"),
            audience="publishing",
            subject=subject or "-",
        )
        with pytest.raises(TokenRefused):
            await Verifier("publishing", folder, organ_keys=organ_keys).verify(token)
