"""Large print and high contrast, kept in a cookie; no script, no account."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

COOKIE: Final = "theme"
STANDARD: Final = "standard"
THEMES: Final = {STANDARD: "标准版", "large": "大字版", "contrast": "高对比度"}
_YEAR_SECONDS: Final = 365 * 24 * 3600


def theme_of(request: Request) -> str:
    """The theme the reader chose."""
    chosen = request.cookies.get(COOKIE, STANDARD)
    return chosen if chosen in THEMES else STANDARD


async def choose(request: Request) -> Response:
    """``/preferences?theme=…&back=…``: keep the choice, go back to the page it was made on."""
    chosen = request.query_params.get("theme", STANDARD)
    answer = RedirectResponse(safe_back(request.query_params.get("back", "/")), status_code=303)
    answer.set_cookie(
        COOKIE,
        chosen if chosen in THEMES else STANDARD,
        max_age=_YEAR_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def safe_back(text: str) -> str:
    """An address on this site; anything that could lead elsewhere becomes the front page."""
    plain = text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else "/"
