"""Generated files of a department's documents, with the mapping that reads them."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gongkai import uscc


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated file, what is in it, and how it is read."""

    organ: str
    file: Path
    mapping: Path
    rows: int
    repeated: int
    untitled: int

    @property
    def accepted(self) -> int:
        """Records it gives."""
        return self.rows - self.repeated - self.untitled


def make_sample(folder: Path, organ: str, rows: int, *, form: str = "jsonl", large: bool = False) -> Sample:
    """A file of a department's documents: every 20th row a repeat, every 15th without a title.

    With ``large``, one body is too large to travel inline and is uploaded.
    """
    made: list[dict[str, Any]] = []
    for number in range(rows):
        if number and number % 20 == 0:
            made.append(made[number - 1])
            continue
        body = f"第{number}号文件的正文，发往{organ}。\n" * 20
        made.append(
            {
                "title": "" if number % 15 == 7 else f"{organ}关于第{number}号事项的通知",
                "number": f"灵政办〔2026〕{number + 1}号",
                "issued": f"2026-{number % 10 + 1:02}-05",
                "body": "本文件很长。" * 60_000 if large and number == rows - 1 else body,
            }
        )
    distinct = {json.dumps(row, sort_keys=True) for row in made}
    untitled = sum('"title": ""' in row for row in distinct)
    file = folder / f"{organ}.{form}"
    with file.open("w", newline="", encoding="utf-8") as out:
        if form == "csv":
            writer = csv.DictWriter(out, made[0].keys())
            writer.writeheader()
            writer.writerows(made)
        else:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in made)
    mapping = folder / f"{organ}.yaml"
    mapping.write_text(yaml.safe_dump(_mapping(organ), allow_unicode=True))
    return Sample(organ, file, mapping, rows, rows - len(distinct), untitled)


def _mapping(organ: str) -> dict[str, Any]:
    return {
        "organ": {
            "code": organ,
            "name": f"测试机关{organ}",
            "short_name": "测试机关",
            "division": "341323000000",
            "uscc": credit_code(organ),
        },
        "provenance": "migration",
        "division": "341323000000",
        "attribute": "proactive",
        "ground": "《政府信息公开条例》第二十条第（一）项",
        "kind": {"default": "notice"},
        "fields": {
            "title": {"from": "title"},
            "doc_number": {"from": "number"},
            "formed_on": {"from": "issued"},
            "published_on": {"from": "issued"},
        },
        "body": {"from": "body", "media_type": "text/plain"},
    }


def credit_code(organ: str) -> str:
    """A well-formed unified social credit code of an invented organ."""
    rest = hashlib.sha256(organ.encode()).hexdigest()[:9].upper()
    body = f"11341323{rest}"
    return body + uscc.check_character(body)
