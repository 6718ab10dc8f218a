"""The cell 公开渠道和载体: thirteen boxes as printed, and back to the text a row keeps.

A row keeps what was chosen (``■政府网站;■其他:办税服务厅``); the printed cell shows all thirteen boxes, ■ or □, and after
them the further channels of some domains. A □ of the thirteen says nothing that the row would have to keep.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from services.catalog.tables.faults import CellFault

CHOSEN: Final = "■"
OPEN: Final = "□"
OTHER: Final = "其他"
BOXES: Final = (
    "政府网站", "政府公报", "两微一端", "发布会/听证会", "广播电视", "纸质媒体", "公开查阅点", "政务服务中心", "便民服务站",
    "入户/现场", "社区/企事业单位/村公示栏(电子屏)", "精准推送", OTHER,
)  # fmt: skip
EXTRAS: Final = frozenset(
    {
        "部门网站", "管理部门网站", "征地信息公开平台", "投资项目在线审批监管平台", "公共资源交易平台", "信用中国网站", "信用中国",
        "招标投标公共服务平台", "招投标公共服务平台", "中国政府采购网及其地方分网", "办税服务厅", "12345政务服务热线",
    }
)  # fmt: skip
"""Channels of single domains, met in the standard guides."""

_MARK: Final = re.compile(r"([■☑☒◼▇√✓✔□☐◻▢])")
_CHOSEN_MARKS: Final = frozenset("■☑☒◼▇√✓✔")
_ROW_OF: Final = 2
_PAIR_WIDTH: Final = 8
"""A box of a pair takes so many full-width characters, so that the second ones stand under each other."""


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    chosen: bool
    text: str = ""

    def kept(self) -> str:
        return f"{CHOSEN if self.chosen else OPEN}{self.name}{':' + self.text if self.text else ''}"

    def printed(self) -> str:
        return self.kept().replace("(", "（").replace(")", "）").replace(":", "：", 1)


def print_boxes(kept: str) -> str:
    """The cell for what a row keeps; words without a box are printed as they are."""
    boxes = list(_parse(kept))
    if _unmarked(kept) or not boxes:
        return kept
    lines: list[str] = []
    pair = ""
    for name in BOXES[:-1]:
        chosen = any(box.name == name and box.chosen for box in boxes)
        text = _Box(name, chosen).printed()
        if pair:
            lines.append(pair.ljust(_PAIR_WIDTH, "　") + text)
            pair = ""
        elif len(text) > _PAIR_WIDTH:
            lines.append(text)
        else:
            pair = text
    if pair:
        lines.append(pair)
    further = [box for box in boxes if box.name not in BOXES]
    others = [box for box in boxes if box.name == OTHER and (box.chosen or box.text)] or [
        _Box(OTHER, chosen=False)
    ]
    return "\n".join([*lines, *(box.printed() for box in (*further, *others))])


def read_boxes(cell: str, known: Collection[str] = ()) -> str | CellFault:
    """What a row keeps of a cell.

    Args:
        cell: its text, in the printed form or as a row keeps it.
        known: channels beyond the thirteen that the catalogue uses already.
    """
    boxes = list(_parse(cell))
    bare = _unmarked(cell)
    if bare or not boxes:
        reason = f"“{bare}”前没有方框，无法判断是否选用" if bare else "没有写公开渠道"
        return CellFault(reason, "每个渠道前加■（选用）或□（未选），例如：■政府网站")
    allowed = {*BOXES, *EXTRAS, *known}
    strange = [box.name for box in boxes if box.name not in allowed]
    if strange:
        return CellFault(f"不认得渠道“{'”“'.join(strange)}”", _advice(strange[0]))
    torn = sorted(
        {box.name for box in boxes if box.name != OTHER}
        & {box.name for box in boxes if box.chosen}
        & {box.name for box in boxes if not box.chosen}
    )
    if torn:
        return CellFault(f"渠道“{'”“'.join(torn)}”既选了■又有□", "保留其中一个")
    chosen = [box for box in boxes if box.chosen]
    if not chosen:
        return CellFault("没有选用任何渠道（全部是□）", "至少把一个□改为■")
    if any(box.name == OTHER and not box.text for box in chosen):
        return CellFault("选了“其他”，没有写明是什么渠道", "写作：■其他：渠道名称")
    kept = [box for box in boxes if box.chosen or box.name not in BOXES]
    return ";".join(dict.fromkeys(box.kept() for box in sorted(kept, key=_place)))


def _parse(text: str) -> Iterator[_Box]:
    parts = _MARK.split(text)
    for mark, words in zip(parts[1::2], parts[2::2], strict=True):
        plain = (
            words.replace("（", "(").replace("）", ")").replace("：", ":").strip(" \u3000\n\r\t;；、,，。")
        )
        name, _, rest = plain.partition(":")
        name = "".join(name.split())
        if name == OTHER:
            yield _Box(OTHER, mark in _CHOSEN_MARKS, " ".join(rest.split()).strip("_ "))
        else:
            yield _Box(_usual("".join(plain.split())), mark in _CHOSEN_MARKS)


def _unmarked(text: str) -> str:
    """The words before the first box, where there are any."""
    return _MARK.split(text, maxsplit=1)[0].strip(" \u3000\n;；、")


def _usual(name: str) -> str:
    """Spellings of the one long box that are met."""
    if name.startswith("社区/企事业单位/村") and "公示栏" in name:
        return BOXES[10]
    return {"发布会、听证会": "发布会/听证会", "入户、现场": "入户/现场"}.get(name, name)


def _place(box: _Box) -> int:
    return BOXES.index(box.name) if box.name in BOXES[:-1] else len(BOXES) + (box.name == OTHER)


def _advice(name: str) -> str:
    close = get_close_matches(name, [*BOXES[:-1], *EXTRAS], n=1, cutoff=0.6)
    return f"是否为“{close[0]}”？如确为另一渠道，写作：■其他：{name}" if close else f"写作：■其他：{name}"
