"""The message gateway as a real process on free ports, and a small client for its switches.

with running_gateway() as gateway:
gateway.fault(channel="sms", kind="drop_answer", count=1)
...
assert gateway.messages(channel="sms")[0]["out_id"] == key
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gongkai.devstack.ports import free_port, is_listening
from gongkai.devstack.process import Child, ChildSpec

KEY_ID, KEY_SECRET, SIGN = "test-key", "test-secret", "政府信息公开"
APP_ID, APP_SECRET, TOKEN = "wx-test", "test-app-secret", "test-token"
USER, PASSWORD = "notify", "mail-secret"


@dataclass
class Gateway:
    """A running gateway: where it is, what it received, how it is made to fail, and how it is killed."""

    http_port: int
    smtp_port: int
    child: Child

    def __post_init__(self) -> None:
        # One client: each costs a TLS context. No kept connections: the gateway may be killed between two calls.
        self.client = httpx.Client(
            base_url=self.url, timeout=15, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def sms_endpoint(self) -> str:
        return self.url

    @property
    def wechat_endpoint(self) -> str:
        return self.url

    @property
    def smtp_url(self) -> str:
        return f"smtp://{USER}:{PASSWORD}@127.0.0.1:{self.smtp_port}"

    def environment(self) -> dict[str, str]:
        """What a service that sends here is told."""
        return {
            "GONGKAI_SMTP_URL": self.smtp_url,
            "GONGKAI_SMTP_FROM": "政府信息公开 <notice@gongkai.invalid>",
            "GONGKAI_SMS_ENDPOINT": self.sms_endpoint,
            "GONGKAI_SMS_KEY_ID": KEY_ID,
            "GONGKAI_SMS_KEY_SECRET": KEY_SECRET,
            "GONGKAI_SMS_SIGN": SIGN,
            "GONGKAI_WECHAT_ENDPOINT": self.wechat_endpoint,
            "GONGKAI_WECHAT_APP_ID": APP_ID,
            "GONGKAI_WECHAT_SECRET": APP_SECRET,
            "GONGKAI_WECHAT_TOKEN": TOKEN,
        }

    def fault(self, **fault: object) -> int:
        """Put a rule in force (see ``gongkai.sandbox.faults.Fault``); returns its number."""
        answer = self.client.post("/_faults", json=fault)
        answer.raise_for_status()
        return int(answer.json()["id"])

    def lift(self, number: int | None = None) -> None:
        """Lift one rule, or all."""
        given = {} if number is None else {"id": number}
        self.client.post("/_faults/lift", json=given).raise_for_status()

    def messages(self, **asked: str) -> list[dict[str, Any]]:
        """Everything received, newest first; ``channel``, ``recipient`` (its beginning), ``outcome`` narrow it."""
        rows: list[dict[str, Any]] = []
        page = pages = 1
        while page <= pages:
            query = {"outcome": "accepted", **asked, "page": str(page), "size": "1000"}
            found = self.client.get("/_messages", params=query).json()
            rows += found["rows"]
            pages, page = found["pages"], page + 1
        return rows

    def say(self, openid: str, text: str = "", event: str = "") -> dict[str, Any]:
        """The simulated phone: says ``text``, or follows or leaves (``subscribe``, ``unsubscribe``)."""
        given = {"openid": openid, "text": text, "event": event}
        answer = self.client.post("/_phone", json=given)
        answer.raise_for_status()
        return dict(answer.json())

    def kill(self) -> None:
        """SIGKILL."""
        self.child.kill()
        self.child.wait()

    def start(self) -> None:
        """Start it again, on the same ports and the same state."""
        self.child.start()
        self.child.wait_ready()


def spec(state: Path, http: int, smtp: int, more: Mapping[str, str]) -> ChildSpec:
    def ready() -> bool:
        if not is_listening(http):
            return False
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)

    environment = {
        "GONGKAI_SANDBOX_HTTP": f"127.0.0.1:{http}",
        "GONGKAI_SANDBOX_SMTP": f"127.0.0.1:{smtp}",
        "GONGKAI_SANDBOX_STATE": str(state),
        "GONGKAI_SANDBOX_SMS_KEY_ID": KEY_ID,
        "GONGKAI_SANDBOX_SMS_KEY_SECRET": KEY_SECRET,
        "GONGKAI_SANDBOX_SMS_SIGN": SIGN,
        "GONGKAI_SANDBOX_WECHAT_APP_ID": APP_ID,
        "GONGKAI_SANDBOX_WECHAT_SECRET": APP_SECRET,
        "GONGKAI_SANDBOX_WECHAT_TOKEN": TOKEN,
        "GONGKAI_SANDBOX_SMTP_USER": USER,
        "GONGKAI_SANDBOX_SMTP_PASSWORD": PASSWORD,
        **more,
    }
    root = Path(__file__).resolve().parents[2]
    return ChildSpec(
        "sandbox",
        (sys.executable, "-m", "gongkai.sandbox"),
        environment,
        directory=root,
        ready=ready,
        ready_seconds=30,
    )


@contextmanager
def running_gateway(**more: str) -> Iterator[Gateway]:
    """A gateway of its own; ``more`` are settings without their prefix, for example ``WECHAT_TOKEN_SECONDS="2"``."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-sandbox-"))
    http = free_port()
    smtp = free_port([http])
    extra = {f"GONGKAI_SANDBOX_{name}": value for name, value in more.items()}
    child = Child(spec(folder / "state", http, smtp, extra), run=folder / "run", logs=folder / "logs")
    gateway = Gateway(http, smtp, child)
    try:
        gateway.start()
        yield gateway
    finally:
        child.stop()
        gateway.client.close()
        shutil.rmtree(folder, ignore_errors=True)
