"""The gateway's own settings, read once from the environment. It listens on loopback only: it is a simulation."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from gongkai.serving.settings import Address, SettingsFault, parse_address, parse_count, parse_seconds

PREFIX: Final = "GONGKAI_SANDBOX_"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """The one account the simulated SMS service knows, and how many messages one number may get."""

    key_id: str
    key_secret: str
    sign: str
    per_minute: int
    per_hour: int
    per_day: int


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """The one official account the simulated WeChat knows."""

    app_id: str
    secret: str
    token: str
    callback: str
    """Where texts of the simulated phone are posted; empty: nowhere."""
    token_seconds: int
    """How long an access token lives."""
    overlap_seconds: float
    """How long the old token still works after a new one was fetched."""
    per_day: int


@dataclass(frozen=True, slots=True)
class MailAccount:
    """The one user who may hand in mail."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the gateway can be told."""

    http: Address
    smtp: Address
    state: Path
    seed: str
    sms: SmsAccount
    wechat: WechatAccount
    mail: MailAccount


def parse_loopback(text: str) -> Address:
    """Read ``host:port`` where the host is an address of this machine alone."""
    address = parse_address(text)
    try:
        alone = ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        alone = False
    if not alone:
        raise ValueError("模拟网关只监听本机回环地址，应写作 127.0.0.1:端口")
    return address


def parse_callback(text: str) -> str:
    """Read the address of the official account's server; empty is none."""
    if text and urlsplit(text).scheme not in {"http", "https"}:
        raise ValueError("应以 http:// 或 https:// 开头")
    return text


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        SettingsFault: with everything that is wrong.
    """
    faults: list[str] = []

    def read(name: str, default: str, parse: Callable[[str], T]) -> T:
        text = environment.get(PREFIX + name) or default
        try:
            return parse(text)
        except ValueError as fault:
            faults.append(f"{PREFIX}{name}：{fault}")
            return parse(default)

    settings = Settings(
        http=read("HTTP", "127.0.0.1:8090", parse_loopback),
        smtp=read("SMTP", "127.0.0.1:8025", parse_loopback),
        state=read("STATE", ".gongkai/sandbox", Path),
        seed=read("SEED", "gongkai", str),
        sms=SmsAccount(
            key_id=read("SMS_KEY_ID", "sandbox-key", str),
            key_secret=read("SMS_KEY_SECRET", "sandbox-secret", str),
            sign=read("SMS_SIGN", "政府信息公开", str),
            per_minute=read("SMS_PER_MINUTE", "1000000", parse_count),
            per_hour=read("SMS_PER_HOUR", "1000000", parse_count),
            per_day=read("SMS_PER_DAY", "1000000", parse_count),
        ),
        wechat=WechatAccount(
            app_id=read("WECHAT_APP_ID", "wx-sandbox", str),
            secret=read("WECHAT_SECRET", "sandbox-secret", str),
            token=read("WECHAT_TOKEN", "sandbox-token", str),
            callback=read("WECHAT_CALLBACK", "", parse_callback),
            token_seconds=read("WECHAT_TOKEN_SECONDS", "7200", parse_count),
            overlap_seconds=read("WECHAT_OVERLAP_SECONDS", "300", parse_seconds),
            per_day=read("WECHAT_PER_DAY", "100000000", parse_count),
        ),
        mail=MailAccount(
            user=read("SMTP_USER", "sandbox", str), password=read("SMTP_PASSWORD", "sandbox", str)
        ),
    )
    if faults:
        raise SettingsFault(*faults)
    return settings
