"""A command of ours as a process of its own, forked from one that has imported everything: it starts in no time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

from gongkai.cli.main import COMMANDS, app

_LEFT_OUT: Final = frozenset({"up", "cluster"})
"""Not asked of a running platform, or only to be refused."""


@cache
def _context() -> ForkServerContext:
    context = get_context("forkserver")
    names = (f"gongkai.cli.{name}" for name in COMMANDS if name not in _LEFT_OUT)
    context.set_forkserver_preload([__name__, *names])
    return context


def run(arguments: Sequence[str], *, directory: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run ``gongkai`` with these arguments to its end; status and what it wrote.

    Raises:
        subprocess.TimeoutExpired: it had not ended in its time, and was killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _context().Process(target=_become, args=(tuple(arguments), directory, out, err))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, seconds, out.read_bytes(), err.read_bytes())
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


def _become(arguments: tuple[str, ...], directory: Path, *outputs: Path) -> None:
    """Be the command: its arguments, its folder, its output."""
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), number)
    os.chdir(directory)
    sys.argv = ["gongkai", *arguments]
    app()
