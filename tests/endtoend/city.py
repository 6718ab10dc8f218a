"""The whole platform as ``gongkai up`` starts it, once a session, and eyes on every place where a record can stand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from nats.js.api import AckPolicy, ConsumerConfig

from gongkai.devstack.ports import free_port, is_listening
from gongkai.devstack.process import find_process
from gongkai.devstack.stack import SERVERS, SERVICES
from gongkai.messaging.connection import connect
from tests.endtoend.command import run
from tests.endtoend.sample import Sample

GONGKAI: Final = (sys.executable, "-P", "-m", "gongkai.cli.main")
REPOSITORY: Final = Path(__file__).parents[2]
PARTS: Final = (*SERVICES, *SERVERS)
START_SECONDS: Final = 240.0
_STOP_SECONDS: Final = 90.0
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Standing:
    """How many records of one organ stand where. All five are one number, or something is lost or doubled."""

    log: int
    view: int
    feed: int
    index: int
    followed: int


@dataclass(slots=True)
class Summary:
    """What ``gongkai load`` said at its end."""

    status: int
    text: str
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read ``sent``, ``accepted`` … and the reasons and defects by code."""
        found = re.findall(r"^\s*([a-z][a-z-]*(?:\.[a-z-]+)*) (\d+)", self.text, re.MULTILINE)
        self.numbers = {name: int(number) for name, number in found}

    def __getitem__(self, name: str) -> int:
        """A number by its name; 0 where it was not said."""
        return self.numbers.get(name, 0)


