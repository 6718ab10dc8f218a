"""公开时限: what each of the 70 strings of the tables means, read by a person; and those of other provinces."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gongkai.contracts.matters import LimitKind, TimeLimit, Unit
from services.catalog.domain.reading import limit_words
from services.catalog.domain.reading.pieces import plain
from services.catalog.domain.reading.timelimits import read_time_limits

pytestmark = pytest.mark.domain

Meaning = tuple[TimeLimit, ...]


def limit(
    kind: LimitKind, n: int = 0, unit: Unit = "", trigger: str = "", event: str = "", scope: str = ""
) -> TimeLimit:
    return TimeLimit(kind=kind, n=n, unit=unit, trigger=trigger, event=event, scope=scope)


def within(n: int, trigger: str = "", event: str = "", scope: str = "") -> TimeLimit:
    """Within n working days."""
    return limit("deadline", n, "working_days", trigger, event, scope)


def within_days(n: int, trigger: str = "", event: str = "", scope: str = "") -> TimeLimit:
    """Within n calendar days."""
    return limit("deadline", n, "days", trigger, event, scope)


def shown(n: int, unit: Unit, scope: str = "", trigger: str = "") -> TimeLimit:
    return limit("min_display", n, unit, trigger, "", scope)


def every(n: int, unit: Unit, *, month: int = 0, day: int = 0, scope: str = "") -> TimeLimit:
    return TimeLimit(kind="cycle", n=n, unit=unit, month=month, day=day, scope=scope)


FORMED_OR_CHANGED = within(20, "formed_or_changed")
FORMED = within(20, "formed")
OBTAINED = within(10, "obtained")
OTHER_LAW = limit("as_regulated")

SEVENTY: dict[str, Meaning] = {
    "信息形成或者变更之日起20个工作日内": (FORMED_OR_CHANGED,),
    "公开事项信息形成或变更之日起20个工作日内公开": (FORMED_OR_CHANGED,),
    "信息形成或变更之日起20个工作日内": (FORMED_OR_CHANGED,),
    "信息形成（变更）20个工作日内": (FORMED_OR_CHANGED,),
    "形成或者变更之日起20个工作日内予以公开": (FORMED_OR_CHANGED,),
    "自该政府信息形成或者变更之日起20个工作日内及时公开": (FORMED_OR_CHANGED,),
    "信息形成或者变更之日起20个工作日内予以公开": (FORMED_OR_CHANGED,),
    "自该信息形成或者变更之日起20个工作日内": (FORMED_OR_CHANGED,),
    "信息形成或者变更之日起20个工作日内公开": (FORMED_OR_CHANGED,),
    "自信息形成或者变更之日起20个工作日内予以公开": (FORMED_OR_CHANGED,),
    "自信息形成或者变更之日起7个工作日内予以公开": (within(7, "formed_or_changed"),),
    "信息形成之日起20个工作日内": (FORMED,),
    "信息形成20个工作日内": (FORMED,),
    "20个工作日": (within(20),),
    # 法律另有规定
    "信息形成或者变更之日起20个工作日内。法律、法规对政府信息公开的期限另有规定的，从其规定": (
        FORMED_OR_CHANGED,
        OTHER_LAW,
    ),
    "自形成或者变更之日起20个工作日内予以公开，法律法规另有规定的从其规定": (FORMED_OR_CHANGED, OTHER_LAW),
    # 制定或获取
    "自制作或获取该信息之日起20个工作日内公开": (within(20, "obtained"),),
    "制定或获取信息之日起10个工作日内": (OBTAINED,),
    "制定或获取信息之日起10个工作日内，公示7个工作日": (OBTAINED, shown(7, "working_days")),
    "制定或获取文件之日起10个工作日内": (within(10, "obtained", "文件"),),
    "制定或获取扶持政策措施之日起10个工作日内": (within(10, "obtained", "扶持政策措施"),),
    "制定或获取指南之日起10个工作日内": (within(10, "obtained", "指南"),),
    "制定或获取备案政策之日起10个工作日内": (within(10, "obtained", "备案政策"),),
    "制定或获取扶持补贴政策之日起10个工作日内": (within(10, "obtained", "扶持补贴政策"),),
    "制定或获取补贴政策之日起10个工作日内": (within(10, "obtained", "补贴政策"),),
    "制定或获取评估结果之日起10个工作日内": (within(10, "obtained", "评估结果"),),
    # 预决算: 日, not 工作日
    "本级人民代表大会或其常务委员会批准后20日内": (
        within_days(20, "approved", "本级人民代表大会或其常务委员会"),
    ),
    "本级人民代表大会常务委员会批准后20日内": (within_days(20, "approved", "本级人民代表大会常务委员会"),),
    "本级政府财政部门批复后20日内": (within_days(20, "approved", "本级政府财政部门"),),
    # 依申请
    "自收到申请之日起20个工作日内": (within(20, "applied"),),
    "自收到申请之日起20个工作日内公开": (within(20, "applied"),),
    # no number
    "实时公开": (limit("realtime"),),
    "及时公开": (limit("promptly"),),
    "按进展情况及时公开": (limit("promptly", trigger="progressed"),),
    "按进展情况及时公开，并进行动态调整": (
        limit("promptly", trigger="progressed"),
        limit("promptly", trigger="changed"),
    ),
    "长期公开": (limit("long_term"),),
    "重大决策作出后及时公开": (limit("promptly", trigger="decided", event="重大决策"),),
    "随采购公告、采购文件公开": (limit("with_event", trigger="published", event="采购公告、采购文件"),),
    "每20个工作日更新": (every(20, "working_days"),),
    # a part of the content has a clock of its own
    "1.除处罚决定外其他内容：长期公开（动态调整）；2.处罚决定：20个工作日内": (
        limit("long_term", scope="除处罚决定外其他内容"),
        limit("promptly", trigger="changed", scope="除处罚决定外其他内容"),
        within(20, scope="处罚决定"),
    ),
    "信息形成20个工作日内公开；其中行政许可、行政处罚事项应自作出行政决定之日起7个工作日内公示": (
        FORMED,
        within(7, "decided", "行政决定", "行政许可、行政处罚事项"),
    ),
    "自信息形成或者变更之日起20个工作日内予以公开；结果信息7个工作日内": (
        FORMED_OR_CHANGED,
        within(7, scope="结果信息"),
    ),
    "信息形成或变更之日起20个工作日内；许可结果7个工作日内": (FORMED_OR_CHANGED, within(7, scope="许可结果")),
    "信息形成或变更之日起20个工作日内；处罚决定7个工作日内": (FORMED_OR_CHANGED, within(7, scope="处罚决定")),
    "自信息形成或者变更之日起20个工作日内予以公开；行政处罚决定7个工作日内": (
        FORMED_OR_CHANGED,
        within(7, scope="行政处罚决定"),
    ),
    "信息形成之日起20个工作日内；行政许可和行政处罚决定作出后7个工作日内": (
        FORMED,
        within(7, "decided", "行政许可和行政处罚决定", "行政许可和行政处罚决定"),
    ),
    "执法决定信息在决定作出之日起7个工作日内公开，其他相关信息形成或变更之日起20个工作日内公开": (
        within(7, "decided", "决定", "执法决定信息"),
        within(20, "formed_or_changed", "其他相关信息", "其他相关信息"),
    ),
    "自该信息形成或者变更之日起20个工作日内；空气质量实时公开": (
        FORMED_OR_CHANGED,
        limit("realtime", scope="空气质量"),
    ),
    "信息形成或者变更之日起20个工作日内予以公开；征求意见期限不得少于30日": (
        FORMED_OR_CHANGED,
        shown(30, "days", "征求意见"),
    ),
    # the whole matter follows one decision or event
    "许可决定作出之日起7个工作日内": (within(7, "decided", "许可决定"),),
    "行政处罚决定作出之日起7个工作日内": (within(7, "decided", "行政处罚决定"),),
    "行政处罚决定形成之日起7个工作日内": (within(7, "formed", "行政处罚决定"),),
    "分配结果确定后20个工作日内": (within(20, "determined", "分配结果"),),
    "资金分配结果下达15个工作日内": (within(15, "issued", "资金分配结果"),),
    "活动结束后10个工作日内": (within(10, "ended", "活动"),),
    # 规划、招标、采购
    "批前公示不少于7日；批准后20个工作日内": (shown(7, "days", "批前公示"), within(20, "approved")),
    "自收到评标报告之日起3日内，公示期不少于3日": (within_days(3, "received", "评标报告"), shown(3, "days")),
    "及时公开，招标公告期限为5个工作日": (limit("promptly"), shown(5, "working_days", "招标公告")),
    "自中标、成交供应商确定之日起2个工作日内": (within(2, "determined", "中标、成交供应商"),),
    "自合同签订之日起2个工作日内": (within(2, "signed", "合同"),),
    "至少在投标、拍卖或者挂牌开始日前20日": (
        limit("before_event", 20, "days", "started", "投标、拍卖或者挂牌"),
    ),
    "正式披露信息时间不得少于20个工作日；成交后公告不少于5个工作日": (
        shown(20, "working_days", "正式披露信息"),
        shown(5, "working_days", "公告", trigger="dealt"),
    ),
    # 征地
    "在实地启动拟征收土地工作时，在村公示栏公开（公告时间不少于10个工作日）": (
        limit("with_event", trigger="started", event="拟征收土地工作"),
        shown(10, "working_days"),
    ),
    "拟征收土地现状调查结束后5个工作日内，在村公示栏公开": (within(5, "ended", "拟征收土地现状调查"),),
    "方案拟定后及时公告，公告时间不少于30日": (
        limit("promptly", trigger="drafted", event="方案"),
        shown(30, "days"),
    ),
    "《听证通知书》在组织听证7个工作日前予以公开；其他听证公开内容为依申请公开": (
        limit("before_event", 7, "working_days", "held", "听证", "《听证通知书》"),
        limit("as_regulated", trigger="applied", scope="其他听证公开内容"),
    ),
    "登记、签订工作结束后5个工作日内，在村公示栏公开": (within(5, "ended", "登记、签订工作"),),
    "收到征地批准文件后15个工作日内": (within(15, "received", "征地批准文件"),),
    "支付后5个工作日内，在村公示栏公开": (within(5, "paid"),),
    # 市政
    "计划停水提前24小时；水质信息按规定周期": (
        limit("before_event", 24, "hours", scope="计划停水"),
        limit("as_regulated", scope="水质信息"),
    ),
}

ELSEWHERE: dict[str, Meaning] = {
    "自信息形成之日起7日内": (within_days(7, "formed"),),
    "自政府信息形成或者变更之日起二十个工作日内予以公开": (FORMED_OR_CHANGED,),
    "自信息形成或者变更之日起 20 个工作日内": (FORMED_OR_CHANGED,),
    "信息形成或者变更之日起２０个工作日内": (FORMED_OR_CHANGED,),
    "公开时限：20个工作日": (within(20),),
    "文件印发后3个工作日内": (within(3, "issued", "文件"),),
    "签订合同之日起2个工作日内": (within(2, "signed", "合同"),),
    "收到上级批准后5个工作日内": (within(5, "received", "上级批准"),),
    "自决定书送达之日起7日内": (within_days(7, "served", "决定书"),),
    "自收到政府信息公开申请之日起20个工作日内予以答复": (within(20, "applied"),),
    "突发事件发生后24小时内": (limit("deadline", 24, "hours", "occurred", "突发事件"),),
    "年度结束后三个月内": (limit("deadline", 3, "months", "ended", "年度"),),
    "半年内": (limit("deadline", 6, "months"),),
    "最迟不超过10个工作日": (within(10),),
    "公示期不少于5个工作日": (shown(5, "working_days"),),
    "公示7天": (shown(7, "days"),),
    "及时公开，公示时间不少于七个工作日": (limit("promptly"), shown(7, "working_days")),
    "及时公开，长期公示": (limit("promptly"), limit("long_term")),
    "长期公开，有变化及时更新": (limit("long_term"), limit("promptly", trigger="changed")),
    "变更后及时更新": (limit("promptly", trigger="changed"),),
    "即时": (limit("realtime"),),
    "随时": (limit("realtime"),),
    "提前3日": (limit("before_event", 3, "days"),),
    "计划停电提前7天公告": (limit("before_event", 7, "days", scope="计划停电"),),
    "会议召开前7日": (limit("before_event", 7, "days", "held", "会议"),),
    "举行听证的7日前公告": (limit("before_event", 7, "days", "held", "听证"),),
    "施工前3日": (limit("before_event", 3, "days", "", "施工"),),
    "与政策文件同步发布": (limit("with_event", trigger="published", event="政策文件"),),
    "国家另有规定的除外": (OTHER_LAW,),
    "按照有关规定执行": (OTHER_LAW,),
    "停水公告提前24小时发布": (limit("before_event", 24, "hours", scope="停水公告"),),
    "解读材料在文件公开后3个工作日内": (within(3, "published", "文件", "解读材料"),),
    "及时公开并动态更新": (limit("promptly"), limit("promptly", trigger="changed")),
    "规划草案公示30日": (shown(30, "days", "规划草案公示"),),
    "20工作日": (within(20),),
    "自行政决定作出之日起7个工作日内上网公开": (within(7, "decided", "行政决定"),),
    "自作出行政处罚决定之日起7个工作日内，公示期限1年": (
        within(7, "decided", "行政处罚决定"),
        shown(1, "years"),
    ),
    "依申请公开": (limit("as_regulated", trigger="applied"),),
    "（1）许可事项：20个工作日内；（2）许可结果：7个工作日内": (
        within(20, scope="许可事项"),
        within(7, scope="许可结果"),
    ),
    "①长期公开\n②处罚决定7个工作日内": (limit("long_term"), within(7, scope="处罚决定")),
    # villages
    "每季度": (every(1, "quarters"),),
    "每月": (every(1, "months"),),
    "每年": (every(1, "years"),),
    "每半年公开一次": (every(6, "months"),),
    "按月公开": (every(1, "months"),),
    "每季度第一个月的15日前": (every(1, "quarters", month=1, day=15),),
    "涉及村民利益的重大事项应当随时公布": (limit("realtime", scope="涉及村民利益的重大事项"),),
    "低保对象名单长期公示，每月更新": (limit("long_term", scope="低保对象名单"), every(1, "months")),
    "按季度公布": (every(1, "quarters"),),
    "每月10日前": (every(1, "months", day=10),),
    "每月底前公开": (every(1, "months", day=31),),
    "每季度首月20日前": (every(1, "quarters", month=1, day=20),),
    "每季度第一个月20日前公开": (every(1, "quarters", month=1, day=20),),
    "每季度末": (every(1, "quarters", month=3, day=31),),
    "每年1月31日前": (every(1, "years", month=1, day=31),),
    "每年三月底前": (every(1, "years", month=3, day=31),),
    "每季度结束后15日内公布": (every(1, "quarters"), within_days(15, "ended", "季度")),
    "一般事项至少每季度公布一次；财务收支情况每月公布一次；重大事项随时公布": (
        every(1, "quarters", scope="一般事项"),
        every(1, "months", scope="财务收支情况"),
        limit("realtime", scope="重大事项"),
    ),
    "每季度公开一次，重大事项及时公开": (every(1, "quarters"), limit("promptly", scope="重大事项")),
}

UNREADABLE = [
    "",
    "——",
    "同上",
    "待定",
    "视情况",
    "适时公开",
    "原则上20个工作日内",
    "一般在20个工作日内公开",
    "20个工作日以上",
    "半个月内",
    "20-30个工作日内",
    "0个工作日内",
    "20个工作日内或者30日内",
    "信息形成当日公开",
    "自决定作出次日起7个工作日内",
    "公示7个工作日内",
    "中标结果公示3日内",
    "公示期不超过7日",
    "公开期限为20个工作日",
    "审批时间为20个工作日",
    "公开20个工作日",
    "2个工作日前",
    "开工前7日内公开",
    "每年3月前",
    "每年10日前",
    "每年13月1日前",
    "每季度4月20日",
    "每月32日前",
    "每月更新2次",
    "每学期",
    "季度更新",
    "每年6月30日前和12月31日前",
    "每季度首月10日前公布上季度情况",
    "作出行政决定后上报国家、省级“信用中国”网站7个工作日内",
    "公示期满后3个工作日内公布结果",
    "招标公告发布之日起不少于20日",
    "自形成之日起20个工作日内长期公开",
    "根据实际情况及时公开",
    "每旬公开",
    "按规定及时公开",
    "与群众利益相关的信息公开",
    "除涉密信息外自形成之日起20个工作日内公开",
    "情况复杂的，可以延长10个工作日",
    "20个工作日内公开，情况复杂的可以延长10个工作日",
    "信息形成之日起20个工作日内（涉密的除外）",
]


def without_text(limits: Meaning) -> Meaning:
    return tuple(each.model_copy(update={"text": ""}) for each in limits)


def seed_limits() -> set[str]:
    text = files("services.catalog.seed").joinpath("catalog_rows.csv").read_text(encoding="utf-8")
    return {row["time_limit"] for row in csv.DictReader(text.splitlines())}


def test_the_table_below_is_of_all_strings_of_the_catalogue() -> None:
    """All seventy strings of the 305 rows have a meaning here, and no other string has."""
    assert len(SEVENTY) == 70
    assert set(SEVENTY) == seed_limits()


@pytest.mark.parametrize(("text", "meaning"), [*SEVENTY.items(), *ELSEWHERE.items()])
def test_a_time_limit_is_read_as_a_person_reads_it(text: str, meaning: Meaning) -> None:
    """Every clock with its trigger, number, unit and part; nothing flagged."""
    reading = read_time_limits(text)

    assert without_text(reading.found) == meaning
    assert reading.flags == ()


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_not_certain_is_flagged_and_not_guessed(text: str) -> None:
    """No clock is made of half a sentence, a vague word or a number that may mean two things."""
    reading = read_time_limits(text)

    assert reading.found == ()
    assert len(reading.flags) == 1


def test_a_sentence_is_read_beside_one_that_is_not() -> None:
    """What stands before a semicolon is certain also where the rest is flagged, with the words of the rest."""
    reading = read_time_limits("信息形成之日起20个工作日内；特殊情况另行研究")

    assert without_text(reading.found) == (FORMED,)
    assert len(reading.flags) == 1
    assert "“特殊情况另行研究”" in reading.flags[0]


def test_working_days_and_days_are_never_mixed() -> None:
    """The same number in 工作日, in 日 and in 小时 is three different clocks."""
    units = [
        read_time_limits(f"信息形成之日起20{unit}内").found[0].unit
        for unit in ("个工作日", "日", "天", "小时")
    ]

    assert units == ["working_days", "days", "days", "hours"]


def test_a_clock_keeps_the_words_it_was_read_from() -> None:
    """A person can put the words and the structure side by side."""
    found = read_time_limits("1.除处罚决定外其他内容：长期公开（动态调整）；2.处罚决定：20个工作日内").found

    assert [each.text for each in found] == ["长期公开", "动态调整", "20个工作日内"]


WORDS = st.sampled_from(
    [word for words in limit_words.TRIGGERS.values() for word in words]
    + [*limit_words.ACTS, *limit_words.DISPLAYS, *limit_words.SCOPE_ENDS, *limit_words.FORBIDDEN]
    + [*limit_words.REALTIME, *limit_words.PROMPTLY, *limit_words.LONG_TERM, *limit_words.UPDATING]
    + [
        "自",
        "之日起",
        "后",
        "内",
        "前",
        "日前",
        "每",
        "每季度",
        "首月",
        "个",
        "20",
        "7",
        "20个工作日",
        "30日",
        "24小时",
        "不少于",
    ]
    + [
        "，",
        "；",
        "。",
        "：",
        "（",
        "）",
        "、",
        "\n",
        "1.",
        "2.",
        "①",
        "其中",
        "信息",
        "该政府信息",
        "除",
        "外",
        "从其规定",
        " ",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map("".join))


HEADS = (
    "其中",
    "公开时限",
    "时限",
    "公开时间",
    "时间",
    "公开期限",
    "期限",
    *sorted(limit_words.GENERIC, key=len, reverse=True),
)


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
@example("（" * 50)
@example("形成" * 40 + "20个工作日内")
@example("²个工作日内")
@example("信息：" * 10)
def test_no_text_raises_and_every_word_is_read_or_flagged(text: str) -> None:
    """Whatever is typed: beside the words of clocks, of their parts and of their heads nothing is left unflagged."""
    reading = read_time_limits(text)

    left = plain(text)
    read = [piece for each in reading.found for piece in (each.text, each.scope)]
    clauses = [clause for piece in read for clause in plain(piece).split("，")]
    for words in (*sorted(filter(None, clauses), key=len, reverse=True), *filter(None, HEADS)):
        left = left.replace(words, "")
    assert reading.flags or not any(char.isalpha() for char in left)
    assert reading.found or reading.flags
