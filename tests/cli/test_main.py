"""One command line, whose commands cost nothing until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gongkai.cli import main


@pytest.mark.parametrize("command", main.COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """``gongkai COMMAND --help`` works for every command that is listed."""
    result = CliRunner().invoke(main.app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_a_command_that_does_not_exist_is_refused() -> None:
    """A slip of the pen is an error that names itself."""
    result = CliRunner().invoke(main.app, ["statsu"])
    assert result.exit_code == 2


def test_a_command_that_is_not_used_is_not_imported() -> None:
    """The supervisor, which runs all day, does not carry the loader's memory."""
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom gongkai.cli.main import app\n"
        "CliRunner().invoke(app, ['up', '--help'])\n"
        "print([name for name in sys.modules if name.startswith(('gongkai.cli.load', 'faststream', 'pandas'))])"
    )
    answer = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
