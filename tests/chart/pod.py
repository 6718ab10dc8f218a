"""Becomes a container's program: another user, a root of its own that cannot be written, nothing else inherited.

Run as a script by `container.py`, as root in a mount namespace of its own (``unshare --mount``), with the standard
library alone. Stands in for what a container runtime does with a pod; it isolates neither network nor processes.

Argument: a JSON file (`container.Container`). The process id stays the same up to the program itself.
"""

import ctypes
import json
import os
import pathlib
import sys

_BIND, _REC, _REMOUNT, _RDONLY, _NOSUID, _PRIVATE = 4096, 16384, 32, 1, 2, 1 << 18
_NO_NEW_PRIVS = 38
_TMP = "/tmp"  # noqa: S108  # the one folder a container may write
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def main() -> None:
    """Build the root, give up being root, become the program."""
    os.umask(0o022)
    spec = json.loads(pathlib.Path(sys.argv[1]).read_text())
    root = pathlib.Path(spec["root"])
    mount("none", "/", None, _REC | _PRIVATE)
    mount("tmpfs", root, "tmpfs", _NOSUID, "mode=755")
    inside(root, _TMP).mkdir()
    mount("tmpfs", inside(root, _TMP), "tmpfs", _NOSUID, "mode=1777,size=64m")
    # After it, for the project itself may lie below it.
    for path in (*spec["readable"], *_DEVICES):
        bind(pathlib.Path(path), root)
    for path in spec["hidden"]:
        if inside(root, path).is_dir():
            mount("tmpfs", inside(root, path), "tmpfs", _RDONLY, "mode=755")
    for path, text in spec["files"].items():
        write(inside(root, path), text, 0, 0o644)
    for path, text in spec["secrets"].items():
        write(inside(root, path), text, spec["user"], 0o440)
    mount("none", root, None, _REMOUNT | _RDONLY | _NOSUID)
    become(spec["user"], root)
    os.execve(spec["command"][0], spec["command"], spec["environment"])  # noqa: S606  # no shell is meant


def bind(path: pathlib.Path, root: pathlib.Path) -> None:
    """Show a path of the machine at the same place below the root, read-only."""
    target = inside(root, str(path))
    if not path.exists() or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
        return
    target.mkdir() if path.is_dir() else target.touch()
    mount(path, target, None, _BIND | _REC)
    mount("none", target, None, _BIND | _REMOUNT | _RDONLY | (0 if str(path).startswith("/dev") else _NOSUID))


def write(path: pathlib.Path, text: str, group: int, mode: int) -> None:
    """A file that belongs to root and a group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chown(path, 0, group)
    path.chmod(mode)


def become(user: int, root: pathlib.Path) -> None:
    """Enter the root as a user without privileges who can gain none."""
    libc = ctypes.CDLL(None)
    os.chroot(root)
    os.chdir(_TMP)
    os.setgroups([user])
    os.setgid(user)
    os.setuid(user)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)


def mount(source: object, target: object, kind: "str | None", flags: int, data: str = "") -> None:
    """Call the system to mount."""
    libc = ctypes.CDLL(None, use_errno=True)
    texts = [None if text is None else os.fsencode(str(text)) for text in (source, target, kind)]
    if libc.mount(*texts, ctypes.c_ulong(flags), os.fsencode(data)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: {source} on {target}")


def inside(root: pathlib.Path, path: str) -> pathlib.Path:
    return root / path.lstrip("/")


main()
