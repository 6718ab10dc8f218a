"""What can be set from outside: one row a setting, read once at start, passed on as a value.

``docs/settings.md`` is written from ``SETTINGS`` by ``python -m gongkai.serving.settings_table``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, NamedTuple

PEER_PREFIX: Final = "GONGKAI_PEER_"
MIB: Final = 1024 * 1024
MAX_PORT: Final = 65535


class Address(NamedTuple):
    """Where a server listens. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


PORTAL: Final = Address("127.0.0.1", 8080)


class SettingsFault(Exception):
    """The environment cannot be used; ``faults`` says everything that is wrong with it, in Chinese."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("；".join(faults))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    env: str
    field: str
    """The attribute of ``Settings`` it sets; empty for a row that only documents another reader."""
    meaning: str
    parse: Callable[[str], object] = str
    default: str = ""
    """The default as one would write it in the environment; empty: none."""
    used_by: str = "every service"
    secret: bool = False


def parse_address(text: str) -> Address:
    """Read ``host:port`` (an IPv6 host in brackets)."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > MAX_PORT:
        raise ValueError("应写作“主机:端口”")
    return Address(host.strip("[]"), int(port))


def parse_switch(text: str) -> bool:
    """Read ``1/true/yes/on`` or ``0/false/no/off``."""
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise ValueError("应为 1 或 0")


