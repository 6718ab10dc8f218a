"""What is still wrong with an application, field by field.

The office that takes it checks it again and has the last word; here a reader learns of a slip while still on the page of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gongkai import uscc
from gongkai.security.personal import is_identity_number
from services.portal.asking import (
    DELIVERIES,
    FITTING,
    ID_KINDS,
    KINDS,
    LONGEST,
    OTHER_ORGAN,
    SUPPLIES,
    USCC,
    Application,
)

_PHONE: Final = re.compile(r"(0\d{2,3}-?)?\d{7,8}(-\d{1,6})?|1[3-9]\d{9}|\+\d{8,15}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}")
_RESIDENT: Final = re.compile(r"\d{17}[\dX]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field: 发生了什么 · 为什么 · 怎么办."""

    field: str
    """Empty for what is about the whole."""
    what: str
    why: str = ""
    how: str = ""

    @property
    def text(self) -> str:
        """All three sentences."""
        return f"{self.what}。{self.why}{self.how}" if self.why else self.what


NO_ORGAN: Final = Fault("organ", "没有这个机关", "它不在本地区登记的机关里。", "请从下面重新选一个。")


def faults(application: Application, step: int) -> list[Fault]:
    """What is wrong with the fields of a step."""
    match step:
        case 1:
            return _what(application)
        case 2:
            return _who(application)
        case 3:
            return _how(application)
    return []


def _what(one: Application) -> list[Fault]:
    found = []
    if not one.description:
        found.append(
            Fault(
                "description",
                "还没有写要什么信息",
                "机关按您写的名称、文号或者其他特征查找。",
                "请写文件标题、项目名称、哪一年、哪个村等。",
            )
        )
    elif len(one.description) > LONGEST:
        found.append(
            Fault(
                "description",
                f"写了 {len(one.description)} 字，超过了 {LONGEST} 字",
                "这里只写要什么信息，不需要说明用途。",
                "请写短一些。",
            )
        )
    if one.looked and not one.asked_organ:
        field = "other_organ" if one.organ == OTHER_ORGAN else "organ"
        found.append(
            Fault(
                field,
                "还没有选机关",
                "申请要交给保存这项信息的机关。",
                "请选一个；不清楚的，选最可能的一个。",
            )
        )
    return found


def _who(one: Application) -> list[Fault]:
    found = []
    if one.kind not in KINDS:
        found.append(Fault("kind", "还没有选申请人是个人还是单位", "两者要写的证件不一样。", "请选一项。"))
    if not one.name:
        found.append(
            Fault("name", "还没有写姓名或者单位名称", "法律要求写明（条例第二十九条）。", "请照证件写全。")
        )
    found += _identity(one)
    if one.kind in KINDS and not one.is_natural and not one.contact_name:
        found.append(
            Fault("contact_name", "还没有写联系人", "以单位名义申请的，机关要知道找谁。", "请写联系人姓名。")
        )
    if not one.phone and not one.email:
        why = "法律要求写明联系方式（条例第二十九条），没有它答复送不到您。"
        found.append(
            Fault("phone", "还没有写联系电话", why, "请写手机或者固定电话；没有电话的，写电子邮箱。")
        )
    if one.phone and not _PHONE.fullmatch(one.phone):
        how = "请写 11 位手机号码，或者带区号的固定电话，例如 0557-0000000。"
        found.append(Fault("phone", "联系电话的位数不对", "可能多写或者少写了一位。", how))
    found += _email(one)
    return found


def _identity(one: Application) -> list[Fault]:
    found = []
    known = one.kind in KINDS
    kinds = [kind for kind in ID_KINDS if not known or kind == "other" or (kind == USCC) != one.is_natural]
    if one.id_kind not in kinds:
        names = "、".join(ID_KINDS[kind] for kind in kinds)
        found.append(
            Fault(
                "id_kind",
                "还没有选合适的证件类型",
                "法律要求提供身份证明（条例第二十九条）。",
                f"请在{names}中选一种。",
            )
        )
    fault = _number(one.id_kind, one.id_number.upper())
    return [*found, fault] if fault else found


def _number(kind: str, number: str) -> Fault | None:
    """What is wrong with a number, as far as its kind lets it be checked: GB 11643, GB 32100."""
    again = "请对照证件再输一次。"
    slip = "最后一位用来核对前 17 位，可能写错了一位。"
    if not number:
        return Fault(
            "id_number", "还没有写证件号码", "法律要求提供身份证明（条例第二十九条）。", "请照证件填写。"
        )
    if kind == "resident_id" and not _RESIDENT.fullmatch(number):
        return Fault("id_number", "身份证号码不是 18 位", "它是 17 位数字加一位数字或者 X。", again)
    if kind == "resident_id" and not is_identity_number(number):
        how = f"{again[:-1]}；最后一位是 X 的，填大写或小写都可以。"
        return Fault("id_number", "身份证号码的最后一位与前 17 位对不上", slip, how)
    if kind == USCC and not uscc.is_valid(number):
        return Fault("id_number", "统一社会信用代码对不上", f"它是 18 位，{slip}", again)
    return None


def _email(one: Application) -> list[Fault]:
    if one.email and not _EMAIL.fullmatch(one.email):
        return [Fault("email", "电子邮箱的写法不对", "邮箱写作“名字@网站”，中间没有空格。", "请核对一遍。")]
    return []


def _how(one: Application) -> list[Fault]:
    found = []
    if one.supply not in SUPPLIES:
        found.append(
            Fault(
                "supply", "还没有选要什么形式", "法律要求写明获取信息的形式（条例第二十九条）。", "请选一种。"
            )
        )
    if one.delivery not in DELIVERIES:
        found.append(
            Fault(
                "delivery", "还没有选怎么领取", "法律要求写明获取信息的途径（条例第二十九条）。", "请选一种。"
            )
        )
    elif one.supply in SUPPLIES and one.delivery not in FITTING[one.supply]:
        ways = "、".join(f"“{DELIVERIES[way]}”" for way in FITTING[one.supply])
        found.append(
            Fault(
                "delivery",
                "形式和领取方式配不上",
                f"{SUPPLIES[one.supply]}不能用这种方式给您。",
                f"请改选{ways}，或者换一种形式。",
            )
        )
    if one.delivery == "post" and not one.address:
        found.append(Fault("address", "还没有写邮寄地址", "您选了邮寄。", "请写到门牌号，或者改选别的方式。"))
    if one.delivery == "email" and not one.email:
        found.append(
            Fault("email", "还没有写电子邮箱", "您选了发到电子邮箱。", "请写一个邮箱，或者改选别的方式。")
        )
    found += _email(one)
    return found
