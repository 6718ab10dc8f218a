"""The jars that make OpenSearch: resolved once from a Maven repository, locked by digest, kept in a cache.

``python -m gongkai.devstack.jars fetch FOLDER`` brings every locked jar; ``… lock`` resolves them anew.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "3.8.0"
"""Of OpenSearch and of each of its modules: they refuse to load beside another version."""

MODULES = {
    "transport-netty4": ("transport-netty4-client", "org.opensearch.transport.Netty4ModulePlugin"),
    "analysis-common": ("analysis-common", "org.opensearch.analysis.common.CommonAnalysisModulePlugin"),
    "reindex": ("reindex-client", "org.opensearch.index.reindex.ReindexModulePlugin"),
    "lang-painless": ("lang-painless", "org.opensearch.painless.PainlessModulePlugin"),
}
"""Module → (artifact of ``org.opensearch.plugin``, plugin class)."""

_ROOTS = (
    f"org.opensearch:opensearch:{VERSION}",
    f"org.opensearch:opensearch-agent-bootstrap:{VERSION}",
    f"org.opensearch:opensearch-plugin-classloader:{VERSION}",
    *(f"org.opensearch.plugin:{artifact}:{VERSION}" for artifact, _ in MODULES.values()),
    "org.apache.logging.log4j:log4j-core:2.25.4",
    "com.ibm.icu:icu4j-localespi:77.1",
)
"""Resolved together: apart they bring two versions of one library, which OpenSearch refuses as jar hell."""

_LEFT_OUT = ("netty-codec-native-quic",)
"""Native HTTP/3 for five platforms, 12 MB; nothing here speaks it."""

LOCK = Path(__file__).with_name("opensearch.lock")
REPOSITORY_VARIABLE = "GONGKAI_MAVEN_REPOSITORY"
OFFLINE_VARIABLE = "GONGKAI_OFFLINE"
_ATTEMPTS = 3
_AT_ONCE = 8
_TIMEOUT_SECONDS = 60
_log = logging.getLogger(__name__)


class JarsMissing(Exception):
    """A jar could not be brought, or is not the one that was locked."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked file."""

    group: str
    artifact: str
    version: str
    digest: str
    """SHA-256, hexadecimal."""

    @property
    def filename(self) -> str:
        """Its name in the repository and with us."""
        return f"{self.artifact}-{self.version}.jar"


def locked() -> list[Jar]:
    """Every jar of the lock."""
    found = []
    for line in LOCK.read_text().splitlines():
        if not line.startswith("#"):
            digest, coordinates = line.split()
            group, artifact, version = coordinates.split(":")
            found.append(Jar(group, artifact, version, digest))
    return found


def missing(folder: Path) -> list[Jar]:
    """The locked jars that the folder lacks. Presence counts: a file gets its name only after its digest was checked."""
    return [jar for jar in locked() if not (folder / jar.filename).exists()]


def prepared_folder() -> Path | None:
    """The offline folder's jars, if one was named or stands beside the packages, and is complete."""
    beside = Path(__file__).parents[2] / "offline"
    folder = Path(os.environ.get(OFFLINE_VARIABLE) or beside) / "jars"
    return folder if folder.is_dir() and not missing(folder) else None


def cache_folder() -> Path:
    """Where fetched jars are kept for every state folder of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "gongkai" / f"opensearch-{VERSION}"


def fetch(folder: Path) -> None:
    """Bring what the folder lacks. Raises JarsMissing naming the first failure."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as place,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        context = _context(Path(place))
        list(pool.map(lambda jar: _fetch_one(context, jar, folder), missing(folder)))


def lock() -> None:
    """Resolve the newest state of the roots' dependencies and write the lock."""
    with tempfile.TemporaryDirectory() as place:
        context = _context(Path(place))
        inputs, others = context.resolver.resolve([context.create_dependency(root) for root in _ROOTS])
        wanted = [*inputs, *(other for other in others if other.scope in ("compile", "runtime"))]
        artifacts = [one.artifact for one in wanted if one.artifact.artifactId not in _LEFT_OUT]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            files = list(pool.map(lambda artifact: artifact.resolve(), artifacts))
        lines = sorted(
            f"{_digest(file)} {artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            for artifact, file in zip(artifacts, files, strict=True)
        )
    LOCK.write_text("\n".join(["# Written by `make lock`; sha256 and Maven coordinates.", *lines, ""]))


def _context(cache: Path) -> Any:  # noqa: ANN401  # jgo ships no types
    # Imported here: reading the lock must not cost the resolver's memory in the supervisor.
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    url = (os.environ.get(REPOSITORY_VARIABLE) or MAVEN_CENTRAL_URL).rstrip("/")
    return MavenContext(repo_cache=cache, remote_repos={"repository": url}, timeout=_TIMEOUT_SECONDS)


def _fetch_one(context: Any, jar: Jar, folder: Path) -> None:  # noqa: ANN401  # jgo ships no types
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            file = artifact.resolve()
        except Exception as fault:  # whatever the network throws is tried again
            if attempt == _ATTEMPTS:
                raise JarsMissing(f"{jar.filename}: {fault}") from fault
            _log.warning("%s, attempt %d: %s", jar.filename, attempt, fault)
            artifact.cached_path.unlink(missing_ok=True)
            continue
        if _digest(file) == jar.digest:
            file.replace(folder / jar.filename)
            return
        file.unlink()
    raise JarsMissing(f"{jar.filename} from the repository is not the locked one")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m gongkai.devstack.jars")
    parser.add_argument("command", choices=["fetch", "lock"])
    parser.add_argument("folder", nargs="?", type=Path, default=cache_folder())
    arguments = parser.parse_args()
    if arguments.command == "lock":
        lock()
        return
    try:
        fetch(arguments.folder)
    except JarsMissing as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
