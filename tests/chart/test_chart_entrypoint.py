"""The image's entrypoint, as the chart runs it: rendered environment, user and read-only root, on the real servers."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gongkai.cli import organ
from gongkai.cli.cluster import app
from gongkai.cli.cluster_manifests import SERVICES, STORING
from gongkai.devstack.loopback import fetch
from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child
from gongkai.messaging import auth
from gongkai.serving.clock import utc_now
from tests.chart.container import ENTRYPOINT, Cluster, child, data_of, why_not
from tests.chart.helm import WRITABLE, Object, of_kind, render
from tests.conftest import TESTER, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()) and "CI" not in os.environ, reason=why_not() or "-"),
]


@dataclass(frozen=True)
class Installation:
    """A rendered chart and what its pods find."""

    cluster: Cluster
    objects: list[Object]
    folder: Path

    def pod(self, kind: str, name: str) -> Object:
        found: Object = of_kind(self.objects, kind)[f"gongkai-{name}"]["spec"]["template"]["spec"]
        return found

    def job(self, name: str) -> tuple[int, str]:
        """Run a job to its end; its exit status and what it printed."""
        container = self.cluster.container(self.pod("Job", name), "127.0.0.1", self.folder / "roots" / name)
        process = child(name, container, self.folder)
        process.start()
        return process.wait(), process.last_lines(40)

    def service(self, name: str) -> Child:
        """A service's only replica, started."""
        address = self.cluster.addresses[f"gongkai-{name}"]
        container = self.cluster.container(
            self.pod("Deployment", name), address, self.folder / "roots" / name
        )
        process = child(name, container, self.folder, f"http://{address}:9090/readyz")
        process.start()
        return process


@pytest.fixture
def installation(postgres: Postgres, opensearch_url: str, state: Path) -> Iterator[Installation]:
    """The chart rendered for this machine's servers, with the Secrets that the operators' guide makes."""
    made = CliRunner().invoke(app, ["secrets", str(state / "keys")])
    assert made.exit_code == 0, made.output
    data = data_of(list(yaml.safe_load_all(made.stdout)))
    databases = {name: f"test_pod_{name}_{secrets.token_hex(4)}" for name in STORING}
    for name, database in databases.items():
        postgres.ensure_database(database, TESTER)
        data[f"gongkai-{name}-database"] = {"url": postgres.url(TESTER, database)}
    data["gongkai-opensearch"] = {"url": opensearch_url}
    data["gongkai-content"] = {"access-key-id": "none", "secret-access-key": "none"}
    with trusting_nats(state) as nats_url:
        values = {
            "nats": {"url": nats_url, "replicas": 1},
            "content": {"endpoint": "http://127.0.0.1:9"},
            "settings": {"databasePool": 4, "listen": "podIP"},
        }
        yield Installation(Cluster(data, addresses()), render(values), state)
    for database in databases.values():
        postgres.drop_database(database)


def test_each_service_reaches_ready_in_its_pod_and_drains_when_told_to_stop(
    installation: Installation,
) -> None:
    """The jobs end well; then every service gets ready as user 65532 on a root it cannot write, and ends with 0."""
    for name in ("migrate", "streams"):
        status, said = installation.job(name)
        assert status == 0, said
    running_pods: dict[str, Child] = {}
    try:
        for name in SERVICES:
            running_pods[name] = installation.service(name)
        for process in running_pods.values():
            process.wait_ready()
            assert_confined(process)
        assert (
            fetch(f"http://{installation.cluster.addresses['gongkai-portal']}:8080/", seconds=20) is not None
        )
        assert_operated(installation)
        for process in running_pods.values():
            process.signal(signal.SIGTERM)
        for process in running_pods.values():
            assert process.wait() == 0, process.last_lines(40)
    finally:
        for process in running_pods.values():
            process.kill()


def test_the_entrypoint_refuses_what_it_does_not_know() -> None:
    """A misspelt service ends with status 2 and says what there is."""
    answer = subprocess.run((ENTRYPOINT, "catalogue"), check=False, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "不知道要运行什么：catalogue" in answer.stderr


def assert_confined(process: Child) -> None:
    """The program is nobody with no way to become somebody, and may write below /tmp alone."""
    proc = Path(f"/proc/{process.pid}")
    status = dict(
        line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line
    )
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"65532"}
    assert (status["NoNewPrivs"], int(status["CapEff"], 16)) == ("1", 0)
    mounts = [line.split() for line in (proc / "mountinfo").read_text().splitlines()]
    writable = {fields[4] for fields in mounts if "rw" in fields[5].split(",")}
    assert writable == {WRITABLE}


def assert_operated(installation: Installation) -> None:
    """The operator's key, which no pod has, is known to the pods by its public half."""
    grpc = {name: f"{installation.cluster.addresses[f'gongkai-{name}']}:50051" for name in STORING}
    endpoints = {"portal": "", "nats": "", "opensearch": "", "grpc": grpc}
    (installation.folder / "endpoints.json").write_text(json.dumps(endpoints))
    listed = CliRunner().invoke(organ.app, ["list", "--state", str(installation.folder)])
    assert listed.exit_code == 0, listed.output


def addresses() -> dict[str, str]:
    """An address of its own for every pod, so that all can use the chart's ports."""
    while True:
        network = f"127.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}"
        found = {f"gongkai-{name}": f"{network}.{10 + number}" for number, name in enumerate(SERVICES)}
        if all(is_free(address, port) for address in found.values() for port in (50051, 9090, 8080)):
            return found


def is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


@contextmanager
def trusting_nats(state: Path) -> Iterator[str]:
    """The URL of a nats-server that asks for the credentials in the Secrets."""
    keys = auth.create_keys(state / "keys" / "nats", utc_now())
    port = free_port()
    monitor = free_port([port])
    place = auth.ServerPlace(store=state / "nats", port=port, monitor_port=monitor)
    server = Nats(state, port, monitor, config=auth.nats_config(keys, place, utc_now()))
    server.prepare()
    with running(server.spec(), state):
        yield server.url
