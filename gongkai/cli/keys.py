"""``gongkai keys``: replacing the keys with which services and the operator sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gongkai.security.keys import KeyFault
from gongkai.security.rotation import LAST_TOKENS, NotYet, holders, retire, rotate, waiting
from gongkai.serving.clock import utc_now

app = typer.Typer(help="服务与运维人员的签名密钥。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录，密钥在其中的 keys")]
Folder = Annotated[
    Path | None, typer.Option("--keys", help="密钥目录；不在本机状态目录时指明，例如集群的密钥目录")
]
Holder = Annotated[str, typer.Argument(help="服务名，如 catalog；运维人员的密钥写 operator")]

_MINUTES = int(LAST_TOKENS.total_seconds() // 60)


@app.command("rotate")
def rotate_command(holder: Holder, state: State = Path(".gongkai"), keys: Folder = None) -> None:
    """更换一把密钥。正在运行的服务随即改用新密钥，旧密钥签发的令牌在注销前继续有效，不必重启。"""
    folder = _folder(state, keys)
    try:
        key_id = rotate(folder, holder)
    except NotYet:
        _refuse(
            f"{holder} 上次更换的旧密钥还没有注销，再次更换会使在途令牌失效。请先运行 gongkai keys retire {holder}。"
        )
    except KeyFault:
        _unknown(folder, holder)
    typer.echo(f"{holder} 已更换密钥，新密钥编号 {key_id}。")
    typer.echo(f"旧密钥仍被承认；{_MINUTES} 分钟后请运行 gongkai keys retire {holder} 将其注销。")


@app.command("retire")
def retire_command(
    holder: Annotated[str, typer.Argument(help="服务名或 operator；不写则注销全部可以注销的")] = "",
    now: Annotated[bool, typer.Option("--now", help="立即注销：旧密钥已泄露，宁可让在途令牌失效")] = False,
    state: State = Path(".gongkai"),
    keys: Folder = None,
) -> None:
    """注销更换前的旧密钥：此后它签发的令牌一律无效。"""
    folder = _folder(state, keys)
    if holder and holder not in holders(folder):
        _unknown(folder, holder)
    asked = [holder] if holder else [name for name, _ in waiting(folder)]
    if not asked:
        typer.echo("没有等待注销的旧密钥。")
    early = False
    for name in asked:
        try:
            gone = retire(folder, name, utc_now(), at_once=now)
        except NotYet:
            early = True
            typer.echo(
                f"{name}：旧密钥签发的令牌可能仍在途，请在更换 {_MINUTES} 分钟后再注销；密钥已泄露的请加 --now。",
                err=True,
            )
        else:
            typer.echo(f"{name}：旧密钥已注销。" if gone else f"{name}：没有等待注销的旧密钥。")
    if early:
        raise typer.Exit(1)


@app.command("list")
def list_command(state: State = Path(".gongkai"), keys: Folder = None) -> None:
    """列出密钥的持有者，以及哪些旧密钥尚未注销。"""
    folder = _folder(state, keys)
    old = {name for name, _ in waiting(folder)}
    for name in holders(folder):
        typer.echo(f"{name}{'　旧密钥待注销' if name in old else ''}")


def _folder(state: Path, keys: Path | None) -> Path:
    folder = keys or state / "keys"
    if not (folder / "services").is_dir():
        _refuse(f"{folder} 里没有密钥。请用 --state 指明状态目录，或用 --keys 指明密钥目录。", code=2)
    return folder


def _unknown(folder: Path, holder: str) -> NoReturn:
    _refuse(f"没有 {holder} 的密钥。{folder} 里有：{'、'.join(holders(folder))}。")


def _refuse(text: str, code: int = 1) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
