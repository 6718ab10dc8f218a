"""The editor of a village's list as a form: its rows read back, one more or one less, and what each deed means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from services.portal.forms import Form

TEXTS: Final = (
    "id", "kind", "level1", "level2", "elements", "cycle", "channels", "basis", "matter", "unmatched", "mark",
)  # fmt: skip
NUMBERS: Final = ("month", "day")
FIELDS: Final = MappingProxyType(
    {
        "kind": "法定类别", "level1": "一级事项", "level2": "二级事项", "elements": "公开内容（要素）", "cycle": "公开周期", "month": "固定月份",
        "day": "固定日", "channels": "公开渠道", "basis": "公开依据", "matter": "对应的上级事项", "unmatched": "不对应的原因",
    }
)  # fmt: skip
MOST_FIELDS: Final = 4000
"""200 items of 14 fields, and what stands around them."""
_LONGEST_NUMBER: Final = 3
_NO_NUMBER: Final = 99
"""Stands for what is no number: catalog says so beside its cell."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done with a list as a whole."""

    label: str
    title: str
    consequences: Sequence[str]
    done: str
    text: str = ""
    """Name of the field that is asked for; empty: none."""
    asks: str = ""
    hint: str = ""
    grave: bool = False


DEEDS: Final[Mapping[str, Deed]] = MappingProxyType(
    {
        "propose": Deed(
            "送复核", "送另一人复核",
            ("送复核以后不能再改，直到复核人退回；", "由另一位有复核员或者目录管理员角色的人确认公布，您自己不能确认；", "村民还看不到。"),
            "village-proposed", "note", "说明（可不填）", "写明改了什么、村民会议或者村民代表会议是否讨论过",
        ),
        "return": Deed(
            "退回", "把清单退回起草人", ("起草人会看到您写的理由，并可以继续修改；", "改好以后要重新送复核。"),
            "village-returned", "reason", "退回的理由", "写明哪一项、要改什么", grave=True,
        ),
        "publish": Deed(
            "确认公布", "确认并公布清单",
            ("今天起村民看到的就是这一份，以前的清单按编号仍然可以查到；", "各项的下一个公开日按新清单计算；", "公布以后不能撤回，要改只能再起草一份。"),
            "village-published",
        ),
    }
)  # fmt: skip


def items_in(form: Form) -> list[pb.VillageItem]:
    """Read the rows of the form, in the order they stood."""
    return [_item(form, number) for number in form.all("row") if number.isascii() and number.isdecimal()]


def pressed(form: Form, items: Sequence[pb.VillageItem]) -> list[pb.VillageItem] | None:
    """Give the rows after 增加 or 删除 was pressed; None where it was another button."""
    act, _, at = form.text("do").partition("|")
    if act == "add":
        return [*items, pb.VillageItem(cycle="quarterly")]
    if act == "remove" and at.isdecimal():
        return [item for number, item in enumerate(items) if number != int(at)]
    return None


def _item(form: Form, number: str) -> pb.VillageItem:
    texts = {name: form.text(f"{name}-{number}") for name in TEXTS}
    # 上级事项 is chosen from a list whose entries are "m-20-005 低保对象"
    texts["matter"] = texts["matter"].partition(" ")[0]
    month, day = (_number(form.text(f"{name}-{number}")) for name in NUMBERS)
    item = pb.VillageItem(month=month, day=day)
    for name, text in texts.items():
        setattr(item, name, text)
    return item


def _number(text: str) -> int:
    if not text:
        return 0
    plain = text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER
    return int(text) if plain else _NO_NUMBER
