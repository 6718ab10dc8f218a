"""How long from a department's event until a citizen finds it, at a steady rate.

    python bench/searchable.py --state .gongkai [--rate 50] [--seconds 30]

Needs a running stack with at least one demo organ. Each event goes over NATS like any department's, through
publishing, content store, relay and index; the clock runs from just before it is sent until the public alias answers
with it. The records are withdrawn again at the end, but stay in the log: use a stack that may be thrown away.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from nats.aio.client import Client
from opensearchpy import AsyncOpenSearch

from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.contracts.ingest import IngestDocument, IngestWithdrawal
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.serving.clock import legal_day, utc_now

LOOK_SECONDS = 0.03
PATIENCE_SECONDS = 60.0
AIM_SECONDS = 2.0


def event(organ: str, kind: str, run: str, number: int) -> Envelope:
    """One departmental event, as a system with a text of a page would send it."""
    data: dict[str, object] = {"record": f"bench-{run}-{number}", "organ": organ}
    if kind == "document":
        data |= {
            "title": f"性能测量第 {number} 件",
            "division": organ[:6].ljust(12, "0"),
            "kind": "notice",
            "formed_on": legal_day(utc_now()).isoformat(),
            "attribute": "proactive",
            "ground": "《政府信息公开条例》第二十条第（十一）项",
            "confirmer": {"name": "测量", "post": "测量"},
            "doc_number": f"测{run}〔2026〕{number}号",
            "body": {
                "media_type": "text/plain",
                "text": f"第 {number} 件。" + "公开是常态，不公开是例外。" * 80,
            },
        }
    else:
        data |= {"reason": "性能测量结束", "on": legal_day(utc_now()).isoformat()}
    contract = IngestDocument if kind == "document" else IngestWithdrawal
    return Envelope(
        id=str(uuid4()),
        type=contract.TYPE,
        source=f"/organs/{organ}",
        subject=f"bench-{run}-{number}",
        data=json.dumps(data, ensure_ascii=False).encode(),
        time=datetime.now(UTC),
    )


class Watch:
    """Looks into the public alias, again and again, for what was sent and is not there yet."""

    def __init__(self, client: AsyncOpenSearch, run: str) -> None:
        self._client = client
        self._run = run
        self._sent: dict[str, float] = {}
        self.seconds: list[float] = []

    def sent(self, number: int) -> None:
        """Note that an event is sent now."""
        self._sent[f"测{self._run}2026{number}"] = time.perf_counter()

    async def look_until(self, sending: asyncio.Task[None]) -> None:
        """Look until everything sent is there, or patience ends."""
        ended = None
        while self._sent or not sending.done():
            if sending.done() and ended is None:
                ended = time.perf_counter()
            if ended is not None and time.perf_counter() - ended > PATIENCE_SECONDS:
                break
            await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    @property
    def missing(self) -> int:
        """How many were never found."""
        return len(self._sent)

    async def _look(self) -> None:
        wanted = list(self._sent)[:500]
        if not wanted:
            return
        body = {"query": {"terms": {"number": wanted}}, "size": len(wanted), "_source": ["number"]}
        answer = await self._client.search(index="gongkai-records", body=body)
        now = time.perf_counter()
        for hit in answer["hits"]["hits"]:
            for key in hit["_source"]["number"]:
                began = self._sent.pop(key, None)
                if began is not None:
                    self.seconds.append(now - began)


async def send(client: Client, watch: Watch, organ: str, run: str, rate: float, count: int) -> None:
    """Send at an even pace; the pace does not wait for acknowledgements."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(1, count + 1):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            envelope = event(organ, "document", run, number)
            watch.sent(number)
            group.create_task(publish(client, organ, "document", envelope))


async def publish(client: Client, organ: str, kind: str, envelope: Envelope) -> None:
    """Publish with acknowledgement."""
    headers = headers_of(envelope)
    await client.jetstream().publish(f"ingest.{organ}.{kind}", envelope.data, headers=headers, timeout=30)


def any_organ(endpoints: Endpoints) -> str:
    """The code of a demo organ whose credentials are at hand."""
    found = sorted((endpoints.keys / "organs").glob("*.creds"))
    if not found:
        raise SystemExit("no demo organ's credentials in the state folder; start the stack with its demo")
    return found[0].stem


async def measure(state: Path, rate: float, seconds: float) -> float:
    """Print the percentiles; returns p99 in seconds."""
    endpoints = load_endpoints(state)
    organ = any_organ(endpoints)
    run = uuid4().hex[:6].translate(str.maketrans("0123456789", "ghijklmnop"))
    count = int(rate * seconds)
    client = AsyncOpenSearch(endpoints.opensearch, timeout=30)
    try:
        async with connect(endpoints.nats, endpoints.organ_credentials(organ), name="bench") as sender:
            watch = Watch(client, run)
            sending = asyncio.create_task(send(sender, watch, organ, run, rate, count))
            await watch.look_until(sending)
            await sending
            for number in range(1, count + 1):
                await publish(sender, organ, "withdrawal", event(organ, "withdrawal", run, number))
    finally:
        await client.close()
    if len(watch.seconds) < 2:
        raise SystemExit(f"only {len(watch.seconds)} of {count} events were ever found")
    cuts = statistics.quantiles(watch.seconds, n=100)
    print(
        f"event → searchable at {rate:g}/s: {len(watch.seconds)} found, {watch.missing} missing, "
        f"p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, longest {max(watch.seconds):.2f} s (aim: p99 ≤ {AIM_SECONDS:g} s)"
    )
    return cuts[98]


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, default=Path(".gongkai"))
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    asyncio.run(measure(given.state, given.rate, given.seconds))


if __name__ == "__main__":
    main()
