"""A browser for tests. Without Chromium they are skipped with a reason; in CI they never are."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

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
