"""Showing that a log is what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any, Final, Literal

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.schema import event as event_table

_PAGE: Final = 2_000
_MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One event that is not as it was written, or not where it must be."""

    kind: Literal["altered", "gap", "order"]
    stream: str
    version: int
    position: int

    def __str__(self) -> str:
        said = {
            "altered": "内容与其摘要不符",
            "gap": "与同一序列的前一事件不连续",
            "order": "位置早于同一序列的前一事件",
        }[self.kind]
        return f"位置 {self.position}（{self.stream} 第 {self.version} 版）：{said}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found."""

    events: int
    streams: int
    faults: tuple[Fault, ...]
    """The first hundred, by stream and version; empty for a sound log."""


def digest_of(row: Mapping[str, Any]) -> bytes:
    """SHA-256 over an event's header and its payload as stored.

    The payload is taken sealed: destroying a subject's key changes no stored byte, so the log verifies after an
    erasure as before it. The position is left out: a restored log may number its events anew.
    """
    header = (
        row["stream"],
        row["version"],
        str(row["event_id"]),
        row["type"],
        row["schema"],
        row["actor"],
        row["command_id"],
        row["recorded_at"].astimezone(UTC).isoformat(timespec="microseconds"),
    )
    return sha256(orjson.dumps(header) + b"\n" + row["payload"].encode()).digest()


async def verify(conn: AsyncConnection) -> Verification:
    """Recompute every digest; check that each stream runs 1, 2, 3 … and in the order of the log."""
    events = streams = 0
    faults: list[Fault] = []
    stream, version, position = "", 0, 0
    in_order = select(event_table).order_by(event_table.c.stream, event_table.c.version)
    async with conn.stream(in_order.execution_options(yield_per=_PAGE)) as rows:
        async for found in rows:
            row = found._asdict()
            events += 1
            if row["stream"] != stream:
                streams += 1
                stream, version, position = row["stream"], 0, 0
            here = (stream, row["version"], row["position"])
            if row["digest"] != digest_of(row):
                faults.append(Fault("altered", *here))
            if row["version"] != version + 1:
                faults.append(Fault("gap", *here))
            if row["position"] <= position:
                faults.append(Fault("order", *here))
            version, position = row["version"], row["position"]
    return Verification(events, streams, tuple(faults[:_MOST_FAULTS]))
