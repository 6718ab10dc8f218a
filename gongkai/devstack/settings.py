"""What can be set where the platform is installed and started on one machine; rows of ``docs/settings.md``."""

from __future__ import annotations

from typing import Final

from gongkai.serving.settings import Setting

SETTINGS: Final = (
    Setting("GONGKAI_PYTHON_INDEX", "", "URL of a Python package index. Empty: what pip is configured with.", used_by="make"),
    Setting("GONGKAI_MAVEN_REPOSITORY", "", "URL of the Maven repository OpenSearch's jars come from.", used_by="make, gongkai up"),
    Setting("GONGKAI_OFFLINE", "", "A folder that `make offline` filled; nothing is fetched then. Empty: `./offline`, if it is there and complete.", used_by="make, gongkai up"),
    Setting("XDG_CACHE_HOME", "", "Where fetched jars are kept for every state folder of this user.", default="~/.cache", used_by="gongkai up"),
)  # fmt: skip
