"""``gongkai messages``: what became of the messages to people, and the doubts that wait for somebody's decision."""

from __future__ import annotations

import getpass
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.serving.clock import LEGAL_ZONE

app = typer.Typer(help="通知消息：发给谁不显示，只显示发的是什么、到哪一步。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]


class Decision(StrEnum):
    """What a person decides about a doubt."""

    WAS_SENT = "was_sent"
    SEND_AGAIN = "send_again"
    DROP = "drop"


_STATES: Final = {
    "queued": "待发", "sending": "发送中", "sent": "已发出", "failed": "未能发出", "doubt": "存疑", "dropped": "不再发送",
}  # fmt: skip
_CHANNELS: Final = {"email": "电子邮件", "sms": "短信", "wechat": "微信"}
_TEMPLATES: Final = {
    "record.published": "新公开信息", "subscription.code": "订阅验证码", "request.decided": "申请答复",
}  # fmt: skip
_DONE: Final = {
    Decision.WAS_SENT: "记为已发出",
    Decision.SEND_AGAIN: "将重新发送",
    Decision.DROP: "不再发送",
}


@app.command("list")
def list_command(
    *,
    only: Annotated[
        str, typer.Option("--only", help="只列一种状态：queued、sending、sent、failed、doubt、dropped")
    ] = "",
    page: Annotated[int, typer.Option(min=1, help="第几页，每页 50 条")] = 1,
    state: State = Path(".gongkai"),
) -> None:
    """列出消息，新的在前，并给出各状态的条数。"""
    found = finish(_list(load_endpoints(state), only, page))
    counts = [f"{_STATES[name]} {found.by_state.get(name, 0)}" for name in _STATES]
    typer.echo("　".join(counts))
    _show(found, _STATES.get(only, "全部"))


@app.command("doubts")
def doubts_command(state: State = Path(".gongkai")) -> None:
    """列出存疑的消息：不知是否已经发出，或得知时已超过三天，等人决定。"""
    found = finish(_list(load_endpoints(state), "doubt", 1))
    if not found.total:
        typer.echo("没有存疑的消息，不需要做什么。")
        return
    _show(found, "存疑")
    typer.echo(
        "处置：gongkai messages settle 编号 was_sent|send_again|drop --reason 理由"
        "（was_sent 已发出，send_again 重新发送，drop 不再发送）"
    )


@app.command("settle", context_settings={"ignore_unknown_options": True})
def settle_command(
    number: Annotated[int, typer.Argument(help="doubts 所列的编号")],
    decision: Annotated[Decision, typer.Argument(help="已发出、重新发送或不再发送")],
    reason: Annotated[str, typer.Option(help="理由，记入台账，例如：已电话核实")],
    state: State = Path(".gongkai"),
) -> None:
    """决定一条存疑的消息；只有您选择重新发送，它才会再发一次。"""
    finish(_settle(load_endpoints(state), number, decision, reason))
    typer.echo(f"{number}：{_DONE[decision]}。")


def _show(found: pb.ListMessagesResponse, title: str) -> None:
    if not found.messages:
        typer.echo("这一页没有消息。")
        return
    table = Table(
        "编号", "渠道", "内容", "关于", "状态", "次数", "排入", "说明", title=f"{title}（{found.total}）"
    )
    for one in found.messages:
        table.add_row(
            str(one.number),
            _CHANNELS.get(one.channel, "各渠道"),
            _TEMPLATES.get(one.template, one.template),
            one.about,
            _STATES.get(one.state, one.state),
            str(one.attempts),
            _local(one.queued_at),
            one.why,
        )
    # Where no person watches, lines are not cut to a terminal's width.
    console = Console() if sys.stdout.isatty() else Console(width=240)
    console.print(table)


def _local(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(LEGAL_ZONE).strftime("%Y-%m-%d %H:%M:%S") if at else ""


async def _list(endpoints: Endpoints, only: str, page: int) -> pb.ListMessagesResponse:
    async with door(endpoints, "notify") as opened:
        return await NotifyServiceStub(opened).ListMessages(
            pb.ListMessagesRequest(state=only, page=page, page_size=200 if only == "doubt" else 50)
        )


async def _settle(endpoints: Endpoints, number: int, decision: Decision, reason: str) -> None:
    asked = pb.SettleDoubtRequest(
        command_id=f"cli-{uuid4()}", number=number, decision=decision, reason=reason, actor=getpass.getuser()
    )
    async with door(endpoints, "notify") as opened:
        await NotifyServiceStub(opened).SettleDoubt(asked)
