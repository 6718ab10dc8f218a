"""``gongkai organ``: organs and the credentials with which their systems speak."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import grpc
import nats.errors
import typer
from nats.aio.client import Client
from rich.console import Console
from rich.table import Table

from gongkai.cli.calling import door, told
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.messaging.auth import (
    AccountUpdateRefused,
    NatsKeys,
    create_keys,
    organ_credentials,
    revoke_user,
    system_credentials,
)
from gongkai.messaging.connection import AccessRefused, connect
from gongkai.messaging.provision import provision_consumer
from gongkai.messaging.topology import organ_consumer
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.serving.clock import new_id, utc_now
from gongkai.uscc import placeholder_uscc

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceAsyncStub

app = typer.Typer(help="机关与其系统凭据。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]
On = Annotated[str, typer.Option(help="生效日期，例如 2027-01-01；可以在将来")]
Basis = Annotated[str, typer.Option(help="依据的文件名和文号")]
T = TypeVar("T")

_ACTOR: Final = "operator"
_NATS_SECONDS: Final = 15
_CODE_DIGITS: Final = (4, 6, 9, 12)


@dataclass(frozen=True, slots=True)
class NewOrgan:
    """An organ to add. What is empty is filled in from the code, as well as a code can tell."""

    code: str
    name: str = ""
    short_name: str = ""
    division: str = ""
    """12 digits."""
    uscc: str = ""
    """Unified social credit code; index numbers begin with it, for ever."""


@dataclass(frozen=True, slots=True)
class Added:
    """An organ with a new credential."""

    organ: pb.Organ
    credentials: str
    """The secret ``.creds`` text; kept nowhere else."""
    registered: bool
    """False where the organ was in the registry before and only got another credential."""
    placeholder: bool
    """The credit code was made up, since none was given."""


async def add_organ(endpoints: Endpoints, wanted: NewOrgan) -> Added:
    """Register an organ, unless it is registered, and give it a new credential.

    The secret is made here and returned once. The answers' consumer is there before the key is in force, so that
    no answer is missed.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
        TimeoutError: NATS does not answer; nothing is in force.
    """
    async with _catalog(endpoints) as catalog:
        organ = await _find(catalog, wanted.code)
        filled = wanted if organ else await _filled(catalog, wanted)
        if organ is None:
            asked = pb.Organ(
                code=filled.code,
                name=filled.name,
                short_name=filled.short_name,
                division=filled.division,
                uscc=filled.uscc,
            )
            request = pb.RegisterOrganRequest(command_id=str(new_id()), actor=_ACTOR, organ=asked)
            await catalog.RegisterOrgan(request)
        division = organ.division if organ else filled.division
        credentials = organ_credentials(_nats_keys(endpoints), wanted.code, division, utc_now())
        async with _nats(endpoints, endpoints.nats_credentials("admin")) as admin:
            await provision_consumer(admin, organ_consumer(wanted.code))
        added = await catalog.AddOrganCredential(
            pb.AddOrganCredentialRequest(
                command_id=str(new_id()),
                actor=_ACTOR,
                organ=wanted.code,
                public_key=credentials.public_key,
            )
        )
    return Added(added.organ, credentials.text, organ is None, filled.uscc != wanted.uscc)


async def revoke_organ(endpoints: Endpoints, code: str, reason: str) -> tuple[str, ...]:
    """Revoke every credential of an organ: its connections are cut off, then the registry says so.

    NATS comes first. Should the second step fail, the same command does both again; the other way round the
    registry would show no key, and a connection might go on.

    Returns:
        The public keys revoked.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
        TimeoutError: NATS does not answer; nothing was changed.
        AccountUpdateRefused: a NATS server refused; nothing was changed.
    """
    async with _catalog(endpoints) as catalog:
        in_force = (await catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ.credential_keys
        await _cut_off(endpoints, tuple(in_force))
        request = pb.RevokeOrganCredentialsRequest(
            command_id=str(new_id()), actor=_ACTOR, organ=code, reason=reason
        )
        revoked = (await catalog.RevokeOrganCredentials(request)).revoked_keys
        await _cut_off(endpoints, tuple(key for key in revoked if key not in in_force))
    return tuple(revoked)


async def change_organ(endpoints: Endpoints, request: pb.ChangeOrganRequest) -> pb.Organ:
    """Have catalog rename an organ, or have it end.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
    """
    async with _catalog(endpoints) as catalog:
        return (await catalog.ChangeOrgan(request)).organ


async def list_organs(endpoints: Endpoints) -> list[pb.Organ]:
    """List all organs by code."""
    organs: list[pb.Organ] = []
    async with _catalog(endpoints) as catalog:
        token = ""
        while True:
            page = await catalog.ListOrgans(pb.ListOrgansRequest(page_size=500, page_token=token))
            organs += page.organs
            token = page.next_page_token
            if not token:
                return organs


async def restore_answers(endpoints: Endpoints) -> int:
    """Make the answers' consumer of every organ with a credential anew where it is gone; how many organs there are.

    Consumers live in JetStream: when its store is lost they are lost with it, and an organ could read no answer.
    """
    holders = [organ.code for organ in await list_organs(endpoints) if organ.credential_keys]
    async with _nats(endpoints, endpoints.nats_credentials("admin")) as admin:
        for code in holders:
            await provision_consumer(admin, organ_consumer(code))
    return len(holders)


@app.command("add")
def add_command(
    code: Annotated[str, typer.Argument(help="机关代码，例如 341323-mzj")],
    name: Annotated[str, typer.Option(help="机关全称")] = "",
    short_name: Annotated[str, typer.Option(help="机关简称")] = "",
    division: Annotated[str, typer.Option(help="12 位区划代码；缺省取自机关代码开头的数字")] = "",
    uscc: Annotated[str, typer.Option(help="统一社会信用代码；索引号以它开头")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """登记机关（已登记则跳过）并签发一份新凭据；凭据只在标准输出显示这一次。"""
    added = _run(add_organ, load_endpoints(state), NewOrgan(code, name, short_name, division, uscc))
    organ = added.organ
    did = "已登记并签发凭据" if added.registered else "该机关早已登记，另签发一份凭据"
    _tell(f"{organ.code}　{organ.name}　{organ.division}　{organ.uscc}：{did}。")
    if added.placeholder and added.registered:
        _tell("未提供统一社会信用代码，暂用占位代码；索引号将以它开头且不再改变，正式机关请用 --uscc 登记。")
    _tell("以下凭据只显示这一次，请妥善保存：")
    sys.stdout.write(added.credentials)


@app.command("revoke")
def revoke_command(
    code: Annotated[str, typer.Argument(help="机关代码")],
    reason: Annotated[str, typer.Option(help="吊销原因，记入台账")] = "由运维人员吊销",
    state: State = Path(".gongkai"),
) -> None:
    """吊销机关的全部凭据：已连接的系统两秒内被断开。"""
    revoked = _run(revoke_organ, load_endpoints(state), code, reason)
    typer.echo(f"{code}：已吊销 {len(revoked)} 份凭据。")
    for key in revoked:
        typer.echo(key)


@app.command("rename")
def rename_command(
    code: Annotated[str, typer.Argument(help="机关代码")],
    name: Annotated[str, typer.Argument(help="新的全称")],
    on: On,
    basis: Basis,
    short_name: Annotated[str, typer.Option(help="新的简称；缺省不变")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """机关更名：代码、索引号和凭据不变，已公开的信息仍署当时的名称。"""
    new = pb.Renaming(name=name, short_name=short_name)
    request = pb.ChangeOrganRequest(
        command_id=str(new_id()), code=code, effective_on=on, basis=basis, rename=new
    )
    organ = _run(change_organ, load_endpoints(state), request)
    typer.echo(f"{organ.code}：自 {on} 起称“{organ.newest_name or organ.name}”。")


@app.command("end")
def end_command(
    code: Annotated[str, typer.Argument(help="机关代码")],
    successor: Annotated[str, typer.Argument(help="承继其职能的机关的代码")],
    on: On,
    basis: Basis,
    state: State = Path(".gongkai"),
) -> None:
    """机关撤并：自该日起不再接受其报送，告知承继的机关；已公开的信息不动。"""
    request = pb.ChangeOrganRequest(
        command_id=str(new_id()), code=code, effective_on=on, basis=basis, end=pb.Ending(successor=successor)
    )
    organ = _run(change_organ, load_endpoints(state), request)
    typer.echo(f"{organ.code} {organ.name}：{on} 撤并，由 {organ.successor} 承继。")
    if organ.credential_keys:
        typer.echo(
            f"它还有 {len(organ.credential_keys)} 份生效的凭据：到期后请运行 gongkai organ revoke {code} 吊销；"
            "在此之前它的报送会被退回，并告知承继的机关。"
        )


@app.command("list")
def list_command(state: State = Path(".gongkai")) -> None:
    """列出全部机关及其生效的凭据数。"""
    organs = _run(list_organs, load_endpoints(state))
    table = Table("代码", "名称", "区划", "统一社会信用代码", "凭据", title=f"机关（{len(organs)}）")
    for organ in organs:
        table.add_row(organ.code, organ.name, organ.division, organ.uscc, str(len(organ.credential_keys)))
    Console().print(table)


@app.command("restore")
def restore_command(state: State = Path(".gongkai")) -> None:
    """JetStream 的数据丢失后，为全部有凭据的机关重建回执队列；凭据不变。gongkai up 会自动执行。"""
    restored = _run(restore_answers, load_endpoints(state))
    typer.echo(f"已核对 {restored} 个机关的回执队列。")


async def _filled(catalog: CatalogServiceAsyncStub, wanted: NewOrgan) -> NewOrgan:
    division = wanted.division or await _division_of(catalog, wanted.code)
    name = wanted.name or wanted.short_name or wanted.code
    return replace(
        wanted,
        name=name,
        short_name=wanted.short_name or name,
        division=division,
        uscc=wanted.uscc or placeholder_uscc(wanted.code, division),
    )


async def _division_of(catalog: CatalogServiceAsyncStub, code: str) -> str:
    digits = code.split("-", 1)[0]
    if digits.isdecimal() and len(digits) in _CODE_DIGITS:
        return digits.ljust(12, "0")
    cities = await catalog.ListDivisions(pb.ListDivisionsRequest(level="city", page_size=1))
    return cities.divisions[0].code if cities.divisions else ""


async def _find(catalog: CatalogServiceAsyncStub, code: str) -> pb.Organ | None:
    try:
        return (await catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


async def _cut_off(endpoints: Endpoints, public_keys: tuple[str, ...]) -> None:
    if not public_keys:
        return
    keys = _nats_keys(endpoints)
    now = utc_now()
    async with _nats(endpoints, system_credentials(keys, now).text) as system:
        for key in public_keys:
            # A JWT counts as revoked if it was issued no later than this: one of this very second too.
            await revoke_user(keys, system, key, now + timedelta(seconds=1))


def _nats_keys(endpoints: Endpoints) -> NatsKeys:
    return create_keys(endpoints.keys / "nats", utc_now())


@asynccontextmanager
async def _catalog(endpoints: Endpoints) -> AsyncIterator[CatalogServiceAsyncStub]:
    async with door(endpoints, "catalog") as opened:
        yield CatalogServiceStub(opened)


@asynccontextmanager
async def _nats(endpoints: Endpoints, credentials: Path | str) -> AsyncIterator[Client]:
    async with (
        asyncio.timeout(_NATS_SECONDS),
        connect(endpoints.nats, credentials, name="organ-cli") as client,
    ):
        yield client


def _run(work: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Do the work; what goes wrong is told with every reason, and ends the command with status 1."""

    async def working() -> T:
        return await work(*arguments)

    try:
        return asyncio.run(working())
    except grpc.aio.AioRpcError as error:
        _tell(told(error, "catalog"))
    except (TimeoutError, nats.errors.Error):
        _tell("NATS 没有应答，请用 gongkai status 查看后重试。")
    except (AccessRefused, AccountUpdateRefused) as error:
        _tell(f"NATS 拒绝了操作：{error}")
    raise typer.Exit(1)


def _tell(text: str) -> None:
    typer.echo(text, err=True)
