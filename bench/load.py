"""A department's file from the first row sent to the last document found, and where the time goes.

    python bench/load.py --state .gongkai [--rows 8000] [--file FILE …]

Needs a running stack that may be thrown away. Without --file it generates rows of the usual mix: three in four are
headers only, one in four has a text of two pages. Prints documents a second until all are answered, until all are
searchable, and the processor time of each process per document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from opensearchpy import AsyncOpenSearch

from gongkai.cli.endpoints import load_endpoints
from gongkai.devstack.process import find_process
from gongkai.devstack.stack import SERVERS, SERVICES

AIM = 400
PATIENCE_SECONDS = 300


def generate(file: Path, rows: int) -> None:
    """Rows of departmental documents; two runs give different records."""
    run = f"{time.time():.0f}"
    text = "第一条　公开是常态，不公开是例外。\n" * 120
    with file.open("w", encoding="utf-8") as out:
        for number in range(rows):
            row = {
                "title": f"关于第{run}批第{number}号事项的通知",
                "issued": f"2025-{number % 12 + 1:02}-11",
                "effective": "",
                "body": f"{number}号。{text}" if number % 4 == 0 else "",
                "region": "宿州",
                "level": "其他",
                "category": "其他",
                "expired": None,
            }
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def cpu(state: Path) -> dict[str, float]:
    """Seconds of processor time of every part so far."""
    seconds = {}
    for part in (*SERVERS, *SERVICES):
        process = find_process(state / "run" / f"{part}.pid")
        if process is not None:
            family = [process, *process.children(recursive=True)]
            seconds[part] = sum(sum(one.cpu_times()[:4]) for one in family)
    return seconds


async def documents(address: str) -> int:
    """How many records the public alias holds now."""
    client = AsyncOpenSearch(address, timeout=30)
    try:
        await client.indices.refresh(index="gongkai-records")
        return int((await client.count(index="gongkai-records"))["count"])
    finally:
        await client.close()


def measure(state: Path, files: list[Path], mapping: list[str]) -> None:
    """Load the files and print the figures."""
    endpoints = load_endpoints(state)
    before, there = cpu(state), asyncio.run(documents(endpoints.opensearch))
    began = time.perf_counter()
    command = (
        sys.executable,
        "-m",
        "gongkai.cli.main",
        "load",
        *map(str, files),
        "--state",
        str(state),
        *mapping,
    )
    loader = psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    output, loading = "", 0.0
    while loader.poll() is None:
        loading = sum(loader.cpu_times()[:2])
        time.sleep(0.1)
    answered = time.perf_counter() - began
    output = loader.stdout.read()
    numbers = {name: int(number) for name, number in re.findall(r"^(\w+) (\d+)", output, re.MULTILINE)}
    total = numbers["accepted"] + numbers["rejected"]
    while asyncio.run(documents(endpoints.opensearch)) < there + numbers["accepted"]:
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise SystemExit("not everything became searchable")
        time.sleep(0.2)
    searchable = time.perf_counter() - began
    after = cpu(state)
    print(f"{total:,} events answered, {numbers['accepted']:,} accepted")
    print(f"until answered    {answered:7.1f} s  {total / answered:7.0f} documents/s (aim: {AIM})")
    print(f"until searchable  {searchable:7.1f} s  {total / searchable:7.0f} documents/s (aim: {AIM})")
    print("processor time per document, ms:")
    spent = {"gongkai load": loading} | {name: after[name] - before.get(name, 0.0) for name in after}
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {name:<14}{seconds / total * 1000:6.2f}")
    print(f"  {'all':<14}{sum(spent.values()) / total * 1000:6.2f}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, default=Path(".gongkai"))
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--file", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.file:
            measure(given.state, given.file, [])
        else:
            made = Path(folder) / "rows.jsonl"
            generate(made, given.rows)
            measure(given.state, [made], ["--mapping", "laws"])


if __name__ == "__main__":
    main()
