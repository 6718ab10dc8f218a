"""Rebuilding the search index from the owner's log, against raw bulk of the very same documents in the same run.

    python bench/rebuild.py --state .gongkai [--rounds 3]

Needs a running stack with documents in it. A rebuild reads the log over gRPC, fetches every body from the content
store, checks every record and switches. Raw bulk writes the finished documents, prepared in memory, into an index of
the same mapping, and does nothing else. Rounds alternate, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.helpers import async_scan

from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.search.v1 import search_pb2 as pb
from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceStub
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import LONG, channel, streaming
from services.search.mapping import index_body

INDEX = "bench-raw-bulk"
BODY_BYTES = 2_000_000
AT_ONCE = 3
AIM = 0.6


async def bodies(client: AsyncOpenSearch) -> tuple[list[bytes], int]:
    """Every document of the public alias as ready bulk requests, and how many there are."""
    requests: list[bytes] = []
    lines: list[bytes] = []
    size = count = 0
    async for hit in async_scan(client, index="gongkai-records", size=500):
        guard = {"version": hit["_source"]["version"], "version_type": "external_gte"}
        source = orjson.dumps(hit["_source"])
        lines += (orjson.dumps({"index": {"_index": INDEX, "_id": hit["_id"], **guard}}), source)
        size += len(source)
        count += 1
        if size > BODY_BYTES:
            requests.append(b"\n".join(lines) + b"\n")
            lines, size = [], 0
    if lines:
        requests.append(b"\n".join(lines) + b"\n")
    return requests, count


async def raw(client: AsyncOpenSearch, requests: list[bytes], at_once: int) -> float:
    """Seconds of raw bulk into a fresh index, refreshed at the end."""
    body: Any = index_body()
    body["settings"]["index"]["refresh_interval"] = "-1"
    await client.indices.create(index=INDEX, body=body)
    slots = asyncio.Semaphore(at_once)

    async def one(request: bytes) -> None:
        async with slots:
            answer = await client.bulk(body=request, params={"filter_path": "errors"})
            assert not answer["errors"]

    try:
        began = time.perf_counter()
        await asyncio.gather(*(one(request) for request in requests))
        await client.indices.refresh(index=INDEX)
        return time.perf_counter() - began
    finally:
        await client.indices.delete(index=INDEX)


async def rebuild(endpoints: Endpoints) -> tuple[float, dict[str, float]]:
    """Seconds of a whole rebuild as an operator asks for it, and when each phase began."""
    phases: dict[str, float] = {}
    began = time.perf_counter()
    async with channel(
        endpoints.grpc["search"], audience="search", tokens=operator_tokens(endpoints.keys)
    ) as opened:
        call = SearchServiceStub(opened).Rebuild(pb.RebuildRequest(), timeout=LONG)
        async with streaming(call) as answers:
            async for answer in answers:
                phases.setdefault(answer.phase, time.perf_counter() - began)
    return time.perf_counter() - began, phases


async def measure(state: Path, rounds: int) -> float:
    """Print each round and the median ratio; returns it."""
    endpoints = load_endpoints(state)
    client = AsyncOpenSearch(endpoints.opensearch, timeout=300)
    ratios: list[float] = []
    try:
        requests, count = await bodies(client)
        size = sum(map(len, requests)) / 1e6
        print(f"{count} documents, {size:.0f} MB")
        for _ in range(rounds):
            plain = await raw(client, requests, AT_ONCE)
            ours, phases = await rebuild(endpoints)
            ratios.append(plain / ours)
            told = ", ".join(f"{name} from {at:.1f} s" for name, at in phases.items())
            print(
                f"rebuild {ours:.1f} s ({count / ours:,.0f}/s), raw bulk {plain:.1f} s ({count / plain:,.0f}/s), "
                f"ratio {plain / ours:.2f}; {told}"
            )
    finally:
        await client.close()
    ratio = statistics.median(ratios)
    print(f"rebuild against raw bulk: {ratio:.2f} (aim: {AIM})")
    return ratio


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, default=Path(".gongkai"))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(measure(given.state, given.rounds))


if __name__ == "__main__":
    main()
