"""Somebody before the portal, as a browser without script is: follows links, fills forms in, sends what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.portal.world_staff import PASSWORD


@dataclass
class Sheet:
    """A form of a page, with what its fields hold."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def value(self, name: str) -> str:
        """What a field holds."""
        return next((value for key, value in self.fields if key == name), "")

    def filled(self, changes: Mapping[str, str]) -> dict[str, Any]:
        """What a browser would send; a field that is changed loses what it held."""
        sent: dict[str, Any] = {}
        for name, value in self.fields:
            sent.setdefault(name, []).append(value)
        return {**sent, **changes}


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sheets: list[Sheet] = []
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.sheets.append(Sheet(at.get("action", ""), at.get("method", "get")))
        elif not self.sheets:
            return
        elif tag == "input":
            self._input(at)
        elif tag == "textarea":
            self._area, self._text = at["name"], ""
        elif tag == "select":
            self._select, self._options = at["name"], []
        elif tag == "option" and self._select is not None:
            self._options.append((at.get("value", ""), "selected" in at))
        elif tag == "button":
            self.sheets[-1].buttons.append((at.get("name", ""), at.get("value", "")))

    def _input(self, at: dict[str, str]) -> None:
        unchecked = at.get("type") in {"checkbox", "radio"} and "checked" not in at
        if "name" in at and not unchecked and at.get("type") != "file":
            self.sheets[-1].fields.append((at["name"], at.get("value", "")))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self.sheets[-1].fields.append((self._area, self._text.removeprefix("\n")))
            self._area = None
        elif tag == "select" and self._select is not None:
            chosen = [value for value, on in self._options if on] or [value for value, _ in self._options[:1]]
            self.sheets[-1].fields.extend((self._select, value) for value in chosen)
            self._select = None


def sheet_of(page: httpx.Response, action: str) -> Sheet:
    """The form of a page that is sent to an address."""
    found = [one for one in Forms(page.text).sheets if one.action == action]
    assert found, f"no form for {action}: {[one.action for one in Forms(page.text).sheets]}"
    return found[0]


class Person:
    """One of the staff, or anybody, with a browser."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.AsyncClient(base_url=url, trust_env=False)

    async def log_in(self, login: str, password: str = PASSWORD, back: str = "") -> httpx.Response:
        """Fill the login form in."""
        page = await self.get("/staff/login" + (f"?back={back}" if back else ""))
        return await self.send(sheet_of(page, "/staff/login"), login=login, password=password)

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.http.get(path)

    async def send(self, sheet: Sheet, *, files: Any = None, **changes: str) -> httpx.Response:
        """Press the button of a form."""
        data = sheet.filled(changes)
        return await self.http.post(sheet.action, data=data, files=files, headers={"origin": self.url})

    async def fill(self, path: str, action: str = "", files: Any = None, **changes: str) -> httpx.Response:
        """Open a page, fill its form in, press the button."""
        page = await self.get(path)
        assert page.status_code == httpx.codes.OK, page.status_code
        return await self.send(sheet_of(page, action or path), files=files, **changes)
