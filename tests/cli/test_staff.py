"""``gongkai staff`` and ``gongkai keys`` as the operator uses them, before a running identity service."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from gongkai.cli.demo import add_demo_people
from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.main import app
from gongkai.cli.staff import read_grant
from gongkai.demo.accounts import FILE, kept_passwords, told
from gongkai.devstack.postgres import Postgres
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.security.keys import create_keys
from tests.catalog.staffroom import Staffroom, staffroom


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("staff-cli")


@pytest.fixture(scope="module")
async def room(postgres: Postgres, state: Path) -> AsyncIterator[Staffroom]:
    async with staffroom(postgres, state / "keys") as room:
        endpoints = {"portal": "", "nats": "", "opensearch": "", "grpc": {"catalog": room.target}}
        (state / "endpoints.json").write_text(json.dumps(endpoints))
        yield room


async def gongkai(state: Path, *arguments: str) -> Result:
    """The command, in a thread with a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--state", str(state)])


async def test_the_operator_registers_somebody_and_looks_after_the_account(
    room: Staffroom, state: Path
) -> None:
    """Add, list, grant, reset, disable, erase: each told in Chinese, each password shown once, on stdout alone."""
    unit = await gongkai(state, "staff", "unit", "341323-mzj", "bgs", "办公室")
    added = await gongkai(
        state, "staff", "add", "xiaoxin", "--name", "新来的", "--post", "科员", "--organ", "341323-mzj",
        "--unit", "bgs", "--role", "编辑@341323-mzj",
    )  # fmt: skip
    password = added.stdout.splitlines()[-1]
    logged_in = await room.log_in("xiaoxin", password)
    granted = await gongkai(
        state, "staff", "grant", "xiaoxin", "--role", "editor@341323-mzj", "--role", "监督员@341323000000"
    )
    reset = await gongkai(state, "staff", "password", "xiaoxin")

    assert (unit.exit_code, added.exit_code, granted.exit_code, reset.exit_code) == (0, 0, 0, 0)
    assert "首次登录时须修改" in added.stderr
    assert logged_in.must_change_password
    assert granted.stdout == "xiaoxin 现有角色：编辑@341323-mzj、监督员@341323000000。\n"
    with pytest.raises(grpc.aio.AioRpcError):
        await room.log_in("xiaoxin", password)
    assert (await room.log_in("xiaoxin", reset.stdout.splitlines()[-1])).staff.unit_name == "办公室"

    await gongkai(state, "staff", "disable", "xiaoxin", "--reason", "调离")
    listed = await gongkai(state, "staff", "list", "--organ", "341323-mzj")
    assert "新来的" in listed.stdout
    assert "已停用" in listed.stdout
    await gongkai(state, "staff", "erase", "xiaoxin", "--reason", "离职满三年")
    assert "新来的" not in (await gongkai(state, "staff", "list")).stdout


async def test_what_cannot_be_done_is_told_with_every_reason(room: Staffroom, state: Path) -> None:
    """A refused command ends with status 1 and its reasons on stderr; nothing looks like a password."""
    assert room
    bad = await gongkai(state, "staff", "add", "A", "--name", "某人", "--organ", "nobody")
    assert (bad.exit_code, bad.stdout, len(bad.stderr.splitlines())) == (1, "", 2)
    unknown = await gongkai(state, "staff", "password", "nobody")
    assert (unknown.exit_code, "没有登录名或编号为 nobody 的工作人员" in unknown.stderr) == (1, True)
    assert (await gongkai(state, "staff", "grant", "nobody")).exit_code == 2


@pytest.mark.domain
@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("editor@341323-mzj", pb.Grant(role="editor", organ="341323-mzj")),
        ("监督员@341323000000", pb.Grant(role="inspector", division="341323000000")),
        ("依申请经办人 @ 341323110-rmzf", pb.Grant(role="clerk", organ="341323110-rmzf")),
    ],
)
def test_a_role_is_written_with_its_place(text: str, grant: pb.Grant) -> None:
    """In Chinese or by its code name; twelve digits are a division, anything else an organ."""
    assert read_grant(text) == grant


