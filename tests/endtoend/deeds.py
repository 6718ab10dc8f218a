"""What people do before the platform's pages, page after page, by keyboard; each page is looked at on the way."""

from __future__ import annotations

from typing import Final

from gongkai.serving.clock import legal_day, utc_now
from tests.endtoend.people import Look, Person

ORGAN_NAME: Final = "灵璧县渡口管理所（演示）"
DOMAIN: Final = "公共文化服务"
GROUND: Final = "条例第二十条第（八）项"
APPLICANT: Final = "王秀兰（演示）"
IDENTITY: Final = "341323195603021525"
TEXT: Final = "第一章　总则\n第一条　为了方便夜间过河，制定本安排。\n第二条　渡口在夏季开放到二十二时。"
REPLY: Final = "验收报告\n工程质量合格，共修缮候船室 3 间。\n".encode()
LIST: Final = "渡口,开放时间\n北关渡,19:00-22:00\n".encode()


def asked(look: Look) -> str:
    """What the applicant of a walk wants to see."""
    return f"2025年渡口候船室修缮工程的验收报告（{look.name}）"


async def write(editor: Person, title: str) -> None:
    """Write a record with all that belongs to it, mend a date, and propose that it be public."""
    await editor.visit("/staff/")
    await editor.look_at("desk")
    await editor.menu("信息发布")
    await editor.look_at("drafts")
    await editor.follow("新建信息")
    await editor.fill("标题", title)
    await editor.pick("信息种类", "通知公告")
    await editor.fill("成文日期", "二〇二六年")
    await editor.pick("领域", DOMAIN)
    await editor.press("保存并列出事项")
    await editor.see("日期无法识别")
    await editor.look_at("editor-matters")
    await editor.pick("公开事项", "公共文化机构免费开放信息")
    await editor.fill("成文日期", legal_day(utc_now()).isoformat())
    await editor.fill("内容概述", "夏季夜间开放的渡口和时间")
    await editor.fill("正文", TEXT)
    await editor.attach("添加附件", "渡口名单.csv", LIST)
    await editor.press("保存并查看")
    await editor.see(title, "公共文化机构免费开放信息", "渡口名单.csv", "第二条")
    await editor.look_at("draft")
    await editor.follow("提出公开属性建议")
    await editor.choose("主动公开")
    await editor.press("提出建议")
    await editor.look_at("propose-refused")
    await editor.fill("依据和理由", GROUND)
    await editor.press("提出建议")


async def propose(editor: Person) -> None:
    """Propose that a draft be public, from its page."""
    await editor.follow("提出公开属性建议")
    await editor.choose("主动公开")
    await editor.fill("依据和理由", GROUND)
    await editor.press("提出建议")


async def release(reviewer: Person, *, looking: bool = False) -> None:
    """Confirm what another proposed, and make it public, from the page of the draft."""
    await reviewer.follow("确认公开属性")
    if looking:
        await reviewer.look_at("confirm")
    await reviewer.press("确认")
    await reviewer.follow("公开")
    await reviewer.see("公众立刻可以看到")
    if looking:
        await reviewer.look_at("publish")
    await reviewer.press("现在公开")
    if looking:
        await reviewer.look_at("published")


async def publish(editor: Person, reviewer: Person, title: str) -> str:
    """A record by two people, from an empty form to the public page; its index number."""
    await editor.visit("/staff/drafts/new")
    await editor.fill("标题", title)
    await editor.pick("信息种类", "通知公告")
    await editor.fill("成文日期", legal_day(utc_now()).isoformat())
    await editor.pick("领域", DOMAIN)
    await editor.fill("正文", f"{title}，现予公布。")
    await editor.press("保存并查看")
    draft = editor.address
    await propose(editor)
    await reviewer.visit(draft)
    await release(reviewer)
    return await index_number(reviewer)


async def index_number(reader: Person) -> str:
    """The index number on the page of a published draft."""
    link = reader.page.locator('dl.facts a[href^="/r/"]')
    return (await link.inner_text()).strip()


async def revise(editor: Person, reviewer: Person, title: str, summary: str) -> None:
    """Change the summary of a public record, by the same two hands."""
    await editor.visit("/staff/records/")
    await editor.look_at("records")
    await editor.press(f"修订《{title}》")
    await editor.fill("内容概述", summary)
    await editor.press("保存并查看")
    await propose(editor)
    await reviewer.visit(editor.address)
    await release(reviewer)


