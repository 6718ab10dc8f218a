"""A browser before the portal of invented services."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chromium import browser
from tests.portal.town import town
from tests.portal.world import invent

__all__ = ["browser"]


@pytest.fixture(scope="session")
async def town_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a portal before invented services."""
    async with town(invent(), Path(tmp_path_factory.mktemp("town"))) as (url, _portal):
        yield url
