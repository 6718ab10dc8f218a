"""The service as a process that is killed while it sends to the gateway, which fails as providers do."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from hashlib import sha1
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.devstack.ports import free_port
from gongkai.devstack.process import Child, ChildSpec
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.security.keys import derive, master_key
from gongkai.security.tokens import service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.database import create_engine
from services.notify.domain.messages import record_key
from services.notify.domain.secrets import Secrets
from tests.notify.world import COUNTY, Place, publish, record, until
from tests.sandbox.gateway import TOKEN, Gateway, running_gateway

SUBSCRIBERS = int(os.environ.get("GONGKAI_TEST_SUBSCRIBERS", "9"))
RECORDS = int(os.environ.get("GONGKAI_TEST_RECORDS", "16"))
KILLS = int(os.environ.get("GONGKAI_TEST_KILLS", "2"))
KINDS = ("email", "sms", "wechat")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(1200)


def notify_process(place: Place, gateway: Gateway, grpc_port: int, folder: Path) -> Child:
    environment = gateway.environment() | {
        "DATABASE_URL": place.settings.database_url,
        "NATS_URL": place.settings.nats_url,
        "GONGKAI_KEYS": str(place.settings.keys),
        "GONGKAI_GRPC_LISTEN": f"127.0.0.1:{grpc_port}",
        "GONGKAI_PUBLIC_URL": place.settings.public_url,
        "PYTHONPATH": str(ROOT),
    }
    spec = ChildSpec("notify", (sys.executable, "-m", "tests.notify.served"), environment, directory=ROOT)
    return Child(spec, run=folder / "run", logs=folder / "logs")


def address_of(number: int) -> str:
    return (f"reader{number}@example.invalid", f"139{number:08d}", f"oOpenId{number:021d}")[number % 3]


async def subscribe(stub: NotifyServiceStub, secrets: Secrets, number: int) -> str:
    """One confirmed subscription: by code, or by a text to the official account."""
    kind, address = KINDS[number % 3], address_of(number)
    asked = pb.OpenSubscriptionRequest(
        command_id=str(uuid4()), channel=kind, address="" if kind == "wechat" else address,
        topics=["all"], places=[COUNTY], client=f"10.0.{number // 250}.{number % 250}",
    )  # fmt: skip
    opened = await stub.OpenSubscription(asked, timeout=30, wait_for_ready=True)
    if kind != "wechat":
        code = secrets.code(opened.subscription.id, 0)
        confirm = pb.ConfirmSubscriptionRequest(
            command_id=str(uuid4()), id=opened.subscription.id, code=code, client="10.1.0.1"
        )
        await stub.ConfirmSubscription(confirm, timeout=30)
        return opened.subscription.id
    stamp = str(int(time.time()))
    signature = sha1("".join(sorted((TOKEN, stamp, "n"))).encode(), usedforsecurity=False).hexdigest()
    body = (
        f"<xml><ToUserName>gh</ToUserName><FromUserName>{address}</FromUserName><CreateTime>{stamp}</CreateTime>"
        f"<MsgType>text</MsgType><Content>{opened.wechat_code}</Content><MsgId>{number}</MsgId></xml>"
    )
    heard = pb.ReceiveWechatRequest(signature=signature, timestamp=stamp, nonce="n", body=body.encode())
    answer = await stub.ReceiveWechat(heard, timeout=30)
    assert "订阅成功" in answer.body.decode()
    return opened.subscription.id


async def states(engine: AsyncEngine) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    async with engine.connect() as conn:
        rows = await conn.execute(text("SELECT key, state FROM message WHERE template = 'record.published'"))
        for row in rows:
            found.setdefault(row.state, set()).add(row.key)
    return found


async def counts(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as conn:
        rows = await conn.execute(
            text(
                "SELECT state, count(*) AS number FROM message WHERE template = 'record.published' GROUP BY state"
            )
        )
        return {row.state: row.number for row in rows}


async def test_killed_while_it_sends_nobody_is_told_twice_and_nobody_is_forgotten(
    place: Place, tmp_path: Path
) -> None:
    """What the gateway received and the list of doubts are together every (subscriber, record), each once."""
    port = free_port()
    secrets = Secrets(derive(master_key(place.settings.keys), b"notify/secrets"))
    engine = create_engine(place.settings.database_url, pool_size=2)
    rng = random.Random(4)
    with running_gateway() as gateway:
        child = notify_process(place, gateway, port, tmp_path)
        child.start()
        try:
            tokens = service_tokens(place.settings.keys, "portal")
            async with channel(f"127.0.0.1:{port}", audience="notify", tokens=tokens) as opened:
                stub = NotifyServiceStub(opened)
                ids = [await subscribe(stub, secrets, number) for number in range(SUBSCRIBERS)]
            for kind in KINDS:
                gateway.fault(channel=kind, kind="drop_answer", count=2)
                gateway.fault(channel=kind, kind="drop_before", count=2)
                gateway.fault(channel=kind, kind="throttle", share=0.05)
            began = time.monotonic()
            await publish(place.client, *map(record, range(RECORDS)))
            wanted = {record_key(f"r{number}", one) for number in range(RECORDS) for one in ids}
            for done in range(KILLS):

                async def underway(share: float = (done + rng.random()) / (KILLS + 1)) -> bool:
                    return (await counts(engine)).get("sent", 0) >= len(wanted) * share

                await until(underway, 120)
                child.kill()
                child.wait()
                child.start()

            async def over() -> bool:
                now = await counts(engine)
                return not now.get("queued") and sum(now.values()) == len(wanted)

            await until(over, 600)
            seconds = time.monotonic() - began
        finally:
            child.stop()
        now = await states(engine)
        taken = (
            row["out_id"].partition("@")[0] for row in gateway.messages()
        )  # a mail's id names its host too
        got = Counter(key for key in taken if key in wanted)
    await engine.dispose()

    doubts = now.get("doubt", set())
    sys.stdout.write(
        f"{len(wanted)} messages in {seconds:.1f} s, {KILLS} kills: {len(got)} received, {len(doubts)} in doubt,"
        f" {len(doubts & set(got))} of these received\n"
    )
    assert set(now) <= {"sent", "doubt"}
    assert max(got.values()) == 1, "somebody was told twice"
    assert set(got) | doubts == wanted
    assert now["sent"] == set(got) - doubts
