"""Golden payloads: one file for every shape an event ever had, kept for as long as a log may hold it.

A service keeps them in its tests, ``golden/<event name>.v<schema>.json`` (or ``….v<schema>.<case>.json``), and
one test says ``assert golden_faults(CODEC, folder) == []``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson
from pydantic import ValidationError

from gongkai.eventstore.codec import Codec, canonical
from gongkai.eventstore.errors import UnknownEventType

_FILE: Final = re.compile(r"(?P<name>.+)\.v(?P<schema>\d+)(?:\.[\w-]+)?\.json")


def golden_faults(codec: Codec, folder: Path) -> list[str]:
    """What is wrong between a codec and the golden payloads; empty when every shape ever written still reads.

    A shape without a file, a file no event reads any more, a payload that does not decode, and a payload of the
    present schema from which a field was dropped or altered: that change needs a new schema and an upcaster.
    """
    wanted = {(name, n) for name, t in codec.types.items() for n in range(1, t.SCHEMA + 1)}
    found: set[tuple[str, int]] = set()
    faults: list[str] = []
    for path in sorted(folder.glob("*.json")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            faults.append(f"{path.name}: not named <event name>.v<schema>.json")
            continue
        name, number = match["name"], int(match["schema"])
        found.add((name, number))
        faults.extend(f"{path.name}: {fault}" for fault in _faults_of(codec, name, number, path.read_bytes()))
    faults.extend(f"{name}.v{number}.json: missing" for name, number in sorted(wanted - found))
    return faults


def _faults_of(codec: Codec, name: str, number: int, golden: bytes) -> Iterable[str]:
    payload = orjson.loads(golden)
    try:
        event = codec.decode(name, number, canonical(payload))
    except (UnknownEventType, ValidationError, KeyError) as error:
        yield f"does not decode: {error}"
        return
    if number == event.SCHEMA:
        now = orjson.loads(canonical(codec.encode(event)))
        yield from (
            f"field {field} is no longer written as it was; a changed shape needs a new schema"
            for field in payload
            if field not in now or not _holds(now[field], payload[field])
        )


def _holds(now: object, was: object) -> bool:
    """Whether a value is written as it was, but for optional fields that were added within it."""
    if isinstance(now, dict) and isinstance(was, dict):
        return all(key in now and _holds(now[key], value) for key, value in was.items())
    if isinstance(now, list) and isinstance(was, list):
        return len(now) == len(was) and all(map(_holds, now, was))
    return now == was
