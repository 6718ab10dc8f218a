"""Somebody before the platform's pages with a keyboard: no pointer, no shortcut a reader would not have."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, BrowserContext, ElementHandle, Locator, Page, Request, Route

from tests.axe import violations
from tests.endtoend.city import City

Control = Literal["button", "checkbox", "combobox", "link", "radio", "searchbox", "textbox"]
PICTURES: Final = os.environ.get("GONGKAI_TEST_PICTURES", "")
"""A folder for a picture of every page that is looked at; none are taken without it."""
_MOST_TRIES: Final = 9
_REFUSED: Final = re.compile(r"the server responded with a status of (401|404|409|410|422)\b")
"""What Chromium's console says of an answer that the walk asks for: a refused form, a withdrawn record."""
_WAY: Final = """one => {
    const at = document.activeElement;
    const there = at === one || (one.type === 'radio' && at.type === 'radio' && at.name === one.name);
    if (there) { return 0; }
    const stops = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')]
        .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility());
    if (at === document.body) { return one.closest('main') ? null : stops.indexOf(one) + 1; }
    const back = (at.compareDocumentPosition(one) & 2) > 0;
    const [from, to] = back ? [one, at] : [at, one];
    const groups = new Set([at, one].filter(e => e.type === 'radio').map(e => e.name));
    const between = stops.filter(e => (from.compareDocumentPosition(e) & 4) && (e.compareDocumentPosition(to) & 4)
        && (e.type !== 'radio' || (!groups.has(e.name) && groups.add(e.name)))).length;
    return back ? -between - 1 : between + 1;
}"""
"""How often Tab leads from where the keyboard is to a control (back, where less than 0), or to another choice of its group.

About: what cannot be told from outside (a frame that scrolls) is found out by looking again. Nothing at the top of a
page, for what lies behind the header: the first stop of Tab is the link that skips it."""
_IS_THERE: Final = "one => one === document.activeElement"
_SKIPS: Final = "document.activeElement.matches('a.skip')"
_MOST_CHOICES: Final = 9
_SCRIPTS: Final = re.compile(r"\.js(\?|$)")


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at the site."""

    width: int
    height: int
    scripts: bool

    @property
    def name(self) -> str:
        """For titles."""
        return f"{self.width}px"


WIDE: Final = Look(1280, 900, scripts=True)
NARROW: Final = Look(390, 844, scripts=False)


@dataclass(slots=True)
class Person:
    """One person, one browser, one keyboard. What went wrong on any page gathers in ``faults``."""

    name: str
    look: Look
    context: BrowserContext
    page: Page
    site: str
    faults: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    """Of every request the browser made."""
    looked: int = 0
    narrow: set[str] | None = None
    """Kinds of pages that axe has seen as narrow as a phone, shared by everybody of a walk; None: nobody asks it there."""

    @property
    def address(self) -> str:
        """Of the page, as somebody would hand it on."""
        return self.page.url.partition("#")[0].partition("?")[0]

    async def visit(self, path: str) -> None:
        """Type an address."""
        await self.page.goto(path if path.startswith("http") else f"{self.site}{path}")

    async def see(self, *texts: str) -> None:
        """These stand in the text of the page."""
        said = await self.page.inner_text("main")
        missing = [text for text in texts if text not in said]
        assert not missing, f"{self.name}: {missing} not on {self.page.url}\n{said}"

    async def look_at(self, step: str, *, narrow_too: bool = False) -> None:
        """Check a page as a whole: nothing cut off at the side, nothing serious for axe; take its picture where wanted.

        Args:
            step: what the page is called; axe sees each of them once on a phone.
            narrow_too: once more in a window as narrow as a phone.
        """
        self.looked += 1
        kind = f"{step} {'/staff/' in self.page.url}"
        first = self.narrow is not None and kind not in self.narrow
        await self._check(step, self.look, axe=self.look.scripts or first)
        if self.narrow is not None and (narrow_too or not self.look.scripts):
            self.narrow.add(kind)
        if first and narrow_too:
            await self.page.set_viewport_size({"width": NARROW.width, "height": NARROW.height})
            await self._check(step, NARROW, axe=True)
            await self.page.set_viewport_size({"width": self.look.width, "height": self.look.height})
        if PICTURES:
            file = Path(PICTURES) / f"{self.look.width}-{self.name}-{self.looked:02}-{step}.png"
            await self.page.screenshot(path=file, full_page=True)

    async def _check(self, step: str, look: Look, *, axe: bool) -> None:
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        if wide > look.width:
            self.faults.append(f"{step}: {wide} px wide")
        if axe:
            self.faults += [f"{step} {look.name}: {one}" for one in await violations(self.page)]

    # --- keys

    async def reach(self, control: Locator) -> ElementHandle:
        """Go to a control by Tab, as often as it takes; past the header by the link that skips it."""
        there = await control.element_handle()
        assert there is not None
        for _ in range(_MOST_TRIES):
            way = await there.evaluate(_WAY)
            if way == 0:
                return there
            if way is None:
                await self.page.keyboard.press("Tab")
                if await self.page.evaluate(
                    _SKIPS
                ):  # after an address with a place in the page Tab starts there
                    await self.page.keyboard.press("Enter")
            for _stop in range(abs(way or 0)):
                await self.page.keyboard.press("Tab" if way > 0 else "Shift+Tab")
        raise AssertionError(f"{self.name}: the keyboard does not reach {control} on {self.page.url}")

    async def fill(self, label: str, text: str) -> None:
        """Write into a labelled field, over what stands in it."""
        await self.reach(self._control("textbox", label))
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.type(text)

    async def fill_secret(self, label: str, text: str) -> None:
        """Write into a field that hides what is written; such a one has no role."""
        await self.reach(self.page.locator("main").get_by_label(label, exact=True))
        await self.page.keyboard.type(text)

    async def pick(self, label: str, option: str) -> None:
        """Choose from a list by the arrow keys."""
        there = await self.reach(self._control("combobox", label))
        steps = await there.evaluate(
            "(one, text) => [...one.options].findIndex(each => each.text.includes(text)) - one.selectedIndex",
            option,
        )
        for _ in range(abs(steps)):
            await self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        chosen = await there.evaluate("one => one.selectedOptions[0].text")
        assert option in chosen, f"{self.name}: {chosen} chosen for {label}"

    async def choose(self, label: str) -> None:
        """Choose one of several by the arrow keys."""
        there = await self.reach(self._control("radio", label))
        for _ in range(_MOST_CHOICES):
            if await there.evaluate(_IS_THERE):
                break
            await self.page.keyboard.press("ArrowDown")
        await self.page.keyboard.press("Space")
        assert await there.is_checked(), f"{self.name}: {label} is not chosen"

    async def attach(self, label: str, name: str, data: bytes) -> None:
        """Choose a file in the browser's own window."""
        field_ = await self.reach(self.page.locator("main").get_by_label(label))
        async with self.page.expect_file_chooser() as opened:
            await field_.press("Enter")
        chooser = await opened.value
        await chooser.set_files({"name": name, "mimeType": "text/plain", "buffer": data})

    async def press(self, label: str, *, role: Control = "button", within: str = "main") -> None:
        """Press a button, or open a link, and wait for the page it leads to."""
        await self.reach(self._control(role, label, within))
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press("Enter")

    async def follow(self, label: str, *, within: str = "main") -> None:
        """Open a link."""
        await self.press(label, role="link", within=within)

    async def menu(self, label: str) -> None:
        """Open an entry of the navigation; on a phone it lies behind the word for menu."""
        header = self.page.locator("header")
        behind = header.locator("summary", has_text="菜单")
        if await behind.is_visible():
            await self.reach(behind)
            await self.page.keyboard.press("Enter")
        await self.press(label, role="link", within="header")

    async def mend(self, fault: str, text: str) -> None:
        """Follow the summary of what is wrong to a field, and write it anew."""
        await self.follow(fault)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(text)

    async def holds(self, **written: str) -> None:
        """What was written still stands in the fields."""
        for label, text in written.items():
            assert await self._control("textbox", label).input_value() == text

    async def take(self, label: str, *, role: Control) -> bytes:
        """Download what a link or a button gives."""
        await self.reach(self._control(role, label))
        async with self.page.expect_download() as download:
            await self.page.keyboard.press("Enter")
        return await asyncio.to_thread(Path(await (await download.value).path()).read_bytes)

    async def search(self, words: str) -> None:
        """Ask the search of a page."""
        await self.reach(self.page.get_by_role("searchbox").first)
        await self.page.keyboard.type(words)
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press("Enter")

    async def log_in(self, login: str, password: str, chosen: str) -> None:
        """Log in; the first time a password of one's own must be chosen."""
        await self.visit("/staff/")
        for word in dict.fromkeys((password, chosen)):
            await self.fill("账号", login)
            await self.fill_secret("密码", word)
            await self.press("登录")
            if "/login" not in self.page.url:
                break
        if "/password" not in self.page.url:
            return
        await self.see("请先设一个自己的密码")
        for label, word in (("现在的密码", password), ("新密码", chosen), ("再输一次新密码", chosen)):
            await self.fill_secret(label, word)
        await self.press("更改密码")
        await self.see("密码")
        assert "/password" not in self.page.url, await self.page.inner_text("main")

    def _control(self, role: Control, label: str, within: str = "main") -> Locator:
        """The first control whose name begins so; where a name has spaces depends on the style sheet."""
        letters = r"\s*".join(re.escape(letter) for letter in label if not letter.isspace())
        return self.page.locator(within).get_by_role(role, name=re.compile(f"^{letters}")).first


