"""``make bench``: every measurement, one after the other, each in a process of its own.

What needs the whole platform gets one that is started for it and thrown away.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gongkai.devstack.ports import free_port

ALONE = ("appends", "relay", "consume", "catalogues", "coverage", "matter")
ON_THE_PLATFORM = ("idle", "searchable", "load", "rebuild")
_START_SECONDS = 240


@contextmanager
def platform() -> Iterator[Path]:
    """The state folder of a running platform with its demo."""
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as folder:
        Path(folder).chmod(0o711)
        state = Path(folder) / "state"
        command = (
            sys.executable,
            "-m",
            "gongkai.cli.main",
            "up",
            "--state",
            str(state),
            "--port",
            str(free_port()),
        )
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not (running.stdout.readline()).startswith("ready"):
                if running.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the platform did not start")
            yield state
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate()


def run(name: str, *arguments: str) -> bool:
    """Run one measurement; whether it ended well."""
    print(f"\n== {name}", flush=True)
    return subprocess.run((sys.executable, "-m", f"bench.{name}", *arguments), check=False).returncode == 0


def main() -> None:
    """Run what is named on the command line, or everything; exit with 1 when one failed."""
    wanted = sys.argv[1:] or [*ALONE, *ON_THE_PLATFORM]
    failed = [name for name in wanted if name in ALONE and not run(name)]
    if any(name in ON_THE_PLATFORM for name in wanted):
        with platform() as state:
            failed += [
                name for name in wanted if name in ON_THE_PLATFORM and not run(name, "--state", str(state))
            ]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


main()
