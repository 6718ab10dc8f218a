"""From a record and those who want it to one queued message each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.publishing import RecordPublished
from gongkai.eventstore.store import Append, StreamWrite
from gongkai.successions import Successions
from services.notify.domain.messages import RECORD, MessageQueued, record_key
from services.notify.domain.places import Wish, places_of, topics_of
from services.notify.metrics import QUEUED
from services.notify.office import ACTOR
from services.notify.successions import successions
from services.notify.views import queue, reading


@dataclass(frozen=True, slots=True)
class News:
    """What of a record decides who is told, and what they are told."""

    record_id: str
    index_number: str
    title: str
    organ: str
    division: str
    domain: str
    published_on: str

    @classmethod
    def of(cls, record: RecordPublished) -> News:
        """The news in a contract."""
        return cls(
            record.record_id, record.index_number, record.title, record.organ_name, record.division,
            record.domain or "", record.published_on.isoformat(),
        )  # fmt: skip

    def facts(self) -> dict[str, str]:
        """As it is kept."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Match:
    """A subscription that wants a record."""

    news: News
    subscription_id: str
    channel: str


async def matches(conn: AsyncConnection, heard: Sequence[News]) -> dict[str, list[Match]]:
    """Who is to be told of each record: one address once, however many of its subscriptions want it."""
    topics = frozenset[str]().union(*(topics_of(news.domain) for news in heard))
    ends = await successions(conn) if heard else Successions()
    concerned = {
        news.record_id: places_of(news.division, date.fromisoformat(news.published_on), ends)
        for news in heard
    }
    places = frozenset[str]().union(*concerned.values())
    rows = await reading.wanting(conn, topics, places) if heard else []
    wishes = [(row, Wish(frozenset(row.topics), frozenset(row.places))) for row in rows]
    found: dict[str, list[Match]] = {}
    for news in heard:
        told: dict[str, Match] = {}
        for row, wish in wishes:
            if wish.wants(news.domain, concerned[news.record_id]):
                told.setdefault(row.address_mark or row.id, Match(news, row.id, row.channel))
        found[news.record_id] = list(told.values())
    return found


async def queue_news(conn: AsyncConnection, told: Iterable[Match], now: datetime) -> list[Append]:
    """Queue one message a match in the caller's transaction; gives what is still to be recorded."""
    wanted = list(told)
    numbers = await queue.draw_numbers(conn, len(wanted))
    events = [_queued(match, number, now) for match, number in zip(wanted, numbers, strict=True)]
    await queue.put(conn, [queue_row(event) for event in events])
    for event in events:
        QUEUED.labels(event.channel).inc()
    by_record: dict[str, list[StreamWrite]] = {}
    for match, event in zip(wanted, events, strict=True):
        write = StreamWrite(f"message:{event.key}", 0, [event])
        by_record.setdefault(match.news.record_id, []).append(write)
    return [Append(writes, ACTOR, f"record:{record_id}") for record_id, writes in by_record.items()]


def queue_row(event: MessageQueued) -> dict[str, object]:
    """The row of the queue for a message that is due at once; somebody waits for what is no news."""
    return {
        "key": event.key,
        "number": event.number,
        "channel": event.channel,
        "due_at": event.at,
        "urgent": event.template != RECORD,
    }


def _queued(match: Match, number: int, now: datetime) -> MessageQueued:
    news = match.news
    return MessageQueued(
        key=record_key(news.record_id, match.subscription_id),
        number=number,
        sender="",
        channel=match.channel,
        template=RECORD,
        about=news.index_number,
        subscription_id=match.subscription_id,
        at=now,
        facts={
            "title": news.title,
            "organ": news.organ,
            "index_number": news.index_number,
            "published_on": news.published_on,
        },
    )
