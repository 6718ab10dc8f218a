"""The whole platform as ``gongkai up`` starts it, once a session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import browser
from tests.endtoend.city import City

__all__ = ["browser"]


@pytest.fixture(scope="session")
def city() -> Iterator[City]:
    """The running platform; stopped by Ctrl-C at the end, leaving no process."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-city-"))
    folder.chmod(0o711)
    one = City(folder / "state")
    try:
        one.start()
        yield one
        one.stop()
        assert one.left_behind() == []
    finally:
        if one.process is not None:
            one.process.terminate()
            one.process.wait(90)
        shutil.rmtree(folder, ignore_errors=True)
