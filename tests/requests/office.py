"""A running requests service with its organs, law and staff; its clock is moved, its notify is a server of our own."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import grpc
import pytest
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts import catalog
from gongkai.contracts.contract import Contract
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.notify.v1 import notify_pb2, notify_pb2_grpc
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceStub
from gongkai.security.grpc_auth import AuthInterceptor
from gongkai.security.keys import create_keys, private_key
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import Verifier, issue_staff, operator_tokens, service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.database import create_engine
from gongkai.serving.errors import reasons_of
from gongkai.serving.interceptors import EdgeInterceptor
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.seed.reading import read_seed
from services.requests.__main__ import compose

ORGAN, OTHER = "341323-mzj", "341323-czj"
COUNTY = "341323000000"
SERVICES = ("requests", "portal", "catalog", "notify")
WAIT = 20.0
SHANGHAI = ZoneInfo("Asia/Shanghai")

CLERK = Staff("clerk-1", "经办", "科员", ORGAN, (Grant(Role.CLERK, organ=ORGAN),))
STRANGER = Staff("clerk-2", "别处经办", "科员", OTHER, (Grant(Role.CLERK, organ=OTHER),))
EDITOR = Staff("editor-1", "编辑", "科员", ORGAN, (Grant(Role.EDITOR, organ=ORGAN),))
ADMINISTRATOR = Staff("admin-1", "管理", "主任", ORGAN, (Grant(Role.ADMINISTRATOR, division=COUNTY),))

PLANTED = {
    "name": "种树人甲",
    "id_number": "11010519491231002X",
    "phone": "13912345678",
    "email": "planted.person@example.org",
    "address": "灵城镇种树巷九十九号",
}
DESCRIPTION = "种树人甲家宅基地确权材料"


class Now:
    """The service's present: real time, moved to a legal day where a test wants one."""

    def __init__(self) -> None:
        self.at: datetime | None = None

    def __call__(self) -> datetime:
        return self.at or datetime.now(UTC)

    def on(self, day: str) -> None:
        """Make it ten in the morning of a day in Shanghai."""
        self.at = datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=SHANGHAI).astimezone(UTC)

    @property
    def today(self) -> date:
        return self().astimezone(SHANGHAI).date()


class Notify(notify_pb2_grpc.NotifyServiceServicer):  # type: ignore[misc]  # the other methods are not served
    """A notify of our own: keeps what it was asked to send."""

    def __init__(self) -> None:
        self.asked: list[notify_pb2.SendRequest] = []
        self.refused = 0
        self.fault: BaseException | None = None

    async def Send(self, request: notify_pb2.SendRequest, _context: Any) -> notify_pb2.SendResponse:  # noqa: N802
        if self.fault is not None:
            self.refused += 1
            raise self.fault
        self.asked.append(request)
        return notify_pb2.SendResponse(state="queued")