@asynccontextmanager
async def person(browser: Browser, site: str, name: str, look: Look) -> AsyncIterator[Person]:
    """Somebody with a browser of their own."""
    context = await browser.new_context(
        viewport={"width": look.width, "height": look.height},
        accept_downloads=True,
        locale="zh-CN",
    )
    if not look.scripts:  # none arrives; the engine runs for axe, and the site's policy allows none in a page
        await context.route(_SCRIPTS, _nothing)
    page = await context.new_page()
    one = Person(name, look, context, page, site)
    page.on("request", _noting(one.addresses))
    page.on(
        "console",
        lambda said: (
            one.faults.append(f"{page.url}: {said.text}")
            if said.type == "error" and not _REFUSED.search(said.text)
            else None
        ),
    )
    page.on("pageerror", lambda error: one.faults.append(f"{page.url}: {error}"))
    page.on("dialog", lambda dialog: one.faults.append(f"{page.url}: a dialog says {dialog.message}"))
    yield one
    await context.close()


async def _nothing(route: Route) -> None:
    await route.fulfill(content_type="text/javascript", body="")


def _noting(addresses: list[str]) -> Callable[[Request], None]:
    return lambda request: addresses.append(request.url)


@dataclass(frozen=True, slots=True)
class Account:
    """One of the staff: login, the password the operator was told, and the one chosen at the first login."""

    login: str
    password: str
    chosen: str


def hire(city: City, login: str, name: str, organ: str, *roles: str) -> Account:
    """Register somebody of an organ as the operator does."""
    options = [option for role in roles for option in ("--role", f"{role}@{organ}")]
    told = city.cli("staff", "add", login, "--name", name, "--post", "科员", "--organ", organ, *options)
    return Account(login, told.stdout.splitlines()[-1], "四月的灯塔照着渡口和对岸")
