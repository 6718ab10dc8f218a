"""A small city, and departmental events as its organs send them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from gongkai.contracts.ingest import IngestDocument, IngestWithdrawal
from gongkai.devstack.postgres import Postgres
from gongkai.security.permissions import Role
from services.publishing.domain.deciding import Decision, Known, decide_one, prepare
from services.publishing.domain.incoming import Incoming, parse
from services.publishing.domain.registry import Organ, Registry
from tests.conftest import TESTER
from tests.publishing.office import Bureau, Office, served

ORGAN = "341323-mzj"
USCC = "11341323003205511A"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def document(**changes: Any) -> dict[str, Any]:
    """A live document that is in order; a field changed to None is left out."""
    fields: dict[str, Any] = {
        "record": "MZ-2026-118",
        "organ": ORGAN,
        "title": "关于提高城乡低保标准的通知",
        "division": "341323000000",
        "kind": "normative",
        "formed_on": "2026-11-20",
        "attribute": "proactive",
        "ground": "《条例》第二十条",
        "confirmer": {"name": "张明远", "post": "副局长"},
        "doc_number": "灵民发〔2026〕18号",
        "body": {"media_type": "text/plain", "text": "自2026年12月起，城市低保标准提高到每月七百六十元。"},
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def incoming(
    value: dict[str, Any] | bytes,
    event_id: str | None = None,
    *,
    organ: str = ORGAN,
    token: str = "document",  # noqa: S107 - of a subject
    **changes: Any,
) -> Incoming:
    """A message of INGEST; its id is the digest of its data unless one is given."""
    data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    types = {"document": IngestDocument.TYPE, "withdrawal": IngestWithdrawal.TYPE}
    fields: dict[str, Any] = {
        "organ": organ,
        "token": token,
        "event_id": hashlib.sha256(data).hexdigest() if event_id is None else event_id,
        "type": types.get(token, ""),
        "sent_at": None,
        "data": data,
    }
    return Incoming(**(fields | changes))


@pytest.fixture
def registry() -> Registry:
    """One county with a township, one organ of the county, one matter."""
    return Registry(
        organs={
            ORGAN: Organ(ORGAN, "灵璧县民政局", "341323000000", USCC),
            "341323-cjj": Organ("341323-cjj", "灵璧县城管局", "341323000000", "11341323003205512B"),
        },
        divisions=frozenset({"341300000000", "341323000000", "341323104000", "341322000000"}),
        matters={"d07-003": "d07"},
        domains=frozenset({"d07", "d08"}),
    )


@pytest.fixture
def known(registry: Registry) -> Known:
    """What publishing knows before the first event."""
    return Known(registry, NOW, date(2026, 11, 23))


@pytest.fixture
def decide(known: Known) -> Callable[[Incoming], Decision]:
    """Decides one message after the other, each seeing what the ones before did."""

    def one(message: Incoming) -> Decision:
        parsed = parse(message)
        return decide_one(parsed, prepare(parsed, known.remembered), known)

    return one


@pytest.fixture
def make_document() -> Callable[..., dict[str, Any]]:
    """``document``, for tests."""
    return document


@pytest.fixture
def make_incoming() -> Callable[..., Incoming]:
    """``incoming``, for tests."""
    return incoming


@pytest.fixture(scope="session")
async def office(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """One service for all tests of what is written by hand; each has organs of its own."""
    name = f"test_{uuid4().hex}"
    postgres.ensure_database(name, TESTER)
    async with served(postgres.url(TESTER, name), tmp_path_factory.mktemp("office")) as office:
        yield office
    postgres.drop_database(name)


@pytest.fixture
async def bureau(office: Office) -> Bureau:
    """An organ of its own, with an editor and a reviewer."""
    code = await office.organ()
    return Bureau(code, office.person(Role.EDITOR, organ=code), office.person(Role.REVIEWER, organ=code))
