"""Who may connect to NATS: an operator, one account, user JWTs under its signing key, revocation.

Decentralised: the server knows the operator and the account only. Adding an organ is signing a JWT; revoking
one is sending a new account JWT. Source: NATS "decentralized JWT authentication".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from nats.aio.client import Client

from gongkai.messaging.jwt import Claims, Role, SigningPair, read_claims, sign_claims, write_secret
from gongkai.messaging.topology import DOMAIN, Permissions, Topology, organ_permissions, organ_user

_ONE_ANSWER: Claims = {"max": 1, "ttl": 30_000_000_000}
"""To each request one message, within thirty seconds (in nanoseconds)."""

_CREDENTIALS = """-----BEGIN NATS USER JWT-----
{jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
  NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------
"""


class AccountUpdateRefused(Exception):
    """The server did not take the new account claims; nobody was cut off."""


@dataclass(frozen=True, slots=True)
class NatsKeys:
    """The keys of one installation and the account's claims in force."""

    operator: SigningPair
    system: SigningPair
    """The system account: server state and account updates."""
    account: SigningPair
    signing: SigningPair
    """Signs users; kept apart from the account key so that it can be replaced."""
    folder: Path

    @property
    def account_jwt(self) -> str:
        """The account's claims in force, revocations included."""
        return (self.folder / "account.jwt").read_text(encoding="ascii")


@dataclass(frozen=True, slots=True)
class UserCredentials:
    """A user's public key and its secret ``.creds`` text, which is shown or stored once."""

    public_key: str
    text: str


def create_keys(folder: Path, at: datetime) -> NatsKeys:
    """The keys in ``folder`` (``*.nk``, readable by the owner only); those missing are created."""
    roles = {
        "operator": Role.OPERATOR,
        "system": Role.ACCOUNT,
        "account": Role.ACCOUNT,
        "signing": Role.ACCOUNT,
    }
    pairs = {name: _key(folder / f"{name}.nk", role) for name, role in roles.items()}
    keys = NatsKeys(**pairs, folder=folder)
    if not (folder / "account.jwt").exists():
        write_secret(folder / "account.jwt", _account_jwt(keys, {}, int(at.timestamp())))
    return keys


def user_credentials(keys: NatsKeys, name: str, permissions: Permissions, at: datetime) -> UserCredentials:
    """New credentials of a user of the account; its key pair is made here and kept nowhere else."""
    nats: Claims = {
        "pub": _only(permissions.publish),
        "sub": _only(permissions.subscribe),
        "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2,
        "issuer_account": keys.account.public,
        **({"resp": _ONE_ANSWER} if permissions.responds else {}),
    }  # fmt: skip
    return _credentials(keys.signing, name, nats, at)


def service_credentials(keys: NatsKeys, topology: Topology, name: str, at: datetime) -> UserCredentials:
    """New credentials of a user named in the topology (a service, ``admin``, ``province``)."""
    return user_credentials(keys, name, topology.permissions(topology.users[name]), at)


def organ_credentials(keys: NatsKeys, code: str, division: str, at: datetime) -> UserCredentials:
    """New credentials of a department's system; ``division`` is the organ's, by 12 digits."""
    return user_credentials(keys, organ_user(code).name, organ_permissions(code, division), at)


def system_credentials(keys: NatsKeys, at: datetime) -> UserCredentials:
    """New credentials of the system user, who asks servers about themselves and updates accounts."""
    nats: Claims = {"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2}
    return _credentials(keys.system, "system", nats, at)


async def revoke_user(keys: NatsKeys, system: Client, public_key: str, at: datetime) -> None:
    """Revoke every JWT of ``public_key`` issued until ``at``; a connected client is cut off at once.

    Args:
        keys: the installation's keys; the new account claims are kept with them.
        system: a connection with :func:`system_credentials`.
        public_key: the user's public nkey (``U…``).
        at: now.

    Raises:
        AccountUpdateRefused: a server refused the new claims.
        nats.errors.Error: no server answered; the revocation is kept and holds from the server's next start.
    """
    claims = read_claims(keys.account_jwt)
    nats = cast("Claims", claims["nats"])
    revoked = {**cast("dict[str, int]", nats.get("revocations", {})), public_key: int(at.timestamp())}
    # Servers keep the claims with the later second: two revocations in one second must not look alike.
    issued_at = max(int(at.timestamp()), cast("int", claims["iat"]) + 1)
    jwt = _account_jwt(keys, revoked, issued_at)
    write_secret(keys.folder / "account.jwt", jwt)
    answer = json.loads((await system.request("$SYS.REQ.CLAIMS.UPDATE", jwt.encode(), timeout=5)).data)
    if "error" in answer:
        raise AccountUpdateRefused(str(answer["error"]))


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """Where one nats-server listens and keeps its files."""

    store: Path
    port: int
    host: str = "127.0.0.1"
    leaf_port: int | None = None
    monitor_port: int | None = None
    name: str = "gongkai"


def nats_config(keys: NatsKeys, place: ServerPlace, at: datetime) -> str:
    """The configuration of a nats-server that trusts ``keys`` and syncs every write before it acknowledges.

    JetStream lives in ``<store>/jetstream``, accounts in ``<store>/accounts`` (full resolver); the account
    claims of ``keys`` are loaded at start, where the later of both wins.
    """
    issued_at = int(at.timestamp())
    operator: Claims = {"type": "operator", "version": 2, "system_account": keys.system.public}
    operator_jwt = sign_claims(
        keys.operator, name="gongkai", subject=keys.operator.public, nats=operator, issued_at=issued_at
    )
    system_jwt = _account(keys.operator, keys.system, "SYS", issued_at, {})
    optional = [
        f'leafnodes {{ listen: "{place.host}:{place.leaf_port}" }}' if place.leaf_port else "",
        f'http: "{place.host}:{place.monitor_port}"' if place.monitor_port else "",
    ]
    return "\n".join([
        f"server_name: {_quoted(place.name)}",
        f'listen: "{place.host}:{place.port}"',
        "max_payload: 1MB",
        "jetstream {",
        f"  store_dir: {_quoted(str(place.store))}",
        f"  domain: {DOMAIN}",
        "  # An acknowledged message is on disk: the default would sync every two minutes.",
        "  sync_interval: always",
        "}",
        f"operator: {operator_jwt}",
        f"system_account: {keys.system.public}",
        f"resolver {{ type: full, dir: {_quoted(str(place.store / 'accounts'))}, allow_delete: false }}",
        "resolver_preload {",
        f"  {keys.system.public}: {system_jwt}",
        f"  {keys.account.public}: {keys.account_jwt}",
        "}",
        *filter(None, optional),
        "",
    ])  # fmt: skip


def public_key_of(credentials: str) -> str:
    """The public key in a ``.creds`` text."""
    return str(read_claims(_jwt_of(credentials))["sub"])


def user_name_of(credentials: str) -> str:
    """The user's name in a ``.creds`` text; its reply prefix follows from it."""
    return str(read_claims(_jwt_of(credentials))["name"])


def _jwt_of(credentials: str) -> str:
    found = re.search(r"BEGIN NATS USER JWT-+\s+(\S+)", credentials)
    if found is None:
        raise ValueError("these are no NATS credentials: the user JWT is missing")
    return found[1]


def _key(path: Path, role: Role) -> SigningPair:
    if path.exists():
        return SigningPair(path.read_text(encoding="ascii").strip())
    pair = SigningPair.create(role)
    write_secret(path, pair.seed)
    return pair


def _credentials(signer: SigningPair, name: str, nats: Claims, at: datetime) -> UserCredentials:
    pair = SigningPair.create(Role.USER)
    jwt = sign_claims(signer, name=name, subject=pair.public, nats=nats, issued_at=int(at.timestamp()))
    return UserCredentials(pair.public, _CREDENTIALS.format(jwt=jwt, seed=pair.seed))


def _only(subjects: tuple[str, ...]) -> Claims:
    # To the server an empty list of allowed subjects means all of them.
    return {"allow": list(subjects)} if subjects else {"deny": [">"]}


def _account_jwt(keys: NatsKeys, revocations: Mapping[str, int], issued_at: int) -> str:
    jetstream = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
    more: Claims = {
        "signing_keys": [keys.signing.public],
        "revocations": dict(revocations),
        "limits": jetstream,
    }
    return _account(keys.operator, keys.account, "GONGKAI", issued_at, more)


def _account(operator: SigningPair, account: SigningPair, name: str, issued_at: int, more: Claims) -> str:
    limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1,
              "wildcards": True, **cast("dict[str, int]", more.get("limits", {}))}  # fmt: skip
    nats: Claims = {**more, "limits": limits, "type": "account", "version": 2}
    return sign_claims(operator, name=name, subject=account.public, nats=nats, issued_at=issued_at)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
