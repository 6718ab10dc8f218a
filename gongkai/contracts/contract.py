"""What every public event has in common.

A contract carries the whole public state of its thing at ``version``: a view applies it only if it is newer than
what the view holds, so order, repeats and refills do not matter to it. Contracts are additive only.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A public event. Subclasses name their CloudEvents type in ``TYPE``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    """``cn.gongkai.<service>.<thing>.<past-verb>.v1``."""
