"""Every reason of publishing in one table: code → field, text in Chinese, article. Texts never repeat what was sent.

The same codes list what a migrated record lacks (its defects); a defect is told by the same text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from gongkai.refusal import Reason


@dataclass(frozen=True, slots=True)
class Told:
    """How one reason is told."""

    field: str
    message_zh: str
    article: str = ""


_BY = "《政府信息公开条例》第"

REASONS: Final[Mapping[str, Told]] = MappingProxyType(
    {
        # the envelope
        "event.unreadable": Told(
            "", "数据不是 JSON 对象，无法读取。请检查编码（UTF-8）后以新的事件编号重发。"
        ),
        "event.type-unknown": Told("ce-type", "事件类型不认识，或与发送的主题不符。请对照接入指南填写。"),
        "event.id-missing": Told("ce-id", "事件没有编号，无法答复。请给每个事件一个编号。"),
        "event.id-reused": Told("ce-id", "这个事件编号已用于另一内容。修改后的内容请用新的编号发送。"),
        "event.stale": Told("ce-time", "本记录已登记更新的一次报送，这个较早的事件不再适用。"),
        "field.malformed": Told("", "字段的类型不对。请对照接入指南填写。"),
        "field.too-long": Told("", "字段过长。请缩短后重发。"),
        # who
        "organ.missing": Told("organ", "缺少发布机关。", _BY + "十条"),
        "organ.mismatch": Told(
            "organ", "发布机关与发送主题的机关不一致；机关只能报送本机关的政府信息。", _BY + "十条"
        ),
        "organ.unknown": Told("organ", "发布机关尚未在平台登记。请先由管理员登记机关。"),
        "organ.ended": Told("organ", "本机关已撤并，不再以本机关名义公开信息。请由承继其职能的机关报送。"),
        "record.missing": Told("record", "缺少本机关对该信息的编号（record）。"),
        "record.unknown": Told("record", "本机关没有报送过这个编号的信息。"),
        # the header
        "title.missing": Told("title", "缺少名称（标题）。", _BY + "十二条"),
        "division.missing": Told("division", "缺少所属区划。"),
        "division.unknown": Told("division", "所属区划不在区划表中。"),
        "division.outside": Told("division", "所属区划不是本机关的区划，也不在其辖区内。", _BY + "十条"),
        "division.ended": Told("division", "所属区划已撤并。请改填并入的区划。"),
        "kind.missing": Told("kind", "缺少信息种类。"),
        "kind.unknown": Told("kind", "信息种类不在种类表中。"),
        "formed-on.missing": Told("formed_on", "缺少生成（成文）日期。", _BY + "十二条"),
        "formed-on.unreadable": Told("formed_on", "生成（成文）日期无法识别。请写成 2026-11-23 这样的形式。"),
        "formed-on.future": Told("formed_on", "生成（成文）日期晚于今天。"),
        "attribute.missing": Told("attribute", "缺少公开属性。公开属性应当在源头确定。", _BY + "十三条"),
        "attribute.unknown": Told(
            "attribute", "公开属性只有主动公开、依申请公开、不予公开三种。", _BY + "十三条"
        ),
        "attribute.on-request": Told(
            "attribute", "依申请公开的信息不通过本渠道发布，申请人提出申请时再提供。", _BY + "十三条"
        ),
        "attribute.withheld": Told(
            "attribute", "不予公开的信息不得发布。请撤回并按保密要求处理。", _BY + "十四条"
        ),
        "ground.missing": Told(
            "ground", "缺少确定公开属性的理由。请写明依据的法律、法规，写到条、款、项。", _BY + "十七条"
        ),
        "confirmer.missing": Told("confirmer", "缺少公开属性的确认人（姓名和职务）。", _BY + "十七条"),
        "confirmer.name-missing": Told("confirmer.name", "缺少公开属性确认人的姓名。", _BY + "十七条"),
        "confirmer.post-missing": Told("confirmer.post", "缺少公开属性确认人的职务。", _BY + "十七条"),
        "matter.unknown": Told("matter", "所填公开事项不在现行的公开事项目录中。"),
        "matter.retired": Told(
            "matter",
            "所填公开事项已从现行的公开事项目录中取消，或者本级目录未收录。请查询现行目录，改填相应的事项。",
        ),
        "elements.missing": Told(
            "elements", "缺少所填公开事项要求的公开内容要素。请查询该事项的要素，写明后以新的事件编号重发。"
        ),
        "elements.unknown": Told("elements", "所填公开事项没有这个要素。请改用目录中的要素名称，或者删去。"),
        "elements.too-long": Told("elements", "要素的内容过长。请写明要点，全文放入正文。"),
        "elements.too-many": Told("elements", "要素过多。请只填写所填公开事项的要素。"),
        "elements.without-matter": Told(
            "elements", "填写了要素，却没有填写公开事项，无从核对。请补填公开事项。"
        ),
        "elements.unstated": Told(
            "elements", "没有逐项填写所填公开事项要求的公开内容要素，未能核对内容是否齐全。请对照目录补充。"
        ),
        # figures
        "facts.without-matter": Told(
            "facts",
            "填写了数字，却没有填写现行目录中的公开事项，无从与上下级的同一事项对照。请补填公开事项，或者删去数字。",
        ),
        "facts.too-many": Told("facts", "数字超过 500 行。请分成几条信息报送。"),
        "facts.more": Told("facts", "其余各行还有不合要求的地方，这里只列出前 100 处。请改好后再核对。"),
        "facts.place-unknown": Told(
            "facts", "数字的地区不在区划表中。请填 12 位区划代码，或者留空（即本信息的所属区划）。"
        ),
        "facts.place-outside": Told(
            "facts", "数字的地区不是本信息的所属区划，也不在其范围内。请改填，或者由该地区的机关报送。"
        ),
        "facts.period-missing": Told(
            "facts", "数字没有写明是哪一年、哪一季度或哪一月的。请填写时间，如 2026-Q3。"
        ),
        "facts.period-unreadable": Told(
            "facts", "数字的时间无法识别。年写作 2026，季度写作 2026-Q3，月写作 2026-09。"
        ),
        "facts.twice": Told("facts", "同一地区、同一时间的数字填了两次，不知以哪一行为准。请合为一行。"),
        "facts.nothing": Told("facts", "这一行没有数字。金额、人数、户数、日期至少填一项，或者删去这一行。"),
        "facts.amount-unreadable": Told(
            "facts",
            "金额无法识别。请用文本写出以元为单位的数，如 5400 或 5400.50，不写“元”“万元”和货币符号。",
        ),
        "facts.amount-parted": Told("facts", "金额带有千位分隔符。请去掉分隔符，5,400 写作 5400。"),
        "facts.amount-decimals": Told("facts", "金额的小数多于两位。请写到分，如 5400.50。"),
        "facts.amount-negative": Told(
            "facts", "金额不能为负数。退回或者扣减的，请填实际发放的净额，并在正文说明。"
        ),
        "facts.amount-large": Told("facts", "金额超过 15 位数。请核对单位，金额以元计。"),
        "facts.count-unreadable": Told("facts", "人数、户数应当是整数，如 58，不带单位和分隔符。请改写。"),
        "facts.count-negative": Told("facts", "人数、户数不能为负数。请填实际的数。"),
        "facts.count-large": Told("facts", "人数、户数超过 9 位数。请核对。"),
        "facts.on-unreadable": Told("facts", "数字的日期无法识别。请写成 2026-11-23 这样的形式。"),
        "facts.on-future": Told(
            "facts", "数字的日期晚于今天。请填已经办理（发放、决定）的日期，还没有办理的留空。"
        ),
        "domain.unknown": Told("domain", "所填领域不在现行的公开事项目录中。"),
        "domain.mismatch": Told("domain", "所填领域与公开事项所属的领域不一致。"),
        "doc-number.nonstandard": Told(
            "doc_number",
            "发文字号不合规范。应为机关代字、六角括号内的四位年份、序号和“号”，如 宿政办〔2026〕28号。",
        ),
        "doc-number.missing": Told("doc_number", "规范性文件没有发文字号。"),
        "effective-on.unreadable": Told("effective_on", "施行日期无法识别。请写成 2026-11-23 这样的形式。"),
        "expires-on.unreadable": Told("expires_on", "失效日期无法识别。请写成 2026-11-23 这样的形式。"),
        "expires-on.before-effective": Told("expires_on", "失效日期早于施行日期。"),
        "validity.unknown": Told("validity", "有效性的写法不在有效性表中。"),
        "validity.missing": Told("validity", "没有注明有效性。"),
        "published-on.missing": Told("published_on", "缺少原发布日期，以进入本平台的日期代替。"),
        "published-on.unreadable": Told("published_on", "原发布日期无法识别，以进入本平台的日期代替。"),
        "published-on.future": Told("published_on", "原发布日期晚于今天，以进入本平台的日期代替。"),
        "provenance.unknown": Told("provenance", "来源只有 live（新发布）和 migration（历史迁移）两种。"),
        "personal.identity-number": Told("", "含有居民身份证号码，不得公开。请删除后重发。", _BY + "十五条"),
        "personal.mobile-number": Told(
            "", "含有手机号码，不得公开。请删除或改用办公电话后重发。", _BY + "十五条"
        ),
        # content
        "content.nothing": Told(
            "body", "既没有正文也没有附件，公开后读者什么也看不到。请写正文，或者上传附件。", _BY + "十二条"
        ),
        "content.ambiguous": Told("body", "正文或附件应当恰好给出 text、base64、digest 三者之一。"),
        "content.base64": Told("body", "正文或附件的 base64 编码无法解开。"),
        "content.too-large": Told(
            "body", "随事件发送的正文和附件合计超过 256 KiB。请先上传文件，再在事件中填写其摘要（digest）。"
        ),
        "content.media-type": Told("body", "缺少正文或附件的媒体类型（media_type），或写法不对。"),
        "content.digest": Told("body", "摘要（digest）应当是 64 位小写十六进制的 SHA-256。"),
        "content.not-uploaded": Told("body", "平台没有这个摘要的文件。请先上传文件，再以新的事件编号重发。"),
        "content.destroyed": Told(
            "body", "这份内容已因保护隐私或秘密被永久销毁，不得再次发布。", _BY + "十五条"
        ),
        "attachment.name-missing": Told("attachments", "附件没有名称。"),
        # withdrawal and destruction
        "reason.missing": Told("reason", "缺少理由。请写明为什么，写清依据。"),
        "on.unreadable": Told("on", "撤回日期无法识别。请写成 2026-11-23 这样的形式。"),
        "on.future": Told("on", "撤回日期晚于今天。"),
        "digest.unknown": Told("digest", "平台没有这个摘要的内容。"),
        # drafts
        "draft.stale": Told(
            "expected_version", "稿件刚被别人改过，您看到的不是最新内容。请重新打开稿件，核对后再办理。"
        ),
        "draft.frozen": Told("", "稿件已送复核，内容不能再改。请复核员退回后再修改。"),
        "draft.not-proposed": Told(
            "", "还没有提出公开属性建议，无从复核。请编辑先提出建议。", _BY + "十七条"
        ),
        "draft.already-proposed": Told("", "公开属性建议已经提出。要改建议，请复核员先退回。"),
        "draft.already-confirmed": Told("", "公开属性已经确认，不必再次确认。"),
        "draft.own-proposal": Told(
            "", "公开属性由您本人提出，不能由您本人确认。请另一位复核员确认。", _BY + "十七条"
        ),
        "draft.not-confirmed": Told(
            "", "公开属性尚未经另一人确认，不能发布。请先送复核，由复核员确认。", _BY + "十七条"
        ),
        "draft.published": Told("", "稿件已发布，不能再办理。要改动内容，请修订已发布的信息。"),
        "draft.discarded": Told("", "稿件已废弃，不能再办理。如需发布，请另写新稿。"),
        "draft.organ-fixed": Told("organ", "稿件的发布机关不能更换。请在另一机关名下另写新稿。"),
        "draft.two-bodies": Told(
            "body_text", "正文既填写了文字，又带有正文文件，只能有一种。请删去其中一种。"
        ),
        "draft.body-too-long": Told("body_text", "正文文字超过 1 MiB。请缩短，或改为上传文件。"),
        "draft.record-changed": Told(
            "",
            "原信息在本稿打开之后已有变动（被报送、修订或撤回），本稿不能覆盖它。请废弃本稿，从最新的信息重新修订。",
        ),
        "command.reused": Told("command_id", "这个命令编号已用于另一内容。请重新打开页面后再办理。"),
        "draft.unchanged": Told("", "稿件与已发布的内容相同，没有可发布的改动。请修改后再送审，或废弃本稿。"),
        "record.withdrawn": Told("", "该信息已撤回。如需再次公开，请另写新稿。"),
        "record.being-revised": Told("", "该信息已有一份未办结的修订稿。请先办结或废弃那份修订稿。"),
    }
)


def reason(code: str, field: str | None = None) -> Reason:
    """The reason of a code, about its usual field unless another is named."""
    told = REASONS[code]
    return Reason(code, told.message_zh, told.field if field is None else field, told.article)


def organ_ended(heir: str, name: str) -> Reason:
    """An organ that is no longer there; whoever sends learns who stands in its place."""
    return replace(
        reason("organ.ended"),
        message_zh=f"本机关已撤并，不再以本机关名义公开信息。请由承继其职能的{name}（{heir}）报送。",
    )
