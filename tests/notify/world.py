"""The notify service on real servers, with channels and a pace of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import grpc
from nats.aio.client import Client
from sqlalchemy import text

from gongkai.contracts.publishing import RecordPublished
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Settings
from services.notify.adapters.port import Adapter
from services.notify.composing import put_together
from services.notify.office import Office
from services.notify.sending.outcomes import Pace

COUNTY: Final = "341323000000"
CITY: Final = "341300000000"
SITE: Final = "https://example.test"
FAST: Final = Pace(
    send_limit=1.0, lease=2.0, ask_after=(0.02, 0.05, 0.1), first_delay=0.02, most_delay=0.1, idle=0.02
)


def record(
    number: int, *, domain: str = "20", division: str = COUNTY, provenance: str = "live", title: str = ""
) -> RecordPublished:
    return RecordPublished.model_validate(
        {
            "record_id": f"r{number}", "index_number": f"11341323MD23A00253/202611-{number:05d}", "version": 1,
            "organ": "341323-mzj", "organ_name": "灵璧县民政局（演示）", "division": division, "kind": "notice",
            "title": title or f"关于低保资金发放情况的公示（{number}）", "published_on": date(2026, 11, 23),
            "provenance": provenance, "domain": domain,
        }
    )  # fmt: skip


@dataclass
class Running:
    """A running service with the doors of those who call it."""

    service: Service
    office: Office
    settings: Settings
    nats: Client
    portal: NotifyServiceStub
    requests: NotifyServiceStub
    operator: NotifyServiceStub
    ops: OpsServiceStub
    commands: int = 0
    position: int = 0
    told: list[RecordPublished] = field(default_factory=list)

    def command(self) -> str:
        self.commands += 1
        return f"c-{self.commands}-{uuid4()}"

    async def tell(self, *records: RecordPublished, at: datetime | None = None) -> None:
        """Say that records were published, as publishing's relay does."""
        await publish(self.nats, *records, at=at, after=self.position)
        self.position += len(records)

    async def subscribe(
        self,
        address: str,
        *,
        kind: str = "email",
        topics: Sequence[str] = ("all",),
        places: Sequence[str] = (CITY,),
    ) -> str:
        """Open and confirm a subscription; the code comes from the key, as from the mail."""
        opened = await self.portal.OpenSubscription(
            pb.OpenSubscriptionRequest(
                command_id=self.command(), channel=kind, address=address, topics=topics, places=places,
                client=f"10.0.{self.commands % 250}.{uuid4().int % 250}",
            )
        )  # fmt: skip
        identity = opened.subscription.id

        async def is_sent() -> bool:
            return bool(
                await self.rows(
                    "SELECT 1 FROM message WHERE subscription_id = :id AND state = 'sent'", id=identity
                )
            )

        await until(is_sent)
        code = self.office.secrets.code(identity, 0)
        confirmed = await self.portal.ConfirmSubscription(
            pb.ConfirmSubscriptionRequest(
                command_id=self.command(), id=identity, code=code, client="10.1.0.1"
            )
        )
        return confirmed.subscription.id

    async def counts(self, template: str = "record.published") -> dict[str, int]:
        """Messages of a template by state; codes are left out where it is about records."""
        rows = await self.rows(
            "SELECT state, count(*) AS count FROM message WHERE template = :template GROUP BY state",
            template=template,
        )
        return {row.state: row.count for row in rows}

    async def settled(self, **wanted: int) -> dict[str, int]:
        """Wait until the records told are taken in and nothing is open any more but what is wanted."""
        await until(self._taken_in)

        async def over() -> bool:
            counts = await self.counts()
            return all(counts.get(state, 0) == count for state, count in wanted.items())

        await until(over)
        return await self.counts()

    async def _taken_in(self) -> bool:
        info = await self.nats.jetstream().consumer_info("EVT_PUBLISHING", "notify")
        return not info.num_pending and not info.num_ack_pending

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.office.engine.connect() as conn:
            return list(await conn.execute(text(sql), values))


async def publish(
    client: Client, *records: RecordPublished, at: datetime | None = None, after: int = 0
) -> None:
    """Say that records were published, as publishing's relay does."""
    for position, one in enumerate(records, start=after + 1):
        envelope = Envelope(
            id=str(uuid4()), type=one.TYPE, source=f"/divisions/{one.division}/publishing",
            subject=f"record:{one.record_id}", data=one.model_dump_json().encode(),
            time=at or datetime.now(UTC), version=one.version, epoch="e1", position=position,
        )  # fmt: skip
        subject = f"evt.publishing.{one.division}.record.published"
        await client.jetstream().publish(subject, envelope.data, headers=headers_of(envelope))


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.02)


@dataclass
class Place:
    """Where a service runs: its servers and keys. It may be run again there."""

    settings: Settings
    client: Client

    @asynccontextmanager
    async def running(self, *adapters: Adapter, pace: Pace = FAST, **changes: Any) -> AsyncIterator[Running]:
        settings = Settings(
            **({name: getattr(self.settings, name) for name in self.settings.__slots__} | changes)
        )
        async with Service("notify", settings) as service:
            office = await put_together(service, adapters, pace)
            await service.start()
            target = f"127.0.0.1:{service.grpc_port}"
            async with (
                _door(target, service_tokens(settings.keys, "portal")) as portal,
                _door(target, service_tokens(settings.keys, "requests")) as requests,
                _door(target, operator_tokens(settings.keys)) as operator,
            ):
                stubs = [NotifyServiceStub(opened) for opened in (portal, requests, operator)]
                yield Running(service, office, settings, self.client, *stubs, OpsServiceStub(operator))


@asynccontextmanager
async def _door(target: str, tokens: Any) -> AsyncIterator[grpc.aio.Channel]:
    async with channel(target, audience="notify", tokens=tokens) as opened:
        yield opened
