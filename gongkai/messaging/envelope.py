"""CloudEvents 1.0 in NATS binary mode: attributes in ``ce-*`` headers, JSON data in the payload.

Source: CloudEvents, "NATS Protocol Binding" and the percent-encoding of the HTTP binding §3.1.3.2. The platform's
extensions are ``gkversion`` (of the thing), ``gkepoch`` and ``gkposition`` (the event's place in its owner's log).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote
from uuid import UUID, uuid5

from pydantic import ValidationError

from gongkai.contracts.contract import Contract

Registry = Mapping[str, type[Contract]]
"""Contract classes by their ``TYPE``."""

_PLAIN: Final = re.compile(r"[!#$&-~]*")
_SAFE: Final = "!#$&'()*+,/:;<=>?@[\\]^`{|}~"


class Undecodable(Exception):
    """The message is no event this release can read; says why. Retrying cannot help."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it travels."""

    id: str
    """Unique at its source. Contracts: the domain event's id. Departments: of their own choice."""
    type: str
    """``cn.gongkai.<service>.<thing>.<past-verb>.v1``."""
    source: str
    """``/divisions/<code>/<service>``; ``/organs/<code>`` for a department."""
    subject: str
    """The thing's stream id; in a reply, the id of the event it answers."""
    data: bytes
    """JSON."""
    time: datetime | None = None
    version: int = 0
    """Of the thing; 0 where a sender states none."""
    epoch: str = ""
    position: int = 0
    """Place in the owner's log; 0 where there is none."""


def registry(*types: type[Contract]) -> Registry:
    """The contracts a consumer reads."""
    return {contract.TYPE: contract for contract in types}


def event_id(first: UUID, part: int) -> str:
    """The ``ce-id`` of the ``part``-th message (from 0) that one domain event gives; the same at every refill."""
    return str(first if part == 0 else uuid5(first, str(part)))


def headers_of(envelope: Envelope) -> dict[str, str]:
    """The NATS headers of an envelope; its data is the payload."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": _encode(envelope.id),
        "ce-type": envelope.type,
        "ce-source": _encode(envelope.source),
        "ce-datacontenttype": "application/json",
    }
    if envelope.subject:
        headers["ce-subject"] = _encode(envelope.subject)
    if envelope.time is not None:
        headers["ce-time"] = envelope.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if envelope.version:
        headers["ce-gkversion"] = str(envelope.version)
    if envelope.position:
        headers["ce-gkepoch"] = envelope.epoch
        headers["ce-gkposition"] = str(envelope.position)
    return headers


def parse(headers: Mapping[str, str] | None, data: bytes) -> Envelope:
    """The envelope of a received message.

    Raises:
        Undecodable: a required attribute is missing or one cannot be read.
    """
    given = headers or {}
    missing = [name for name in ("ce-specversion", "ce-id", "ce-type", "ce-source") if not given.get(name)]
    if missing:
        raise Undecodable(f"no CloudEvent: {', '.join(missing)} missing")
    if given["ce-specversion"] != "1.0":
        raise Undecodable(f"CloudEvents {given['ce-specversion'][:20]} is not supported")
    try:
        return Envelope(
            id=_decode(given["ce-id"]),
            type=given["ce-type"],
            source=_decode(given["ce-source"]),
            subject=_decode(given.get("ce-subject", "")),
            data=data,
            time=datetime.fromisoformat(given["ce-time"]) if "ce-time" in given else None,
            version=int(given.get("ce-gkversion", "0")),
            epoch=given.get("ce-gkepoch", ""),
            position=int(given.get("ce-gkposition", "0")),
        )
    except ValueError as error:
        raise Undecodable(f"an attribute cannot be read: {error}") from error


def decode_contract(envelope: Envelope, known: Registry) -> Contract:
    """The contract in an envelope.

    Raises:
        Undecodable: the type is not in ``known``, or the data is not what the type says.
    """
    contract = known.get(envelope.type)
    if contract is None:
        raise Undecodable(f"type {envelope.type[:120]} is not known to this consumer")
    try:
        return contract.model_validate_json(envelope.data)
    except ValidationError as error:
        # Input values stay out of the reason: they may hold what must not stand in a log.
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'data'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False, include_context=False)[:5]
        )
        raise Undecodable(f"data is no {contract.__name__}: {faults}") from error


def _encode(value: str) -> str:
    return value if _PLAIN.fullmatch(value) and "%" not in value else quote(value, safe=_SAFE)


def _decode(value: str) -> str:
    return unquote(value, errors="strict") if "%" in value else value
