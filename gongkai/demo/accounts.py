"""The demo's people and where their passwords are kept: on this machine, readable by its owner alone.

They are the only accounts that come with the platform, and only the embedded demo has them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import yaml

from gongkai.demo.records import demo_organs
from gongkai.security import keys
from gongkai.security.permissions import ROLE_NAMES, Role

FILE: Final = "demo-accounts.json"
"""In the folder of keys."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody invented, with one role at one place."""

    login: str
    name: str
    post: str
    organ: str
    role: str
    at: str
    """An organ's code, or a division's twelve digits."""


def demo_people() -> list[DemoPerson]:
    """The people of the demo, as the data file lists them."""
    rows = yaml.safe_load((files("gongkai.demo") / "staff.yaml").read_text(encoding="utf-8"))["staff"]
    return [DemoPerson(**row) for row in rows]


def kept_passwords(folder: Path) -> dict[str, str]:
    """Login → password, as kept in the folder of keys; empty where the demo was never loaded."""
    path = folder / FILE
    stored: dict[str, str] = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
    return stored


def keep_passwords(folder: Path, passwords: dict[str, str]) -> None:
    """Keep them, for their owner's eyes."""
    keys.replace(folder / FILE, json.dumps(passwords, indent=2).encode("ascii") + b"\n")


def made_passwords(folder: Path, make: Callable[[], str]) -> dict[str, str]:
    """Login → password of everybody; made and kept where there was none, so that a broken-off load goes on with them."""
    kept = kept_passwords(folder)
    passwords = {person.login: kept.get(person.login) or make() for person in demo_people()}
    if passwords != kept:
        keep_passwords(folder, passwords)
    return passwords


def told(folder: Path) -> list[str]:
    """The accounts in words for whoever started the demo; nothing where there are none."""
    kept = kept_passwords(folder)
    if not kept:
        return []
    width = max(map(len, kept))
    organs = {organ.code: organ.name.removesuffix("（演示）") for organ in demo_organs()}
    lines = ["演示账号（仅本机演示，正式安装中没有；密码随机生成，自行修改后以修改后的为准）："]
    for person in demo_people():
        if person.login in kept:
            role = ROLE_NAMES[Role(person.role)].ljust(6, "　")
            account = f"{person.login.ljust(width)}  {kept[person.login]}"
            lines.append(f"  {role} {account}  {organs[person.organ]}")
    return lines
