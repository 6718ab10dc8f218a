"""Document numbers (发文字号): 机关代字 + 〔YYYY〕 + 序号 + 号, no leading zeros, no 第.

Published numbers differ from the form mostly by stray spaces, invisible characters, the kind of bracket and a label in
front; those are put right. What still is not of the form (orders, announcements, half a number) is kept as given.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from services.publishing.domain.text import clean

_LABEL: Final = re.compile(r"^(?:发文字号|发文文号|文件编号|文件字号|公文字号|文\s*号|字\s*号)\s*[:：]\s*")
_OPEN: Final = "〔[［【(（﹝「『〖{｛<＜〈《⟦❲⁅⁽₍⦗⸨"
_CLOSE: Final = "〕]］】)）﹞」』〗}｝>＞〉》⟧❳⁆⁾₎⦘⸩"
_BRACKETS: Final = str.maketrans(dict.fromkeys(_OPEN, "〔") | dict.fromkeys(_CLOSE, "〕"))
_EMPTY_TAIL: Final = re.compile(r"〔〕$")
_SHAPE: Final = re.compile(
    r"^(?P<prefix>[^\W\d_]{1,40})〔(?P<year>[12]\d{3})(?:年)?〕(?:第)?0*(?P<serial>[1-9]\d{0,5})号$"
)


@dataclass(frozen=True, slots=True)
class DocNumber:
    """A document number as it is stored."""

    text: str
    """In the form of the rule if ``standard``, else as given (label, invisible characters and outer spaces gone)."""
    standard: bool


def read_doc_number(given: str | None) -> DocNumber | None:
    """The number in what a department wrote; None when it wrote none (or only the label)."""
    as_given = _LABEL.sub("", clean(given)).strip()
    if not as_given:
        return None
    tight = unicodedata.normalize("NFKC", as_given.translate(_BRACKETS)).translate(_BRACKETS)
    tight = _EMPTY_TAIL.sub("", re.sub(r"\s+", "", tight))
    if tight in {"", "〔〕", "无", "-", "/"}:
        return None
    match = _SHAPE.match(tight)
    if match is None:
        return DocNumber(as_given, standard=False)
    return DocNumber(f"{match['prefix']}〔{match['year']}〕{match['serial']}号", standard=True)
