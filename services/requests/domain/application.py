"""Whether an application has what Art. 29 asks for; and nothing more: no purpose is asked, and there is no field for one.

《政府信息公开条例》第二十九条第二款: (一) name, proof of identity, contact; (二) name, number or other features of the
information; (三) form and way of supply. A reason never repeats what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from gongkai import uscc
from gongkai.refusal import Reason
from gongkai.security.personal import is_identity_number
from services.requests.domain.facts import APPLICANT_KINDS, DELIVERIES, SUPPLIES, Applicant, Content

WHO: Final = "《政府信息公开条例》第二十九条第二款第（一）项"
WHAT: Final = "《政府信息公开条例》第二十九条第二款第（二）项"
HOW: Final = "《政府信息公开条例》第二十九条第二款第（三）项"
DESCRIPTION_LIMIT: Final = 1000
"""Characters."""

_LIMITS: Final = {
    "name": ("姓名或名称", 100),
    "id_number": ("证件号码", 40),
    "contact_name": ("联系人", 100),
    "phone": ("电话", 30),
    "email": ("电子邮箱", 120),
    "address": ("通信地址", 200),
}
_ID_KINDS: Final = ("resident_id", "passport", "other")
_NATURAL: Final = "natural"
_MOBILE: Final = re.compile(r"^1[3-9]\d{9}$")
_PHONE: Final = re.compile(r"^(0\d{2,3}-?)?\d{7,8}(-\d{1,6})?$|^1[3-9]\d{9}$|^\+\d{8,15}$")
_EMAIL: Final = re.compile(r"^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}$")
_OTHER_ID: Final = re.compile(r"^[0-9A-Za-z()-]{4,40}$")


def clean_applicant(raw: Applicant) -> Applicant:
    """Write an applicant's fields in the usual way: no stray spaces, half-width numbers, capital letters in codes."""
    return Applicant(
        kind=raw.kind.strip(),
        name=_text(raw.name),
        id_kind=raw.id_kind.strip(),
        id_number=_compact(raw.id_number).upper(),
        contact_name=_text(raw.contact_name),
        phone=re.sub(r"[－—–]", "-", _compact(raw.phone)),
        email=_compact(raw.email),
        address=_text(raw.address),
    )


def clean_content(raw: Content) -> Content:
    """Write a content's fields in the usual way; lines of the description stay."""
    lines = (_text(line) for line in raw.description.splitlines())
    return Content(
        description="\n".join(lines).strip(), supply=raw.supply.strip(), delivery=raw.delivery.strip()
    )


def is_mobile(phone: str) -> bool:
    """Tell whether a notice can reach the number by SMS."""
    return _MOBILE.match(phone) is not None


def reasons_against(applicant: Applicant, content: Content) -> list[Reason]:
    """List everything an application lacks; both were cleaned before."""
    return [
        *_who(applicant),
        *_identity(applicant),
        *_contact(applicant),
        *_too_long(applicant),
        *_what(content),
        *_how(applicant, content),
    ]


def _who(applicant: Applicant) -> Iterator[Reason]:
    if applicant.kind not in APPLICANT_KINDS:
        yield Reason(
            "applicant.kind", "请选择申请人类型：自然人，或者法人、其他组织中的一类。", "applicant.kind", WHO
        )
    if not applicant.name:
        yield Reason("applicant.name", "没有填写申请人的姓名或者名称。请按证件填写。", "applicant.name", WHO)
    if applicant.kind in APPLICANT_KINDS and applicant.kind != _NATURAL and not applicant.contact_name:
        yield Reason(
            "applicant.contact-name",
            "没有填写联系人。法人或者其他组织申请的，请写明联系人姓名。",
            "applicant.contact_name",
            WHO,
        )


