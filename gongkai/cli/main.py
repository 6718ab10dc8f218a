"""``gongkai``: one command line. A command's module is imported when the command is used, not before."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from gongkai.serving.telemetry import configure_logging

COMMANDS = (
    "up",
    "status",
    "load",
    "feed",
    "search",
    "streams",
    "deadletters",
    "messages",
    "organ",
    "division",
    "staff",
    "catalogue",
    "bases",
    "keys",
    "content",
    "request",
    "log",
    "views",
    "cluster",
)
"""Each is the module of that name beside this one; it holds a ``typer.Typer`` named ``app``."""


class LazyGroup(TyperGroup):
    """Finds a command by its module's name. ``gongkai up`` must not pay for what ``gongkai load`` imports."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own context
        """The commands there are, in the order of ``COMMANDS``."""
        del ctx
        return [name for name in COMMANDS if find_spec(_module(name)) is not None]

    def get_command(  # type: ignore[override]  # typer's own context
        self, ctx: typer.Context, cmd_name: str
    ) -> TyperCommand | TyperGroup | None:
        """The command of this name; None when there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = get_command(import_module(_module(cmd_name)).app)
        command.name = cmd_name
        assert isinstance(command, TyperCommand | TyperGroup)
        return command


app = typer.Typer(
    name="gongkai",
    cls=LazyGroup,
    help="公开（Gongkai）：政府信息公开平台。",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # local values may be secrets
)


@app.callback()
def _group() -> None:
    """公开（Gongkai）：政府信息公开平台。"""
    configure_logging(
        "cli", "warning"
    )  # on stderr: what a command prints on stdout is its answer and nothing else


def _module(command: str) -> str:
    return f"{__package__}.{command}"


if __name__ == "__main__":
    app()
