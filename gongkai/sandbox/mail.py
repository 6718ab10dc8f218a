"""The simulated mail server: takes mail for anybody from the one user it knows, and delivers it nowhere."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass, replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from gongkai.sandbox.faults import Faults, Rule
from gongkai.sandbox.settings import MailAccount
from gongkai.sandbox.store import Message, Store, keep
from gongkai.serving.clock import Clock

SIZE_LIMIT: Final = 10 * 1024 * 1024
REFUSALS: Final = {
    "refuse": "451 4.3.0 Local error in processing, try again later",
    "throttle": "450 4.7.1 Too many messages, slow down",
}


@dataclass(frozen=True, slots=True)
class Door:
    """Lets in the one user (AUTH PLAIN and LOGIN)."""

    account: MailAccount

    def __call__(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: object
    ) -> AuthResult:
        """Check name and password."""
        del server, session, envelope, mechanism
        known = isinstance(auth_data, LoginPassword) and hmac.compare_digest(
            auth_data.login + b"\0" + auth_data.password,
            f"{self.account.user}\0{self.account.password}".encode(),
        )
        return AuthResult(success=known, handled=False)


class Mail:
    """The handler of accepted connections."""

    def __init__(self, store: Store, faults: Faults, now: Clock) -> None:
        self._store = store
        self._faults = faults
        self._now = now

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail before saying so; or fail as the rule says."""
        del session
        parsed = BytesParser(policy=policy.default).parsebytes(bytes(envelope.original_content or b""))
        assert isinstance(parsed, EmailMessage)
        recipient = ", ".join(envelope.rcpt_tos)
        message = _kept(parsed, recipient, Message(at=self._now(), channel="email", recipient=recipient))
        rule = await self._faults.hit("email", recipient, message.out_id)
        # Shielded: what is on its way in comes in, even when the sender has stopped waiting.
        answer = await asyncio.shield(asyncio.create_task(self._take(message, rule)))
        return await _cut(server) if answer is None else answer

    async def _take(self, message: Message, rule: Rule | None) -> str | None:
        """Return the answer, or None for none."""
        kind = rule.kind if rule is not None else None
        seconds = rule.seconds if rule is not None else 0.0
        if kind == "drop_before":
            return None
        if kind == "late":
            await asyncio.sleep(seconds)
        if rule is not None and kind in REFUSALS:
            return await self._refuse(message, rule)
        await self._store.write(lambda db: keep(db, message))
        if kind == "delay":
            await asyncio.sleep(seconds)
        return None if kind == "drop_answer" else f"250 2.0.0 Ok: queued as {message.provider_id}"

    async def _refuse(self, message: Message, rule: Rule) -> str:
        status = f"{rule.code} Refused by the simulation" if rule.code else REFUSALS[rule.kind]
        refused = replace(message, outcome="refused", error=status, provider_id="")
        await self._store.write(lambda db: keep(db, refused))
        return status


def _kept(mail: EmailMessage, recipient: str, message: Message) -> Message:
    body = mail.get_body(preferencelist=("plain", "html"))
    leave = [f"{name}: {mail[name]}" for name in ("List-Unsubscribe", "List-Unsubscribe-Post") if mail[name]]
    return replace(
        message,
        recipient=recipient,
        params=str(mail["From"] or ""),
        subject=str(mail["Subject"] or ""),
        body=body.get_content() if body is not None else "",
        leave="\n".join(leave),
        out_id=str(mail["Message-ID"] or "").strip("<> "),
        provider_id=secrets.token_hex(8).upper(),
    )


async def _cut(server: SMTP) -> str:
    """Close the connection without an answer; aiosmtpd ends its task when it loses it."""
    transport = server.transport
    if transport is not None:
        transport.close()
    await asyncio.Event().wait()
    raise AssertionError("the task of a lost connection is cancelled")


def smtp_protocol(account: MailAccount, mail: Mail) -> SMTP:
    """Return the protocol of one connection."""
    return SMTP(
        mail,
        hostname="sandbox.invalid",
        ident="gongkai sandbox",
        authenticator=Door(account),
        auth_required=True,
        auth_require_tls=False,
        enable_SMTPUTF8=True,
        data_size_limit=SIZE_LIMIT,
        loop=asyncio.get_running_loop(),
    )
