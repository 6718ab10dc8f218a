"""Whether a document says what its matter demands: one check for catalog, which is asked, and publishing, which decides.

Pure. Texts never repeat what a document says, only what the catalogue says and the names of elements.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from gongkai.contracts.matters import Element, MatterReading
from gongkai.refusal import Reason
from gongkai.security.personal import find_personal_numbers

LONGEST: Final = 4000
"""Characters of one element's text; more belongs into the body."""
MOST: Final = 200
"""Elements of one document."""
_SHOWN: Final = 40
_NAMED: Final = 5
"""Elements a refusal offers where it can suggest none."""
_CLOSE: Final = 0.5
_CITED: Final = 3
_PERSONAL: Final = {
    "resident_identity_number": (
        "personal.identity-number",
        "含有居民身份证号码，不得公开。请删除后重发。",
    ),
    "mobile_number": (
        "personal.mobile-number",
        "含有手机号码，不得公开。请删除或改用办公电话后重发。",
    ),
}


def required_elements(reading: MatterReading) -> tuple[Element, ...]:
    """Give the elements that every document under the matter must have."""
    return tuple(element for element in reading.elements if element.required)


def missing_elements(reading: MatterReading, given: Mapping[str, str]) -> tuple[Element, ...]:
    """Give the required elements of which ``given`` (key → text) says nothing."""
    said = {key.strip() for key, text in given.items() if text.strip()}
    return tuple(element for element in required_elements(reading) if element.key not in said)


def unknown_elements(reading: MatterReading, given: Mapping[str, str]) -> tuple[str, ...]:
    """Give the keys of ``given`` that the matter does not have, in their order."""
    known = {element.key for element in reading.elements}
    return tuple(key for key in given if key.strip() not in known)


def nearest(key: str, elements: Iterable[Element]) -> str:
    """Give the element that a wrong key was probably meant for; empty if none is near."""
    names = {element.key: element.key for element in elements}
    by_name = {element.name: element.key for element in elements}
    close = difflib.get_close_matches(key.strip(), [*names, *by_name], n=1, cutoff=_CLOSE)
    return (names | by_name)[close[0]] if close else ""


def articles_of(reading: MatterReading) -> str:
    """Give what the matter rests on, as a reason names it: the first laws and documents of its 公开依据."""
    return "；".join(f"《{one.title}》{one.articles}" for one in reading.citations[:_CITED])


def element_reasons(reading: MatterReading, given: Mapping[str, str]) -> tuple[Reason, ...]:
    """Give every reason why a document's elements do not do, each about the field ``elements.<key>``.

    Args:
        reading: of the matter, in the edition in force.
        given: key → text; a key without text counts as not given.
    """
    if len(given) > MOST:
        return (Reason("elements.too-many", f"要素超过 {MOST} 项。请只填写本事项的要素。", "elements"),)
    article = articles_of(reading)
    missing = (
        Reason(
            "elements.missing",
            f"缺少公开内容要素“{quotable(element.name)}”。请在 elements 中以“{quotable(element.key)}”为键写明内容。",
            f"elements.{element.key}",
            article,
        )
        for element in missing_elements(reading, given)
    )
    unknown = (
        Reason("elements.unknown", _advice(key, reading), f"elements.{quotable(key)}")
        for key in unknown_elements(reading, given)
    )
    long = (
        Reason(
            "elements.too-long",
            f"要素“{quotable(key)}”超过 {LONGEST} 字。请在要素中写明要点，全文放入正文。",
            f"elements.{quotable(key)}",
        )
        for key, text in given.items()
        if len(text) > LONGEST
    )
    return (*missing, *unknown, *long)


def personal_reasons(given: Mapping[str, str]) -> tuple[Reason, ...]:
    """Give a reason for each element that holds an identity number or a mobile number; it is not repeated."""
    return tuple(
        Reason(code, text, f"elements.{quotable(key)}", "《政府信息公开条例》第十五条")
        for key, said in given.items()
        for code, text in (
            _PERSONAL[kind] for kind in sorted({one.kind for one in find_personal_numbers(f"{key}\n{said}")})
        )
    )


def document_reasons(reading: MatterReading, given: Mapping[str, str]) -> tuple[Reason, ...]:
    """Give every reason why publishing would refuse a live document for its elements."""
    return (*element_reasons(reading, given), *personal_reasons(given))


def _advice(key: str, reading: MatterReading) -> str:
    told = f"本事项没有要素“{quotable(key)}”。"
    if close := nearest(key, reading.elements):
        return f"{told}是否应为“{quotable(close)}”？请改用目录中的名称。"
    names = "、".join(f"“{quotable(element.key)}”" for element in reading.elements[:_NAMED])
    rest = "等" if len(reading.elements) > _NAMED else ""
    return (
        f"{told}本事项的要素有{names}{rest}；请改用其中的名称，或者删去这一项。"
        if names
        else f"{told}请删去这一项。"
    )


def quotable(text: str) -> str:
    """Give a name as a sentence quotes it; a personal number in it is not repeated."""
    text = text.strip()
    if find_personal_numbers(text):
        return "（含个人号码，不再重复）"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
