"""One key for every way of writing a document number or an index number.

灵建〔2026〕31号, 灵建[2026]031号, 灵建2026 31 and full-width spellings all give ``灵建202631``: the year always has four
digits, so nothing is lost by dropping the brackets. An index number is ``<USCC>/<YYYYMM>-<serial>``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NUMBER: Final = 60
"""Characters; longer input is a sentence, not a number."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_FILLER = re.compile(r"[第号年]|[^0-9a-z\u3007\u3400-\u9fff]+")
_LEADING_ZEROS = re.compile(r"(?<![0-9a-z])0+(?=[0-9])")
_DOCUMENT = re.compile(
    r"^(?P<issuer>[\u3400-\u9fffa-z]{1,20}?)(?:字)?[^0-9a-z\u3400-\u9fff]*"
    r"(?:19|20)[0-9]{2}[^0-9a-z\u3400-\u9fff]*第?[^0-9a-z\u3400-\u9fff]*[0-9]{1,5}[^0-9a-z\u3400-\u9fff]*号?$"
)
_INDEX = re.compile(r"^[0-9a-z]{18}[^0-9a-z]*[0-9]{6}[^0-9a-z]*[0-9]{5,7}$")


def _folded(text: str) -> str:
    """Half width, lower case, without what cannot be seen."""
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return text.casefold().strip()


def document_key(number: str) -> str:
    """The key of a document number; empty when nothing is left of it."""
    return _FILLER.sub("", _LEADING_ZEROS.sub("", _folded(number)))


def index_key(number: str) -> str:
    """The key of an index number. Leading zeros of its serial count."""
    return re.sub(r"[^0-9a-z]+", "", _folded(number))


def keys_asked_for(query: str) -> tuple[str, ...]:
    """The keys under which ``query`` may be somebody's number; empty when it does not read as one."""
    folded = _folded(query)
    if not folded or len(folded) > LONGEST_NUMBER:
        return ()
    if _INDEX.match(folded):
        return (index_key(query),)
    if _DOCUMENT.match(folded):
        return (document_key(query),)
    return ()
