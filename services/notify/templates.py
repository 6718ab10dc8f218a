"""Reads ``templates.yaml``."""

from __future__ import annotations

from importlib.resources import files

import yaml
from pydantic import TypeAdapter

from services.notify.domain.texts import Template, Templates


def load_templates() -> Templates:
    """Every template by its name and channel.

    Raises:
        pydantic.ValidationError: the file is not what it should be.
    """
    raw = yaml.safe_load((files("services.notify") / "templates.yaml").read_text("utf-8"))
    return TypeAdapter(dict[str, dict[str, Template]]).validate_python(raw)
