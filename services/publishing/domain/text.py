"""How text from a department is cleaned before anything looks at it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
"""Zero-width, direction, filler, variation and tag characters: they are seen by nobody and match nothing."""
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_WIDE: Final = {
    **{code: code - 0xFEE0 for code in range(ord("０"), ord("９") + 1)},
    **{code: code - 0xFEE0 for code in range(ord("Ａ"), ord("Ｚ") + 1)},
    **{code: code - 0xFEE0 for code in range(ord("ａ"), ord("ｚ") + 1)},
}


def without_invisible(text: str) -> str:
    """The text without characters nobody sees; lone surrogates go too, as they cannot be stored."""
    if text.isascii():
        return text
    return _INVISIBLE.sub("", text.encode("utf-8", "ignore").decode("utf-8"))


def clean(text: str | None) -> str:
    """One line: composed (NFC), no invisible characters, runs of any space as one, none at the ends."""
    if not text:
        return ""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", without_invisible(text))).strip()


def clean_title(text: str | None) -> str:
    """A title as it is shown: cleaned, full-width letters and digits narrow; Chinese punctuation stays wide."""
    return clean(text).translate(_WIDE)


def clean_or_none(text: str | None) -> str | None:
    """As ``clean``, and None where nothing is left."""
    return clean(text) or None