def parse_count(text: str) -> int:
    """Read a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("应为正整数")
    return int(text)


def parse_seconds(text: str) -> float:
    """Read a duration in seconds, zero or more."""
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError("应为秒数") from None
    if not 0 <= seconds < float("inf"):
        raise ValueError("应为不小于 0 的秒数")
    return seconds


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks in CIDR notation, separated by commas."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("应为以逗号分隔的网段，如 10.0.0.0/8") from None


def parse_level(text: str) -> str:
    """Read a log level by name."""
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError("应为 debug、info、warning 或 error")
    return text.lower()


SETTINGS: Final = (
    Setting("DATABASE_URL", "database_url", "The service's own database, `postgresql+psycopg://…`; the driver is always named.", secret=True, used_by="all but portal"),
    Setting("GONGKAI_DATABASE_POOL", "database_pool", "Most connections a process keeps open to its database.", parse_count, "10", used_by="all but portal"),
    Setting("GONGKAI_MIGRATE", "migrate", "1: a service migrates its database when it starts. 0: a job did it before (Kubernetes).", parse_switch, "1", used_by="all but portal"),
    Setting("NATS_URL", "nats_url", "The NATS servers, separated by commas.", used_by="all but portal"),
    Setting("NATS_CREDENTIALS", "nats_credentials", "File with the service's NATS user JWT and seed.", Path, used_by="all but portal"),
    Setting("OPENSEARCH_URL", "opensearch_url", "The OpenSearch cluster.", secret=True, used_by="search"),
    Setting("CONTENT_URL", "content_url", "Where content is kept: `file:///…` or `s3://bucket/prefix`. S3 credentials come from the usual `AWS_…` variables.", used_by="publishing, requests"),
    Setting("GONGKAI_CONTENT_LIMIT", "content_limit", "Largest body or file that is accepted, in bytes.", parse_count, str(64 * MIB), used_by="publishing, portal"),
    Setting("GONGKAI_KEYS", "keys", "Folder of the key files: the service's own key, the others' public keys, the master key.", Path, ".gongkai/keys"),
    Setting("GONGKAI_GRPC_LISTEN", "grpc_listen", "Where gRPC listens, `host:port`. Empty: no gRPC server.", parse_address),
    Setting("GONGKAI_HTTP_LISTEN", "http_listen", "Where `/healthz`, `/readyz` and `/metrics` are served. Not for the public: keep it on loopback or a pod's address. Empty: not served.", parse_address),
    Setting("GONGKAI_PORTAL_LISTEN", "portal_listen", "Where the public pages listen.", parse_address, "127.0.0.1:8080", used_by="portal"),
    Setting("GONGKAI_PUBLIC_URL", "public_url", "The address the public uses, for absolute links in Atom and REST. Empty: taken from the request.", used_by="portal, notify"),
    Setting("GONGKAI_TRUSTED_PROXIES", "trusted_proxies", "Networks (CIDR, separated by commas) whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Empty: nobody's.", parse_networks, used_by="portal"),
    Setting("GONGKAI_SMTP_URL", "smtp_url", "The mail server, `smtp://user:password@host:port` (`smtps://` for TLS from the start). Empty: no mail is sent.", secret=True, used_by="notify"),
    Setting("GONGKAI_SMTP_FROM", "smtp_from", "The address mails come from.", used_by="notify"),
    Setting("GONGKAI_SMS_ENDPOINT", "sms_endpoint", "Alibaba Cloud's SMS service, `https://host` (http only for the sandbox). Empty: no SMS is sent.", used_by="notify"),
    Setting("GONGKAI_SMS_KEY_ID", "sms_key_id", "AccessKey id of the SMS service.", used_by="notify"),
    Setting("GONGKAI_SMS_KEY_SECRET", "sms_key_secret", "AccessKey secret of the SMS service.", secret=True, used_by="notify"),
    Setting("GONGKAI_SMS_SIGN", "sms_sign", "The signature name approved for our SMS.", used_by="notify"),
    Setting("GONGKAI_WECHAT_ENDPOINT", "wechat_endpoint", "WeChat's official-account API, `https://host` (http only for the sandbox). Empty: nothing is sent to WeChat.", used_by="notify"),
    Setting("GONGKAI_WECHAT_APP_ID", "wechat_app_id", "AppID of the official account.", used_by="notify"),
    Setting("GONGKAI_WECHAT_SECRET", "wechat_secret", "AppSecret of the official account.", secret=True, used_by="notify"),
    Setting("GONGKAI_WECHAT_TOKEN", "wechat_token", "Token with which WeChat signs what it tells the account's server.", secret=True, used_by="notify"),
    Setting("GONGKAI_SANDBOX_URL", "sandbox_url", "Where the sandbox gateway's page is; embedded demonstrations link to it. Empty: there is none.", used_by="portal"),
    Setting(f"{PEER_PREFIX}<SERVICE>", "", "gRPC address of another service: `host:port`, or `dns:///name:port` for a headless Service."),
    Setting("GONGKAI_SANDBOX_<NAME>", "", "The sandbox gateway's own settings; see [sandbox.md](sandbox.md).", used_by="gongkai.sandbox"),
    Setting("GONGKAI_NATS_REPLICAS", "", "Copies a NATS cluster keeps of each stream: 1, 3 or 5.", default="1", used_by="`gongkai cluster streams`"),
    Setting("GONGKAI_GRPC_CONNECTION_AGE", "connection_age", "Seconds after which a server asks its clients to connect anew, so that new replicas get their share.", parse_seconds, "300"),
    Setting("GONGKAI_DRAIN_SECONDS", "drain_seconds", "Seconds each step of stopping may take: consumers, calls in flight, background tasks.", parse_seconds, "10"),
    Setting("GONGKAI_DEMO", "demo", "1: the invented demonstration data is loaded.", parse_switch, "0"),
    Setting("GONGKAI_LOG_LEVEL", "log_level", "debug, info, warning or error.", parse_level, "info"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one service process. An empty string or ``None`` means: not set."""

    service: str
    database_url: str = ""
    database_pool: int = 10
    migrate: bool = True
    nats_url: str = ""
    nats_credentials: Path | None = None
    opensearch_url: str = ""
    content_url: str = ""
    content_limit: int = 64 * MIB
    keys: Path = Path(".gongkai/keys")
    grpc_listen: Address | None = None
    http_listen: Address | None = None
    portal_listen: Address = PORTAL
    public_url: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    smtp_url: str = ""
    smtp_from: str = ""
    sms_endpoint: str = ""
    sms_key_id: str = ""
    sms_key_secret: str = ""
    sms_sign: str = ""
    wechat_endpoint: str = ""
    wechat_app_id: str = ""
    wechat_secret: str = ""
    wechat_token: str = ""
    sandbox_url: str = ""
    connection_age: float = 300.0
    drain_seconds: float = 10.0
    demo: bool = False
    log_level: str = "info"
    peers: Mapping[str, str] = field(default_factory=dict)
    """gRPC targets of other services by name."""

    @classmethod
    def from_env(
        cls, service: str, environ: Mapping[str, str] | None = None, *, need: tuple[str, ...] = ()
    ) -> Settings:
        """Read the environment once.

        Args:
            service: name of the service that starts.
            environ: the environment; the process's own if left out.
            need: names of attributes this service cannot do without.

        Raises:
            SettingsFault: something is missing or cannot be read; says everything at once.
        """
        source = os.environ if environ is None else environ
        values, faults = _read_rows(source)
        peers = {
            name.removeprefix(PEER_PREFIX).lower(): target
            for name, target in source.items()
            if name.startswith(PEER_PREFIX) and target
        }
        rows = {row.field: row.env for row in SETTINGS if row.field}
        faults += [f"缺少 {rows[name]}" for name in need if name not in values]
        if faults:
            raise SettingsFault(*faults)
        return cls(service=service, peers=peers, **values)  # type: ignore[arg-type]  # each row parses to its field's type


def _read_rows(source: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    values: dict[str, object] = {}
    faults: list[str] = []
    for row in SETTINGS:
        text = source.get(row.env, "") or row.default
        if not row.field or not text:
            continue
        try:
            values[row.field] = row.parse(text)
        except ValueError as error:
            shown = "" if row.secret else f"“{text}”"
            faults.append(f"{row.env}{shown}：{error}")
    return values, faults
