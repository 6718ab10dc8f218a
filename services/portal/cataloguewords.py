"""What the pages of the catalogue call things: columns, relations, questions, acts, states of bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gongkai.contracts.matters import COLUMNS

STANCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "adopted": "沿用",
        "adapted": "改写",
        "followed": "跟随更新",
        "added": "新增",
        "left_out": "不采用",
        "undecided": "待决定",
        "removed": "随上级取消",
    }
)
"""How a row stands to the catalogue above → the tab it lies under."""
LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {"guide": "国家指引", "city": "市标准", "county": "县标准", "township": "乡镇目录"}
)
"""Level of a catalogue → what the one below calls it."""
OWN: Final[Mapping[str, str]] = MappingProxyType(
    {"guide": "本指引", "city": "本市", "county": "本县", "township": "本镇"}
)
PHASES: Final[Mapping[str, str]] = MappingProxyType(
    {"none": "没有起草中的版本", "drafting": "起草中", "proposed": "待复核"}
)
BASIS_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "in_force": "现行有效",
        "amended": "已修改",
        "repealed": "已废止",
        "replaced": "已被替代",
        "unknown": "没有查明",
    }
)
BASIS_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "law": "法律",
        "regulation": "行政法规",
        "rule": "规章",
        "local": "地方性法规",
        "normative": "规范性文件",
        "other": "其他",
    }
)
MARKS: Final[Mapping[str, str]] = MappingProxyType(
    {"L": "在法条原文核对过", "F": "在公开网页核对过", "S": "本市方案所列", "M": "尚未核实"}
)
"""How well a fact of a basis is known."""


@dataclass(frozen=True, slots=True)
class DeedWords:
    """How something done with an edition is told."""

    slug: str
    label: str
    title: str
    explains: str
    consequences: Sequence[str]
    button: str
    done: str
    """Code of the notice afterwards."""
    text: str = ""
    """Name of the field that is asked for; empty: none."""
    asks: str = ""
    hint: str = ""
    grave: bool = False


DEEDS: Final[Mapping[str, DeedWords]] = MappingProxyType(
    {
        "open": DeedWords(
            "open", "起草新版", "起草新版目录", "从现行版本开始修改；上级有新版的，起草后再对照",
            ("起草期间公众看到的仍是现行版本；", "新版从现行版本开始，每次保存都留着，可以分几天改完；", "上级目录有新版的，起草后按“对照上级新版”，两边都改过的格子由您决定。"),
            "开始起草", "edition-opened",
        ),
        "take_upper": DeedWords(
            "take", "对照上级新版", "对照上级目录的新版", "让草稿改为对照上级目录刚发布的版本",
            ("没有改过的格子自动跟随上级的新写法；", "本级改过、上级也改了的格子，会列为“待决定”，您的写法不会丢；", "上级新增的事项等您决定沿用还是不采用，上级取消的事项等您决定删除还是保留。"),
            "对照新版", "edition-taken",
        ),
        "propose": DeedWords(
            "propose", "送复核", "送另一人复核", "写明改了什么，交另一位目录管理员复核",
            ("送复核以后不能再改，直到复核人退回；", "由另一位目录管理员复核并发布，您自己不能发布；", "公众还看不到。"),
            "送复核", "edition-proposed", "note", "送复核说明", "写明这一版主要改了什么、为什么，供复核人对照",
        ),
        "return": DeedWords(
            "return", "退回", "退回起草人", "写明理由，退给起草人修改",
            ("起草人会看到您写的理由，并可以继续修改；", "改好以后要重新送复核。"),
            "退回", "edition-returned", "reason", "退回的理由", "写明哪一项、要改什么", grave=True,
        ),
        "publish": DeedWords(
            "publish", "发布", "发布新版目录", "核对全部变化以后发布",
            ("今天起公众看到的就是新版，上一版按施行日期仍然可以查到；", "下级目录没有改过的格子会跟随，改过的格子由下级自己决定；", "各机关要公开的事项、要素和期限按新版计算，订阅目录变化的系统会收到通知；", "发布以后不能撤回，要改只能再起草新版。"),
            "发布新版", "edition-published",
        ),
        "discard": DeedWords(
            "discard", "放弃草稿", "放弃草稿", "不要这一版了，全部恢复成现行版本",
            ("这一版里保存过的修改、决定和新增的事项都不再保留，恢复成现行版本的样子；", "对照的上级版本也回到现行版本所对照的那一版；", "公众看到的不变；", "修改的经过和您写的理由留在日志里，但不能在页面上找回，要用只能重新改。"),
            "放弃草稿", "edition-discarded", "reason", "放弃的理由", "写明为什么不再继续，例如改错了地方、要等上级新版", grave=True,
        ),
    }
)  # fmt: skip
"""Act of an edition → its words, in the order of the panel."""
BY_SLUG: Final = {words.slug: code for code, words in DEEDS.items()}


def stance(code: str) -> str:
    """Name of a relation to the catalogue above."""
    return STANCES.get(code, code)


def column(field: str) -> str:
    """Name of a column of the official table."""
    return COLUMNS.get(field, field)


def edition_phase(code: str) -> str:
    """Name of the phase of a catalogue's next edition."""
    return PHASES.get(code, code)


def basis_state(code: str) -> str:
    """Name of a basis' state."""
    return BASIS_STATES.get(code, code)


def basis_kind(code: str) -> str:
    """Name of a kind of basis."""
    return BASIS_KINDS.get(code, code)


def basis_mark(code: str) -> str:
    """How well something is known, in words."""
    return MARKS.get(code, code)


FILTERS: Final = (stance, column, edition_phase, basis_state, basis_kind, basis_mark)
