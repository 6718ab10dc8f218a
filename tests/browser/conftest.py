"""A browser before the portal. Without Chromium the tests are skipped with a reason; in CI they never are."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.portal.town import town
from tests.portal.world import invent

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The program to run; None where there is none."""
    named = os.environ.get("GONGKAI_TEST_CHROMIUM", "")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A running Chromium."""
    program = chromium()
    if program is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium on PATH (install chromium, or set GONGKAI_TEST_CHROMIUM)")
    async with async_playwright() as playwright:
        arguments = ["--no-proxy-server"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
        started = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        await started.close()


@pytest.fixture(scope="session")
async def town_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a portal before invented services."""
    async with town(invent(), Path(tmp_path_factory.mktemp("town"))) as (url, _portal):
        yield url
