"""For ``gongkai views rebuild``: the tables that follow from this service's own log alone, and how."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from services.requests.views import tables
from services.requests.views.writing import apply_events

__all__ = ["TABLES", "apply_events"]

TABLES: Final[tuple[Table, ...]] = (tables.request,)
"""``reply_file`` and ``notice`` are not among them: they hold what was uploaded and what was asked, not what happened."""
