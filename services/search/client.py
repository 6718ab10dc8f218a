"""The OpenSearch client, made in one place."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from opensearchpy import AsyncOpenSearch

SECONDS: Final = 60.0
"""For a bulk write; a query names its own, shorter."""


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[AsyncOpenSearch]:
    """A client for the time of the block. It never repeats a call by itself: callers know what may be repeated.

    Args:
        url: ``http://host:port``; user and password may stand in it; several nodes are separated by commas.
    """
    for name in ("opensearch", "opensearchpy.trace"):
        logging.getLogger(name).setLevel(
            logging.WARNING
        )  # below it they write out queries, which may name people
    client = AsyncOpenSearch(url.split(","), timeout=SECONDS, max_retries=0, http_compress=False)
    try:
        yield client
    finally:
        await client.close()
