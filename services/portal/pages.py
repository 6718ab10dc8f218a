"""Templates to answers: one environment, one place where headers of pages are set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from gongkai.serving.clock import Clock, legal_day
from services.portal import casewords, cataloguewords, rowwords, staffwords, textdiff, villagewords, words
from services.portal.csrf import FormMarks
from services.portal.notices import DONE
from services.portal.places import Divisions, Place
from services.portal.themes import THEMES, theme_of

_ETAG_DIGITS: Final = 32
_NAME_DIGITS: Final = 12
_ASSETS: Final = {
    "site.css": "text/css; charset=utf-8",
    "staff.css": "text/css; charset=utf-8",
    "site.js": "text/javascript; charset=utf-8",
    "bulletin.css": "text/css; charset=utf-8",
    "sheet.css": "text/css; charset=utf-8",
    "sheet.js": "text/javascript; charset=utf-8",
    "seal.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that never changes under its name: the name has a digest of the bytes."""

    name: str
    data: bytes
    media_type: str

    @property
    def path(self) -> str:
        """Its address."""
        return f"/static/{self.name}"


@dataclass(frozen=True, slots=True)
class Where:
    """What the frame around a page needs to know."""

    place: Place | None = None
    divisions: Divisions | None = None
    section: str = ""
    """Which entry of the navigation is current."""
    below: str = ""
    """The address below the division, for the county switcher; empty where another county may not have it."""
    villages: bool = False
    """Whether a village here keeps a list of its own: then 村务公开 stands in the navigation."""

    @property
    def counties(self) -> list[Place]:
        """Where the switcher leads: the city itself, then its counties."""
        if self.divisions is None:
            return []
        city = self.divisions.city
        return [*([city] if city else []), *self.divisions.counties]

    @property
    def county(self) -> Place | None:
        """The entry of the switcher that is current."""
        if self.divisions is None or self.place is None:
            return None
        return self.divisions.county_of(self.place) or self.divisions.city

    @property
    def above(self) -> list[Place]:
        """What the place lies in."""
        return [] if self.divisions is None or self.place is None else self.divisions.above(self.place)


class Pages:
    """Renders templates. Everything a template prints is escaped; there is no way around it in this package."""

    def __init__(self, *, demo: bool, clock: Clock) -> None:
        self._clock = clock
        assets = {name: _asset(name) for name in _ASSETS}
        self.by_hashed_name = {asset.name: asset for asset in assets.values()}
        self._environment = Environment(
            loader=PackageLoader("services.portal"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,  # templates come with the package; no page looks for newer ones on the disk
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters = (
            *casewords.FILTERS,
            *staffwords.FILTERS,
            *cataloguewords.FILTERS,
            *rowwords.FILTERS,
            textdiff.pieces,
            villagewords.village_cycle,
            villagewords.village_name,
            words.long_date, words.month_name, words.period, words.yuan, words.local_time, words.size, words.number, words.media, words.kind,
            words.validity, words.attribute, words.provenance, words.level, words.record_path, words.short_digest, words.defect,
        )  # fmt: skip
        self._environment.filters |= {one.__name__: one for one in filters}
        self._environment.globals |= {
            "css": assets["site.css"].path,
            "staff_css": assets["staff.css"].path,
            "js": assets["site.js"].path,
            "bulletin_css": assets["bulletin.css"].path,
            "sheet_css": assets["sheet.css"].path,
            "sheet_js": assets["sheet.js"].path,
            "seal": assets["seal.svg"].path,
            "demo": demo,
            "themes": THEMES,
            "NONE": words.NONE,
            "file_path": words.file_path,
            "query": query,
        }

    def part(self, template: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a module of macros
        """The macros of a template, for an answer that is a part of a page."""
        return self._environment.get_template(template).make_module(dict(values))

    def render(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any],
        where: Where | None = None,
        *,
        status: int = 200,
        private: bool = False,
    ) -> Response:
        """Answer with a page; with 304 where the reader has it already.

        Args:
            request: what is answered.
            template: its name.
            values: what it prints.
            where: the frame around it.
            status: of the answer.
            private: it is for one person: nobody keeps it.
        """
        marks = FormMarks(request)
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        text = self._environment.get_template(template).render(
            {
                "where": where or Where(),
                "theme": theme_of(request),
                "address": address,
                "q": request.query_params.get("q", "")[:200],
                "today": legal_day(self._clock()),
                "now": self._clock().astimezone(words.CHINA),
                "form": marks,
                "done": DONE.get(request.query_params.get("done", "")),
                **values,
            }
        )
        given = answer(request, text.encode(), "text/html; charset=utf-8", status=status)
        if private:
            given.headers["Cache-Control"] = "no-store"
        marks.finish(given)
        return given


def answer(request: Request, data: bytes, media_type: str, *, status: int = 200) -> Response:
    """Answer with bytes the reader must ask about each time: what is withdrawn is gone at the next look."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:_ETAG_DIGITS]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Cookie"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if status == 200 and (tag in known or "*" in known):  # noqa: PLR2004 - the plain answer
        return Response(status_code=304, headers=headers)
    return Response(data, status_code=status, media_type=media_type, headers=headers)


def immutable(asset: Asset) -> Response:
    """Answer with an asset, to be kept for a year."""
    age = int(timedelta(days=365).total_seconds())
    headers = {"Cache-Control": f"public, max-age={age}, immutable"}
    return Response(asset.data, media_type=asset.media_type, headers=headers)


def query(parameters: Mapping[str, Any]) -> str:
    """A query string (with its question mark) of what is not empty; lists give several values."""
    kept = [
        (name, one)
        for name, value in parameters.items()
        for one in (value if isinstance(value, list | tuple) else [value])
        if one not in ("", None)
    ]
    return f"?{urlencode(kept)}" if kept else ""


def _asset(name: str) -> Asset:
    data = files("services.portal").joinpath("static", name).read_bytes()
    stem, _, extension = name.rpartition(".")
    digest = hashlib.sha256(data).hexdigest()[:_NAME_DIGITS]
    return Asset(f"{stem}.{digest}.{extension}", data, _ASSETS[name])
