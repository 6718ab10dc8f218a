"""A service as a process: it starts, says whether it is ready, drains on SIGTERM, and dies with its parts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

import grpc
import httpx
import pytest

from gongkai.rpc.search.v1 import search_pb2, search_pb2_grpc
from gongkai.security.keys import create_keys
from gongkai.security.tokens import service_tokens
from gongkai.serving.background import BackgroundDied
from gongkai.serving.channels import channel
from gongkai.serving.health import NotReady
from gongkai.serving.lifecycle import Service
from gongkai.serving.servers import ListenFault
from gongkai.serving.settings import Address, Settings
from tests.serving.conftest import LOOPBACK, search_service

HEAD = """
import asyncio, sys
from gongkai.serving.lifecycle import Service, run

async def steady(stop: asyncio.Event) -> None:
    await stop.wait()
    sys.stderr.write("steady ended\\n")

async def failing(stop: asyncio.Event) -> None:
    raise RuntimeError("the log of 13812345678 is broken")

async def leaving(stop: asyncio.Event) -> None:
    return

async def deaf(stop: asyncio.Event) -> None:
    await asyncio.sleep(3600)

async def compose(service: Service) -> None:
    {compose}

run("search", compose, need={need})
"""


class Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def until(self, text: str) -> str:
        assert self._process.stderr is not None
        async for raw in self._process.stderr:
            self.lines.append(raw.decode())
            if text in self.lines[-1]:
                return self.lines[-1]
        raise AssertionError(f"{text!r} never came:\n{''.join(self.lines)}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def status(self) -> int:
        assert self._process.stderr is not None
        self.lines += (await self._process.stderr.read()).decode().splitlines(keepends=True)
        return await self._process.wait()


@asynccontextmanager
async def program(
    tmp_path: Path, compose: str = "pass", need: tuple[str, ...] = (), **environ: str
) -> AsyncIterator[Process]:
    create_keys(tmp_path / "keys", services=["search"])
    path = tmp_path / "program.py"
    path.write_text(dedent(HEAD).format(compose=compose, need=need))
    defaults = {
        "GONGKAI_KEYS": str(tmp_path / "keys"),
        "GONGKAI_GRPC_LISTEN": "127.0.0.1:0",
        "GONGKAI_HTTP_LISTEN": "127.0.0.1:0",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(path), stderr=asyncio.subprocess.PIPE, env={**os.environ, **defaults, **environ}
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_drains_and_ends_well(tmp_path: Path, number: int) -> None:
    """On SIGTERM or SIGINT the background ends, and the status is 0."""
    async with program(tmp_path, 'service.task("relay", steady)') as process:
        await process.until('"serving"')
        process.signal(number)
        assert await process.status() == 0
    assert "steady ended\n" in process.lines


@pytest.mark.parametrize("behaviour", ["failing", "leaving"])
async def test_death_of_a_part_is_the_end_and_is_told(tmp_path: Path, behaviour: str) -> None:
    """A background task that raises or returns ends the process with status 1; the log names it and masks numbers."""
    compose = f'service.task("relay", steady); service.consumer("intake", {behaviour})'
    async with program(tmp_path, compose) as process:
        line = json.loads(await process.until("background task died"))
        assert await process.status() == 1
    assert (line["task"], line["service"], line["level"]) == ("intake", "search", "error")
    assert "13812345678" not in "".join(process.lines)
    assert ("the log of *********** is broken" in line.get("exception", "")) == (behaviour == "failing")


async def test_a_part_that_does_not_stop_is_cancelled(tmp_path: Path) -> None:
    """What does not stop within the drain time is cancelled and named; the process still ends well."""
    async with program(tmp_path, 'service.task("deaf", deaf)', GONGKAI_DRAIN_SECONDS="0.1") as process:
        await process.until('"serving"')
        process.signal(signal.SIGTERM)
        assert json.loads(await process.until("did not stop in time"))["task"] == "deaf"
        assert await process.status() == 0


async def test_asked_to_stop_while_starting_it_stops(tmp_path: Path) -> None:
    """SIGTERM during a start that hangs ends the process well."""
    async with program(tmp_path, 'sys.stderr.write("composing\\n"); await asyncio.sleep(3600)') as process:
        await process.until("composing")
        process.signal(signal.SIGTERM)
        assert await process.status() == 0


async def test_start_that_fails_is_told(tmp_path: Path) -> None:
    """A composition root that raises ends the process with status 1 and its error in the log."""
    async with program(tmp_path, 'raise OSError("no such place")') as process:
        assert "no such place" in await process.until("could not start")
        assert await process.status() == 1


async def test_unusable_settings_are_all_told(tmp_path: Path) -> None:
    """Faulty and missing settings end the process with status 2, each on a line in Chinese."""
    async with program(tmp_path, need=("database_url", "nats_url"), GONGKAI_DRAIN_SECONDS="soon") as process:
        assert await process.status() == 2
    assert process.lines == [
        "设置有误：GONGKAI_DRAIN_SECONDS“soon”：应为秒数\n",
        "设置有误：缺少 DATABASE_URL\n",
        "设置有误：缺少 NATS_URL\n",
    ]


async def test_missing_peer_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    """A service that asks another one needs its address."""
    async with program(tmp_path, 'await service.peer("publishing")') as process:
        assert "GONGKAI_PEER_PUBLISHING" in await process.until("settings cannot be used")
        assert await process.status() == 2


async def test_ready_is_told_by_named_checks(keys: Path) -> None:
    """/readyz names each check with a code and a Chinese sentence; one that fails makes it 503."""
    faults: list[Exception] = []

    async def bus() -> None:
        if faults:
            raise faults[-1]

    async with search_service(keys) as service, httpx.AsyncClient() as client:
        service.check("bus", bus)
        await service.start()
        address = f"http://127.0.0.1:{service.http_port}"
        ready = await client.get(f"{address}/readyz")
        faults.append(NotReady("bus-away", "消息总线无法连接"))
        away = await client.get(f"{address}/readyz")
        faults.append(RuntimeError("secret"))
        broken = await client.get(f"{address}/readyz")
        alive = await client.get(f"{address}/healthz")
        metrics = await client.get(f"{address}/metrics")

    assert (ready.status_code, away.status_code, broken.status_code, alive.status_code) == (
        200,
        503,
        503,
        200,
    )
    assert ready.json()["checks"][1] == {"name": "bus", "ready": True, "code": "ok", "message": "正常"}
    assert away.json()["checks"][1] == {
        "name": "bus",
        "ready": False,
        "code": "bus-away",
        "message": "消息总线无法连接",
    }
    assert "secret" not in broken.text
    assert 'gongkai_not_ready_total{check="bus"}' in metrics.text


async def test_draining_finishes_what_is_in_flight(keys: Path) -> None:
    """Not ready, then consumers, then calls in flight, then tasks: each sees the steps before it done."""
    steps: list[str] = []
    arrived, release = asyncio.Event(), asyncio.Event()

    async def search(_request: search_pb2.SearchRequest) -> search_pb2.SearchResponse:
        arrived.set()
        await release.wait()
        steps.append("call answered")
        return search_pb2.SearchResponse(total=7)

    async def consumer(stop: asyncio.Event) -> None:
        await stop.wait()
        ready = await client.get(f"http://127.0.0.1:{service.http_port}/readyz")
        steps.append(f"consumer sees {ready.json()['checks'][0]['code']}")
        release.set()

    async def task(stop: asyncio.Event) -> None:
        await stop.wait()
        steps.append("task ended")

    async with httpx.AsyncClient() as client:
        async with search_service(keys, search) as service:
            service.task("relay", task)
            service.consumer("intake", consumer)
            await service.start()
            target = f"127.0.0.1:{service.grpc_port}"
            opened = channel(target, audience="search", tokens=service_tokens(keys, "portal"))
            call = asyncio.ensure_future(
                search_pb2_grpc.SearchServiceStub(opened).Search(search_pb2.SearchRequest())
            )
            await arrived.wait()
        assert (await call).total == 7
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await search_pb2_grpc.SearchServiceStub(opened).Search(search_pb2.SearchRequest())
        await opened.close()

    assert steps == ["consumer sees stopping", "call answered", "task ended"]
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_watch_names_the_part_that_died(keys: Path) -> None:
    """Whoever watches a service learns which part of it died."""

    async def leaving(_stop: asyncio.Event) -> None:
        return

    async with search_service(keys) as service:
        service.task("relay", leaving)
        await service.start()
        with pytest.raises(BackgroundDied) as caught:
            await service.watch(asyncio.Event())
    assert caught.value.name == "relay"


async def test_resources_close_in_reverse_order(keys: Path) -> None:
    """What was opened last is closed first, after everything that used it has ended."""
    closed: list[str] = []

    @asynccontextmanager
    async def resource(name: str) -> AsyncIterator[str]:
        yield name
        closed.append(name)

    async def task(stop: asyncio.Event) -> None:
        await stop.wait()
        closed.append("task")

    async with Service("search", Settings("search", keys=keys)) as service:
        assert await service.enter("first", resource("first")) == "first"
        await service.enter("second", resource("second"))
        service.task("relay", task)
        await service.start()
        await asyncio.sleep(0)
    assert closed == ["task", "second", "first"]


async def test_taken_ports_are_told(keys: Path) -> None:
    """A port another process has is an error that names it, for gRPC and HTTP alike; never half of the calls."""
    async with search_service(keys) as first:
        await first.start()
        for setting, port in (("grpc_listen", first.grpc_port), ("http_listen", first.http_port)):
            taken = Settings("search", keys=keys, **{setting: Address("127.0.0.1", port)})
            with pytest.raises(ListenFault, match=str(port)):
                async with Service("search", taken) as second:
                    await second.start()


async def test_a_site_of_its_own_is_served(keys: Path) -> None:
    """A service may serve an HTTP application besides the operator's, on another address."""

    async def page(scope: object, _receive: object, send: object) -> None:
        assert isinstance(scope, dict)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
            await send({"type": "http.response.body", "body": "公开".encode()})  # type: ignore[operator]

    async with search_service(keys) as service, httpx.AsyncClient() as client:
        service.site("pages", page, LOOPBACK)
        await service.start()
        answer = await client.get(f"http://127.0.0.1:{service.site_ports['pages']}/")
    assert answer.text == "公开"
