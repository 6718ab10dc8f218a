"""``make bench``: every measurement, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_HELPERS = {"__main__", "__init__", "world"}


def main() -> None:
    """Run what is named on the command line, or everything; exit with 1 when one failed."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _HELPERS)
    failed = []
    for name in sys.argv[1:] or known:
        print(f"\n== {name}", flush=True)
        if subprocess.run((sys.executable, "-m", f"bench.{name}"), check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


main()
