"""Personal data: sealed in the log, opened for readers, gone once its subject is erased."""

from __future__ import annotations

import asyncio
from typing import Annotated, ClassVar
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.codec import Codec, DomainEvent
from gongkai.eventstore.contract_tests import NOW
from gongkai.eventstore.errors import SubjectErased
from gongkai.eventstore.personal import ERASED, Erased, Personal
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.eventstore.vault import Erasure, Vault


class Requested(DomainEvent):
    """Somebody asked for information, perhaps with a helper."""

    NAME: ClassVar[str] = "request.registered"

    matter: str
    applicant: str
    name: Annotated[str | Erased, Personal(subject_field="applicant")]
    phones: Annotated[tuple[str, ...] | Erased | None, Personal(subject_field="applicant")] = None
    helper: str | None = None
    helper_name: Annotated[str | Erased | None, Personal(subject_field="helper")] = None


CODEC = Codec(Requested)
VAULT = Vault(b"m" * 32, clock=lambda: NOW)
STORE = EventStore(CODEC, clock=lambda: NOW, ids=uuid4, vault=VAULT)
WANG = Requested(matter="预算", applicant="s-1", name="王小明", phones=("13800138000",))
BOTH = Requested(matter="规划", applicant="s-1", name="王小明", helper="s-2", helper_name="李雷")


async def append(engine: AsyncEngine, stream: str, *events: Requested) -> None:
    async with engine.begin() as conn:
        await STORE.append(conn, [StreamWrite(stream, 0, events)], actor="window", command_id="c-1")


async def load(engine: AsyncEngine, stream: str) -> list[DomainEvent]:
    async with engine.connect() as conn:
        return [event.data for event in await STORE.load(conn, stream)]


async def erase(engine: AsyncEngine, subject: str) -> None:
    async with engine.begin() as conn:
        await VAULT.erase(conn, subject, reason="本人申请")


async def everything_stored(engine: AsyncEngine) -> str:
    """Every row of every table of the store, as text."""
    async with engine.connect() as conn:
        return "".join(
            [
                str((await conn.execute(text(f"SELECT * FROM {table}"))).all())
                for table in ("event", "vault.subject_key")
            ]
        )


async def test_personal_fields_are_sealed_in_the_log_and_open_to_readers(engine: AsyncEngine) -> None:
    """The stored payload shows no personal data; whoever loads the stream sees it."""
    await append(engine, "request:1", WANG, BOTH)
    stored = await everything_stored(engine)
    assert "预算" in stored
    assert not any(private in stored for private in ("王小明", "13800138000", "李雷"))
    assert await load(engine, "request:1") == [WANG, BOTH]


async def test_erasure_reaches_every_event_of_a_subject_and_no_other(engine: AsyncEngine) -> None:
    """Given two people in one event, when one is erased, then only their fields read as erased, everywhere."""
    await append(engine, "request:1", WANG, BOTH)
    await erase(engine, "s-1")
    assert await load(engine, "request:1") == [
        WANG.model_copy(update={"name": ERASED, "phones": ERASED}),
        BOTH.model_copy(update={"name": ERASED}),
    ]


async def test_the_log_verifies_before_and_after_an_erasure(engine: AsyncEngine) -> None:
    """Digests cover the sealed bytes, which no erasure changes."""
    await append(engine, "request:1", WANG, BOTH)
    for _ in range(2):
        async with engine.connect() as conn:
            found = await STORE.verify(conn)
        assert (found.events, found.faults) == (2, ())
        await erase(engine, "s-1")


async def test_nothing_personal_is_written_about_an_erased_subject(engine: AsyncEngine) -> None:
    """No second key is made for whoever was erased, even if they had none before."""
    await erase(engine, "s-1")
    with pytest.raises(SubjectErased):
        await append(engine, "request:1", WANG)
    assert await load(engine, "request:1") == []


async def test_an_event_may_carry_what_was_erased(engine: AsyncEngine) -> None:
    """A fact copied from an erased one is recorded as erased, without a key."""
    await erase(engine, "s-1")
    erased = WANG.model_copy(update={"name": ERASED, "phones": None})
    await append(engine, "request:1", erased)
    assert await load(engine, "request:1") == [erased]


async def test_an_erasure_is_applied_again_after_a_restore(engine: AsyncEngine) -> None:
    """Given a backup from before an erasure, when it is restored, then the kept ledger erases again."""
    await append(engine, "request:1", WANG)
    async with engine.connect() as conn:
        backup = (await conn.execute(text("SELECT wrapped_key FROM vault.subject_key"))).scalar_one()
    await erase(engine, "s-1")
    async with engine.begin() as conn:
        ledger = await VAULT.erasures(conn)
        await conn.execute(text("UPDATE vault.subject_key SET wrapped_key = :key"), {"key": backup})
        await conn.execute(text("DELETE FROM vault.erasure"))
    assert await load(engine, "request:1") == [WANG]

    for _ in range(2):
        async with engine.begin() as conn:
            await VAULT.reapply(conn, ledger)
            await VAULT.reapply(conn, [])
    assert ledger == [Erasure("s-1", "本人申请", NOW)]
    assert await load(engine, "request:1") == [WANG.model_copy(update={"name": ERASED, "phones": ERASED})]
    async with engine.connect() as conn:
        assert await VAULT.erasures(conn) == ledger


async def test_a_sealed_field_cannot_be_moved_to_another_event(engine: AsyncEngine) -> None:
    """A box opens only where it was sealed."""
    await append(engine, "request:1", WANG)
    await append(engine, "request:2", WANG)
    async with engine.begin() as conn:
        await conn.execute(text("ALTER TABLE event DISABLE TRIGGER event_is_append_only"))
        await conn.execute(
            text(
                "UPDATE event SET payload = (SELECT payload FROM event WHERE stream = 'request:1')"
                " WHERE stream = 'request:2'"
            )
        )
    with pytest.raises(InvalidTag):
        await load(engine, "request:2")


def test_a_store_of_personal_events_needs_a_vault() -> None:
    """Forgetting the vault is found when the service starts."""
    with pytest.raises(ValueError, match="need a vault"):
        EventStore(CODEC, clock=lambda: NOW, ids=uuid4)


async def test_two_commands_about_a_new_subject_share_one_key(engine: AsyncEngine) -> None:
    """Whoever comes second takes the key the first one made, and both events open."""
    streams = [f"request:{number}" for number in range(8)]
    await asyncio.gather(*(append(engine, stream, WANG, BOTH) for stream in streams))
    assert [await load(engine, stream) for stream in streams] == [[WANG, BOTH]] * len(streams)


async def test_keys_open_only_under_their_master_key(engine: AsyncEngine) -> None:
    """A stolen database without the master key shows nothing."""
    await append(engine, "request:1", WANG)
    thief = Vault(b"x" * 32, clock=lambda: NOW)
    async with engine.connect() as conn:
        with pytest.raises(InvalidTag):
            await thief.keys(conn, ["s-1"])
