"""How laws and documents are named: when two titles, or two document numbers, mean the same.

中华人民共和国 before a title may be missing, so may the 《》 of a title within a title; full and half width, spaces and
the marks that join names count for nothing. （试行） and （暂行） belong to the title: what was tried out is another
document than what came of it. （2019年修订） does not: it names a text of the same document.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_STATE: Final = re.compile(r"(^|[《〈<])中华人民共和国(?=.)")
_REVISION: Final = re.compile(
    r"\((?:19|20)\d{2}年?(?:\d{1,2}月(?:\d{1,2}日)?)?(?:第.次)?(?:修订|修正|修改|版|本|修订版|修正版|修订本|修正本|修正文本)?\)$"
    r"|\((?:修订|修正|修订版|修正版)\)$"
)
_NOTHING: Final = re.compile(r"[\s《》〈〉<>“”\"‘’'、,，·•.。]")
_WRAPPED: Final = re.compile(
    r"^.{0,60}?关于(?:印发|发布|公布|颁布)[《〈](?P<title>.+)[》〉]的?(?:通知|公告|决定|通告)(?:\(.*\))?$"
)
_YEAR: Final = re.compile(r"[\[(〔【{]((?:19|20)\d{2})年?[\])〕】}]")


def title_key(title: str) -> str:
    """Give the words by which a title is the same as another; empty where a title says nothing.

    ``《中华人民共和国土地管理法》（2019年修正）`` and ``土地管理法`` have one key.
    """
    words = _REVISION.sub("", unicodedata.normalize("NFKC", title).strip().strip("《》"))
    words = re.sub(r"》(?=\([^()]*\)$)", "", words)  # 《办法》（试行）
    return _NOTHING.sub("", _STATE.sub(r"\1", words)).lower()


def title_keys(title: str) -> tuple[str, ...]:
    """Give the keys a title may be looked up by: its own, and that of the document it brings out.

    ``财政部关于印发《地方预决算公开操作规程》的通知`` is the paper that carries the 规程.
    """
    own = title_key(title)
    wrapped = _WRAPPED.match(unicodedata.normalize("NFKC", title).strip())
    inner = title_key(wrapped["title"]) if wrapped else ""
    return tuple(dict.fromkeys(key for key in (own, inner) if key))


def number_key(number: str) -> str:
    """Give the form in which two document numbers (文号) are the same; empty for none.

    ``国发 [2012] 第45号`` and ``国发〔2012〕45号`` have one key.
    """
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFKC", number))
    bare = _YEAR.sub(lambda year: f"〔{year[1]}〕", bare).removeprefix("中华人民共和国")
    return bare.replace("第", "").lower()