@dataclass
class Office:
    """The service, everybody who calls it, and what it stands on."""

    service: Service
    client: Client
    engine: AsyncEngine
    keys: Path
    content: Path
    streams: Path
    clock: Now
    notify: Notify
    door: NotifyDoor
    target: str
    _open: list[grpc.aio.Channel] = field(default_factory=list)

    @property
    def public(self) -> Any:
        """As the portal."""
        return self._stub(service_tokens(self.keys, "portal"))

    @property
    def operator(self) -> Any:
        return self._stub(operator_tokens(self.keys))

    def staff(self, staff: Staff = CLERK) -> Any:
        key = private_key(self.keys, "catalog")
        return self._stub(lambda audience: issue_staff(key, staff=staff, audience=audience))

    def _stub(self, tokens: Callable[[str], str]) -> Any:
        opened = channel(self.target, audience="requests", tokens=tokens, deadline=20)
        self._open.append(opened)
        return RequestServiceStub(opened)

    async def close(self) -> None:
        for opened in self._open:
            await opened.close(None)

    async def submit(self, **changes: Any) -> pb.SubmitResponse:
        return await self.public.Submit(form(**changes))

    async def received(self, on: str | None = None, **changes: Any) -> pb.SubmitResponse:
        """Submit and confirm on the same day."""
        sent = await self.submit(**changes)
        await self.staff().ConfirmReceipt(self.confirm(sent.number, on))
        return sent

    def confirm(self, number: str, on: str | None = None) -> pb.ConfirmReceiptRequest:
        day = on or self.clock.today.isoformat()
        return pb.ConfirmReceiptRequest(command_id=str(uuid4()), number=number, on=day, proof="电话确认")

    async def upload(
        self, number: str, data: bytes, name: str = "明细表.pdf", staff: Staff = CLERK
    ) -> pb.File:
        async def pieces() -> AsyncIterator[pb.UploadReplyFileRequest]:
            yield pb.UploadReplyFileRequest(
                number=number, name=name, media_type="application/pdf", chunk=data[:3]
            )
            yield pb.UploadReplyFileRequest(chunk=data[3:])

        return (await self.staff(staff).UploadReplyFile(pieces())).file

    def disclose(self, number: str, *files: pb.File, **changes: Any) -> pb.DecideRequest:
        given = {
            "command_id": str(uuid4()), "number": number, "outcome": "disclosed", "text": "您申请的信息附后。",
            "on": self.clock.today.isoformat(), "files": files,
        }  # fmt: skip
        return pb.DecideRequest(**(given | changes))

    async def disclosed(self, **changes: Any) -> tuple[pb.SubmitResponse, pb.Request]:
        """A request from form to decision."""
        sent = await self.received(**changes)
        file = await self.upload(sent.number, b"%PDF the answer to " + sent.number.encode())
        answer = await self.staff().Decide(self.disclose(sent.number, file))
        return sent, answer.request

    async def look_up(self, sent: pb.SubmitResponse, client: str = "198.51.100.1") -> pb.Request:
        asked = pb.LookUpRequest(number=sent.number, query_code=sent.query_code, client=client)
        return (await self.public.LookUp(asked)).request

    async def tell(self, *contracts: Contract) -> None:
        """Say what catalog and notify say."""
        for contract in contracts:
            source, thing, verb = contract.TYPE.split(".")[2:5]
            envelope = Envelope(
                id=str(uuid4()), type=contract.TYPE, source=f"/divisions/341300000000/{source}", subject=thing,
                data=contract.model_dump_json().encode(), version=1, epoch="20261123", position=1,
            )  # fmt: skip
            subject = f"evt.{source}.341300000000.{thing}.{verb}"
            await self.client.jetstream().publish(subject, envelope.data, headers=headers_of(envelope))

    async def learn(self) -> None:
        """Hear from catalog of organs, calendar and rules."""
        told = registry()
        await self.tell(*told)
        rules = sum(isinstance(one, catalog.RuleChanged) for one in told)

        async def all_there() -> bool:
            return await self.rows("SELECT count(*) FROM rule") == [(rules,)]

        await self.until(all_there)

    async def rows(self, query: str) -> list[Any]:
        async with self.engine.connect() as conn:
            return list((await conn.execute(text(query))).all())

    async def messages(self, stream: str) -> list[Any]:
        jetstream = self.client.jetstream()
        state = (await jetstream.stream_info(stream)).state
        return [await jetstream.get_msg(stream, seq) for seq in range(1, state.last_seq + 1)]

    async def until(self, look: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for something to be there."""
        deadline = time.monotonic() + WAIT
        while not (found := await look()):
            assert time.monotonic() < deadline, "it never came"
            await asyncio.sleep(0.05)
        return found


def form(**changes: Any) -> pb.SubmitRequest:
    """An application that is in order; ``applicant`` and ``content`` change fields of theirs."""
    applicant = {"kind": "natural", "id_kind": "resident_id", **PLANTED} | changes.pop("applicant", {})
    content = {"description": DESCRIPTION, "supply": "electronic", "delivery": "online"}
    content |= changes.pop("content", {})
    given = {"command_id": str(uuid4()), "organ": ORGAN, "client": f"192.0.2.{uuid.uuid4().int % 250}"}
    return pb.SubmitRequest(
        applicant=pb.Applicant(**applicant), content=pb.Content(**content), **(given | changes)
    )


async def refused(call: Awaitable[Any]) -> tuple[grpc.StatusCode, list[str]]:
    """Make a call that is refused; give its status and the reasons' codes."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), [reason.code for reason in reasons_of(caught.value)]


def registry() -> list[Contract]:
    """Two organs, the calendars and rules as catalog's seed has them."""
    seed = read_seed()
    organs = {ORGAN: "灵璧县民政局", OTHER: "灵璧县财政局"}
    uscc = "11341323003205511A"
    years = [one for one in seed.calendars if one.year >= 2024]
    return [
        *(
            catalog.OrganChanged(code=code, version=1, name=name, short_name=name, division=COUNTY, uscc=uscc)
            for code, name in organs.items()
        ),
        *(
            catalog.CalendarAnnounced(
                year=one.year, version=1, source=one.source, complete=one.complete,
                days=tuple(catalog.CalendarDay(**day.model_dump()) for day in one.days),
            )
            for one in years
        ),
        *(
            catalog.RuleChanged(
                code=one.code, version=1, value=one.value, unit=one.unit, effective_from=one.effective_from,
                effective_to=one.effective_to, citation=one.citation, mark=one.mark,
            )
            for one in seed.rules
        ),
    ]  # fmt: skip


class NotifyDoor:
    """Where notify listens; it can go away and come back."""

    def __init__(self, notify: Notify, keys: Path, port: int) -> None:
        self._notify = notify
        self._keys = keys
        self.target = f"127.0.0.1:{port}"
        self._server: grpc.aio.Server | None = None

    async def open(self) -> None:
        """Serve; whoever calls must be allowed to."""
        verifier = Verifier("notify", self._keys)
        server = grpc.aio.server(interceptors=[EdgeInterceptor(), AuthInterceptor(verifier)])
        notify_pb2_grpc.add_NotifyServiceServicer_to_server(self._notify, server)
        server.add_insecure_port(self.target)
        await server.start()
        self._server = server

    async def shut(self) -> None:
        """Go away."""
        if self._server is not None:
            await self._server.stop(0)


@asynccontextmanager
async def running_office(
    database_url: str, nats: str, streams: Path, folder: Path, clock: Now, notify: Notify, door: NotifyDoor
) -> AsyncIterator[Office]:
    """Run the service in this process."""
    keys, content = folder / "keys", folder / "content"
    create_keys(keys, services=SERVICES)
    settings = Settings(
        "requests", database_url=database_url, nats_url=nats, content_url=content.as_uri(), keys=keys,
        grpc_listen=Address("127.0.0.1", 0), drain_seconds=5, peers={"notify": door.target},
    )  # fmt: skip
    engine = create_engine(database_url)
    async with connect(nats, name="admin") as client, Service("requests", settings) as service:
        await provision(client, load_topology())
        await partial(compose, clock=clock)(service)
        await service.start()
        target = f"127.0.0.1:{service.grpc_port}"
        office = Office(service, client, engine, keys, content, streams, clock, notify, door, target)
        try:
            yield office
        finally:
            await office.close()
    await engine.dispose()
