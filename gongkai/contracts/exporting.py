"""Exports the public events: one JSON Schema a type, and an AsyncAPI description of where each travels.

``python -m gongkai.contracts.exporting`` writes them to ``docs/contracts``. What is committed there is the last
release; a change that is not additive is refused by :func:`breaking_changes`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gongkai.contracts import catalog, ingest, publishing, villages
from gongkai.contracts.contract import Contract

CHANNELS: Final[dict[str, tuple[type[Contract], ...]]] = {
    "ingest.{organ}.document": (ingest.IngestDocument,),
    "ingest.{organ}.withdrawal": (ingest.IngestWithdrawal,),
    "reply.{organ}.accepted": (ingest.ReplyAccepted,),
    "reply.{organ}.rejected": (ingest.ReplyRejected,),
    "feed.{division}.{kind}.published": (publishing.RecordPublished,),
    "feed.{division}.{kind}.revised": (publishing.RecordRevised,),
    "feed.{division}.{kind}.withdrawn": (publishing.RecordWithdrawn,),
    "feed.{division}.content.destroyed": (publishing.ContentDestroyed,),
    "feed.{division}.catalog.changed": (
        catalog.OrganChanged,
        catalog.DivisionChanged,
        catalog.MatterRevised,
        catalog.MatterRetired,
        catalog.RuleChanged,
        catalog.SubjectAssigned,
        catalog.BasisChanged,
    ),
    "feed.{division}.catalog.announced": (catalog.CalendarAnnounced,),
    "feed.{division}.catalog.adopted": (catalog.EditionPublished, villages.VillageListPublished),
}
"""What the outside sends and reads, and the subject it travels on. The services hear the same contracts on EVT."""


def contracts() -> Iterator[type[Contract]]:
    """Every public event."""
    for types in CHANNELS.values():
        yield from types


def schemas() -> dict[str, dict[str, Any]]:
    """CloudEvents type → JSON Schema of its data."""
    return {contract.TYPE: contract.model_json_schema() for contract in contracts()}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 description of the subjects open to departments and to the province."""
    names = {subject: subject.replace("{", "").replace("}", "").replace(".", "_") for subject in CHANNELS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gongkai 公开",
            "version": "1",
            "description": "CloudEvents 1.0, NATS binary mode, JSON data.",
        },
        "defaultContentType": "application/json",
        "channels": {names[subject]: _channel(subject, types) for subject, types in CHANNELS.items()},
        "operations": {
            f"{'receive' if subject.startswith('ingest.') else 'send'}_{name}": {
                "action": "receive" if subject.startswith("ingest.") else "send",
                "channel": {"$ref": f"#/channels/{name}"},
            }
            for subject, name in names.items()
        },
    }


def _channel(subject: str, types: tuple[type[Contract], ...]) -> dict[str, Any]:
    parameters = [part[1:-1] for part in subject.split(".") if part.startswith("{")]
    return {
        "address": subject,
        "parameters": {name: {} for name in parameters},
        "messages": {
            contract.__name__: {"name": contract.TYPE, "payload": {"$ref": f"./{contract.TYPE}.json"}}
            for contract in types
        },
    }


def breaking_changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a reader of ``before`` could no longer rely on in ``after``: fields gone, altered or newly demanded."""
    faults = [
        f"field {name} is gone"
        for name in before.get("properties", {})
        if name not in after.get("properties", {})
    ]
    for name, was in before.get("properties", {}).items():
        now = after.get("properties", {}).get(name)
        if now is not None and _meaning(was) != _meaning(now):
            faults.append(f"field {name} has another meaning")
    faults += [
        f"field {name} was always there and no longer is"
        for name in before.get("required", [])
        if name not in after.get("required", [])
    ]
    for name, was in before.get("$defs", {}).items():
        faults += [
            f"{name}: {fault}" for fault in breaking_changes(was, after.get("$defs", {}).get(name, {}))
        ]
    return faults


def _meaning(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key not in {"title", "description", "default"}}


def export(folder: Path) -> None:
    """Write every schema and the AsyncAPI description."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in {**schemas(), "asyncapi": asyncapi()}.items():
        text = json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    export(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/contracts"))
