"""The demo: about two hundred invented records of two counties, a dozen organs, 26 domains and six months."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import yaml

NOTICE = "本条为演示数据，机关、人员与数字均为虚构。"
"""Stands at the end of every invented text."""


_LATE_SHARE = 0.1
_IN_FORCE = timedelta(days=5 * 365)
"""About the five years of a rule that names no other period."""


@dataclass(frozen=True, slots=True)
class DemoOrgan:
    """An invented organ of a real division."""

    code: str
    name: str
    short_name: str
    division: str
    uscc: str
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _County:
    prefix: str
    name: str
    township: str
    township_code: str
    number_word: str
    """The organ's own word in its document numbers."""


COUNTIES = (
    _County("341323", "灵璧县", "渔沟镇", "341323110000", "灵"),
    _County("341324", "泗县", "大庄镇", "341324106000", "泗"),
)


def demo_organs() -> list[DemoOrgan]:
    """The organs of the demo, as the data file lists them."""
    rows = yaml.safe_load((files("gongkai.demo") / "organs.yaml").read_text(encoding="utf-8"))["organs"]
    return [DemoOrgan(**{**row, "serves": tuple(row["serves"])}) for row in rows]


def demo_documents(today: date, rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """(organ code, departmental document) of every demo record, spread over the six months before ``today``.

    They come as a migration, because each was first public on a day in the past; nothing is missing from them.
    """
    templates = yaml.safe_load((files("gongkai.demo") / "templates.yaml").read_text(encoding="utf-8"))
    organs = demo_organs()
    for county in COUNTIES:
        serial = 0
        for heading, pair in templates.items():
            domain, name = heading.split(" ", 1)
            organ = _organ_of(organs, county, name)
            for template in pair:
                for age in (rng.randint(2, 80), rng.randint(90, 175)):
                    serial += 1
                    yield (
                        organ.code,
                        _document(
                            county, organ, (domain, name), template, serial, today - timedelta(days=age), rng
                        ),
                    )


def _organ_of(organs: Sequence[DemoOrgan], county: _County, domain_name: str) -> DemoOrgan:
    own = [organ for organ in organs if organ.code.startswith(county.prefix)]
    office = next(organ for organ in own if organ.code.endswith("-zfb"))
    return next((organ for organ in own if domain_name in organ.serves), office)


def _document(
    county: _County,
    organ: DemoOrgan,
    domain: tuple[str, str],
    template: dict[str, Any],
    serial: int,
    published: date,
    rng: random.Random,
) -> dict[str, Any]:
    # Most are public within the 20 working days of Art. 26; about one in ten is late, so that the board has something to show.
    formed = published - timedelta(
        days=rng.randint(32, 50) if rng.random() < _LATE_SHARE else rng.randint(0, 20)
    )
    values = {
        "county": county.name,
        "place": county.township,
        "year": formed.year,
        "month": formed.month,
        "quarter": "一二三四"[(formed.month - 1) // 3],
        "n1": rng.randint(2, 9),
        "n2": rng.randint(12, 48),
        "n3": rng.randint(120, 960),
        "money": f"{rng.randint(12, 480) * 1000:,}",
    }
    title = template["title"].format(**values)
    paragraphs = [text.format(**values) for text in template["text"]]
    at_township = organ.division == county.township_code
    document: dict[str, Any] = {
        "record": f"demo-{county.prefix}-{serial:04d}",
        "title": title,
        "organ": organ.code,
        "division": county.township_code if at_township else f"{county.prefix}000000",
        "kind": template["kind"],
        "formed_on": formed.isoformat(),
        "published_on": published.isoformat(),
        "attribute": "proactive",
        "ground": "《政府信息公开条例》第二十条",
        "confirmer": {"name": "演示审核员", "post": "政务公开工作机构"},
        "domain": domain[0],
        "matter": template["matter"],
        "summary": paragraphs[0],
        "keywords": [domain[1]],
        "provenance": "migration",
        "body": {"media_type": "text/plain", "text": "\n\n".join([*paragraphs, NOTICE])},
    }
    if template["kind"] in {"normative", "notice", "plan"}:
        document["doc_number"] = f"{county.number_word}演示〔{formed.year}〕{serial}号"
    if template["kind"] == "normative":
        lapses = formed + _IN_FORCE
        document |= {
            "validity": "in_force",
            "effective_on": formed.isoformat(),
            "expires_on": lapses.isoformat(),
        }
    return document
