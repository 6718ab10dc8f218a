"""The demo's requests for disclosure, and where their query codes are kept: on this machine, for its owner alone."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Final

import yaml

from gongkai.security import keys

FILE: Final = "demo-requests.json"
"""In the folder of keys: registration number → query code."""


def demo_requests() -> list[dict[str, str]]:
    """The requests, as the data file lists them."""
    rows: list[dict[str, str]] = yaml.safe_load(
        (files("gongkai.demo") / "requests.yaml").read_text(encoding="utf-8")
    )["requests"]
    return rows


def keep_codes(folder: Path, codes: dict[str, str]) -> None:
    """Keep number → query code, for their owner's eyes."""
    keys.replace(folder / FILE, json.dumps(codes, indent=2).encode("ascii") + b"\n")


def told(folder: Path) -> list[str]:
    """One of the requests in words, to look up with; nothing where there are none."""
    path = folder / FILE
    if not path.exists():
        return []
    codes: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
    number, code = next(iter(codes.items()))
    return [f"演示申请（依申请公开 → 查询进度）：登记编号 {number}，查询码 {code}"]
