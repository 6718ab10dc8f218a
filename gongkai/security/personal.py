"""Finds personal numbers in text: resident identity numbers and mobile numbers.

Sources: GB 11643-1999 (identity number, check character by ISO 7064 MOD 11-2); the numbering plan of mobile
numbers (eleven digits beginning 13 to 19). What a person sees is what is searched: full-width and other Unicode
digits are read as digits, invisible characters are ignored, and spaces or dashes between digits do not hide a
number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Kind = Literal["resident_identity_number", "mobile_number"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A personal number: characters ``start`` to ``end`` (exclusive) of the text that was given."""

    kind: Kind
    start: int
    end: int


_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_REGIONS: Final = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
        "91",
    ]
)
"""First two digits: the provinces of GB/T 2260, and 83 and 91 of residence permits."""
_BIRTH_YEARS: Final = range(1880, 2100)

_LOOKS_LIKE_X: Final = frozenset("Xx×Ххˣ✕")
_DASHES: Final = frozenset("‐‑‒–—―−－﹣_~～")
_DOTS: Final = frozenset(".·・‧•。")
# What people put between groups of digits; at most three in a row still join two digits.
_GAP: Final = r"[ \-.]{0,3}"
_IDENTITY: Final = re.compile(rf"(?<![0-9])[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9X](?![0-9])")
_MOBILE: Final = re.compile(
    rf"(?<![0-9])(?:(?:00)?86{_GAP})?(?P<number>1{_GAP}[3-9](?:{_GAP}[0-9]){{9}})(?![0-9])"
)
_YEARS: Final = re.compile(r"19[0-9]{2}[ \-]+(?:19|20)[0-9]{2}[ \-]")
_SHORTEST_DOTTED_GROUP: Final = 3


def find_personal_numbers(text: str) -> list[Finding]:
    """Return every identity and mobile number in ``text``, in order, none overlapping.

    An identity number counts only with a known region, a possible date of birth and the right check character.
    A mobile number counts only where it is not part of a longer run of digits.
    """
    shown, origin = _as_shown(text)
    findings: list[Finding] = []
    for start, end in _matches(_IDENTITY, shown, 0, is_identity_number):
        findings.append(Finding("resident_identity_number", origin[start], origin[end - 1] + 1))
    taken = [(finding.start, finding.end) for finding in findings]
    for start, end in _matches(_MOBILE, shown, "number", _is_mobile):
        first, last = origin[start], origin[end - 1] + 1
        if not any(first < other_end and other_start < last for other_start, other_end in taken):
            findings.append(Finding("mobile_number", first, last))
    return sorted(findings, key=lambda finding: finding.start)


def mask(text: str) -> str:
    """Return ``text`` with every character of a personal number replaced by ``*``."""
    if not any(character.isnumeric() for character in text):
        return text
    masked = text
    for finding in find_personal_numbers(text):
        masked = masked[: finding.start] + "*" * (finding.end - finding.start) + masked[finding.end :]
    return masked


def is_identity_number(number: str) -> bool:
    """Tell whether 18 characters are a valid resident identity number (GB 11643: region, date, check)."""
    digits = "".join(character for character in number if character in "0123456789X")
    if len(digits) != len(_WEIGHTS) + 1 or not digits[:-1].isdecimal() or digits[:2] not in _REGIONS:
        return False
    return _is_birth(digits[6:14]) and check_character(digits[:-1]) == digits[-1]


def check_character(first_seventeen: str) -> str:
    """Return the check character of an identity number's first 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_seventeen, strict=True))
    return _CHECKS[total % 11]


def _is_birth(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year in _BIRTH_YEARS
    except ValueError:
        return False


def _is_mobile(shown: str) -> bool:
    """Rule out what only looks like a grouped number: a range of years, a decimal fraction."""
    if _YEARS.match(shown):
        return False
    groups = re.split(r"[ \-.]+", shown)
    return "." not in shown or min(map(len, groups)) >= _SHORTEST_DOTTED_GROUP


def _matches(
    pattern: re.Pattern[str], shown: str, group: int | str, accept: Callable[[str], bool]
) -> Iterator[tuple[int, int]]:
    """Yield the spans that are accepted; after a refused one the search goes on one character later."""
    at = 0
    while (match := pattern.search(shown, at)) is not None:
        if accept(match[group]):
            yield match.span(group)
            at = match.end()
        else:
            at = match.start() + 1


def _as_shown(text: str) -> tuple[str, list[int]]:
    """Return the text as a reader sees its digits, and for each of its characters the place it came from."""
    shown: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        for plain in _plain(character):
            shown.append(plain)
            origin.append(place)
    return "".join(shown), origin


def _plain(character: str) -> str:
    if "0" <= character <= "9":
        return character
    if character in _LOOKS_LIKE_X:
        return "X"
    if character in _DASHES:
        return "-"
    if character in _DOTS:
        return "."
    if character.isascii():
        return " " if character == "\t" else character
    return _plain_beyond_ascii(character)


def _plain_beyond_ascii(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Mn", "Me"}:  # zero-width, soft hyphen, joiners, variation selectors, accents
        return ""
    if category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKC", character)
    return "X" if plain in _LOOKS_LIKE_X else plain
