"""What the staff's pages call things: phases, acts, outcomes, states. Codes are the services', words are ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PHASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "drafting": "起草中",
        "proposed": "待确认",
        "confirmed": "待公开",
        "published": "已公开",
        "discarded": "已废弃",
    }
)
"""Phase of a draft → its name in lists."""
PATH: Final = (("drafting", "起草"), ("proposed", "属性建议"), ("confirmed", "确认"), ("published", "公开"))
"""The way of a draft: phase → what is written at that step."""
STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "saved": "保存稿件",
        "proposed": "提出公开属性建议",
        "confirmed": "确认公开属性",
        "returned": "退回",
        "published": "公开",
        "discarded": "废弃",
    }
)
OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "published": "已公开",
        "revised": "已更新",
        "withdrawn": "已撤回",
        "unchanged": "没有变化",
        "rejected": "未接收",
    }
)
"""What became of what a department sent."""
MESSAGE_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "doubt": "存疑",
        "queued": "排队中",
        "sending": "正在发送",
        "sent": "已发出",
        "failed": "没有发成",
        "dropped": "不再发送",
    }
)
CHANNELS: Final[Mapping[str, str]] = MappingProxyType({"email": "邮件", "sms": "短信", "wechat": "微信"})
TEMPLATES: Final[Mapping[str, str]] = MappingProxyType(
    {"record.published": "新公开信息通知", "request.decided": "申请答复通知"}
)
DECISIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "was_sent": "已核实发出，不再发送",
        "send_again": "已核实没有发出，再发一次",
        "drop": "不再发送",
    }
)


@dataclass(frozen=True, slots=True)
class ActWords:
    """How one thing that can be done is told."""

    slug: str
    """Last part of its address; empty for one that has a page of its own."""
    label: str
    explains: str
    title: str = ""
    """Heading of the page that tells the consequences."""
    consequences: Sequence[str] = ()
    button: str = ""
    grave: bool = False
    done: str = ""
    """Code of the notice afterwards."""


ACTS: Final[Mapping[str, ActWords]] = MappingProxyType(
    {
        "draft.write": ActWords("edit", "编辑", "改标题、日期、事项、正文和附件"),
        "draft.propose": ActWords(
            "propose", "提出公开属性建议", "选公开属性并写明依据，交另一人确认", "提出公开属性建议",
            ("提出以后内容不能再改，直到复核员退回；", "由本机关另一人确认，您自己不能确认；", "还没有公开，公众看不到。"),
            "提出建议", done="proposed",
        ),
        "draft.confirm": ActWords(
            "confirm", "确认公开属性", "核对全文和依据以后确认", "确认公开属性",
            ("您的姓名和职务会作为确认人记入本条信息；", "确认以后可以公开，还没有公开；", "确认的是您刚才看到的内容，别人改过就要重新看。"),
            "确认", done="confirmed",
        ),
        "draft.return": ActWords(
            "return", "退回", "写明理由，退给起草人修改", "退回起草人",
            ("起草人会看到您写的理由，并可以修改；", "已经作出的建议和确认废弃，修改后重新提出。"),
            "退回", grave=True, done="returned",
        ),
        "draft.publish": ActWords(
            "publish", "公开", "立即对公众公开，并通知订阅的人", "公开这条信息",
            (
                "公众立刻可以看到、搜索到、下载；",
                "取得索引号和长期地址，公开日期记为今天；",
                "订阅了这类信息的人会收到通知，通知发出后不能收回；",
                "以后发现差错只能修订或者撤回，原地址会一直留有说明。",
            ),
            "现在公开", done="published",
        ),
        "draft.discard": ActWords(
            "discard", "废弃", "不再办理这份稿件", "废弃这份稿件",
            ("稿件不能再编辑、不能再公开；", "办理记录和理由保留。"),
            "废弃", grave=True, done="discarded",
        ),
    }
)  # fmt: skip
"""Act code of a draft → its words, in the order of the panel."""
BY_SLUG: Final = {words.slug: code for code, words in ACTS.items()}
RECORD_ACTS: Final[Mapping[str, str]] = MappingProxyType({"record.revise": "修订", "record.withdraw": "撤回"})


def phase(code: str) -> str:
    """Name of a draft's phase."""
    return PHASES.get(code, code)


def step(code: str) -> str:
    """What happened to a draft."""
    return STEPS.get(code, code)


def outcome(code: str) -> str:
    """What became of a department's report."""
    return OUTCOMES.get(code, code)


def message_state(code: str) -> str:
    """Name of a message's state."""
    return MESSAGE_STATES.get(code, code)


def channel(code: str) -> str:
    """Name of a channel."""
    return CHANNELS.get(code, code)


def message_template(code: str) -> str:
    """What a message tells."""
    return TEMPLATES.get(code, "验证码" if code.startswith("code.") else code)


FILTERS: Final = (phase, step, outcome, message_state, channel, message_template)
