"""Personal fields of an event: sealed in the log, and gone when their subject's key is destroyed.

A log is never rewritten, so what must be forgettable is written under a key of its subject. The stored payload
then holds, instead of the fields, ``"$sealed": {field: {"subject": …, "box": …}}``; digests cover these stored
bytes, so that the log verifies the same before and after an erasure.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict

SEALED: Final = "$sealed"
# Keys are stored sorted and "$" sorts before every letter: sealed payloads are known by how they begin.
_SEALED_START: Final = '{"$sealed":'
_NONCE_BYTES: Final = 12


class Erased(BaseModel):
    """Stands where personal data was. Part of the field's type, so that a reader must say what it shows then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    erased: Literal[True] = True


ERASED: Final = Erased()


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field to be sealed: ``name: Annotated[str | Erased, Personal(subject_field="applicant")]``."""

    subject_field: str
    """The field of the same event that holds the subject's id; an opaque id, never a name or a number of theirs."""


def subjects_to_seal(payload: Mapping[str, Any], personal: Mapping[str, str]) -> set[str]:
    """The subjects whose keys are needed to seal this payload."""
    return {str(payload[subject]) for field, subject in personal.items() if _holds_something(payload[field])}


def seal(
    payload: dict[str, Any], personal: Mapping[str, str], keys: Mapping[str, bytes], event_id: UUID
) -> dict[str, Any]:
    """The payload with its personal fields sealed, bound to this event and field."""
    fields = {
        field: str(payload[subject])
        for field, subject in personal.items()
        if _holds_something(payload[field])
    }
    if not fields:
        return payload
    boxes = {
        field: {
            "subject": subject,
            "box": _encrypt(keys[subject], payload[field], _bound_to(event_id, field)),
        }
        for field, subject in fields.items()
    }
    return {SEALED: boxes} | {name: value for name, value in payload.items() if name not in fields}


def is_sealed(stored: str) -> bool:
    """Whether a stored payload has sealed fields."""
    return stored.startswith(_SEALED_START)


def subjects_in(stored: str) -> set[str]:
    """The subjects whose keys are needed to open a stored payload."""
    return {box["subject"] for box in orjson.loads(stored)[SEALED].values()} if is_sealed(stored) else set()


def unseal(stored: str, keys: Mapping[str, bytes], event_id: UUID) -> str:
    """The payload opened; a field whose subject has no key any more reads as ``Erased``.

    Raises:
        cryptography.exceptions.InvalidTag: the box was altered or moved here from another event.
    """
    if not is_sealed(stored):
        return stored
    payload: dict[str, Any] = orjson.loads(stored)
    for field, box in payload.pop(SEALED).items():
        key = keys.get(box["subject"])
        payload[field] = (
            _decrypt(key, box["box"], _bound_to(event_id, field)) if key else ERASED.model_dump(mode="json")
        )
    return orjson.dumps(payload).decode()


def _holds_something(value: object) -> bool:
    return value is not None and value != {"erased": True}


def _bound_to(event_id: UUID, field: str) -> bytes:
    return event_id.bytes + field.encode()


def _encrypt(key: bytes, value: object, bound_to: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, orjson.dumps(value), bound_to)).decode()


def _decrypt(key: bytes, box: str, bound_to: bytes) -> object:
    raw = base64.b64decode(box)
    value: object = orjson.loads(AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to))
    return value
