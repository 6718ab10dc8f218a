"""Free loopback ports, below the range from which the kernel serves outgoing connections."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 20000, 32000
_CHOICES = 500


class NoFreePort(Exception):
    """No loopback port could be bound."""


def is_free(port: int) -> bool:
    """Can we listen there now?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT is no hindrance
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Iterable[int] = ()) -> int:
    """A port on which nobody listens now and which was not given out before."""
    avoid = set(taken)
    for _ in range(_CHOICES):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in avoid and is_free(port):
            return port
    raise NoFreePort(f"no free port between {_FIRST} and {_LAST}")


def is_listening(port: int) -> bool:
    """Does somebody accept connections there?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def kept_ports(file: Path, names: Iterable[str]) -> dict[str, int]:
    """The ports of these names, chosen once and kept; one that another program took is chosen anew."""
    kept: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    for name in names:
        if name not in kept or not is_free(kept[name]):
            kept[name] = free_port(kept.values())
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(kept, indent=2, sort_keys=True))
    part.replace(file)
    return kept
