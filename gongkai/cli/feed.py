"""``gongkai feed follow``: the province's client. Prints public facts as JSON lines and keeps its place."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import grpc
import typer

from gongkai.cli.calling import cause_of, door, told
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.messaging.connection import connect
from gongkai.messaging.follower import Fact, Place, follow
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.serving.channels import streaming

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.log.v1.log_pb2_grpc import ContractLogServiceAsyncStub

app = typer.Typer(help="公共事实流（FEED）：省级平台的客户端。", no_args_is_help=True)

_OWNERS = {"catalog": "FEED_CATALOG", "publishing": "FEED_PUBLISHING"}
_FOREVER_SECONDS = 10 * 365 * 86400.0

Page = tuple[str, list[dict[str, Any]], Place]


@app.callback()
def _group() -> None:
    """Keeps ``follow`` a subcommand although it is the only one."""


@app.command("follow")
def follow_command(
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
    place_file: Annotated[
        Path | None, typer.Option("--place", help="记录读到哪里的文件，缺省在状态目录下")
    ] = None,
    owner: Annotated[str, typer.Option("--from", help="只读 catalog 或 publishing；缺省两者都读")] = "",
    once: Annotated[bool, typer.Option("--once", help="读到当前末尾就结束")] = False,
    over_grpc: Annotated[bool, typer.Option("--grpc", help="经 gRPC 读，不经 NATS")] = False,
) -> None:
    """逐行打印公开事实（JSON），记住读到的位置；中断多久都能接着读。"""
    if owner and owner not in _OWNERS:
        typer.echo(f"--from 只能是 catalog 或 publishing，收到的是“{owner}”。", err=True)
        raise typer.Exit(2)
    endpoints = load_endpoints(state)
    places = PlaceFile(place_file or state / "feed-place.json")
    owners = [owner] if owner else list(_OWNERS)
    try:
        asyncio.run(_follow_all(endpoints, places, owners, once=once, over_grpc=over_grpc))
    except ExceptionGroup as raised:
        failed = cause_of(raised)
        if not isinstance(failed, grpc.aio.AioRpcError):
            raise
        typer.echo(told(failed), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("已停止；下次从停下的地方接着读。", err=True)


class PlaceFile:
    """The reader's place in every stream, in one small file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        stored = json.loads(path.read_text()) if path.exists() else {}
        self.places = {
            stream: Place(**{**place, "seen": tuple(place["seen"])}) for stream, place in stored.items()
        }

    def get(self, stream: str) -> Place:
        """The place in ``stream``; its beginning where the file does not name it."""
        return self.places.get(stream, Place())

    def put(self, stream: str, place: Place) -> None:
        """Remember the place, on disk when this returns."""
        self.places[stream] = place
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump({name: asdict(value) for name, value in self.places.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


async def _follow_all(
    endpoints: Endpoints, places: PlaceFile, owners: Sequence[str], *, once: bool, over_grpc: bool
) -> None:
    pages: asyncio.Queue[Page | None] = asyncio.Queue(maxsize=4)
    read = _over_grpc if over_grpc else _over_nats

    async def pump(owner: str) -> None:
        async for page in read(endpoints, owner, places.get(_key(owner, over_grpc=over_grpc)), once=once):
            await pages.put((_key(owner, over_grpc=over_grpc), *page))

    async with asyncio.TaskGroup() as group:
        pumps = [group.create_task(pump(owner)) for owner in owners]

        async def close() -> None:
            await asyncio.gather(*pumps)
            await pages.put(None)

        group.create_task(close())
        while (page := await pages.get()) is not None:
            stream, lines, place = page
            sys.stdout.writelines(
                json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines
            )
            sys.stdout.flush()
            places.put(stream, place)


def _key(owner: str, *, over_grpc: bool) -> str:
    # A place is (epoch, position) on both ways; the sequence it also holds means something on NATS only.
    return f"grpc:{owner}" if over_grpc else _OWNERS[owner]


async def _over_nats(
    endpoints: Endpoints, owner: str, place: Place, *, once: bool
) -> AsyncIterator[tuple[list[dict[str, Any]], Place]]:
    async with connect(endpoints.nats, endpoints.nats_credentials("province"), name="province") as nats:
        async for facts in follow(nats.jetstream(), _OWNERS[owner], place, until_caught_up=once):
            yield [_line(fact) for fact in facts], facts[-1].place


async def _over_grpc(
    endpoints: Endpoints, owner: str, place: Place, *, once: bool
) -> AsyncIterator[tuple[list[dict[str, Any]], Place]]:
    """The same facts from the owner itself; an owner that restarts is waited for."""
    async with door(endpoints, owner) as to_owner:
        stub: ContractLogServiceAsyncStub = log_pb2_grpc.ContractLogServiceStub(to_owner)
        at, said = place, ""
        while True:
            try:
                async for line, reached in _read_grpc(stub, owner, at, once=once):
                    at, said = reached, ""
                    yield [line], at
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or once:
                    raise
                if (why := told(error, owner)) != said:
                    typer.echo(f"{why} 正在等待，恢复后从停下的地方接着读。", err=True)
                    said = why
                await asyncio.sleep(1)
            else:
                return


async def _read_grpc(
    stub: ContractLogServiceAsyncStub, owner: str, place: Place, *, once: bool
) -> AsyncIterator[tuple[dict[str, Any], Place]]:
    # One position may hold several messages: it is read again, and what was seen of it is skipped.
    request = log_pb2.ReadContractsRequest(
        audience=log_pb2.AUDIENCE_PUBLIC,
        after_position=max(place.position - 1, 0),
        epoch=place.epoch,
        follow=not once,
    )
    async with streaming(stub.ReadContracts(request, timeout=_FOREVER_SECONDS)) as answers:
        async for answer in answers:
            event_id = answer.attributes["ce-id"]
            here = (answer.epoch, answer.position) == (place.epoch, place.position)
            if here and event_id in place.seen:
                continue
            seen = (*place.seen, event_id) if here else (event_id,)
            place = Place(answer.epoch, answer.position, seen)
            yield _as_line(dict(answer.attributes), _OWNERS[owner], answer.subject, answer.data), place


def _line(fact: Fact) -> dict[str, Any]:
    return _as_line(fact.headers, fact.stream, fact.subject, fact.data)


def _as_line(headers: dict[str, str], stream: str, subject: str, data: bytes) -> dict[str, Any]:
    attribute = {name.removeprefix("ce-"): value for name, value in headers.items()}
    return {
        "epoch": attribute.get("gkepoch", ""),
        "position": int(attribute.get("gkposition", "0")),
        "version": int(attribute.get("gkversion", "0")),
        "id": attribute.get("id", ""),
        "type": attribute.get("type", ""),
        "source": attribute.get("source", ""),
        "thing": attribute.get("subject", ""),
        "time": attribute.get("time", ""),
        "stream": stream,
        "subject": subject,
        "data": json.loads(data),
    }
