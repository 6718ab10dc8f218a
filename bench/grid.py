"""How long a key takes in the grid of a catalogue's draft, from the press until the frame that shows it.

    python -m bench.grid [--rows 1000] [--presses 60]

The real portal before invented services, a headless Chromium on this machine, which draws with the processor alone. Prints
the milliseconds of each kind of key, and what the browser's main thread worked on it: the first includes waiting for the next
frame (up to 17 ms) and for the other processes, the second does not.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from tests.chromium import chromium
from tests.portal.town import town
from tests.portal.world import invent
from tests.portal.world_catalogue import COUNTY

DOMAIN: Final = "24"
KEYS: Final = (
    ("ArrowRight", "ArrowLeft"),
    ("ArrowDown",),
    ("PageDown", "PageUp"),
    ("Control+End", "Control+Home"),
)
PAUSE: Final = 0.05
_WATCH: Final = """() => {
    window.taken = [];
    document.addEventListener("keydown", () => {
        const began = performance.now();
        requestAnimationFrame(() => {
            const after = new MessageChannel();
            after.port1.onmessage = () => window.taken.push(performance.now() - began);
            after.port2.postMessage(0);
        });
    }, true);
}"""


async def worked(session: CDPSession) -> float:
    """Milliseconds of the page's main thread so far."""
    told = await session.send("Performance.getMetrics")
    seconds: float = next(one["value"] for one in told["metrics"] if one["name"] == "TaskDuration")
    return seconds * 1000


async def press(page: Page, session: CDPSession, keys: Sequence[str], presses: int) -> None:
    """Press the keys in turn and print."""
    await page.evaluate("window.taken = []")
    began = await worked(session)
    for number in range(presses):
        await page.keyboard.press(keys[number % len(keys)])
        await asyncio.sleep(PAUSE)
    taken = await page.evaluate("window.taken")
    main = (await worked(session) - began) / presses
    p95 = statistics.quantiles(taken, n=20, method="inclusive")[-1]
    print(f"  {' '.join(keys):26} {statistics.median(taken):8.1f} {p95:8.1f} {main:12.1f}")


async def measure(browser: Browser, url: str, presses: int) -> None:
    """Open the draft as its steward and go about in it."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_cookies([{"name": "session", "value": "logged-in", "url": url}])
    page = await context.new_page()
    await page.goto(f"{url}/staff/catalogue/{COUNTY}/draft/{DOMAIN}")
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable")
    await page.click("#sheet tr[data-m] td.f-level1")
    await page.evaluate(_WATCH)
    print(f"  {'key':26} {'median':>8} {'p95':>8} {'main thread':>12}")
    for keys in KEYS:
        await press(page, session, keys, presses)


async def run(rows: int, presses: int) -> None:
    """Serve a draft of so many rows and measure."""
    world = invent()
    world.shelf.grow(DOMAIN, rows)
    world.offices.sessions["logged-in"] = "mulu"
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as folder:
        async with town(world, Path(folder)) as (url, _portal), async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(), args=["--no-proxy-server", "--no-sandbox"]
            )
            print(f"{rows} rows, milliseconds")
            await measure(browser, url, presses)
            await browser.close()


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--presses", type=int, default=60)
    given = parser.parse_args()
    asyncio.run(run(given.rows, given.presses))


if __name__ == "__main__":
    main()
