"""As root, servers run as somebody else: their programs and data are put where that somebody can reach them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongkai.devstack import place

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder like root's home: nobody else may enter."""
    with tempfile.TemporaryDirectory(prefix="gongkai-closed-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A shared place of the test's own."""
    with tempfile.TemporaryDirectory(prefix="gongkai-shared-") as folder:
        monkeypatch.setattr(place, "_SHARED", Path(folder))
        yield Path(folder)


def may_read(path: Path, user: int) -> bool:
    """Ask the kernel, as that user."""
    asked = subprocess.run(
        ("test", "-r", path, "-a", "-x", path), user=user, group=user, extra_groups=[], check=False
    )
    return asked.returncode == 0


def test_data_below_a_closed_folder_lies_elsewhere(closed: Path) -> None:
    """The state holds a link to a folder that the server's user owns and can reach."""
    folder = place.data_folder(closed / "state", "postgres", place.NOBODY)
    assert (closed / "state" / "postgres").is_symlink()
    assert may_read(folder, place.NOBODY)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert place.data_folder(closed / "state", "postgres", place.NOBODY) == folder


def test_data_whose_link_leads_nowhere_is_not_begun_anew(closed: Path) -> None:
    """A lost disk is reported; an empty database in its stead would hide it."""
    folder = place.data_folder(closed / "state", "postgres", place.NOBODY)
    folder.rmdir()
    with pytest.raises(place.DataGone, match="postgres"):
        place.data_folder(closed / "state", "postgres", place.NOBODY)


def test_the_data_of_a_deleted_state_is_swept(closed: Path) -> None:
    """Deleting a state folder frees its disk at the next start of another."""
    old = place.data_folder(closed / "old", "postgres", place.NOBODY)
    kept = place.data_folder(closed / "kept", "postgres", place.NOBODY)
    (closed / "old" / "postgres").unlink()
    place.data_folder(closed / "new", "postgres", place.NOBODY)
    assert not old.exists()
    assert kept.exists()


def test_programs_below_a_closed_folder_are_copied_once(closed: Path) -> None:
    """The copy is readable whatever the original's permissions, and keeps what is executable."""
    binary = closed / "package" / "bin" / "server"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o700)
    root = place.program_folder(closed, ("package",), "server-1", place.NOBODY, needs="package/bin/server")
    assert root != closed
    assert may_read(root / "package" / "bin" / "server", place.NOBODY)
    assert (
        place.program_folder(closed, ("package",), "server-1", place.NOBODY, needs="package/bin/server")
        == root
    )


def test_what_can_be_reached_is_used_where_it_is(state: Path) -> None:
    """No copy and no link where none is needed."""
    assert place.data_folder(state, "postgres", place.NOBODY) == state / "postgres"
    (state / "x").mkdir(mode=0o755)
    assert place.program_folder(state, ("x",), "x-1", place.NOBODY, needs="x") == state
