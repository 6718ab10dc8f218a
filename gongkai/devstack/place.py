"""Who the embedded servers run as, and where: PostgreSQL and OpenSearch refuse to run as root."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

NOBODY = 65534
"""The user and group id that a server gets when we are root: it owns nothing else."""

_SHARED = Path("/var/lib/gongkai")
"""As root only: copies of programs, and data of state folders, that could not be reached where they are."""


_NOTE = "state"
"""In a folder of data kept apart: the path of the link that leads to it."""


class DataGone(Exception):
    """The state folder's link to its data leads nowhere; starting afresh would hide the loss."""


def server_user() -> int | None:
    """The user id for servers that refuse root; None when we are not root."""
    return NOBODY if os.geteuid() == 0 else None


def reachable(path: Path, user: int | None) -> bool:
    """Can this user get to the path and read it? Judged by mode bits for others, all the way up."""
    if user is None:
        return True
    path = path.absolute()
    if not all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents):
        return False
    mode = path.stat().st_mode
    return bool(mode & stat.S_IROTH) and (not path.is_dir() or bool(mode & stat.S_IXOTH))


def data_folder(state: Path, name: str, user: int | None) -> Path:
    """A folder for a server's data that it owns and can reach; ``<state>/<name>`` leads there.

    Under a closed folder (a root home, say) the data lies in a shared place, and the state holds a link.
    """
    folder = state / name
    if folder.is_symlink() and not folder.exists():
        raise DataGone(f"{folder} → {folder.readlink()}")
    if not folder.exists():
        state.mkdir(parents=True, exist_ok=True)
        if user is None or all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.resolve().parents):
            folder.mkdir(mode=0o700)
        else:
            _sweep()
            place = shared("states") / secrets.token_hex(8)
            place.mkdir(mode=0o711)
            (place / name).mkdir(mode=0o700)
            folder.symlink_to(place / name)
            # Last: what has no note is left alone by another start's sweep.
            (place / _NOTE).write_text(str(folder))
    if user is not None:
        os.chown(folder.resolve(), user, user)
    return folder.resolve()


def program_folder(root: Path, parts: Sequence[str], name: str, user: int | None, *, needs: str) -> Path:
    """The root of some program folders, or of a copy when the user could not read ``needs`` there.

    Links cost no disk where the file system allows them; a copy is made once and kept under ``name``.
    """
    if reachable(root / needs, user):
        return root
    copy = shared("programs") / name
    if not copy.exists():
        part = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=copy.parent))
        for folder in parts:
            if (root / folder).exists():
                link_tree(root / folder, part / folder)
        part.chmod(0o755)
        try:
            part.rename(copy)
        except OSError:  # another start made it meanwhile
            shutil.rmtree(part)
    return copy


def link_tree(source: Path, target: Path) -> None:
    """Rebuild a folder at another place with hard links, readable by all."""
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o755)
    for item in sorted(source.iterdir()):
        if item.is_dir():
            link_tree(item, target / item.name)
        else:
            link_file(item, target / item.name)


def link_file(source: Path, target: Path) -> None:
    """A hard link, or a copy where links cannot go or would carry closed permissions along."""
    mode = source.stat().st_mode
    if mode & stat.S_IROTH:
        try:
            os.link(source.resolve(), target)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)


def shared(name: str) -> Path:
    """A folder of the shared place, made when needed (root only)."""
    folder = _SHARED / name
    folder.mkdir(parents=True, exist_ok=True)
    for part in (_SHARED, folder):
        part.chmod(0o755)
    return folder


def _sweep() -> None:
    """Drop the data of state folders that were deleted."""
    for place in shared("states").iterdir():
        note = place / _NOTE
        if note.exists():
            link = Path(note.read_text())
            if not (link.is_symlink() and link.resolve().parent == place):
                shutil.rmtree(place, ignore_errors=True)
