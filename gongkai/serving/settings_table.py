"""Writes ``docs/settings.md`` from the rows in the code: ``python -m gongkai.serving.settings_table``."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Final

from gongkai.serving.settings import Setting

MODULES: Final = ("gongkai.serving.settings", "gongkai.devstack.settings")
"""Modules with a ``SETTINGS`` tuple. One that does not exist is passed over."""
OUTPUT: Final = Path(__file__).parents[2] / "docs" / "settings.md"

HEAD: Final = """\
# Settings

Every setting there is, read from the environment once at start. A value that cannot be read, and a setting a service
needs and has not, ends the process with status 2 and says all faults at once. `gongkai up` sets those of the services
it starts; on a cluster the chart does. This file is written by `python -m gongkai.serving.settings_table`.

| name | default | used by | meaning |
|---|---|---|---|
"""


def table() -> str:
    """Return the whole document."""
    return HEAD + "".join(_row(row) for row in _rows())


def _rows() -> list[Setting]:
    rows: list[Setting] = []
    for name in MODULES:
        if importlib.util.find_spec(name) is not None:
            rows += importlib.import_module(name).SETTINGS
    return rows


def _row(row: Setting) -> str:
    default = f"`{row.default}`" if row.default else "—"
    meaning = row.meaning + (" Secret." if row.secret else "")
    return f"| `{row.env}` | {default} | {row.used_by} | {meaning} |\n"


if __name__ == "__main__":
    OUTPUT.write_text(table(), encoding="utf-8")
