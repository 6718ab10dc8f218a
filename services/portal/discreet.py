"""Pages that are somebody's own: nobody keeps them, and where the reader goes next learns nothing of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.responses import Response

READING: Final = timedelta(minutes=15)
"""How long a looked-up request stays on the screen of a shared computer."""


def discreet(answer: Response, *, silent: bool = False, back: str = "") -> Response:
    """Make a page one that is not kept and not found.

    Args:
        answer: the page.
        silent: not even our own pages are told where the reader comes from. Browsers then send forms with ``Origin:
            null``, which only those that also send ``Sec-Fetch-Site`` get past our door with: not for forms that
            everybody must be able to send.
        back: where the browser goes by itself after a quarter of an hour; an address without anything of the page.
    """
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    if silent:
        answer.headers["Referrer-Policy"] = "no-referrer"
    if "ETag" in answer.headers:
        del answer.headers["ETag"]
    if back:  # as a header: the page needs no script for it
        answer.headers["Refresh"] = f"{int(READING.total_seconds())}; url={back}"
    return answer
