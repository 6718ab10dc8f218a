"""公开渠道和载体: the boxes of the official table, with ■ must and □ may.

The channels are rows of ``channels.csv`` beside this module, each with its source: the thirteen boxes of the
national tables, what some domains add to them, and what villages use.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from gongkai.contracts.matters import Channel
from services.catalog.domain.reading.pieces import Reading, plain, quoted, tidy

MUST: Final = "■☑☒√✓✔●"
MAY: Final = "□☐○〇"
OTHER: Final = "other"

_MARK: Final = re.compile(f"([{MUST}{MAY}])")
_UNMARKED: Final = re.compile(r"[、，,;；\n]+")
_EDGE: Final = " \t\r\n\u3000;；、，,。"
_OTHER: Final = re.compile(
    r"^(其他|其它)(?:\s*[:：]\s*(?P<after>.*)|\s*[（(](?P<inside>.*)[）)]|[_＿\s]*)$", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Box:
    """One channel of the list."""

    code: str
    name: str
    official: bool
    """One of the thirteen boxes of the national tables."""
    source: str
    """Where the channel is named."""


@cache
def boxes() -> tuple[Box, ...]:
    """Give the list of channels, the thirteen official ones first, in the order of the printed table."""
    return tuple(Box(row["code"], row["name"], row["official"] == "1", row["source"]) for row in _table())


def read_channels(text: str) -> Reading[Channel]:
    """Read the boxes of a cell.

    ``name`` is the channel's name as the cell writes it, ``code`` says which one it is. A channel that is not in
    the list keeps its name, has no code and is flagged. Names without any box are read as ■: the table lists them.
    """
    found: list[Channel] = []
    flags: list[str] = []
    for required, words in _items(text):
        if required is None:
            flags.append(f"公开渠道和载体中{quoted(words)}前没有■或□，无法判断是否选用，未计入；请加上标记。")
            continue
        channel = _channel(words, required=required)
        found.append(channel)
        if not channel.code:
            flags.append(
                f"公开渠道和载体中{quoted(words)}不在渠道名录内，已按原文保留；请改用名录中的名称或写入“其他”。"
            )
    if not found and not flags:
        flags.append("公开渠道和载体没有填写；请选用至少一个渠道。")
    return Reading(tuple(found), tuple(flags))


def write_channels(channels: Iterable[Channel]) -> str:
    """Write a cell that reads as these channels."""
    return ";".join(
        f"{'■' if channel.required else '□'}{channel.name}{f':{channel.text}' if channel.text else ''}"
        for channel in channels
    )


def _items(text: str) -> Iterator[tuple[bool | None, str]]:
    before, *marked = _MARK.split(text)
    if not marked:
        for words in filter(None, (piece.strip(_EDGE) for piece in _UNMARKED.split(text))):
            yield True, tidy(words)
        return
    if before.strip(_EDGE):
        yield None, before.strip(_EDGE)
    for mark, words in zip(marked[::2], marked[1::2], strict=True):
        if words.strip(_EDGE):
            yield mark in MUST, tidy(words.strip(_EDGE))


def _channel(words: str, *, required: bool) -> Channel:
    if other := _OTHER.match(words):
        says = (other["after"] or other["inside"] or "").strip()
        return Channel(code=OTHER, name=other[1], required=required, text=says)
    return Channel(code=_codes().get(_key(words), ""), name=words, required=required)


@cache
def _codes() -> dict[str, str]:
    return {
        _key(name): row["code"]
        for row in _table()
        for name in (row["name"], *row["aliases"].split("|"))
        if name
    }


def _key(name: str) -> str:
    return plain(name).replace("(", "（").replace(")", "）").replace("／", "/")  # noqa: RUF100


def _table() -> Iterator[dict[str, str]]:
    text = files(__package__).joinpath("channels.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))
