"""The jobs around an installation: schemas that only ever go forward, secrets that stay, endpoints for an operator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy
import yaml
from typer.testing import CliRunner

from gongkai.cli.cluster import app, database_urls
from gongkai.cli.cluster_manifests import SERVICES, STORING, WITH_MASTER_KEY
from gongkai.cli.endpoints import load_endpoints
from gongkai.devstack import stack
from gongkai.security.rotation import rotate
from tests.chart.container import data_of


def test_a_database_that_a_newer_release_has_migrated_is_left_as_it_is(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older release that comes back finds the newer schema, says so, changes nothing and ends with 0."""
    monkeypatch.setenv("DATABASE_URL_SEARCH", database_url)
    first = CliRunner().invoke(app, ["migrate"])
    assert (first.exit_code, first.stdout) == (0, "search：数据库结构已是本版本。\n")

    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    again = CliRunner().invoke(app, ["migrate"])

    assert (again.exit_code, again.stdout) == (0, "search：数据库结构比本版本新，保持原样。\n")
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_database_that_cannot_be_reached_fails_the_job_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The job ends with 1 and names the service and the cause."""
    monkeypatch.setenv("DATABASE_URL_CATALOG", "postgresql+psycopg://catalog:p4ssw0rd@127.0.0.1:1/catalog")
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert "catalog：没有升级" in result.stderr
    assert "p4ssw0rd" not in result.output


def test_one_machine_and_a_cluster_run_the_same_services() -> None:
    """A service that is added to the one must be added to the other."""
    assert set(SERVICES) == set(stack.SERVICES)
    assert set(STORING) == set(stack.STORING)


def test_every_storing_service_can_be_migrated_by_the_job() -> None:
    """The job looks for one variable a service, whatever else is in the environment."""
    environ = {f"DATABASE_URL_{name.upper()}": name for name in STORING} | {
        "DATABASE_URL_PORTAL": "x",
        "PATH": "y",
    }
    assert database_urls(environ) == {name: name for name in STORING}


def test_secrets_are_made_once_and_each_goes_to_whom_it_belongs(tmp_path: Path) -> None:
    """A second run prints the same secrets; the operator's key and the NATS operator's seed are in none of them."""
    printed = [CliRunner().invoke(app, ["secrets", str(tmp_path / "keys")]) for _ in range(2)]
    assert [one.exit_code for one in printed] == [0, 0]
    first, second = (data_of(list(yaml.safe_load_all(one.stdout))) for one in printed)
    changing = "gongkai-nats-server"  # its claims say when they were made
    assert {**first, changing: {}} == {**second, changing: {}}
    masters = {name for name in SERVICES if "master.key" in first[f"gongkai-{name}"]}
    assert masters == WITH_MASTER_KEY
    for kept in ("operator.key", "nats/operator.nk", "nats/signing.nk", "nats/account.nk"):
        assert (tmp_path / "keys" / kept).read_text() not in json.dumps(first).replace("\\n", "\n")


def test_a_rotation_is_told_to_everybody_before_the_signer_has_it(tmp_path: Path) -> None:
    """The public objects alone carry the new key and the one before; no Secret is among them."""
    keys = tmp_path / "keys"
    assert CliRunner().invoke(app, ["secrets", str(keys)]).exit_code == 0
    first = (keys / "services" / "catalog.pub").read_text()
    rotate(keys, "catalog")
    printed = CliRunner().invoke(app, ["secrets", str(keys), "--public"])
    objects = list(yaml.safe_load_all(printed.stdout))
    assert {one["kind"] for one in objects} == {"ConfigMap"}
    public = data_of(objects)["gongkai-public-keys"]
    assert public["catalog.previous.pub"] == first
    assert public["catalog.pub"] == (keys / "services" / "catalog.pub").read_text() != first


def test_an_operator_reaches_the_cluster_over_forwarded_ports(tmp_path: Path) -> None:
    """The endpoints file names a local port for each service, and the printed commands forward to those."""
    result = CliRunner().invoke(app, ["endpoints", str(tmp_path), "--namespace", "disclosure"])
    assert result.exit_code == 0
    endpoints = load_endpoints(tmp_path)
    for name in STORING:
        local = endpoints.grpc[name].removeprefix("127.0.0.1:")
        assert f"kubectl -n disclosure port-forward deploy/gongkai-{name} {local}:50051 &" in result.stdout
    assert endpoints.nats_credentials("admin") == tmp_path / "keys" / "nats" / "admin.creds"
