"""What any event store must do, as tests. Not imported by services; needs pytest and pytest-asyncio.

An implementation passes them by subclassing ``EventStoreContract`` in its own tests and giving a ``site`` fixture.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import Codec, DomainEvent
from gongkai.eventstore.errors import AppendBusy, DuplicateEvent, UnknownEventType, VersionConflict
from gongkai.eventstore.event import Ids, StoredEvent
from gongkai.eventstore.store import Append, EventStore, StreamWrite
from gongkai.eventstore.tail import tail

WRITERS = 16
APPENDS_EACH = 25
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


class Opened(DomainEvent):
    """A thing came to be."""

    NAME: ClassVar[str] = "thing.opened"

    title: str


class Renamed(DomainEvent):
    """A thing has another title."""

    NAME: ClassVar[str] = "thing.renamed"

    title: str


CODEC = Codec(Opened, Renamed)
HALF_A_CODEC = Codec(Opened)
"""Of a release that does not yet know ``Renamed``."""


@dataclass(frozen=True)
class Site:
    """An empty log and the means to work on it."""

    begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    """Opens a transaction of its own; commits when left without an error."""
    new_store: Callable[[Codec, Ids, int], EventStore]
    """(codec, ids, lock timeout in ms) → a store on that log whose clock says ``NOW``."""

    def store(self, codec: Codec = CODEC, *, ids: Ids = uuid4, lock_timeout_ms: int = 60_000) -> EventStore:
        """A store with the usual settings."""
        return self.new_store(codec, ids, lock_timeout_ms)

    async def append(self, *writes: StreamWrite) -> list[StoredEvent]:
        """Append in a transaction of its own."""
        async with self.begin() as conn:
            return await self.store().append(conn, writes, actor="clerk", command_id="c-1")

    async def all(self) -> list[StoredEvent]:
        """The whole log."""
        async with self.begin() as conn:
            return await self.store().read(conn, 0, 1_000_000)


def opened(stream: str, expected: int = 0, *titles: str) -> StreamWrite:
    """A write of one ``Opened`` a title."""
    return StreamWrite(stream, expected, [Opened(title=title) for title in titles or ("a",)])


class EventStoreContract:
    """Subclass as ``TestX(EventStoreContract)`` beside a fixture ``site -> Site``."""

    async def test_what_is_appended_is_loaded(self, site: Site) -> None:
        """A stream reads back as it was appended: order, versions, actor, command, time."""
        stored = await site.append(StreamWrite("thing:1", 0, [Opened(title="甲"), Renamed(title="乙")]))
        async with site.begin() as conn:
            history = await site.store().load(conn, "thing:1")
        assert history == stored
        assert [event.version for event in history] == [1, 2]
        assert [event.data for event in history] == [Opened(title="甲"), Renamed(title="乙")]
        assert {(e.type, e.actor, e.command_id, e.recorded_at) for e in history} == {
            ("thing.opened", "clerk", "c-1", NOW),
            ("thing.renamed", "clerk", "c-1", NOW),
        }

    async def test_several_streams_are_appended_together(self, site: Site) -> None:
        """A record and its number are born in one append, in the order given."""
        stored = await site.append(opened("record:1"), opened("serial:1", 0, "x", "y"))
        assert [(e.stream, e.version) for e in stored] == [("record:1", 1), ("serial:1", 1), ("serial:1", 2)]
        assert await site.all() == stored

    async def test_a_conflict_in_one_stream_appends_to_none(self, site: Site) -> None:
        """Streams of one append change together or not at all."""
        await site.append(opened("thing:2"))
        with pytest.raises(VersionConflict) as conflict:
            await site.append(opened("thing:1"), opened("thing:2"))
        assert (conflict.value.stream, conflict.value.expected) == ("thing:2", 0)
        assert [event.stream for event in await site.all()] == ["thing:2"]

    async def test_a_stale_version_is_refused(self, site: Site) -> None:
        """A decision made on an older state of the stream is not recorded."""
        await site.append(opened("thing:1", 0, "a", "b"))
        with pytest.raises(VersionConflict, match="thing:1 is no longer at version 1"):
            await site.append(opened("thing:1", 1))

    async def test_a_version_ahead_is_refused(self, site: Site) -> None:
        """No append leaves a gap in a stream."""
        await site.append(opened("thing:1"))
        with pytest.raises(VersionConflict):
            await site.append(opened("thing:1", 4))
        with pytest.raises(VersionConflict):
            await site.append(opened("thing:2", 1))

    async def test_of_two_concurrent_decisions_one_is_recorded(self, site: Site) -> None:
        """Two commands on the same version: exactly one wins, the other learns it."""
        outcomes = await asyncio.gather(
            *(site.append(opened("thing:1", 0, title)) for title in ("a", "b")), return_exceptions=True
        )
        assert {type(outcome) for outcome in outcomes} == {list, VersionConflict}
        assert len(await site.all()) == 1

    async def test_many_commands_share_one_append(self, site: Site) -> None:
        """In a batch a later command goes on where an earlier one left the stream; each keeps its own id."""
        batch = [
            Append([opened("serial:1", n), opened(f"record:{n}")], actor="loader", command_id=f"c-{n}")
            for n in range(500)
        ]
        async with site.begin() as conn:
            stored = await site.store().append_batch(conn, batch)
        assert [(e.stream, e.version, e.command_id) for e in stored[-2:]] == [
            ("serial:1", 500, "c-499"),
            ("record:499", 1, "c-499"),
        ]
        assert [event.position for event in stored] == sorted(event.position for event in stored)
        assert await site.all() == stored

    async def test_a_batch_that_contradicts_itself_is_refused(self, site: Site) -> None:
        """Two commands of one batch may not both follow the same version."""
        batch = [Append([opened("thing:1")], "a", "c-1"), Append([opened("thing:1")], "a", "c-2")]
        with pytest.raises(VersionConflict):
            async with site.begin() as conn:
                await site.store().append_batch(conn, batch)

    async def test_deciding_nothing_appends_nothing(self, site: Site) -> None:
        """A command without events leaves the log as it is."""
        assert await site.append(StreamWrite("thing:1", 0, [])) == []
        assert await site.all() == []

    async def test_an_append_that_is_rolled_back_never_was(self, site: Site) -> None:
        """The caller's transaction decides; a rolled-back position is a gap that readers pass."""
        await site.append(opened("thing:1"))
        with contextlib.suppress(ZeroDivisionError):
            async with site.begin() as conn:
                await site.store().append(conn, [opened("thing:2")], actor="a", command_id="c")
                raise ZeroDivisionError
        await site.append(opened("thing:3"))
        assert [event.stream for event in await site.all()] == ["thing:1", "thing:3"]

    async def test_many_streams_load_in_one_query(self, site: Site) -> None:
        """Every stream asked for is answered, also those that do not exist; those that grew are known by their names."""
        first, *_ = await site.append(opened("thing:1"), opened("thing:2", 0, "x", "y"))
        async with site.begin() as conn:
            histories = await site.store().load_many(conn, ["thing:2", "thing:9", "thing:1"])
            assert await site.store().streams_since(conn, "thing:", first.position) == ["thing:2"]
            assert await site.store().streams_since(conn, "thing:1", 0) == ["thing:1"]
        assert {stream: len(history) for stream, history in histories.items()} == {
            "thing:2": 2,
            "thing:9": 0,
            "thing:1": 1,
        }

    async def test_pages_make_up_the_whole_log(self, site: Site) -> None:
        """Reading page after page by position gives every event once."""
        stored = await site.append(opened("thing:1", 0, *"abcdefg"))
        seen: list[StoredEvent] = []
        async with site.begin() as conn:
            while page := await site.store().read(conn, seen[-1].position if seen else 0, 3):
                seen += page
            assert await site.store().head(conn) == stored[-1].position
        assert seen == stored

    async def test_an_unknown_type_stops_every_read(self, site: Site) -> None:
        """A release that does not know a type folds no half history and relays nothing past it."""
        await site.append(StreamWrite("thing:1", 0, [Opened(title="a"), Renamed(title="b")]))
        older = site.store(HALF_A_CODEC)
        async with site.begin() as conn:
            with pytest.raises(UnknownEventType, match=r"thing\.renamed"):
                await older.load(conn, "thing:1")
            with pytest.raises(UnknownEventType, match=r"thing\.renamed"):
                await older.read(conn, 0, 10)
            assert len(await older.read(conn, 0, 1)) == 1

    async def test_a_type_nobody_could_read_back_is_not_written(self, site: Site) -> None:
        """Appending an event outside the codec is refused."""
        older, write = site.store(HALF_A_CODEC), StreamWrite("thing:1", 0, [Renamed(title="b")])
        with pytest.raises(UnknownEventType):
            async with site.begin() as conn:
                await older.append(conn, [write], actor="a", command_id="c")

    async def test_an_event_id_is_used_once(self, site: Site) -> None:
        """An id already in the log is refused by name, not as a version conflict."""
        always = UUID(int=7)
        store = site.store(ids=lambda: always)
        async with site.begin() as conn:
            await store.append(conn, [opened("thing:1")], actor="a", command_id="c")
        with pytest.raises(DuplicateEvent):
            async with site.begin() as conn:
                await store.append(conn, [opened("thing:2")], actor="a", command_id="c")

    async def test_a_reader_never_sees_past_an_open_append(self, site: Site) -> None:
        """A later append waits for the earlier one's commit, so that what is readable is always a prefix."""
        store = site.store()
        async with site.begin() as first:
            (slow,) = await store.append(first, [opened("thing:1")], actor="a", command_id="c-1")
            second = asyncio.create_task(site.append(opened("thing:2")))
            await asyncio.wait({second}, timeout=0.2)
            assert not second.done()
            assert await site.all() == []
        (quick,) = await second
        assert slow.position < quick.position
        assert await site.all() == [slow, quick]

    async def test_an_append_that_waits_too_long_may_be_tried_again(self, site: Site) -> None:
        """When the lock is not free in time nothing is written, and the error says it is worth trying again."""
        hasty = site.store(lock_timeout_ms=50)
        async with site.begin() as holder:
            await site.store().append(holder, [opened("thing:1")], actor="a", command_id="c-1")
            with pytest.raises(AppendBusy):
                async with site.begin() as conn:
                    await hasty.append(conn, [opened("thing:2")], actor="a", command_id="c-2")
        await site.append(opened("thing:2"))

    async def test_a_tail_skips_nothing_under_sixteen_writers(self, site: Site) -> None:
        """What a reader that follows by position has seen is, in the end, the whole log in order."""
        store, seen, stop = site.store(), list[StoredEvent](), asyncio.Event()

        async def follow() -> None:
            async for page in tail(store, site.begin, 0, page=7, stop=stop):
                seen.extend(page)
                if len(seen) >= WRITERS * APPENDS_EACH * 2:
                    stop.set()

        async def write(writer: int) -> None:
            for n in range(APPENDS_EACH):
                await site.append(opened(f"own:{writer}", n), opened(f"new:{writer}:{n}"))

        async with asyncio.timeout(120):
            await asyncio.gather(follow(), *(write(writer) for writer in range(WRITERS)))
        assert seen == await site.all()
        assert len(seen) == WRITERS * APPENDS_EACH * 2

    async def test_a_log_as_written_verifies(self, site: Site) -> None:
        """Verification counts events and streams and finds no fault."""
        await site.append(opened("thing:1", 0, "a", "b"), opened("thing:2"))
        async with site.begin() as conn:
            found = await site.store().verify(conn)
        assert (found.events, found.streams, found.faults) == (3, 2, ())

    async def test_a_renewed_epoch_sorts_behind_the_old(self, site: Site) -> None:
        """The epoch stays until a restore renews it; then readers can tell that positions begin anew."""
        store = site.store()
        async with site.begin() as conn:
            first = await store.epoch(conn)
        async with site.begin() as conn:
            assert await store.epoch(conn) == first
            second = await store.renew_epoch(conn)
        async with site.begin() as conn:
            assert await store.epoch(conn) == second
        assert second > first
