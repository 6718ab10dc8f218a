"""The whole platform on one machine: three servers, a message gateway, seven services, their keys, ports and addresses."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from gongkai.devstack import gateway
from gongkai.devstack.gateway import Gateway
from gongkai.devstack.loopback import fetch
from gongkai.devstack.nats import Nats
from gongkai.devstack.opensearch import OpenSearch
from gongkai.devstack.ports import LOOPBACK, kept_ports
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import ChildFailed, ChildSpec
from gongkai.devstack.supervisor import Supervisor
from gongkai.messaging import auth
from gongkai.messaging.connection import connect
from gongkai.messaging.issuing import issue_credentials
from gongkai.messaging.provision import assert_durable, provision
from gongkai.messaging.topology import load_topology
from gongkai.security.keys import create_keys
from gongkai.serving.clock import utc_now

SERVICES = ("catalog", "publishing", "requests", "search", "notify", "oversight", "portal")
SERVERS = ("postgres", "nats", "opensearch", gateway.NAME)
STORING = ("catalog", "publishing", "requests", "search", "notify", "oversight")
"""The services with a database and a gRPC server of their own: all but the portal, which owns nothing."""

PORTS = (
    *("postgres", "nats", "nats-monitor", "nats-leaf", "opensearch", "opensearch-transport"),
    *("sandbox", "sandbox-smtp"),
    *(f"grpc.{name}" for name in STORING),
    *(f"http.{name}" for name in SERVICES),
)

Progress = Callable[[str, str], None]
"""Told (part, what happened, in Chinese) from several threads."""


class Stack:
    """The parts of one state folder, before and after they run.

    Args:
        state: the state folder, absolute.
        portal_port: where the pages are served.
        demo: the services are told that the invented data is loaded.
        progress: told what happens.
    """

    def __init__(self, state: Path, portal_port: int, *, demo: bool, progress: Progress) -> None:
        self.state = state
        self.keys = state / "keys"
        self.portal_port = portal_port
        self._demo = demo
        self._progress = progress
        # Chosen after the state is held and orphans are gone: their ports are free again.
        self.ports = kept_ports(state / "run" / "ports.json", PORTS)
        self.postgres = Postgres(state, self.ports["postgres"])
        self.opensearch = OpenSearch(state, self.ports["opensearch"], self.ports["opensearch-transport"])
        self.portal_url = f"http://{LOOPBACK}:{portal_port}"
        self.gateway = Gateway(state, self.ports["sandbox"], self.ports["sandbox-smtp"], self.portal_url)
        self.nats_url = f"nats://{LOOPBACK}:{self.ports['nats']}"
        self.streams_were_gone = False
        """Told after the start: JetStream was empty, as at the first start or after a loss of its store."""

    def start(self, supervisor: Supervisor) -> None:
        """Start everything, each part as soon as what it needs is ready; returns when all are.

        Raises:
            ChildFailed: a part could not be started; its log says why.
            JarsMissing: OpenSearch could not be fetched.
        """
        create_keys(self.keys, services=SERVICES)
        with ThreadPoolExecutor(max_workers=len(SERVERS) + 1 + len(SERVICES)) as pool:
            postgres = pool.submit(self._start_postgres, supervisor)
            nats = pool.submit(self._start_nats, supervisor)
            jars = pool.submit(self.opensearch.prepare, partial(_fetched, supervisor, self._progress))
            opensearch = pool.submit(self._start_opensearch, supervisor, jars)
            sandbox = pool.submit(self._start_gateway, supervisor)
            needs: dict[str, tuple[Future[None], ...]] = dict.fromkeys(SERVICES, (postgres, nats))
            # The portal is ready when the others are: it need not wait for them, only for a long download.
            needs |= {"search": (postgres, nats, opensearch), "portal": (jars,)}
            started = [pool.submit(self._start_service, supervisor, name, needs[name]) for name in SERVICES]
            # The servers first: when one fails, its reason and not a service's is raised.
            for part in (postgres, nats, opensearch, sandbox, *started):
                part.result()

    def endpoints(self) -> dict[str, object]:
        """What ``endpoints.json`` says."""
        ports = self.ports
        return {
            "portal": self.portal_url,
            "sandbox": self.gateway.url,
            "nats": self.nats_url,
            "nats_leaf": f"nats-leaf://{LOOPBACK}:{ports['nats-leaf']}",
            "nats_monitor": f"http://{LOOPBACK}:{ports['nats-monitor']}",
            "opensearch": self.opensearch.url,
            "postgres": {
                "host": LOOPBACK,
                "port": ports["postgres"],
                "user": "postgres",
                "password_file": str(self.postgres.password_file("postgres")),
                "databases": {
                    name: {"user": name, "password_file": str(self.postgres.password_file(name))}
                    for name in STORING
                },
            },
            "grpc": {name: f"{LOOPBACK}:{ports[f'grpc.{name}']}" for name in STORING},
            "http": {name: f"http://{LOOPBACK}:{ports[f'http.{name}']}" for name in SERVICES},
            "credentials": {
                "nats_admin": str(self._credentials("admin")),
                "nats_system": str(self._credentials("system")),
                "nats_province": str(self._credentials("province")),
                "grpc_operator": str(self.keys / "operator.key"),
                "services": {name: str(self._credentials(name)) for name in STORING},
            },
        }

    def _start_postgres(self, supervisor: Supervisor) -> None:
        self.postgres.prepare()
        supervisor.start(self.postgres.spec())
        supervisor.wait_ready("postgres")
        for name in STORING:
            self.postgres.ensure_role(name)
            self.postgres.ensure_database(name, name)
        self._progress("postgres", "已就绪")

    def _start_nats(self, supervisor: Supervisor) -> None:
        keys = auth.create_keys(self.keys / "nats", utc_now())
        issue_credentials(keys, utc_now())
        ports = self.ports
        place = auth.ServerPlace(
            store=self.state / "nats",
            port=ports["nats"],
            leaf_port=ports["nats-leaf"],
            monitor_port=ports["nats-monitor"],
        )
        config = auth.nats_config(keys, place, utc_now())
        server = Nats(self.state, ports["nats"], ports["nats-monitor"], config=config)
        server.prepare()
        supervisor.start(server.spec())
        supervisor.wait_ready("nats")
        asyncio.run(self._provision())
        self._progress("nats", "已就绪")

    def _start_opensearch(self, supervisor: Supervisor, jars: Future[None]) -> None:
        jars.result()
        supervisor.start(self.opensearch.spec())
        supervisor.wait_ready("opensearch")
        self._progress("opensearch", "已就绪")

    def _start_gateway(self, supervisor: Supervisor) -> None:
        supervisor.start(self.gateway.spec())
        supervisor.wait_ready(gateway.NAME)
        self._progress(gateway.NAME, "已就绪")

    def _start_service(self, supervisor: Supervisor, name: str, needs: tuple[Future[None], ...]) -> None:
        for need in needs:
            need.result()
        supervisor.start(self._service_spec(name))
        supervisor.wait_ready(name)
        self._progress(name, "已就绪")

    def _service_spec(self, name: str) -> ChildSpec:
        ready = f"http://{LOOPBACK}:{self.ports[f'http.{name}']}/readyz"
        return ChildSpec(
            name=name,
            command=(sys.executable, "-P", "-m", f"services.{name}"),
            environment=self._service_environment(name),
            directory=self.state,
            stop_seconds=25,
            ready=partial(answers, ready),
            ready_seconds=90,
        )

    def _service_environment(self, name: str) -> dict[str, str]:
        """The settings of one service: what it uses and no more."""
        own = {key: value for key, value in os.environ.items() if key.startswith("GONGKAI_")}
        peers = {
            f"GONGKAI_PEER_{peer.upper()}": f"{LOOPBACK}:{self.ports[f'grpc.{peer}']}" for peer in STORING
        }
        common = {
            "GONGKAI_KEYS": str(self.keys),
            "GONGKAI_HTTP_LISTEN": f"{LOOPBACK}:{self.ports[f'http.{name}']}",
            "GONGKAI_DEMO": "1" if self._demo else "0",
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",  # arenas a thread cost more memory than they save time
        }
        if name == "portal":
            shown = {
                "GONGKAI_PORTAL_LISTEN": f"{LOOPBACK}:{self.portal_port}",
                "GONGKAI_SANDBOX_URL": self.gateway.url,
            }
            return own | peers | common | shown
        storing = {
            "DATABASE_URL": self.postgres.url(name, name),
            "NATS_URL": self.nats_url,
            "NATS_CREDENTIALS": str(self._credentials(name)),
            "GONGKAI_GRPC_LISTEN": f"{LOOPBACK}:{self.ports[f'grpc.{name}']}",
        }
        special = {
            "search": {"OPENSEARCH_URL": self.opensearch.url},
            "publishing": {"CONTENT_URL": (self.state / "content").as_uri()},
            "requests": {"CONTENT_URL": (self.state / "reply-files").as_uri()},
            # A provider that the environment names stands instead of the sandbox.
            "notify": {"GONGKAI_PUBLIC_URL": self.portal_url} | self.gateway.customer() | own,
        }
        return own | peers | common | storing | special.get(name, {})

    def _credentials(self, name: str) -> Path:
        return self.keys / "nats" / f"{name}.creds"

    async def _provision(self) -> None:
        async with connect(self.nats_url, credentials=self._credentials("system"), name="up") as system:
            await assert_durable(system)
        async with connect(self.nats_url, credentials=self._credentials("admin"), name="up") as admin:
            self.streams_were_gone = not await admin.jetstream().streams_info()
            await provision(admin, load_topology())


def answers(url: str) -> bool:
    """Does this address answer with 200?"""
    return fetch(url, seconds=5) is not None


def remove_state(state: Path) -> None:
    """Delete a state folder and the data that its links lead to."""
    for link in (state / name for name in SERVERS):
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
    shutil.rmtree(state, ignore_errors=True)


def _fetched(supervisor: Supervisor, progress: Progress, done: int, needed: int) -> None:
    if supervisor.stopping:
        raise ChildFailed("opensearch: stopped while its jars were fetched")
    progress("opensearch", f"首次启动，正在获取程序包 {done}/{needed}")
