"""Addresses of the three channels: read, and shown so that only their owner recognises them."""

from __future__ import annotations

import re
from typing import Final

CHANNELS: Final = {"email": "电子邮件", "sms": "短信", "wechat": "微信"}
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_OPENID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_MAIL: Final = 254
_PARTS: Final = {"email": _MAIL, "sms": _MOBILE, "wechat": _OPENID}


def normal_address(channel: str, given: str) -> str | None:
    """The address as it is kept, so that one person is one address; None if it is none."""
    text = given.strip()
    if channel == "sms":
        text = re.sub(r"[ \-]", "", text)
        text = text.removeprefix("+86").removeprefix("0086")
    elif channel == "email":
        name, _, host = text.rpartition("@")
        # Before the @ letters may differ in case; no provider in use makes a difference of it.
        text = f"{name}@{host}".lower() if len(text) <= _LONGEST_MAIL else ""
    pattern = _PARTS.get(channel)
    return text if pattern is not None and pattern.fullmatch(text) else None


def masked(channel: str, address: str) -> str:
    """What its owner recognises and nobody else can use."""
    if channel == "sms":
        return f"{address[:3]}****{address[-4:]}"
    if channel == "email":
        name, _, host = address.rpartition("@")
        return f"{name[:1]}***@{host}"
    return "微信用户"
