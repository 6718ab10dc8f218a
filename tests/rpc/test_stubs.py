"""The generated gRPC stubs are those of the protocol files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.domain

ROOT = Path(__file__).parents[2]


def test_the_stubs_are_regenerated_with_every_change_of_the_protocol(tmp_path: Path) -> None:
    """Given the files of proto/, when they are compiled anew, then the committed stubs are what comes out."""
    protocols = sorted(str(path) for path in (ROOT / "proto").rglob("*.proto"))
    outputs = [f"--{kind}_out={tmp_path}" for kind in ("python", "grpc_python")]
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", *outputs, *protocols], check=True
    )

    generated = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.py"))
    stale = [str(path) for path in generated if (tmp_path / path).read_bytes() != (ROOT / path).read_bytes()]

    assert len(generated) == 2 * len(protocols)
    assert stale == [], "run: make proto"