def _identity(applicant: Applicant) -> Iterator[Reason]:
    field = "applicant.id_number"
    kinds = _ID_KINDS if applicant.kind == _NATURAL else ("uscc", "other")
    if applicant.kind in APPLICANT_KINDS and applicant.id_kind not in kinds:
        text = (
            "请选择证件种类：居民身份证、护照或者其他证件。"
            if applicant.kind == _NATURAL
            else "请选择证件种类：统一社会信用代码或者其他证件。"
        )
        yield Reason("applicant.id-kind", text, "applicant.id_kind", WHO)
    if not applicant.id_number:
        yield Reason("applicant.id-number", "没有填写证件号码。请按证件填写。", field, WHO)
    elif applicant.id_kind == "resident_id":
        yield from _resident_id(applicant.id_number)
    elif applicant.id_kind == "uscc":
        if not uscc.is_well_formed(applicant.id_number):
            text = "统一社会信用代码应为 18 位数字和大写字母（不含 I、O、S、V、Z）。请对照证照再输一次。"
            yield Reason("applicant.uscc", text, field, WHO)
        elif not uscc.is_valid(applicant.id_number):
            text = "统一社会信用代码的最后一位与前 17 位对不上，可能写错了一位。请对照证照再输一次。"
            yield Reason("applicant.uscc-check", text, field, WHO)
    elif applicant.id_kind in _ID_KINDS and not _OTHER_ID.match(applicant.id_number):
        text = "证件号码应为 4 至 40 位数字和字母。请对照证件再输一次。"
        yield Reason("applicant.id-malformed", text, field, WHO)


def _resident_id(number: str) -> Iterator[Reason]:
    field = "applicant.id_number"
    if not re.fullmatch(r"\d{17}[\dX]", number):
        text = "居民身份证号码应为 18 位，最后一位可以是 X。请对照证件再输一次。"
        yield Reason("applicant.resident-id", text, field, WHO)
    elif not is_identity_number(number):
        text = "最后一位与前 17 位对不上，可能写错了一位。请对照证件再输一次。"
        yield Reason("applicant.resident-id-check", text, field, WHO)


def _contact(applicant: Applicant) -> Iterator[Reason]:
    if not (applicant.phone or applicant.email or applicant.address):
        text = "没有填写联系方式。请在电话、电子邮箱、通信地址中至少填一项，否则答复无法送到。"
        yield Reason("applicant.contact", text, "applicant.phone", WHO)
    if applicant.phone and not _PHONE.match(applicant.phone):
        text = "电话号码的位数不对。请填写 11 位手机号码，或者带区号的固定电话。"
        yield Reason("applicant.phone", text, "applicant.phone", WHO)
    if applicant.email and not _EMAIL.match(applicant.email):
        text = "电子邮箱的写法不对，应为 名称@网站 的形式。请检查是否漏了一部分。"
        yield Reason("applicant.email", text, "applicant.email", WHO)


def _too_long(applicant: Applicant) -> Iterator[Reason]:
    for field, (name, most) in _LIMITS.items():
        if len(getattr(applicant, field)) > most:
            text = f"{name}超过 {most} 字。请缩短后再提交。"
            yield Reason(f"applicant.{field.replace('_', '-')}-too-long", text, f"applicant.{field}")


def _what(content: Content) -> Iterator[Reason]:
    field = "content.description"
    if not content.description:
        text = "没有写要什么信息。请写明信息的名称、文号，或者便于查找的其他特征。"
        yield Reason("content.description", text, field, WHAT)
    elif len(content.description) > DESCRIPTION_LIMIT:
        text = f"信息描述超过 {DESCRIPTION_LIMIT} 字。请缩短，只写便于查找的特征。"
        yield Reason("content.description-too-long", text, field, WHAT)


def _how(applicant: Applicant, content: Content) -> Iterator[Reason]:
    if content.supply not in SUPPLIES:
        text = "没有选择提供信息的形式。请在纸质、电子文档、当场查阅中选一种。"
        yield Reason("content.supply", text, "content.supply", HOW)
    if content.delivery not in DELIVERIES:
        text = "没有选择获取信息的方式。请在邮寄、网上获取、自行领取、发到邮箱中选一种。"
        yield Reason("content.delivery", text, "content.delivery", HOW)
    if content.delivery == "post" and not applicant.address:
        text = "选择了邮寄，但没有填写通信地址。请填写地址，或者换一种方式。"
        yield Reason("content.delivery-address", text, "applicant.address", HOW)
    if content.delivery == "email" and not applicant.email:
        text = "选择了发到邮箱，但没有填写电子邮箱。请填写邮箱，或者换一种方式。"
        yield Reason("content.delivery-email", text, "applicant.email", HOW)


def _text(raw: str) -> str:
    """One line without control and invisible characters, its spaces made one."""
    shown = "".join(
        " " if c.isspace() else c for c in raw if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    return re.sub(r" +", " ", shown).strip()


def _compact(raw: str) -> str:
    return _text(unicodedata.normalize("NFKC", raw)).replace(" ", "")
