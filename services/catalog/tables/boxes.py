"""The cell 公开渠道和载体: thirteen boxes as printed, and back to the text a row keeps.

A row keeps what was chosen (``■政府网站;■其他:办税服务厅``); the printed cell shows all thirteen boxes, ■ or □, and after
them the further channels of some domains. A □ of the thirteen says nothing that the row would have to keep.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from gongkai.contracts.matters import Channel
from services.catalog.domain.reading.channels import MAY, MUST, OTHER, boxes, read_channels, write_channels
from services.catalog.tables.faults import CellFault

_MARK: Final = re.compile(f"[{MUST}{MAY}]")
_OFFICIAL: Final = tuple(box.code for box in boxes() if box.official and box.code != OTHER)
_NAMES: Final = {box.code: box.name for box in boxes()}
_PAIR_WIDTH: Final = 8
"""A box of a pair takes so many full-width characters, so that the second ones stand under each other."""
_REMEMBERED: Final = 1024
"""Cells; a catalogue has some fifty different ones."""
_EDGE: Final = " \t\r\n\u3000;；、，,。"


@lru_cache(_REMEMBERED)
def print_boxes(kept: str) -> str:
    """The cell for what a row keeps; words without a box are printed as they are."""
    if _unmarked(kept) or not kept.strip():
        return kept
    channels = read_channels(kept).found
    lines: list[str] = []
    pair = ""
    for code in _OFFICIAL:
        text = _printed(_chosen(code, channels) or Channel(code=code, name=_NAMES[code], required=False))
        if pair:
            lines.append(pair.ljust(_PAIR_WIDTH, "　") + text)
            pair = ""
        elif len(text) > _PAIR_WIDTH:
            lines.append(text)
        else:
            pair = text
    if pair:
        lines.append(pair)
    further = [channel for channel in channels if channel.code not in {*_OFFICIAL, OTHER}]
    others = [channel for channel in channels if channel.code == OTHER and (channel.required or channel.text)]
    empty = [] if others else [Channel(code=OTHER, name=_NAMES[OTHER], required=False)]
    return "\n".join([*lines, *map(_printed, (*further, *others, *empty))])


@lru_cache(_REMEMBERED)
def read_boxes(cell: str, known: frozenset[str] = frozenset()) -> str | CellFault:
    """What a row keeps of a cell.

    Args:
        cell: its text, in the printed form or as a row keeps it.
        known: channels beyond the list that the catalogue uses already.
    """
    bare = _unmarked(cell)
    channels = [] if bare else [_spelt(channel) for channel in read_channels(cell).found]
    return _fault(bare, channels, known) or _kept(channels)


def _fault(bare: str, channels: list[Channel], known: Collection[str]) -> CellFault | None:
    if not channels:
        reason = f"“{bare}”前没有方框，无法判断是否选用" if bare else "没有写公开渠道"
        return CellFault(reason, "每个渠道前加■（选用）或□（未选），例如：■政府网站")
    strange = [channel.name for channel in channels if not channel.code and channel.name not in known]
    if strange:
        return CellFault(f"不认得渠道“{'”“'.join(strange)}”", _advice(strange[0]))
    chosen = {channel.name for channel in channels if channel.required}
    torn = sorted(
        {channel.name for channel in channels if not channel.required and channel.code != OTHER} & chosen
    )
    if torn:
        return CellFault(f"渠道“{'”“'.join(torn)}”既选了■又有□", "保留其中一个")
    if not chosen:
        return CellFault("没有选用任何渠道（全部是□）", "至少把一个□改为■")
    if any(channel.code == OTHER and channel.required and not channel.text for channel in channels):
        return CellFault("选了“其他”，没有写明是什么渠道", "写作：■其他：渠道名称")
    return None


def _kept(channels: Iterable[Channel]) -> str:
    said = [
        channel
        for channel in channels
        if channel.required or channel.text or channel.code not in {*_OFFICIAL, OTHER}
    ]
    return write_channels(dict.fromkeys(sorted(said, key=_place)))


def _chosen(code: str, channels: Iterable[Channel]) -> Channel | None:
    return next((channel for channel in channels if channel.code == code and channel.required), None)


def _printed(channel: Channel) -> str:
    return write_channels([channel]).replace("(", "（").replace(")", "）").replace(":", "：", 1)


def _spelt(channel: Channel) -> Channel:
    """As rows spell it: brackets of half width, no blanks within a name."""
    name = "".join(channel.name.split()).replace("（", "(").replace("）", ")")
    return channel.model_copy(update={"name": name, "text": " ".join(channel.text.split()).strip("_＿ ")})


def _unmarked(text: str) -> str:
    """The words before the first box, where there are any."""
    return _MARK.split(text, maxsplit=1)[0].strip(_EDGE)


def _place(channel: Channel) -> int:
    if channel.code in _OFFICIAL:
        return _OFFICIAL.index(channel.code)
    return len(_OFFICIAL) + (channel.code == OTHER)


def _advice(name: str) -> str:
    names = [known for code, known in _NAMES.items() if code != OTHER]
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"是否为“{close[0]}”？如确为另一渠道，写作：■其他：{name}" if close else f"写作：■其他：{name}"
