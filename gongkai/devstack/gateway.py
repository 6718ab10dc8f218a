"""The sandbox gateway as one of the embedded processes: with it, messages have somewhere to go on any machine.

Its secrets are made at the first start. A provider that the environment of ``gongkai up`` names stands instead of it.
"""

from __future__ import annotations

import json
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Final

from gongkai.devstack.loopback import fetch
from gongkai.devstack.ports import LOOPBACK
from gongkai.devstack.process import ChildSpec
from gongkai.messaging.jwt import write_secret

NAME: Final = "sandbox"
SMS_SIGN: Final = "政府信息公开"
SENDER: Final = "政府信息公开 <notice@gongkai.invalid>"
_SECRETS: Final = ("sms", "wechat", "wechat_token", "mail")


class Gateway:
    """Where the gateway of one state folder is, and what it and its customers are told.

    Args:
        state: the state folder, absolute.
        http_port: of its page and its HTTP interfaces.
        smtp_port: of its mail server.
        portal_url: where what the simulated phone says is posted.
    """

    def __init__(self, state: Path, http_port: int, smtp_port: int, portal_url: str) -> None:
        self._state = state
        self._http = f"{LOOPBACK}:{http_port}"
        self._smtp = f"{LOOPBACK}:{smtp_port}"
        self._portal_url = portal_url

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"http://{self._http}"

    def spec(self) -> ChildSpec:
        """How it is run."""
        known = self._secrets()
        environment = {
            "GONGKAI_SANDBOX_HTTP": self._http,
            "GONGKAI_SANDBOX_SMTP": self._smtp,
            "GONGKAI_SANDBOX_STATE": str(self._state / NAME),
            "GONGKAI_SANDBOX_SMS_KEY_SECRET": known["sms"],
            "GONGKAI_SANDBOX_SMS_SIGN": SMS_SIGN,
            "GONGKAI_SANDBOX_WECHAT_SECRET": known["wechat"],
            "GONGKAI_SANDBOX_WECHAT_TOKEN": known["wechat_token"],
            "GONGKAI_SANDBOX_WECHAT_CALLBACK": f"{self._portal_url}/wechat/callback",
            "GONGKAI_SANDBOX_SMTP_PASSWORD": known["mail"],
            "PYTHONUNBUFFERED": "1",
        }
        return ChildSpec(
            name=NAME,
            command=(sys.executable, "-P", "-m", "gongkai.sandbox"),
            environment=environment,
            directory=self._state,
            stop_seconds=10,
            ready=partial(_answers, f"{self.url}/readyz"),
            ready_seconds=60,
        )

    def customer(self) -> dict[str, str]:
        """The settings with which notify sends through it."""
        known = self._secrets()
        return {
            "GONGKAI_SMTP_URL": f"smtp://sandbox:{known['mail']}@{self._smtp}",
            "GONGKAI_SMTP_FROM": SENDER,
            "GONGKAI_SMS_ENDPOINT": self.url,
            "GONGKAI_SMS_KEY_ID": "sandbox-key",
            "GONGKAI_SMS_KEY_SECRET": known["sms"],
            "GONGKAI_SMS_SIGN": SMS_SIGN,
            "GONGKAI_WECHAT_ENDPOINT": self.url,
            "GONGKAI_WECHAT_APP_ID": "wx-sandbox",
            "GONGKAI_WECHAT_SECRET": known["wechat"],
            "GONGKAI_WECHAT_TOKEN": known["wechat_token"],
        }

    def _secrets(self) -> dict[str, str]:
        kept = self._state / "keys" / "sandbox.json"
        known: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        if missing := [name for name in _SECRETS if name not in known]:
            known |= {name: secrets.token_hex(16) for name in missing}
            write_secret(kept, json.dumps(known))
        return known


def _answers(url: str) -> bool:
    return fetch(url, seconds=5) is not None