@pytest.mark.domain
@pytest.mark.parametrize("text", ["editor", "king@341323-mzj", "editor@", "@341323-mzj"])
def test_a_role_written_otherwise_is_refused(text: str) -> None:
    """The roles there are stand in the answer."""
    with pytest.raises(typer.BadParameter, match="依申请经办人（clerk）"):
        read_grant(text)


async def test_the_demos_people_get_passwords_of_this_installation(room: Staffroom, state: Path) -> None:
    """Eleven people with passwords nobody else has, kept for their owner alone and told at the start."""
    endpoints = load_endpoints(state)
    assert told(room.keys) == []
    await add_demo_people(endpoints)
    kept = kept_passwords(room.keys)
    await add_demo_people(endpoints)
    assert kept_passwords(room.keys) == kept
    assert stat.S_IMODE((room.keys / FILE).stat().st_mode) == 0o600

    roles = {}
    for login, password in kept.items():
        logged_in = await room.log_in(login, password)
        assert (logged_in.must_change_password, len(password) >= 12) == (False, True)
        assert logged_in.staff.name.endswith("（演示）")
        [grant] = logged_in.staff.grants
        roles[login] = (grant.role, grant.organ or grant.division)
    assert roles == {
        "bianji": ("editor", "341323-mzj"),
        "shenhe": ("reviewer", "341323-mzj"),
        "banli": ("clerk", "341323-mzj"),
        "jiancha": ("inspector", "341323000000"),
        "guanli": ("administrator", "341323000000"),
        "shimulu": ("steward", "341300000000"),
        "shifuhe": ("steward", "341300000000"),
        "mulu": ("steward", "341323000000"),
        "fuhe": ("steward", "341323000000"),
        "zhenmulu": ("steward", "341323110000"),
        "zhenfuhe": ("steward", "341323110000"),
    }
    assert len(set(kept.values())) == 11
    lines = told(room.keys)
    assert "仅本机演示" in lines[0]
    assert all(login in line and kept[login] in line for login, line in zip(kept, lines[1:], strict=True))

    (room.keys / FILE).unlink()
    await add_demo_people(endpoints)  # lost: made anew, to be changed
    again = await room.log_in("bianji", kept_passwords(room.keys)["bianji"])
    assert again.must_change_password


async def test_keys_are_rotated_and_retired_by_command(tmp_path: Path) -> None:
    """Too early is refused with the minutes to wait; afterwards the old key is gone."""
    create_keys(tmp_path / "keys", services=["catalog", "portal"])
    rotated = await gongkai(tmp_path, "keys", "rotate", "catalog")
    again = await gongkai(tmp_path, "keys", "rotate", "catalog")
    early = await gongkai(tmp_path, "keys", "retire")
    listed = await gongkai(tmp_path, "keys", "list")
    assert (rotated.exit_code, again.exit_code, early.exit_code) == (0, 1, 1)
    assert "6 分钟后请运行 gongkai keys retire catalog" in rotated.stdout
    assert "还没有注销" in again.stderr
    assert "可能仍在途" in early.stderr
    assert listed.stdout == "operator\ncatalog　旧密钥待注销\nportal\n"

    long_ago = time.time() - 3600
    os.utime(tmp_path / "keys" / "services" / "catalog.key", (long_ago, long_ago))
    assert (await gongkai(tmp_path, "keys", "retire")).stdout == "catalog：旧密钥已注销。\n"
    assert (await gongkai(tmp_path, "keys", "retire")).stdout == "没有等待注销的旧密钥。\n"
    unknown = await gongkai(tmp_path, "keys", "rotate", "nobody")
    assert (unknown.exit_code, "没有 nobody 的密钥" in unknown.stderr) == (1, True)
