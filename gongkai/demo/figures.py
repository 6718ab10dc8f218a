"""Figures of the demo: what a township and its county publish of the same matters as two villages. All of it is invented.

They are of the last quarter that ended a month and a half ago or earlier, so that whatever was published about it in the
last six weeks was published afterwards, whenever the demo is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import yaml

from gongkai.demo.records import NOTICE
from gongkai.villages import Period, before, period_of

_SETTLED = timedelta(days=45)


def settled(today: date) -> Period:
    """The quarter the figures are of."""
    return before(period_of("quarterly", today - _SETTLED))


def facts_of(rows: Sequence[Mapping[str, Any]], period: Period) -> list[dict[str, Any]]:
    """Figures as a department sends them.

    Args:
        rows: as a data file has them: ``of: year`` for those of the whole year, ``before_end``: days between the day it was done and the quarter's last.
        period: the quarter they are of.
    """
    found = []
    for row in rows:
        fact: dict[str, Any] = {
            name: row[name] for name in ("division", "amount", "people", "households") if name in row
        }
        fact["period"] = str(period.first.year) if row.get("of") == "year" else period.code
        if "before_end" in row:
            fact["on"] = (period.last - timedelta(days=row["before_end"])).isoformat()
        found.append(fact)
    return found


def told(text: str, period: Period) -> str:
    """A text of a data file with its period."""
    return text.replace("{period}", period.name).replace("{year}", str(period.first.year))


def figure_documents(today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """(organ code, departmental document) of what the township and the county publish about the villages' matters."""
    period = settled(today)
    records = yaml.safe_load((files("gongkai.demo") / "figures.yaml").read_text(encoding="utf-8"))["records"]
    for serial, record in enumerate(records, start=1):
        published = today - timedelta(days=record["age"])
        paragraphs = [told(text, period) for text in record["text"]]
        yield (
            record["organ"],
            {
                "record": f"demo-figures-{serial:02d}",
                "title": told(record["title"], period),
                "organ": record["organ"],
                "division": record["division"],
                "kind": "subsidy",
                "formed_on": (published - timedelta(days=2)).isoformat(),
                "published_on": published.isoformat(),
                "attribute": "proactive",
                "ground": "《政府信息公开条例》第二十条",
                "confirmer": {"name": "演示审核员", "post": "政务公开工作机构"},
                "matter": record["matter"],
                "summary": paragraphs[0],
                "keywords": ["数字对照"],
                "provenance": "migration",
                "facts": facts_of(record["facts"], period),
                "body": {"media_type": "text/plain", "text": "\n\n".join([*paragraphs, NOTICE])},
            },
        )
