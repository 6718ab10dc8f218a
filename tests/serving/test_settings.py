"""Settings from the environment."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from gongkai.serving.settings import SETTINGS, Address, Settings, SettingsFault
from gongkai.serving.settings_table import OUTPUT, table

pytestmark = pytest.mark.domain


def test_defaults_are_those_of_the_table() -> None:
    """An empty environment gives the defaults the table shows, the same as a bare ``Settings``."""
    assert Settings.from_env("search", {}) == Settings("search")


def test_every_attribute_has_a_row() -> None:
    """Whatever can be set stands in the table, and no row sets what does not exist."""
    fields = {field.name for field in dataclasses.fields(Settings)} - {"service", "peers"}
    assert {row.field for row in SETTINGS if row.field} == fields


def test_values_are_read() -> None:
    """Addresses, switches, numbers, paths and peers arrive as values."""
    settings = Settings.from_env(
        "search",
        {
            "GONGKAI_GRPC_LISTEN": "[::1]:7001",
            "GONGKAI_MIGRATE": "no",
            "GONGKAI_DATABASE_POOL": "3",
            "NATS_CREDENTIALS": "/keys/search.creds",
            "GONGKAI_PEER_PUBLISHING": "127.0.0.1:7002",
            "GONGKAI_PEER_CATALOG": "",
        },
    )
    assert settings.grpc_listen == Address("::1", 7001)
    assert str(settings.grpc_listen) == "[::1]:7001"
    assert (settings.migrate, settings.database_pool) == (False, 3)
    assert settings.nats_credentials == Path("/keys/search.creds")
    assert settings.peers == {"publishing": "127.0.0.1:7002"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GONGKAI_GRPC_LISTEN", "7001"),
        ("GONGKAI_GRPC_LISTEN", "host:99999"),
        ("GONGKAI_HTTP_LISTEN", ":7001"),
        ("GONGKAI_DEMO", "maybe"),
        ("GONGKAI_DATABASE_POOL", "0"),
        ("GONGKAI_DRAIN_SECONDS", "-1"),
        ("GONGKAI_DRAIN_SECONDS", "nan"),
        ("GONGKAI_LOG_LEVEL", "loud"),
    ],
)
def test_values_that_mean_nothing_are_refused(name: str, value: str) -> None:
    """A value that cannot be read is an error that shows name and value."""
    with pytest.raises(SettingsFault) as caught:
        Settings.from_env("search", {name: value})
    assert caught.value.faults[0].startswith(f"{name}“{value}”")


def test_no_setting_is_missing_from_the_table() -> None:
    """Every name of ours that code, Makefile or chart reads is documented."""
    root = OUTPUT.parents[1]
    sources = [root / "Makefile"]
    for folder in ("gongkai", "services", "deploy"):
        sources += [path for path in (root / folder).rglob("*") if path.suffix in {".py", ".yaml", ".tpl"}]
    names = {
        name for path in sources for name in re.findall(r"\bGONGKAI_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    }

    families = ("GONGKAI_PEER", "GONGKAI_SANDBOX_")  # a row each for all of them
    undocumented = {name for name in names if not name.startswith(families) and f"`{name}`" not in table()}
    assert undocumented == set()


def test_documented_table_is_current() -> None:
    """docs/settings.md says what the code reads; ``python -m gongkai.serving.settings_table`` writes it anew."""
    assert OUTPUT.read_text(encoding="utf-8") == table()
