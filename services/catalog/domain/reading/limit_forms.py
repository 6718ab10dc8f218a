"""The forms a clause of 公开时限 has. Each covers the whole clause or reads nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from gongkai.contracts.matters import LimitKind, TimeLimit, Unit
from services.catalog.domain.reading import limit_words as vocabulary
from services.catalog.domain.reading.durations import UNIT
from services.catalog.domain.reading.limit_cycles import every, every_and_after

Form = Callable[[str], tuple[TimeLimit, ...]]


def _any(choices: tuple[str, ...] | list[str]) -> str:
    return "(?:" + "|".join(re.escape(choice) for choice in sorted(choices, key=len, reverse=True)) + ")"


def _both_orders(form: str) -> tuple[re.Pattern[str], ...]:
    """Make the form for 合同签订后 and for 签订合同后, in the order they are tried."""
    return (
        re.compile(form % rf"(?P<subject>{_NAME})(?P<last>{_VERB})"),
        re.compile(form % rf"(?P<first>{_VERB})(?P<object>{_NAME})"),
    )


_CODE: Final = {word: code for code, forms in vocabulary.TRIGGERS.items() for word in forms}
_VERB: Final = _any(list(_CODE))
_NAME: Final = r"[^，,。；;：:0-9]{0,40}?"
_FROM: Final = r"(?:自|从|在|于)"
_LEAD: Final = rf"(?:(?P<scope>{_NAME})(?:应当|应|须)?{_FROM}|{_FROM}?)"
_RECEIVE: Final = rf"(?P<first>收到|接到)(?P<object>{_NAME})"
_TAIL: Final = "(?P<tail>之日起|当日起|之日|日起|之后|以后|后|起)"
_AFTER: Final = "(?:之后|以后|后)"
_N: Final = rf"(?P<n>[1-9][0-9]{{0,3}})个?(?P<unit>{UNIT})"
_WITHIN: Final = rf"的?(?:最迟不超过|最长不超过|不超过|最迟)?{_N}(?P<inside>之内|以内|内)?"
_PLACE: Final = r"(?:在[\u4e00-\u9fff（）/、]{0,16}(?:公示栏|公开栏|网站|平台|现场|专栏))"
_ADVERB: Final = "(?:应当|应|须|予以|进行|主动|依法|向社会|统一|对外|及时|全文|上网|网上)"
_DONE: Final = rf"(?:{_any(vocabulary.ACTS)}(?:信息)?)"
_ACT: Final = rf"(?:，?{_PLACE}?{_ADVERB}{{0,4}}{_PLACE}?{_DONE})?"
_LEAST: Final = "(?:应当|应|须)?(?P<least>为|是|不少于|不得少于|不低于|不得低于|不短于|不得短于|至少为|至少|)"
_SOON: Final = _any(vocabulary.PROMPTLY)
_NOW: Final = _any(vocabulary.REALTIME)
_LAWS: Final = r"(?:国家|法律|行政法规|法规|规章|条例|上级|政策|有关|相关|、|，|和|或|对[^，：；]{1,20}?的?)"

_AFTER_EVENT: Final = _both_orders(rf"{_LEAD}%s{_TAIL}?{_WITHIN}{_ACT}")
_AFTER_RECEIPT: Final = re.compile(rf"{_LEAD}{_RECEIVE}{_TAIL}{_WITHIN}{_ACT}")
_PLAIN: Final = re.compile(rf"(?P<scope>{_NAME})(?:应当|应|须|在|于)?{_WITHIN}{_ACT}")
_SOON_AFTER: Final = _both_orders(rf"{_LEAD}%s{_AFTER}，?(?P<how>{_SOON}|{_NOW}){_ACT}")
_ON_CHANGE: Final = re.compile(
    rf"(?:如|若)?(?:有|遇|遇有|发生)(?:信息)?(?:变化|变动|变更|调整)(?:的)?(?:后|时)?，?(?P<how>{_SOON}|{_NOW}){_ACT}"
)
_AS_IT_GOES: Final = re.compile(rf"(?:按照|按|根据|视)(?:工作|项目)?进展(?:情况)?，?{_SOON}{_ACT}")
_SOON_PLAIN: Final = re.compile(
    rf"(?P<scope>{_NAME})(?:应当|应|须)?(?P<how>{_SOON}|{_NOW})(?:予以|进行|主动|向社会)?{_DONE}?"
)
_UPDATING: Final = re.compile(rf"(?:并|且|同时)?(?:进行|实行)?{_any(vocabulary.UPDATING)}")
_LONG: Final = re.compile(rf"(?P<scope>{_NAME}){_any(vocabulary.LONG_TERM)}(?:有效|{_DONE})?")
_DISPLAY: Final = re.compile(
    rf"(?:(?P<subject>{_NAME})(?P<last>{_VERB}){_AFTER})?(?P<part>{_NAME})(?P<display>{_any(vocabulary.DISPLAYS)}){_LEAST}{_N}"
)
_AHEAD: Final = re.compile(rf"(?P<scope>{_NAME})(?:应当|应|须|至少)?提前(?:至少|不少于)?{_N}{_ACT}")
_BEFORE_N: Final = re.compile(
    rf"(?:至少|最迟|应当|应)?{_FROM}?(?:(?P<subject>{_NAME})(?P<last>{_VERB})|(?P<bare>[\u4e00-\u9fff、]{{2,16}}?))(?:之日|日|当日)?(?<!提)(?:之前|前)(?:至少)?{_N}{_ACT}"
)
_N_BEFORE: Final = _both_orders(rf"(?:至少|最迟)?{_LEAD}%s(?:之日|日)?的?{_N}(?:之前|以前|前){_ACT}")
_AT: Final = _both_orders(
    rf"{_LEAD}(?:{_any(vocabulary.ADVERBS)})?%s的?(?:同时|(?<![及随实即适按])时)(?P<act>{_ACT})"
)
_TOGETHER: Final = "(?:一并|同步|同时|一起)"
_ALONG: Final = re.compile(
    rf"(?:随(?![时机意])(?P<with>{_NAME}){_TOGETHER}?|(?:与|同)(?P<beside>{_NAME}){_TOGETHER})(?:向社会|予以)?{_DONE}"
)
_OTHERWISE: Final = re.compile(
    rf"{_LAWS}*(?:另有|有)(?:其他|特别|专门|明确)?规定的?，?(?:从其规定|按其规定(?:执行)?|依其规定|依照其规定(?:执行)?|除外|"
    r"(?:按照|按|依照|从)(?:有关|相关)?规定(?:执行)?)"
)
_BY_RULE: Final = re.compile(
    rf"(?P<scope>{_NAME})(?:按照|按|依照|依|根据)(?:《[^《》]+》的?)?{_LAWS}*规定的?(?:周期|时限|期限|时间|要求)?(?:执行|(?:予以|进行|主动|向社会)?{_DONE})?"
)
_ON_REQUEST: Final = re.compile(rf"(?P<scope>{_NAME})(?:为|属于|属)?依申请(?:公开|提供)")


def _clear(*names: str | None) -> bool:
    """Tell whether words only name something, and do not qualify the clock."""
    return not any(word in name for name in names if name for word in vocabulary.FORBIDDEN)


def _is_part(scope: str) -> bool:
    """Tell whether words right before a clock, with no colon, name a part of the content."""
    return not scope or scope in vocabulary.GENERIC or scope.endswith((*vocabulary.SCOPE_ENDS, "》"))


def _part(scope: str | None) -> str:
    return "" if not scope or scope in vocabulary.GENERIC else scope


def _trigger(match: re.Match[str]) -> tuple[str, str]:
    """Give the trigger's code and what it befalls."""
    groups = match.groupdict()
    verb = groups.get("first") or groups.get("last") or ""
    event = groups.get("object") or groups.get("subject") or ""
    for adverb in vocabulary.ADVERBS:
        event = event.removeprefix(adverb)
    code = _CODE.get(verb, "")
    if code == "received" and event.removeprefix("该").removesuffix("表") in vocabulary.APPLICATION:
        return "applied", ""
    return code, "" if event in vocabulary.GENERIC else event


