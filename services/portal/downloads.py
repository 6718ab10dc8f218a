"""What every download is given with: a name of ours, a type it cannot harm with, and nothing it may load."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from services.portal import words

ANY: Final = "application/octet-stream"
_POLICY: Final = "default-src 'none'; sandbox"
_SAFE_TYPE: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-/")


def download_headers(name: str) -> dict[str, str]:
    """Headers of a file that is to be saved, never shown in the site's own name."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(words.file_name(name), safe='')}",
        "Content-Security-Policy": _POLICY,
        "Content-Encoding": "identity",
    }


def safe_type(text: str) -> str:
    """What somebody called a file, if it can be a media type at all."""
    plain = text.split(";", maxsplit=1)[0].strip().lower()
    return plain if plain.count("/") == 1 and set(plain) <= _SAFE_TYPE else ANY
