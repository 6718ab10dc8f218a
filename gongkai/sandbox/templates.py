"""The templates the simulated providers know, and what each kind of parameter may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, cast

import yaml

OTHERS_LIMIT: Final = 35
THING_LIMIT: Final = 20
CHARACTER_STRING_LIMIT: Final = 32
LINK: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
CLOCK_TIME: Final = re.compile(
    r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})?\s*(\d{1,2}:\d{2}(:\d{2})?)?"
)


@dataclass(frozen=True, slots=True)
class Template:
    """One approved template."""

    code: str
    name: str
    text: str
    params: Mapping[str, str]
    """Parameter name → kind."""

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text a person would read."""
        text = self.text
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value).replace(f"{{{{{name}.DATA}}}}", value)
        return text


def load_templates(channel: str) -> dict[str, Template]:
    """Return the templates of ``sms`` or ``wechat`` by code."""
    rows = yaml.safe_load((files("gongkai.sandbox") / "templates.yaml").read_text("utf-8"))[channel]
    return {
        code: Template(code, row["name"], row["text"], cast("Mapping[str, str]", row["params"]))
        for code, row in rows.items()
    }


def _captcha(value: str) -> str | None:
    if not 4 <= len(value) <= 6:  # noqa: PLR2004 - the published limits
        return "length"
    return None if value.isascii() and value.isdecimal() else "content"


def _others(value: str) -> str | None:
    if not 1 <= len(value) <= OTHERS_LIMIT:
        return "length"
    return "link" if LINK.search(value) else None


def _thing(value: str) -> str | None:
    return None if 1 <= len(value) <= THING_LIMIT else "length"


def _character_string(value: str) -> str | None:
    if not 1 <= len(value) <= CHARACTER_STRING_LIMIT:
        return "length"
    return None if value.isascii() and value.isprintable() else "content"


def _time(value: str) -> str | None:
    return None if value.strip() and CLOCK_TIME.fullmatch(value.strip()) else "content"


KINDS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "captcha": _captcha,
    "others": _others,
    "thing": _thing,
    "character_string": _character_string,
    "time": _time,
}


def fault_of(kind: str, value: str) -> str | None:
    """Return what is wrong with a parameter: ``length``, ``content``, ``link``, or None."""
    return KINDS[kind](value)