def _match(forms: tuple[re.Pattern[str], ...], clause: str) -> re.Match[str] | None:
    """Give the first form that covers the clause and whose names only name."""
    for form in forms:
        match = form.fullmatch(clause)
        if match is None:
            continue
        groups = match.groupdict()
        scope, befallen, befalling = groups.get("scope"), groups.get("subject"), groups.get("object")
        if befallen in _CODE or (form is not _AFTER_RECEIPT and (befalling or "").endswith(tuple(_CODE))):
            continue
        names = "".join(filter(None, (scope, befallen, befalling)))
        if _clear(names) and not re.search("[前后]", names) and _is_part(scope or ""):
            return match
    return None


def _length(match: re.Match[str]) -> tuple[int, Unit]:
    return int(match["n"]), vocabulary.UNITS[match["unit"]]


def _after_event(clause: str) -> tuple[TimeLimit, ...]:
    """自信息形成之日起20个工作日内公开."""
    match = _match((_AFTER_RECEIPT, *_AFTER_EVENT), clause)
    if match is None:
        return ()
    code, event = _trigger(match)
    if not match["tail"] and (code not in vocabulary.TAILLESS or not match["inside"]):
        return ()
    n, unit = _length(match)
    return (
        TimeLimit(kind="deadline", trigger=code, event=event, n=n, unit=unit, scope=_part(match["scope"])),
    )


def _plain(clause: str) -> tuple[TimeLimit, ...]:
    """20个工作日; 许可结果7个工作日内."""
    match = _match((_PLAIN,), clause)
    if match is None or (match["scope"] and not match["inside"]) or match["scope"].endswith(("公示", "公告")):
        return ()
    n, unit = _length(match)
    return (TimeLimit(kind="deadline", n=n, unit=unit, scope=_part(match["scope"])),)


