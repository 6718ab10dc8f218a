"""The demo's two pilot villages: their lists, as they differ from the model, and what they disclosed. All of it is invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gongkai.demo.records import NOTICE


@dataclass(frozen=True, slots=True)
class DemoVillage:
    """A village with its list."""

    village: str
    """Division code."""
    drafts: str
    """Login of who drafts the list."""
    confirms: str
    """Login of who confirms it."""
    without: tuple[str, ...]
    """Items of the model list it does not take, by name."""
    set: Mapping[str, Mapping[str, str]]
    """Item, by name → cells it writes otherwise."""


def demo_villages() -> list[DemoVillage]:
    """The villages, as the data file lists them."""
    told = _file()
    return [
        DemoVillage(row["village"], told["drafts"], told["confirms"], tuple(row["without"]), dict(row["set"]))
        for row in told["villages"]
    ]


def village_documents(today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """(organ code, departmental document) of what the villages disclosed; the township's organ publishes it."""
    told = _file()
    for row in told["villages"]:
        for serial, record in enumerate(row["records"], start=1):
            published = today - timedelta(days=record["age"])
            document: dict[str, Any] = {
                "record": f"demo-{row['village']}-{serial:02d}",
                "title": record["title"],
                "organ": told["organ"],
                "division": row["village"],
                "kind": "notice",
                "formed_on": (published - timedelta(days=2)).isoformat(),
                "published_on": published.isoformat(),
                "attribute": "proactive",
                "ground": "《村民委员会组织法》第三十条",
                "confirmer": {"name": "演示审核员", "post": "村务公开工作机构"},
                "summary": record["text"][0],
                "keywords": [record["item"]],
                "provenance": "migration",
                "body": {"media_type": "text/plain", "text": "\n\n".join([*record["text"], NOTICE])},
            }
            if record.get("matter"):
                document["matter"] = record["matter"]
            yield told["organ"], document


@cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (files("gongkai.demo") / "villages.yaml").read_text(encoding="utf-8")
    )
    return found
