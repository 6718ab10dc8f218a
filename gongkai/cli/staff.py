"""``gongkai staff``: who works here, for the operator; what an administrator does on a page, with the operator's key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceStub
from gongkai.security.permissions import ROLE_NAMES, Role
from gongkai.serving.clock import new_id

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceAsyncStub

app = typer.Typer(help="工作人员、内设机构与角色。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]
Who = Annotated[str, typer.Argument(help="登录名或人员编号")]
Grants = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="角色@机关代码，或角色@12 位区划代码，例如 编辑@341323-mzj、监督员@341323000000；可写多次",
    ),
]

_ACTOR: Final = "operator"
_DIVISION_DIGITS: Final = 12
_ROLES: Final = {name: role for role, zh in ROLE_NAMES.items() for name in (role.value, zh)} | {
    "审核员": Role.REVIEWER  # its name until the catalogue came: written in commands that are kept
}


def read_grant(text: str) -> pb.Grant:
    """Read ``role@place``; a role may be written in Chinese or by its code name.

    Raises:
        typer.BadParameter: it is written otherwise, or there is no such role.
    """
    role_text, at, place = text.partition("@")
    role = _ROLES.get(role_text.strip())
    if role is None or not at or not place.strip():
        names = "、".join(f"{zh}（{role.value}）" for role, zh in ROLE_NAMES.items())
        raise typer.BadParameter(f"“{text}”应写作 角色@机关代码 或 角色@区划代码。角色有：{names}。")
    place = place.strip()
    is_division = place.isdecimal() and len(place) == _DIVISION_DIGITS
    return pb.Grant(
        role=role.value, organ="" if is_division else place, division=place if is_division else ""
    )


async def list_staff(endpoints: Endpoints, *, organ: str = "", division: str = "") -> list[pb.Staff]:
    """List the staff of an organ, of a division and all below it, or all.

    Raises:
        grpc.aio.AioRpcError: catalog refuses or does not answer.
    """
    staff: list[pb.Staff] = []
    token = ""
    async with _identity(endpoints) as identity:
        while True:
            request = pb.ListStaffRequest(organ=organ, division=division, page_size=500, page_token=token)
            page = await identity.ListStaff(request)
            staff += page.staff
            token = page.next_page_token
            if not token:
                return staff


async def find_staff(endpoints: Endpoints, who: str) -> pb.Staff:
    """Find one of the staff by login or id; ends the command where there is nobody."""
    for staff in await list_staff(endpoints):
        if who in {staff.login, staff.id}:
            return staff
    typer.echo(f"没有登录名或编号为 {who} 的工作人员，可用 gongkai staff list 查看。", err=True)
    raise typer.Exit(1)


async def add_staff(
    endpoints: Endpoints, staff: pb.Staff, *, password: str = "", command_id: str = ""
) -> pb.RegisterStaffResponse:
    """Register somebody; without a password one is made and answered.

    Raises:
        grpc.aio.AioRpcError: catalog refuses or does not answer.
    """
    request = pb.RegisterStaffRequest(
        command_id=command_id or str(new_id()), staff=staff, actor=_ACTOR, password=password
    )
    async with _identity(endpoints) as identity:
        return await identity.RegisterStaff(request)


async def reset_password(endpoints: Endpoints, who: str) -> str:
    """Have a password made for somebody, named by login or id, and return it.

    Raises:
        grpc.aio.AioRpcError: catalog refuses or does not answer.
    """
    staff = await find_staff(endpoints, who)
    request = pb.ResetPasswordRequest(command_id=str(new_id()), staff=staff.id, actor=_ACTOR)
    async with _identity(endpoints) as identity:
        return (await identity.ResetPassword(request)).password


@app.command("add")
def add_command(
    login: Annotated[str, typer.Argument(help="登录名；请勿使用姓名拼音")],
    name: Annotated[str, typer.Option(prompt="姓名", help="姓名；加密保存")],
    organ: Annotated[str, typer.Option(help="所在机关的代码")],
    post: Annotated[str, typer.Option(help="职务；加密保存")] = "",
    unit: Annotated[str, typer.Option(help="内设机构代码")] = "",
    role: Grants = [],  # noqa: B006 - typer makes a new list of it each time
    state: State = Path(".gongkai"),
) -> None:
    """登记一名工作人员并生成首次登录密码；密码只显示这一次，首次登录时必须修改。"""
    staff = pb.Staff(login=login, name=name, post=post, organ=organ, unit=unit, grants=map(read_grant, role))
    answer = finish(add_staff(load_endpoints(state), staff))
    typer.echo(f"已登记 {answer.staff.login}（编号 {answer.staff.id}），{answer.staff.organ_name}。")
    _show_password(answer.password)


@app.command("list")
def list_command(
    organ: Annotated[str, typer.Option(help="只列出某机关的人员")] = "",
    division: Annotated[str, typer.Option(help="只列出某区划及其下级的人员（12 位代码）")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """列出工作人员及其角色。"""
    staff = finish(list_staff(load_endpoints(state), organ=organ, division=division))
    table = Table("登录名", "姓名", "职务", "机关", "角色", "状态", "编号", title=f"工作人员（{len(staff)}）")
    for one in staff:
        where = one.organ_name or one.organ
        held = "\n".join(_grant_text(grant) for grant in one.grants) or "（无）"
        status = "已停用" if one.disabled else "在用"
        table.add_row(one.login, one.name, one.post, where, held, status, one.id)
    Console().print(table)


@app.command("grant")
def grant_command(
    who: Who,
    role: Grants = [],  # noqa: B006 - typer makes a new list of it each time
    none: Annotated[bool, typer.Option("--none", help="收回全部角色")] = False,
    state: State = Path(".gongkai"),
) -> None:
    """把一名工作人员的角色改为所列各项（原有而未列出的即收回）；下次打开页面时生效，最迟五分钟。"""
    if bool(role) == none:
        raise typer.BadParameter("请用 --role 列出全部角色，或用 --none 收回全部角色，二者择一。")
    grants = [read_grant(text) for text in role]

    async def change(endpoints: Endpoints) -> pb.Staff:
        staff = await find_staff(endpoints, who)
        request = pb.ChangeGrantsRequest(
            command_id=str(new_id()), staff=staff.id, grants=grants, actor=_ACTOR
        )
        async with _identity(endpoints) as identity:
            return (await identity.ChangeGrants(request)).staff

    changed = finish(change(load_endpoints(state)))
    typer.echo(f"{changed.login} 现有角色：{_grants_text(changed.grants)}。")


@app.command("password")
def password_command(who: Who, state: State = Path(".gongkai")) -> None:
    """重置一名工作人员的密码：原密码作废，已登录的全部退出；新密码只显示这一次。"""
    made = finish(reset_password(load_endpoints(state), who))
    typer.echo(f"{who} 的密码已重置，已登录的均已退出。")
    _show_password(made)


@app.command("disable")
def disable_command(
    who: Who,
    reason: Annotated[str, typer.Option(help="停用原因，记入台账；不要写个人信息")],
    state: State = Path(".gongkai"),
) -> None:
    """停用一个账号：立即退出登录，此后不能再登录；不能恢复。"""

    async def disable(endpoints: Endpoints) -> None:
        staff = await find_staff(endpoints, who)
        request = pb.DisableStaffRequest(
            command_id=str(new_id()), staff=staff.id, reason=reason, actor=_ACTOR
        )
        async with _identity(endpoints) as identity:
            await identity.DisableStaff(request)

    finish(disable(load_endpoints(state)))
    typer.echo(f"{who} 已停用；已签发的令牌最迟五分钟后失效。")


@app.command("erase")
def erase_command(
    who: Who,
    reason: Annotated[str, typer.Option(help="删除原因，记入台账；不要写个人信息")],
    state: State = Path(".gongkai"),
) -> None:
    """删除一名已停用人员的姓名与职务：销毁其密钥，各处不再可读；不能恢复。"""

    async def erase(endpoints: Endpoints) -> None:
        staff = await find_staff(endpoints, who)
        request = pb.EraseStaffRequest(command_id=str(new_id()), staff=staff.id, reason=reason, actor=_ACTOR)
        async with _identity(endpoints) as identity:
            await identity.EraseStaff(request)

    finish(erase(load_endpoints(state)))
    typer.echo(f"{who} 的姓名与职务已删除；其办理记录以编号保留。")


@app.command("unit")
def unit_command(
    organ: Annotated[str, typer.Argument(help="机关代码")],
    code: Annotated[str, typer.Argument(help="内设机构代码，例如 bgs")],
    name: Annotated[str, typer.Argument(help="内设机构名称，例如 办公室")],
    state: State = Path(".gongkai"),
) -> None:
    """登记机关的一个内设机构。"""

    async def register(endpoints: Endpoints) -> None:
        unit = pb.Unit(organ=organ, code=code, name=name)
        async with _identity(endpoints) as identity:
            await identity.RegisterUnit(
                pb.RegisterUnitRequest(command_id=str(new_id()), unit=unit, actor=_ACTOR)
            )

    finish(register(load_endpoints(state)))
    typer.echo(f"{organ} 已登记内设机构 {code}　{name}。")


def _show_password(made: str) -> None:
    typer.echo("以下密码只显示这一次，请当面或用安全方式交给本人，首次登录时须修改：", err=True)
    typer.echo(made)


def _grants_text(grants: Sequence[pb.Grant]) -> str:
    return "、".join(map(_grant_text, grants)) or "（无）"


def _grant_text(grant: pb.Grant) -> str:
    return f"{ROLE_NAMES[Role(grant.role)]}@{grant.organ or grant.division}"


@asynccontextmanager
async def _identity(endpoints: Endpoints) -> AsyncIterator[IdentityServiceAsyncStub]:
    async with door(endpoints, "catalog") as opened:
        yield IdentityServiceStub(opened)