def _how(word: str) -> LimitKind:
    return "realtime" if word in vocabulary.REALTIME else "promptly"


def _soon(clause: str) -> tuple[TimeLimit, ...]:
    """方案拟定后及时公告; 有变化及时更新; 按进展情况及时公开; 空气质量实时公开."""
    if match := _ON_CHANGE.fullmatch(clause):
        return (TimeLimit(kind=_how(match["how"]), trigger="changed"),)
    if _AS_IT_GOES.fullmatch(clause):
        return (TimeLimit(kind="promptly", trigger="progressed"),)
    if _UPDATING.fullmatch(clause):
        return (TimeLimit(kind="promptly", trigger="changed"),)
    if match := _match(_SOON_AFTER, clause):
        code, event = _trigger(match)
        return (TimeLimit(kind=_how(match["how"]), trigger=code, event=event, scope=_part(match["scope"])),)
    if match := _match((_SOON_PLAIN,), clause):
        return (TimeLimit(kind=_how(match["how"]), scope=_part(match["scope"])),)
    return ()


def _long(clause: str) -> tuple[TimeLimit, ...]:
    """长期公开."""
    if match := _match((_LONG,), clause):
        return (TimeLimit(kind="long_term", scope=_part(match["scope"])),)
    return ()


def _display(clause: str) -> tuple[TimeLimit, ...]:
    """公示期不少于5个工作日; 征求意见期限不得少于30日; 成交后公告不少于5个工作日."""
    match = _match((_DISPLAY,), clause)
    if match is None or not _clear(match["part"]):
        return ()
    code, event = _trigger(match) if match["last"] else ("", "")
    noun, part = match["display"], match["part"]
    if noun in vocabulary.BARE_DISPLAYS and not part.endswith(vocabulary.DISPLAYED):
        return ()
    if noun in vocabulary.UNSURE_DISPLAYS and match["least"] in {"", "为", "是"}:
        return ()
    for bare in vocabulary.BARE_DISPLAYS:
        noun = noun.removesuffix(bare)
    scope = part + noun if part not in vocabulary.GENERIC or code else ""
    n, unit = _length(match)
    return (TimeLimit(kind="min_display", trigger=code, event=event, n=n, unit=unit, scope=_part(scope)),)


def _before(clause: str) -> tuple[TimeLimit, ...]:
    """提前3日; 投标开始日前20日; 组织听证7个工作日前."""
    if match := _match((_AHEAD,), clause):
        scope, code, event = match["scope"], "", ""
    elif match := _match(_N_BEFORE, clause):
        scope, (code, event) = match["scope"] or "", _trigger(match)
    elif (match := _match((_BEFORE_N,), clause)) and _clear(match["bare"]):
        scope, (code, event) = "", _trigger(match) if match["last"] else ("", match["bare"])
    else:
        return ()
    n, unit = _length(match)
    return (TimeLimit(kind="before_event", trigger=code, event=event, n=n, unit=unit, scope=_part(scope)),)


def _together(clause: str) -> tuple[TimeLimit, ...]:
    """在实地启动拟征收土地工作时，在村公示栏公开; 随采购公告、采购文件公开."""
    if (match := _ALONG.fullmatch(clause)) and (other := match["with"] or match["beside"]) and _clear(other):
        return (TimeLimit(kind="with_event", trigger="published", event=other),)
    match = _match(_AT, clause)
    if match is None or not match["act"]:
        return ()
    code, event = _trigger(match)
    if not event:
        return ()
    return (TimeLimit(kind="with_event", trigger=code, event=event, scope=_part(match["scope"])),)


def _regulated(clause: str) -> tuple[TimeLimit, ...]:
    """法律、法规另有规定的，从其规定; 水质信息按规定周期; 其他内容为依申请公开."""
    if _OTHERWISE.fullmatch(clause):
        return (TimeLimit(kind="as_regulated"),)
    for form, trigger in ((_BY_RULE, ""), (_ON_REQUEST, "applied")):
        if match := _match((form,), clause):
            return (TimeLimit(kind="as_regulated", trigger=trigger, scope=_part(match["scope"])),)
    return ()


def _every(clause: str) -> tuple[TimeLimit, ...]:
    """一般事项每季度公开一次; 每季度首月20日前."""
    scope, limits = every(clause) or ("", ())
    if not limits or not _clear(scope) or not _is_part(scope):
        return ()
    return tuple(limit.model_copy(update={"scope": _part(scope)}) for limit in limits)


FORMS: Final[tuple[Form, ...]] = (
    every_and_after, _every, _display, _together, _soon, _long, _regulated, _before, _after_event, _plain,
)  # fmt: skip
"""In the order they are tried; the first that covers the clause is its reading."""
