"""``gongkai organ``: organs and the credentials with which their systems speak."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import grpc
import nats.errors
import typer
from rich.console import Console
from rich.table import Table

from gongkai.cli.calling import told
from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.organ_acts import (
    NewOrgan,
    add_organ,
    change_organ,
    list_organs,
    restore_answers,
    revoke_organ,
)
from gongkai.messaging.auth import AccountUpdateRefused
from gongkai.messaging.connection import AccessRefused
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.serving.clock import new_id

app = typer.Typer(help="机关与其系统凭据。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]
On = Annotated[str, typer.Option(help="生效日期，例如 2027-01-01；可以在将来")]
Basis = Annotated[str, typer.Option(help="依据的文件名和文号")]
T = TypeVar("T")


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


@app.command("keep")
def keep_command(
    code: Annotated[str, typer.Argument(help="机关代码")], basis: Basis, state: State = Path(".gongkai")
) -> None:
    """撤回尚未生效的机关撤并：机关保留，继续报送。"""
    request = pb.ChangeOrganRequest(command_id=str(new_id()), code=code, basis=basis, keep=pb.Keeping())
    organ = _run(change_organ, load_endpoints(state), request)
    typer.echo(f"{organ.code} {organ.name}：已撤回撤并，继续保留。")
    if not organ.credential_keys:
        typer.echo(f"它没有生效的凭据，要继续报送请另行签发：gongkai organ add {code}。")


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
