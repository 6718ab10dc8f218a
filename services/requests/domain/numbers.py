"""Registration numbers and query codes.

A number is ``341323-2026-00047``: the first six digits of the organ's division, the legal year, and the version of
that book's stream in the log, so that the store's own rule leaves neither gap nor double. A query code is fifty bits
in Crockford's base32 (no I, L, O, U), shown ``K7QM3-XPD9T``; it is derived from the request's id, never stored.
"""

from __future__ import annotations

import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 10
CODE_BYTES: Final = 7
"""Bytes of a digest that hold the bits of a code."""

_NUMBER: Final = re.compile(r"^\d{6}-\d{4}-\d{5,7}$")
_BITS: Final = 5
_READ_AS: Final = str.maketrans("ILO", "110")
_LONGEST: Final = 40


def book_stream(division: str, year: int) -> str:
    """Give the stream in which the numbers of a division and a legal year are taken."""
    return f"serial:request:{division[:6]}:{year:04d}"


def number_of(division: str, year: int, serial: int) -> str:
    """Give the number of a serial from 1 on; five digits, more when they are needed."""
    return f"{division[:6]}-{year:04d}-{serial:05d}"


def request_stream(request_id: str) -> str:
    """Give the stream of a request."""
    return f"request:{request_id}"


def code_of(digest: bytes) -> str:
    """Give the query code, without hyphen, of at least `CODE_BYTES` bytes of a keyed digest."""
    value = int.from_bytes(digest[:CODE_BYTES]) >> (CODE_BYTES * 8 - CODE_LENGTH * _BITS)
    return "".join(ALPHABET[value >> shift & 31] for shift in range((CODE_LENGTH - 1) * _BITS, -1, -_BITS))


def shown_code(code: str) -> str:
    """Give a code as people read it."""
    return f"{code[:5]}-{code[5:]}"


def read_code(text: str) -> str:
    """Read a code as people type it: any case, with or without hyphen and spaces, I and L for 1, O for 0."""
    plain = re.sub(r"[\s\-－—–]", "", text[:_LONGEST]).upper()
    return plain.translate(_READ_AS)


def read_number(text: str) -> str:
    """Read a number as people type it; "" where it cannot be one."""
    plain = re.sub(r"[\s]", "", text[:_LONGEST]).translate(str.maketrans("－—–", "---"))
    return plain if _NUMBER.match(plain) and plain.isascii() else ""
