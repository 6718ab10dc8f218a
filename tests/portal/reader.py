"""A reader without script: opens pages, fills in their forms, presses their buttons, and remembers every address."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

Attributes = dict[str, str | None]


@dataclass
class Form:
    """A form of a page, as a browser would send it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, Attributes] = field(default_factory=dict)
    """Label → the button."""


class Page(HTMLParser):
    """What a page says, and its forms."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.answer = answer
        self.status = answer.status_code
        self.html = answer.text
        self.text = ""
        self.tags: list[tuple[str, Attributes]] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._area = self._select = self._button = ""
        self._label = ""
        self._pressed: Attributes = {}
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "form":
            self._form = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self._form)
        if self._form is None:
            return
        name, value = given.get("name") or "", given.get("value") or ""
        match tag:
            case "input" if given.get("type") in {"radio", "checkbox"}:
                if "checked" in given:
                    self._form.fields.append((name, value))
            case "input" if given.get("type") != "file":
                self._form.fields.append((name, value))
            case "textarea":
                self._area = name
                self._form.fields.append((name, ""))
            case "select":
                self._select = name
                self._form.fields.append((name, ""))
            case "option" if "selected" in given:
                self._form.fields[-1] = (self._select, value)
            case "button":
                self._button, self._label, self._pressed = "1", "", given

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "textarea":
                self._area = ""
            case "button" if self._button and self._form is not None:
                self._form.buttons[self._label.strip()] = self._pressed
                self._button = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            name, before = self._form.fields[-1]
            self._form.fields[-1] = (name, before + (data if before else data.removeprefix("\n")))
        if self._button:
            self._label += data
        self.text += data

    def form(self, button: str) -> Form:
        """The form with a button."""
        return next(one for one in self.forms if any(button in label for label in one.buttons))

    def value(self, name: str) -> str:
        """What a field of some form holds."""
        return next(value for one in self.forms for key, value in one.fields if key == name)


class Reader:
    """One browser."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.seen: list[str] = []
        """Every address and every header a browser tells others of: requests, redirects, referrers."""
        self.page: Page

    async def open(self, path: str) -> Page:
        """Open an address."""
        return await self._take(await self.client.get(path))

    async def press(
        self, button: str, *, files: Any = None, drop: tuple[str, ...] = (), **typed: str | list[str]
    ) -> Page:
        """Fill in the form with a button, and press it. Names are written with ``__`` for a dot."""
        form = self.page.form(button)
        label = next(one for one in form.buttons if button in one)
        pressed = form.buttons[label]
        named = {name.replace("__", "."): value for name, value in typed.items()}
        data: dict[str, list[str]] = {}
        for name, value in form.fields:
            if name not in named and name not in drop:
                data.setdefault(name, []).append(value)
        for name, value in named.items():
            data[name] = value if isinstance(value, list) else [value]
        if pressed.get("name"):
            data.setdefault(str(pressed["name"]), []).append(str(pressed.get("value") or ""))
        action = pressed.get("formaction") or form.action or str(self.page.answer.url.path)
        headers = {"Origin": str(self.client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        if self.page.answer.headers["referrer-policy"] == "no-referrer":
            headers["Origin"] = "null"  # as browsers do
        sent = await self.client.post(action, data=data, files=files, headers=headers)
        return await self._take(sent)

    async def _take(self, answer: httpx.Response) -> Page:
        while answer.is_redirect:
            self._note(answer)
            answer = await self.client.get(answer.headers["location"])
        self._note(answer)
        self.page = Page(answer)
        return self.page

    def _note(self, answer: httpx.Response) -> None:
        self.seen += [str(answer.url), answer.headers.get("location", ""), answer.headers.get("refresh", "")]


async def signed_in(client: httpx.AsyncClient, login: str, password: str) -> Reader:
    """A reader who has logged in as one of the staff."""
    reader = Reader(client)
    client.cookies.clear()
    await reader.open("/staff/login")
    await reader.press("登录", login=login, password=password)
    return reader
