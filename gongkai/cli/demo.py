"""Loads the invented demo into a running stack, as a dozen departmental systems would."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.load import organ_credentials_of
from gongkai.demo.records import demo_documents, demo_organs
from gongkai.loading.mapping import MappedOrgan
from gongkai.loading.rows import RowEvent
from gongkai.loading.sending import Door, Tally, send_rows
from gongkai.serving.clock import legal_day, utc_now

_SEED = 711
"""Any number would do; the same one gives the same demo at the next start."""


class DemoIncomplete(Exception):
    """Some of the demo was refused: the demo and the rules of publishing do not agree."""


def seed(state: Path) -> None:
    """Register the demo's organs and send their records; doing it again changes nothing.

    Raises:
        DemoIncomplete: a record was refused.
    """
    tally = asyncio.run(_seed(state))
    if tally.rejected:
        raise DemoIncomplete(f"{tally.rejected} refused: {dict(tally.reasons)} {tally.messages}")


async def _seed(state: Path) -> Tally:
    endpoints = load_endpoints(state)
    events: dict[str, list[RowEvent]] = defaultdict(list)
    for code, document in demo_documents(legal_day(utc_now()), random.Random(_SEED)):  # noqa: S311 - invented data
        events[code].append(_event(document))
    tally = Tally()
    for organ in demo_organs():
        mapped = MappedOrgan(
            code=organ.code,
            name=organ.name,
            short_name=organ.short_name,
            division=organ.division,
            uscc=organ.uscc,
        )
        credentials = await organ_credentials_of(endpoints, mapped)
        await send_rows(
            Door(endpoints.nats, endpoints.portal, organ.code, credentials), events[organ.code], tally
        )
    return tally


def _event(document: dict[str, Any]) -> RowEvent:
    data = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    return RowEvent(hashlib.sha256(data).hexdigest(), data)
