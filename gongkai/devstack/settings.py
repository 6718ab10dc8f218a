"""The settings of the embedded stack and of ``make``, for the table in ``docs/settings.md``."""

from __future__ import annotations

from typing import Final

from gongkai.serving.settings import Setting

SETTINGS: Final = (
    Setting(
        "GONGKAI_PYTHON_INDEX",
        "",
        "URL of the Python package index. Unset: what pip is configured with on this machine.",
        used_by="make",
    ),
    Setting(
        "GONGKAI_MAVEN_REPOSITORY",
        "",
        "URL of the Maven repository from which OpenSearch comes. Every jar must have the digest in "
        "`gongkai/devstack/opensearch.lock`, wherever it comes from. Unset: the resolver's own default.",
        used_by="make, gongkai up",
    ),
    Setting(
        "GONGKAI_OFFLINE",
        "",
        "A folder that `make offline` filled; then nothing is fetched. Unset: `./offline`, if it is there.",
        used_by="make, gongkai up",
    ),
    Setting(
        "XDG_CACHE_HOME",
        "",
        "OpenSearch's jars are kept below it, in `gongkai/`, for every state folder of a user.",
        default="~/.cache",
        used_by="gongkai up",
    ),
)
