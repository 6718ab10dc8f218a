"""What the whole platform takes while nobody uses it: processor time of each part, its children counted in.

    python -m bench.idle --state .gongkai [--seconds 25] [--settle 20]

Needs a running stack that is left alone meanwhile. Processor time is counted by the kernel, so other work on the
machine changes it little.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import psutil

from gongkai.devstack.process import find_process
from gongkai.devstack.stack import SERVERS, SERVICES

AIM_PERCENT = 8.0


def family(state: Path, name: str) -> list[psutil.Process]:
    """The processes of one part; of the supervisor itself only, as its children are the other parts."""
    process = find_process(state / "run" / f"{name}.pid")
    if process is None:
        sys.exit(f"{name} does not run in {state}")
    return [process] if name == "up" else [process, *process.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Processor time used so far by the living ones; PostgreSQL's sessions may end meanwhile."""
    total = 0.0
    for process in processes:
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


def main() -> None:
    """Measure and print; exit with 1 when the aim is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, default=Path(".gongkai"))
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--settle", type=float, default=20.0, help="seconds of rest before")
    arguments = parser.parse_args()
    time.sleep(arguments.settle)
    families = {name: family(arguments.state, name) for name in ("up", *SERVERS, *SERVICES)}
    before = {name: cpu_seconds(processes) for name, processes in families.items()}
    began = time.monotonic()
    time.sleep(arguments.seconds)
    seconds = time.monotonic() - began
    percent = {
        name: (cpu_seconds(processes) - before[name]) / seconds * 100 for name, processes in families.items()
    }
    for name, one in sorted(percent.items(), key=lambda item: -item[1]):
        print(f"{name:<12} {one:5.1f} %")
    total = sum(percent.values())
    print(f"{'in all':<12} {total:5.1f} % of one core over {seconds:.0f} s (aim ≤ {AIM_PERCENT:g} %)")
    sys.exit(total > AIM_PERCENT)


if __name__ == "__main__":
    main()
