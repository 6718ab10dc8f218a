"""Oversight's views from the logs of those who told it."""

from __future__ import annotations

from typing import Final

from grpc import aio

from gongkai.serving.rebuilding import Rebuild
from gongkai.serving.sources import OwnersLog
from services.oversight.consumers import FROM_CATALOG, FROM_PUBLISHING, FROM_REQUESTS
from services.oversight.views.writing import apply_records, apply_registry, apply_requests

TABLES: Final = (
    "organ",
    "division",
    "calendar_year",
    "rule_row",
    "edition",
    "matter",
    "subject_meant",
    "record",
    "disclosed",
    "request",
    "freshness",
)


def views_of(catalog: aio.Channel, publishing: aio.Channel, requests: aio.Channel) -> Rebuild:
    """What ``gongkai views rebuild oversight`` builds, and from whose logs."""
    return Rebuild(
        TABLES,
        lambda: [
            OwnersLog("catalog", catalog, FROM_CATALOG, apply_registry),
            OwnersLog("publishing", publishing, FROM_PUBLISHING, apply_records),
            OwnersLog("requests", requests, FROM_REQUESTS, apply_requests),
        ],
    )
