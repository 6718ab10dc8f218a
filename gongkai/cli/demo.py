"""Loads the invented demo into a running stack, as a dozen departmental systems would."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import grpc

from gongkai.cli.demo_catalogues import publish_demo_catalogues
from gongkai.cli.demo_requests import file_demo_requests
from gongkai.cli.demo_villages import publish_demo_villages
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.cli.load import organ_credentials_of
from gongkai.cli.staff import add_staff, read_grant, reset_password
from gongkai.demo.accounts import demo_people, keep_passwords, kept_passwords, made_passwords
from gongkai.demo.figures import figure_documents
from gongkai.demo.records import demo_documents, demo_organs
from gongkai.demo.villages import village_documents
from gongkai.loading.mapping import MappedOrgan
from gongkai.loading.rows import RowEvent
from gongkai.loading.sending import Door, Tally, send_rows
from gongkai.rpc.catalog.v1 import identity_pb2
from gongkai.security.passwords import make_password
from gongkai.serving.clock import legal_day, utc_now
from gongkai.serving.errors import reasons_of

_SEED = 711
"""Any number would do; the same one gives the same demo at the next start."""


_THERE_ALREADY: Final = {"login.taken", "command.reused"}


class DemoIncomplete(Exception):
    """Some of the demo was refused: the demo and the rules of publishing do not agree."""


def seed(state: Path) -> None:
    """Register the demo's organs and people and send the organs' records; doing it again changes nothing.

    Raises:
        DemoIncomplete: a record was refused.
    """
    tally = asyncio.run(_seed(state))
    if tally.rejected:
        raise DemoIncomplete(f"{tally.rejected} refused: {dict(tally.reasons)} {tally.messages}")


def seed_accounts(state: Path) -> None:
    """Make the demo's accounts, catalogues and requests where a demo was loaded before there were any."""
    endpoints = load_endpoints(state)
    asyncio.run(add_demo_people(endpoints))
    asyncio.run(publish_demo_catalogues(endpoints))
    asyncio.run(publish_demo_villages(endpoints))
    asyncio.run(file_demo_requests(endpoints))


async def add_demo_people(endpoints: Endpoints) -> None:
    """Register the demo's people with passwords of this installation; doing it again changes nothing."""
    kept = kept_passwords(endpoints.keys)
    passwords = made_passwords(
        endpoints.keys, make_password
    )  # kept before they are in force: none can be lost
    for person in demo_people():
        staff = identity_pb2.Staff(
            login=person.login,
            name=person.name,
            post=person.post,
            organ=person.organ,
            grants=[read_grant(f"{person.role}@{person.at}")],
        )
        try:
            await add_staff(
                endpoints, staff, password=passwords[person.login], command_id=f"demo:staff:{person.login}"
            )
        except grpc.aio.AioRpcError as error:
            if not {reason.code for reason in reasons_of(error)} & _THERE_ALREADY:
                raise
            if person.login not in kept:  # registered, and the file was lost
                passwords[person.login] = await reset_password(endpoints, person.login)
                keep_passwords(endpoints.keys, passwords)


async def _seed(state: Path) -> Tally:
    endpoints = load_endpoints(state)
    events: dict[str, list[RowEvent]] = defaultdict(list)
    for code, document in demo_documents(legal_day(utc_now()), random.Random(_SEED)):  # noqa: S311 - invented data
        events[code].append(_event(document))
    for invented in (village_documents, figure_documents):
        for code, document in invented(legal_day(utc_now())):
            events[code].append(_event(document))
    tally = Tally()
    for organ in demo_organs():
        mapped = MappedOrgan(
            code=organ.code,
            name=organ.name,
            short_name=organ.short_name,
            division=organ.division,
            uscc=organ.uscc,
        )
        credentials = await organ_credentials_of(endpoints, mapped)
        await send_rows(
            Door(endpoints.nats, endpoints.portal, organ.code, credentials), events[organ.code], tally
        )
    await add_demo_people(endpoints)
    await publish_demo_catalogues(endpoints)
    await publish_demo_villages(endpoints)
    await file_demo_requests(endpoints)
    return tally


def _event(document: dict[str, Any]) -> RowEvent:
    data = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    return RowEvent(hashlib.sha256(data).hexdigest(), data)
