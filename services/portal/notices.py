"""What a page says after a form was taken: one line a code. Addresses carry the code, never the text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DONE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "logged-out": ("您已退出登录。", "公用电脑请关闭浏览器。"),
        "password": ("密码已更改。", "下次请用新密码登录。"),
        "saved": ("稿件已保存。", "还没有公开，只有本机关有相应角色的人能看到。"),
        "proposed": ("已提出公开属性建议。", "等待本机关另一人确认。"),
        "confirmed": ("公开属性已确认。", "可以公开了。"),
        "returned": ("已退回起草人。", "理由已记入办理记录。"),
        "published": ("已公开。", "公众现在就能在前台看到。"),
        "discarded": ("稿件已废弃。", "办理记录仍然保留。"),
        "withdrawn": ("信息已撤回。", "原地址现在只显示撤回日期、机关和理由。"),
        "settled": ("存疑消息已处理。", "决定和理由已记录。"),
        "edition-opened": ("新版已经开始起草。", "公众看到的仍是现行版本。"),
        "edition-taken": (
            "草稿已改为对照上级目录的新版。",
            "没有改过的格子已经跟随；要决定的列在“待决定”里。",
        ),
        "edition-proposed": ("已送复核。", "等待另一位目录管理员复核，这期间不能再改。"),
        "edition-returned": ("已退回起草人。", "理由已经记下。"),
        "edition-discarded": ("草稿已经放弃。", "已经恢复成现行版本，要修改请重新起草。"),
        "edition-published": ("新版目录已经发布。", "今天起公众看到的就是新版。"),
        "matter-saved": ("已保存这一项。", "还没有送复核，公众看不到。"),
        "matters-saved": ("改动都已保存。", "还没有送复核，公众看不到。"),
        "matters-adopted": ("所列各项都已沿用。", "还没有送复核，公众看不到。"),
        "table-imported": ("表格已导入草稿。", "下面是和现行版本不同的全部地方；还没有送复核，公众看不到。"),
        "basis-saved": ("依据的状态已保存。", "引用它的事项会按新的状态提醒各目录的管理员。"),
        "subject-assigned": ("已认定是哪个机关。", "这个机关的系统会收到变更，公众页也随之改过来。"),
        "village-saved": ("清单草稿已保存。", "还没有送复核，村民看不到。"),
        "village-model": ("已按示范清单起草。", "请按本村的实际逐项修改，再送复核。"),
        "village-proposed": ("已送复核。", "等待另一人确认公布，这期间不能再改。"),
        "village-returned": ("已退回起草人。", "理由已经记下。"),
        "village-published": ("村务公开清单已经公布。", "今天起村民看到的就是这一份。"),
        "case-receipt": ("已确认收到。", "答复期限从第二天起算，申请人看得到最迟答复日。"),
        "case-correction": ("收到日期已更正。", "最迟答复日已重新计算，原来的日期留在办理记录里。"),
        "case-search": ("检索记录已登记。", "可以据此答复“经检索不存在”。"),
        "case-disclose": ("已作出答复：予以公开。", "申请人凭查询码看得到，通知正在发送。"),
        "case-not-held": ("已作出答复：经检索不存在。", "申请人凭查询码看得到，通知正在发送。"),
        "case-erase": ("申请人信息已经永久删除。", "登记编号、办理经过和结果保留。"),
    }
)
"""Code → what happened, what follows."""
