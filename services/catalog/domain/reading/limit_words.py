"""The closed vocabulary of 公开时限: every word a clock may be read from. What is not here is flagged, never guessed.

A word is added here, with its line in the tests, when departments are seen to write it.
"""

from __future__ import annotations

from typing import Final

from gongkai.contracts.matters import Unit

TRIGGERS: Final[dict[str, tuple[str, ...]]] = {
    "formed_or_changed": (
        "形成或者变更", "形成或变更", "形成（变更）", "形成(变更)", "形成、变更", "形成及变更", "形成和变更", "形成/变更",
        "生成或者变更", "生成或变更", "产生或者变更", "产生或变更",
    ),
    "formed": ("形成", "生成", "产生"),
    "changed": ("发生变化", "发生变更", "发生变动", "变更", "变动", "调整"),
    "obtained": (
        "制定或获取", "制定或者获取", "制作或获取", "制作或者获取", "制作、获取", "制定、获取", "制作或保存", "获取", "获得",
    ),
    "decided": ("作出", "做出"),
    "approved": ("批准", "批复", "审批通过", "审议通过", "审核通过", "核准", "获批"),
    "received": ("收到", "接到"),
    "accepted": ("受理",),
    "issued": ("印发", "下达", "下发", "出台", "制发", "发文"),
    "published": ("公布", "发布", "公开", "公示"),
    "determined": ("确定", "认定", "评定"),
    "drafted": ("拟定", "拟订"),
    "signed": ("签订", "签署"),
    "paid": ("支付", "发放", "拨付", "到账"),
    "served": ("送达",),
    "completed": ("完成", "办结", "竣工", "验收合格", "竣工验收", "完工"),
    "started": ("开始", "启动", "开工", "施行", "实施"),
    "held": ("召开", "举行", "组织", "举办", "开展"),
    "ended": ("结束", "终了", "届满", "期满"),
    "dealt": ("成交",),
    "occurred": ("发生",),
}  # fmt: skip
"""What starts a clock, by its code; ``applied`` is ``received`` of an application."""

APPLICATION: Final = ("申请", "公开申请", "政府信息公开申请", "申请书", "申请表")

GENERIC: Final = frozenset({
    "", "信息", "该信息", "政府信息", "该政府信息", "相关信息", "有关信息", "相关政府信息", "公开信息", "公开事项信息", "事项信息",
    "公开事项", "事项", "本信息", "公开内容", "内容", "上述信息", "应公开信息", "主动公开信息", "各类信息", "此类信息", "该事项",
})  # fmt: skip
"""Words for the whole of what is disclosed: they narrow nothing."""

UNITS: Final[dict[str, Unit]] = {
    "工作日": "working_days",
    "自然日": "days",
    "日历日": "days",
    "日历天": "days",
    "日": "days",
    "天": "days",
    "小时": "hours",
    "星期": "weeks",
    "周": "weeks",
    "月": "months",
    "季度": "quarters",
    "年": "years",
}
"""工作日 and 日 are never mixed: each keeps its own unit."""

CYCLES: Final[dict[str, Unit]] = {
    "工作日": "working_days",
    "日": "days",
    "天": "days",
    "星期": "weeks",
    "周": "weeks",
    "月度": "months",
    "月": "months",
    "季度": "quarters",
    "季": "quarters",
    "年度": "years",
    "年": "years",
}

REALTIME: Final = ("实时", "即时", "随时", "立即", "立刻")
PROMPTLY: Final = ("及时", "第一时间", "尽快")
UPDATING: Final = ("动态调整", "动态更新")
"""Kept as the content changes: promptly, on its change."""
LONG_TERM: Final = ("长期", "常年")

ACTS: Final = ("公开", "公示", "公告", "公布", "发布", "披露", "更新", "答复", "上墙", "张贴")
TAILLESS: Final = frozenset({"formed_or_changed", "formed", "changed", "obtained", "decided", "issued"})
"""Triggers that may stand right before their number: 信息形成20个工作日内. 公示7个工作日内 is not one of them."""

NARROWING: Final = frozenset({"formed_or_changed", "formed", "changed", "obtained", "decided"})
"""Triggers whose event is itself disclosed, so that beside a clock for everything it says for which part this one is."""

ADVERBS: Final = ("实地", "正式", "经", "依法")
"""Words before an event that do not name it."""

DISPLAYS: Final = (
    "公示期限", "公示时间", "公示时限", "公示期", "公示", "公告期限", "公告时间", "公告期", "公告", "公开期限", "公开时间", "公开期",
    "展示时间", "展示期", "张贴时间", "挂网时间", "期限", "时间",
)  # fmt: skip
"""What has a least length; of them these add nothing to which part it is:"""
BARE_DISPLAYS: Final = ("期限", "时间", "时限", "期")

DISPLAYED: Final = (
    "征求意见",
    "意见征求",
    "征集意见",
    "意见征集",
    "听取意见",
    "披露信息",
    "信息披露",
    "披露",
)
"""What a bare 期限 or 时间 must follow to be a display's: 审批时间 is none."""

UNSURE_DISPLAYS: Final = ("公开期限", "公开时间", "公开期")
"""Without 不少于 these may as well say by when."""

SCOPE_ENDS: Final = (
    "信息", "结果", "决定", "决定书", "事项", "内容", "名单", "情况", "质量", "数据", "文件", "材料", "公告", "公示", "方案", "指南",
    "标准", "目录", "清单", "计划", "预算", "决算", "预决算", "报告", "通知书", "停水", "停电", "停气", "收支", "账目", "指标",
    "政策", "规划", "解读", "草案", "其他", "部分", "类", "款物",
)  # fmt: skip
"""How a part of the content may end that stands right before its clock without a colon."""

FORBIDDEN: Final = (
    "原则", "一般在", "一般应", "一般不", "一般于", "可以", "可在", "可于", "不得", "不少", "不超", "如", "若", "超过", "延长", "尽量", "适时", "或在", "以内",
    "之内", "以上", "以下", "左右", "约", "除外", "除非", "未", "无法", "不属", "不涉", "不含", "按照", "按规定", "依据", "根据", "工作日", "小时", "每",
    "及时", "实时", "即时", "随时", "长期", "提前", "之前", "之后", "以后", "最迟", "最长", "最晚", "至少", "至迟", "当日", "当天",
    "次日", "另行", "酌情", "需要", "不予", "不公开", "暂不", "内公开",
)  # fmt: skip
"""Words that qualify a clock: a part or an event whose words hold one of them is not just a name, so it is flagged."""
