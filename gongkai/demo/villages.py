"""The demo's two pilot villages: their lists, as they differ from the model, and what they disclosed. All of it is invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gongkai.demo.figures import facts_of, settled, told
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
    known = _file()
    return [
        DemoVillage(
            row["village"], known["drafts"], known["confirms"], tuple(row["without"]), dict(row["set"])
        )
        for row in known["villages"]
    ]


def village_documents(today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """(organ code, departmental document) of what the villages disclosed; the township's organ publishes it."""
    period, known = settled(today), _file()
    for row in known["villages"]:
        for serial, record in enumerate(row["records"], start=1):
            published = today - timedelta(days=record["age"])
            paragraphs = [told(text, period) for text in record["text"]]
            document: dict[str, Any] = {
                "record": f"demo-{row['village']}-{serial:02d}",
                "title": told(record["title"], period),
                "organ": known["organ"],
                "division": row["village"],
                "kind": "notice",
                "formed_on": (published - timedelta(days=2)).isoformat(),
                "published_on": published.isoformat(),
                "attribute": "proactive",
                "ground": "《村民委员会组织法》第三十条",
                "confirmer": {"name": "演示审核员", "post": "村务公开工作机构"},
                "summary": paragraphs[0],
                "keywords": [record["item"]],
                "provenance": "migration",
                "body": {"media_type": "text/plain", "text": "\n\n".join([*paragraphs, NOTICE])},
            }
            if record.get("matter"):
                document["matter"] = record["matter"]
            if record.get("facts"):
                document["facts"] = facts_of(record["facts"], period)
            yield known["organ"], document


@cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (files("gongkai.demo") / "villages.yaml").read_text(encoding="utf-8")
    )
    return found