async def withdraw(reviewer: Person, title: str, reason: str) -> None:
    """Take a public record back, the first time without a reason."""
    await reviewer.visit("/staff/records/")
    await reviewer.follow(f"撤回《{title}》")
    await reviewer.press("撤回")
    await reviewer.see("没有办成")
    await reviewer.look_at("withdraw-refused")
    await reviewer.fill("撤回理由", reason)
    await reviewer.press("撤回")


async def apply(citizen: Person, address: str) -> tuple[str, str]:
    """Apply in four steps, with a slip at each that the page tells of; registration number and query code."""
    await citizen.visit("/341323/")
    await citizen.menu("依申请公开")
    await citizen.look_at("ways")
    await citizen.follow("网上申请")
    await citizen.press("找一找，继续")
    await citizen.look_at("step1-slip")
    await citizen.mend("还没有写要什么信息", asked(citizen.look))
    await citizen.press("找一找，继续")
    await citizen.look_at("step1-organs")
    if await citizen.page.get_by_role("radio", name=ORGAN_NAME).count():
        await citizen.choose(ORGAN_NAME)  # it disclosed something like it
    else:
        await citizen.pick("向哪个机关申请", ORGAN_NAME)
    await citizen.press("保存，下一步")

    await citizen.choose("公民个人（自然人）")
    await citizen.fill("姓名或者单位名称", "王秀(演示)")
    await citizen.pick("证件类型", "居民身份证")
    await citizen.fill("证件号码", f"{IDENTITY[:-1]}0")
    await citizen.fill("联系电话", "13900000000")
    await citizen.fill("电子邮箱", address)
    await citizen.press("保存，下一步")
    await citizen.look_at("step2-slip")
    await citizen.holds(证件号码=f"{IDENTITY[:-1]}0", 联系电话="13900000000", 电子邮箱=address)
    await citizen.mend("身份证号码的最后一位与前 17 位对不上", IDENTITY)
    await citizen.press("保存，下一步")

    await citizen.choose("电子文档")
    await citizen.choose("邮寄")
    await citizen.press("保存，下一步")
    await citizen.look_at("step3-slip")
    await citizen.see("形式和领取方式配不上", "还没有写邮寄地址")
    await citizen.choose("在本站查询进度时下载")
    await citizen.press("保存，下一步")

    await citizen.see(asked(citizen.look), ORGAN_NAME, IDENTITY, address)
    await citizen.look_at("step4")
    await citizen.press("修改您是谁")  # a slip nobody but the reader can see
    await citizen.fill("姓名或者单位名称", APPLICANT)
    await citizen.press("保存，下一步")
    await citizen.press("保存，下一步")
    await citizen.see(APPLICANT)
    await citizen.press("提交申请")
    await citizen.look_at("receipt")
    number, code = await citizen.page.locator(".ticket dd").all_inner_texts()
    return number, code


async def answer(clerk: Person, number: str) -> None:
    """A clerk's work on a case: read who asks, confirm, see why it is due when it is, search, disclose."""
    await clerk.visit("/staff/")
    await clerk.look_at("desk")
    await clerk.menu("依申请公开")
    await clerk.see(number, asked(clerk.look), "等本机关确认收到")
    await clerk.look_at("worklist")
    await clerk.follow(asked(clerk.look))
    await clerk.look_at("case-submitted")
    await clerk.press("查看（留痕）")
    await clerk.see(APPLICANT, IDENTITY)
    await clerk.look_at("case-applicant")
    await clerk.follow("确认收到")
    await clerk.fill("怎样确认的", "电话确认，申请人本人接听")
    await clerk.look_at("receipt")
    await clerk.press("确认收到")
    await clerk.see("双方确认", "第三十一条第（三）项", "第三十三条", "期限届满", "写进文书的一句话")
    await clerk.look_at("case-running")
    await clerk.follow("登记检索记录")
    await clerk.fill("检索了哪些地方", "本机关档案室 2025 年工程卷")
    await clerk.fill("检索用的词", "候船室　验收")
    await clerk.fill("检索结果", "找到验收报告一份。")
    await clerk.look_at("search")
    await clerk.press("登记")
    await clerk.follow("予以公开")
    await clerk.fill("答复内容", "您申请的信息现予公开，见附件。")
    await clerk.press("下一步：核对")
    await clerk.see("还没有附上要公开的文件")
    await clerk.holds(答复内容="您申请的信息现予公开，见附件。")
    await clerk.look_at("disclose-slip")
    await clerk.attach("要公开的文件", "验收报告.txt", REPLY)
    await clerk.press("下一步：核对")
    await clerk.see("请再核对一次", "验收报告.txt")
    await clerk.look_at("disclose-again")
    await clerk.press("作出答复")
    await clerk.see("予以公开", "找到验收报告一份", "查看了申请人信息")
    await clerk.look_at("case-decided")
