"""What is done to organs at the registry and at NATS: added with a credential, revoked, changed, listed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
from nats.aio.client import Client

from gongkai.cli.calling import door
from gongkai.cli.endpoints import Endpoints
from gongkai.messaging.auth import (
    NatsKeys,
    create_keys,
    organ_credentials,
    revoke_user,
    system_credentials,
)
from gongkai.messaging.connection import connect
from gongkai.messaging.provision import provision_consumer
from gongkai.messaging.topology import organ_consumer
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.serving.clock import new_id, utc_now
from gongkai.uscc import placeholder_uscc

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceAsyncStub

_ACTOR: Final = "operator"
_NATS_SECONDS: Final = 15
_CODE_DIGITS: Final = (4, 6, 9, 12)


@dataclass(frozen=True, slots=True)
class NewOrgan:
    """An organ to add. What is empty is filled in from the code, as well as a code can tell."""

    code: str
    name: str = ""
    short_name: str = ""
    division: str = ""
    """12 digits."""
    uscc: str = ""
    """Unified social credit code; index numbers begin with it, for ever."""


@dataclass(frozen=True, slots=True)
class Added:
    """An organ with a new credential."""

    organ: pb.Organ
    credentials: str
    """The secret ``.creds`` text; kept nowhere else."""
    registered: bool
    """False where the organ was in the registry before and only got another credential."""
    placeholder: bool
    """The credit code was made up, since none was given."""


async def add_organ(endpoints: Endpoints, wanted: NewOrgan) -> Added:
    """Register an organ, unless it is registered, and give it a new credential.

    The secret is made here and returned once. The answers' consumer is there before the key is in force, so that
    no answer is missed.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
        TimeoutError: NATS does not answer; nothing is in force.
    """
    async with _catalog(endpoints) as catalog:
        organ = await _find(catalog, wanted.code)
        filled = wanted if organ else await _filled(catalog, wanted)
        if organ is None:
            asked = pb.Organ(
                code=filled.code,
                name=filled.name,
                short_name=filled.short_name,
                division=filled.division,
                uscc=filled.uscc,
            )
            request = pb.RegisterOrganRequest(command_id=str(new_id()), actor=_ACTOR, organ=asked)
            await catalog.RegisterOrgan(request)
        division = organ.division if organ else filled.division
        credentials = organ_credentials(_nats_keys(endpoints), wanted.code, division, utc_now())
        async with _nats(endpoints, endpoints.nats_credentials("admin")) as admin:
            await provision_consumer(admin, organ_consumer(wanted.code))
        added = await catalog.AddOrganCredential(
            pb.AddOrganCredentialRequest(
                command_id=str(new_id()),
                actor=_ACTOR,
                organ=wanted.code,
                public_key=credentials.public_key,
            )
        )
    return Added(added.organ, credentials.text, organ is None, filled.uscc != wanted.uscc)


async def revoke_organ(endpoints: Endpoints, code: str, reason: str) -> tuple[str, ...]:
    """Revoke every credential of an organ: its connections are cut off, then the registry says so.

    NATS comes first. Should the second step fail, the same command does both again; the other way round the
    registry would show no key, and a connection might go on.

    Returns:
        The public keys revoked.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
        TimeoutError: NATS does not answer; nothing was changed.
        AccountUpdateRefused: a NATS server refused; nothing was changed.
    """
    async with _catalog(endpoints) as catalog:
        in_force = (await catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ.credential_keys
        await _cut_off(endpoints, tuple(in_force))
        request = pb.RevokeOrganCredentialsRequest(
            command_id=str(new_id()), actor=_ACTOR, organ=code, reason=reason
        )
        revoked = (await catalog.RevokeOrganCredentials(request)).revoked_keys
        await _cut_off(endpoints, tuple(key for key in revoked if key not in in_force))
    return tuple(revoked)


async def change_organ(endpoints: Endpoints, request: pb.ChangeOrganRequest) -> pb.Organ:
    """Have catalog rename an organ, or have it end.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
    """
    async with _catalog(endpoints) as catalog:
        return (await catalog.ChangeOrgan(request)).organ


async def list_organs(endpoints: Endpoints) -> list[pb.Organ]:
    """List all organs by code."""
    organs: list[pb.Organ] = []
    async with _catalog(endpoints) as catalog:
        token = ""
        while True:
            page = await catalog.ListOrgans(pb.ListOrgansRequest(page_size=500, page_token=token))
            organs += page.organs
            token = page.next_page_token
            if not token:
                return organs


async def restore_answers(endpoints: Endpoints) -> int:
    """Make the answers' consumer of every organ with a credential anew where it is gone; how many organs there are.

    Consumers live in JetStream: when its store is lost they are lost with it, and an organ could read no answer.
    """
    holders = [organ.code for organ in await list_organs(endpoints) if organ.credential_keys]
    async with _nats(endpoints, endpoints.nats_credentials("admin")) as admin:
        for code in holders:
            await provision_consumer(admin, organ_consumer(code))
    return len(holders)


async def _filled(catalog: CatalogServiceAsyncStub, wanted: NewOrgan) -> NewOrgan:
    division = wanted.division or await _division_of(catalog, wanted.code)
    name = wanted.name or wanted.short_name or wanted.code
    return replace(
        wanted,
        name=name,
        short_name=wanted.short_name or name,
        division=division,
        uscc=wanted.uscc or placeholder_uscc(wanted.code, division),
    )


async def _division_of(catalog: CatalogServiceAsyncStub, code: str) -> str:
    digits = code.split("-", 1)[0]
    if digits.isdecimal() and len(digits) in _CODE_DIGITS:
        return digits.ljust(12, "0")
    cities = await catalog.ListDivisions(pb.ListDivisionsRequest(level="city", page_size=1))
    return cities.divisions[0].code if cities.divisions else ""


async def _find(catalog: CatalogServiceAsyncStub, code: str) -> pb.Organ | None:
    try:
        return (await catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


async def _cut_off(endpoints: Endpoints, public_keys: tuple[str, ...]) -> None:
    if not public_keys:
        return
    keys = _nats_keys(endpoints)
    now = utc_now()
    async with _nats(endpoints, system_credentials(keys, now).text) as system:
        for key in public_keys:
            # A JWT counts as revoked if it was issued no later than this: one of this very second too.
            await revoke_user(keys, system, key, now + timedelta(seconds=1))


def _nats_keys(endpoints: Endpoints) -> NatsKeys:
    return create_keys(endpoints.keys / "nats", utc_now())


@asynccontextmanager
async def _catalog(endpoints: Endpoints) -> AsyncIterator[CatalogServiceAsyncStub]:
    async with door(endpoints, "catalog") as opened:
        yield CatalogServiceStub(opened)


@asynccontextmanager
async def _nats(endpoints: Endpoints, credentials: Path | str) -> AsyncIterator[Client]:
    async with (
        asyncio.timeout(_NATS_SECONDS),
        connect(endpoints.nats, credentials, name="organ-cli") as client,
    ):
        yield client
