"""Reads the rows of CSV or JSON-lines files, gzip or not, and turns each into one departmental event."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, cast

from gongkai.contracts.ingest import INLINE_LIMIT
from gongkai.loading.mapping import Mapping, MappingError

csv.field_size_limit(1 << 30)  # a cell may hold a whole document; the module's own limit is 128 KiB


@dataclass(frozen=True, slots=True)
class Upload:
    """A body to be uploaded before its event is sent."""

    digest: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class RowEvent:
    """One row as a departmental event."""

    event_id: str
    """A digest of the row: loading the same row again is the same event."""
    data: bytes
    """JSON of the event."""
    upload: Upload | None = None


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a ``.csv`` or ``.jsonl`` file (or either with ``.gz``), in their order.

    Raises:
        MappingError: the file's name says neither, or a line is not JSON.
    """
    with _open(file) as raw:
        text = TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        plain = file.name.removesuffix(".gz")
        if plain.endswith(".csv"):
            yield from csv.DictReader(text)
        elif plain.endswith((".jsonl", ".ndjson")):
            for number, line in enumerate(text, start=1):
                if line.strip():
                    yield _json_row(file, number, line)
        else:
            raise MappingError(f"不认识“{file.name}”的格式：只读 .csv 和 .jsonl（可以再加 .gz）。")


def _json_row(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise MappingError(
            f"“{file.name}”第 {number} 行不是 JSON：{error}。请改正这一行后再装载；已经送出的行不会重复。"
        ) from error
    if not isinstance(row, dict):
        raise MappingError(f"“{file.name}”第 {number} 行不是 JSON 对象。")
    return row


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb") if file.name.endswith(".gz") else file.open("rb"))


def row_digest(row: dict[str, Any]) -> str:
    """SHA-256 of the row's canonical JSON, in hex."""
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def row_event(row: dict[str, Any], mapping: Mapping) -> RowEvent:
    """The event of one row. The row's digest is both the event's id and the record's key at its department."""
    digest = row_digest(row)
    read = {name: rule.read(row) for name, rule in mapping.fields.items()}
    fields = {name: text for name, text in read.items() if text}
    event: dict[str, Any] = {
        "record": digest,
        "organ": mapping.organ.code,
        "provenance": mapping.provenance,
        "division": mapping.division,
        "attribute": mapping.attribute,
        "ground": mapping.ground,
        "kind": mapping.kind.kind_of(fields.get("title", "")),
        **fields,
    }
    upload = None
    text = row.get(mapping.body.source) if mapping.body else None
    if mapping.body is not None and isinstance(text, str) and text:
        data = text.encode()
        if len(data) > INLINE_LIMIT:
            upload = Upload(hashlib.sha256(data).hexdigest(), mapping.body.media_type, data)
            event["body"] = {"media_type": mapping.body.media_type, "digest": upload.digest}
        else:
            event["body"] = {"media_type": mapping.body.media_type, "text": text}
    return RowEvent(digest, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(), upload)
