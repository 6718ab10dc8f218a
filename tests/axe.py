"""axe-core before a page: what it finds, and nothing else computed or carried over."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

SERIOUS: Final = frozenset({"serious", "critical"})
_SCRIPT: Final = Axe().axe_script
_QUICK: Final = {"resultTypes": ["violations"], "reporter": "no-passes", "preload": False}
"""No rule that is on looks at style sheets from elsewhere or at sound, which ``preload`` would fetch."""
_TOLD: Final = "axe.run(%s).then(found => found.violations.map(one => [one.id, one.impact, one.nodes.map(each => each.target)]))"


async def violations(
    page: Page,
    *,
    of: Collection[str] = SERIOUS,
    only: Collection[str] = (),
) -> list[str]:
    """What axe-core finds, each with the first places it stands at.

    Args:
        page: what a reader sees now.
        of: impacts that count; none given, all do.
        only: the rules to run, where not all.
    """
    options = _QUICK | ({"runOnly": {"type": "rule", "values": list(only)}} if only else {})
    await page.evaluate(_SCRIPT)
    found = await page.evaluate(_TOLD % json.dumps(options))
    return [f"{name} {places[:3]}" for name, impact, places in found if not of or impact in of]