class City:
    """One ``gongkai up`` with its state folder; started and stopped as a person would."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = free_port()
        self.output = state.parent / f"{state.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    # --- the life of it

    def start(self) -> None:
        """Start and wait for the line that says ready."""
        before = self.output.read_text().count("\nready ") if self.output.exists() else 0
        port = () if before else ("--port", str(self.port))  # later starts remember it
        command = (*GONGKAI, "up", "--state", str(self.state), *port, "--no-demo")
        # What a visitor of a test says their address is counts: each has a throttle of their own, as people have.
        environment = {**os.environ, "GONGKAI_TRUSTED_PROXIES": "127.0.0.1/32"}
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY, env=environment)
        self.wait(
            lambda: (
                self.process is None
                or self.process.poll() is not None
                or self.output.read_text().count("\nready ") > before
            ),
            "ready",
            START_SECONDS,
        )
        assert self.process.poll() is None, self.output.read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C; asserts that it ends well, that none of its processes is left and nothing listens."""
        assert self.process is not None
        ours = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        status = self.process.wait(_STOP_SECONDS)
        self.process = None
        left = [process for process in ours if process.is_running()]
        assert (status, left) == (0, []), self.output.read_text()
        ports = json.loads((self.state / "run" / "ports.json").read_text()).values()
        assert [port for port in (self.port, *ports) if is_listening(port)] == []

    def crash(self) -> None:
        """SIGKILL to ``gongkai up`` itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(_STOP_SECONDS)
        self.process = None

    def left_behind(self) -> list[list[str]]:
        """The command of every process that names the state folder, or works in it."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                command = process.cmdline()
                if any(str(self.state) in place for place in (*command, process.cwd())):
                    found.append(command)
        return found

    def kill(self, part: str) -> int:
        """SIGKILL to the process of a part; its id."""
        process = find_process(self.state / "run" / f"{part}.pid")
        assert process is not None, f"{part} does not run"
        process.kill()
        return process.pid

    def pid(self, part: str) -> int | None:
        """The process id of a part now."""
        process = find_process(self.state / "run" / f"{part}.pid")
        return process.pid if process else None

    def settle(self) -> None:
        """Wait until every part is ready, after whatever was done to them."""

        def ready() -> bool:
            return self.cli("status", "--json", check=False).returncode == 0

        self.wait(ready, "every part is ready again", 120)

    # --- hands

    def cli(
        self, *arguments: str, check: bool = True, seconds: float = 240
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of ours against this state."""
        command = (*arguments, "--state", str(self.state))
        done = run(command, directory=REPOSITORY, seconds=seconds)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def spawn(self, *arguments: str, out: Path) -> subprocess.Popen[bytes]:
        """Start a command of ours that goes on; its output goes to a file."""
        command = (*GONGKAI, *arguments, "--state", str(self.state))
        with out.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.DEVNULL, cwd=REPOSITORY)

    def load(self, sample: Sample) -> Summary:
        """``gongkai load`` of a sample, to its end."""
        done = self.cli("load", str(sample.file), "--mapping", str(sample.mapping), check=False)
        return Summary(done.returncode, done.stdout + done.stderr)

    def load_beside(self, sample: Sample, out: Path) -> subprocess.Popen[bytes]:
        """``gongkai load`` of a sample, beside whatever the test does."""
        return self.spawn("load", str(sample.file), "--mapping", str(sample.mapping), out=out)

    # --- eyes

    @property
    def endpoints(self) -> dict[str, Any]:
        """``endpoints.json`` as it stands."""
        stored: dict[str, Any] = json.loads((self.state / "endpoints.json").read_text())
        return stored

    def query(self, service: str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask a service's database, as that service."""
        place = self.endpoints["postgres"]
        password = Path(place["databases"][service]["password_file"]).read_text().strip()
        with psycopg.connect(
            host=place["host"], port=place["port"], user=service, password=password, dbname=service
        ) as conn:
            return conn.execute(sql.encode(), parameters).fetchall()

    def indexed(self, organ: str) -> dict[str, int]:
        """Record id → version of an organ's documents behind the public alias, refreshed."""
        address = f"{self.endpoints['opensearch']}/gongkai-records"
        _call(f"{address}/_refresh", {})
        query = {"query": {"term": {"organ": organ}}, "size": 10_000, "version": True, "_source": False}
        hits = _call(f"{address}/_search", query)["hits"]["hits"]
        return {hit["_id"]: hit["_version"] for hit in hits}

    async def feed_messages(self, organ: str) -> list[dict[str, Any]]:
        """Every message of FEED_PUBLISHING about an organ's records, as it lies in the stream."""
        credentials = Path(self.endpoints["credentials"]["nats_province"])
        async with connect(self.endpoints["nats"], credentials, name="province") as client:
            js = client.jetstream()
            # Kept longer than the server's five seconds: a busy machine pauses.
            kept = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=60)
            reader = (await js.add_consumer("FEED_PUBLISHING", kept)).name
            facts = await js.pull_subscribe_bind(consumer=reader, stream="FEED_PUBLISHING")
            found: list[dict[str, Any]] = []
            left = (await facts.consumer_info()).num_pending or 0
            while left > 0:
                messages = await facts.fetch(min(left, 500), timeout=5)
                left -= len(messages)
                found += [
                    {"id": (one.headers or {})["ce-id"], "subject": one.subject, **json.loads(one.data)}
                    for one in messages
                ]
        return [one for one in found if one.get("organ") == organ]

    def followed(self, organ: str, *options: str) -> list[dict[str, Any]]:
        """What ``gongkai feed follow --once`` prints about an organ's records, from the beginning."""
        with tempfile.TemporaryDirectory() as folder:
            options = ("--place", f"{folder}/place.json", *options)
            told = self.cli("feed", "follow", "--once", "--from", "publishing", *options).stdout
        return [one for one in map(json.loads, told.splitlines()) if one["data"].get("organ") == organ]

    def standing(self, organ: str) -> Standing:
        """Count an organ's public records everywhere."""
        log = "SELECT count(DISTINCT stream) FROM event WHERE type = 'record.published' AND actor = %s"
        view = "SELECT count(*) FROM record WHERE organ = %s AND public"
        facts = asyncio.run(self.feed_messages(organ))
        return Standing(
            log=self.query("publishing", log, f"organ:{organ}")[0][0],
            view=self.query("publishing", view, organ)[0][0],
            feed=len(facts),
            index=len(self.indexed(organ)),
            followed=len(self.followed(organ)),
        )

    def stored(self, stream: str) -> int:
        """How many messages a stream holds."""
        answer = _get(f"{self.endpoints['nats_monitor']}/jsz?streams=true&accounts=true")
        return sum(
            int(one["state"]["messages"])
            for account in answer["account_details"]
            for one in account.get("stream_detail", ())
            if one["name"] == stream
        )

    def idle(self) -> bool:
        """Whether every durable consumer of our services has read and acknowledged everything."""
        answer = _get(f"{self.endpoints['nats_monitor']}/jsz?consumers=true")
        consumers = [
            consumer
            for account in answer["account_details"]
            for stream in account.get("stream_detail", ())
            for consumer in stream.get("consumer_detail", ())
            if stream["name"].startswith(("EVT_", "INGEST"))
        ]
        return not any(one["num_pending"] or one["num_ack_pending"] for one in consumers)

    def wait(self, until: Callable[[], bool], what: str, seconds: float = 60) -> float:
        """Ask again and again until it is so; the seconds it took."""
        began = asked = time.monotonic()
        while not until():
            answered = time.monotonic()
            assert answered - began < seconds, f"not in {seconds} s: {what}\n{self.tail()}"
            time.sleep(
                min(max(0.05, answered - asked), 1)
            )  # asking takes the processor from what is waited for
            asked = time.monotonic()
        return time.monotonic() - began

    def tail(self) -> str:
        """The ends of all logs, for who must find out why."""
        logs = sorted((self.state / "logs").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


def _call(url: str, body: dict[str, Any]) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with _DIRECT.open(request, timeout=30) as answer:
        return json.load(answer)


def _get(url: str) -> Any:
    with _DIRECT.open(url, timeout=30) as answer:
        return json.load(answer)
