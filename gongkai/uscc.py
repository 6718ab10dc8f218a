"""The unified social credit code (GB 32100-2015): 18 characters, the last of which checks the rest."""

from __future__ import annotations

import hashlib
import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters a code may use, at their values; I, O, S, V and Z are left out."""

_SHAPE: Final = re.compile(rf"^[{ALPHABET}]{{18}}$")
_BODY: Final = re.compile(rf"^[{ALPHABET}]{{17}}$")
_MODULUS: Final = 31
_BASE: Final = 3
_PLACEHOLDER: Final = "Y1"
"""Registry category 其他: no organ has a code like it, so a placeholder is seen to be one."""


def check_character(body: str) -> str:
    """Compute the 18th character from the first 17 (GB 32100-2015, MOD 31 with weights 3^i).

    Raises:
        ValueError: ``body`` is not 17 characters of the alphabet.
    """
    if not _BODY.match(body):
        raise ValueError("a credit code has 17 characters before its check character")
    total = sum(ALPHABET.index(c) * pow(_BASE, i, _MODULUS) for i, c in enumerate(body))
    return ALPHABET[-total % _MODULUS]


def is_well_formed(code: str) -> bool:
    """Tell whether ``code`` has 18 characters of the alphabet."""
    return _SHAPE.match(code) is not None


def is_valid(code: str) -> bool:
    """Tell whether ``code`` is well formed and its check character agrees."""
    return is_well_formed(code) and check_character(code[:17]) == code[17]


def placeholder_uscc(code: str, division: str) -> str:
    """Make a well-formed credit code that is seen to be no real one; the same for the same organ."""
    digest = hashlib.sha256(code.encode()).digest()
    rest = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:9])
    body = f"{_PLACEHOLDER}{division[:6]}{rest}"
    return body + check_character(body)
