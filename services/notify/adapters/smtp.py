"""Mail by SMTP, command by command, because only so is it known whether the final dot had left.

RFC 5321 §4.2.5: the server takes responsibility for a mail with its answer to the dot. Before the dot nothing was
accepted; after it, without an answer, nobody knows, and SMTP has no way to ask (``can_ask`` is False).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from gongkai.serving.clock import Clock
from services.notify.adapters.port import Accepted, Channel, InDoubt, Outbound, Refused, Verdict

SCHEMES: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
PERMANENT: Final = 500
"""Reply codes from here on stay what they are (RFC 5321 §4.2.1)."""
START_INPUT: Final = 354
LINE_LIMIT: Final = 998
"""Longest line, in characters (RFC 5322 §2.1.1)."""
LEADING_DOT: Final = re.compile(rb"(?m)^\.")
UNREACHED: Final = (SMTPException, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom."""

    url: str
    """``smtp://user:password@host:port`` (TLS when offered), ``smtp+starttls://…`` (TLS or nothing), ``smtps://…``."""
    sender: str
    """``名称 <address>``."""
    connections: int = 8
    timeout: float = 10
    """Seconds for everything before the content: a free connection, login, sender, recipient."""
    answer_timeout: float = 15
    """Seconds to wait for the answer to the dot."""

    def connection(self) -> SMTP:
        """Return a connection that is not open yet."""
        parts = urlsplit(self.url)
        return SMTP(
            hostname=parts.hostname,
            port=parts.port or SCHEMES[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            local_hostname=self.domain,
            use_tls=parts.scheme == "smtps",
            start_tls=True if parts.scheme == "smtp+starttls" else None,
            timeout=self.timeout,
        )

    @property
    def domain(self) -> str:
        """The domain of the sender's address."""
        return parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"


class Smtp:
    """The mail channel: a few connections, each used for many mails."""

    channel: Channel = "email"
    can_ask: bool = False

    def __init__(self, server: SmtpServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._idle: list[SMTP] = []
        self._places = asyncio.Semaphore(server.connections)

    async def send(self, message: Outbound) -> Verdict:
        """Hand the mail in."""
        try:
            content = mail_bytes(message, self._server, self._clock())
        except ValueError:  # a header would break: a line break in the address, an address that is none
            return Refused(
                "address", "邮件没有发出：收件地址或标题不合法。请核对后重新订阅。", permanent=True
            )
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._server.timeout):
                    await held.enter_async_context(self._places)
                    opened = await self._opened(message)
            except TimeoutError:
                text = "邮件没有发出：邮件服务器太慢，没有等到。稍后自动重试。"
                return Refused("timeout", text, permanent=False)
            if isinstance(opened, Refused):
                return opened
            return await self._finish(opened, message, content)

    async def ask(self, message: Outbound, sent_at: datetime) -> Verdict | None:
        """Learn nothing: SMTP cannot be asked."""
        del message, sent_at
        return InDoubt("SMTP 没有查询办法")

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        idle, self._idle = self._idle, []
        for connection in idle:
            with contextlib.suppress(*UNREACHED):
                await connection.quit()
            connection.close()

    async def _opened(self, message: Outbound) -> SMTP | Refused:
        """Return a connection that waits for the content. Nothing can have been accepted up to here."""
        try:
            connection = await self._begun()
        except SMTPResponseException as refusal:
            return _refused("发件", refusal.code, permanent=False)  # our account or sender, not this mail
        except UNREACHED:
            return Refused("connect", "邮件没有发出：邮件服务器连接不上。稍后自动重试。", permanent=False)
        waiting = False
        try:
            await connection.rcpt(message.address)
            code = (await connection.execute_command(b"DATA")).code
            waiting = code == START_INPUT
            return connection if waiting else _refused("正文", code, permanent=code >= PERMANENT)
        except SMTPResponseException as refusal:
            return _refused("收件人", refusal.code, permanent=refusal.code >= PERMANENT)
        except (*UNREACHED, ValueError):
            return Refused("closed", "邮件没有发出：交信途中连接断开。稍后自动重试。", permanent=False)
        finally:
            if not waiting:  # in the middle of a mail: rare enough to connect anew rather than to mend it
                connection.close()

    async def _begun(self) -> SMTP:
        """Return a connection on which MAIL FROM was answered; one that went stale meanwhile is replaced."""
        sender = parseaddr(self._server.sender)[1]
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.mail(sender)
            except UNREACHED:
                connection.close()
            else:
                return connection
        connection = self._server.connection()
        try:
            await connection.connect()
            await connection.mail(sender)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _finish(self, connection: SMTP, message: Outbound, content: bytes) -> Verdict:
        """Send the content and the dot. From here on, no answer is a doubt."""
        assert connection.protocol is not None
        whole = False
        try:
            connection.protocol.write(content)
            answer = await connection.protocol.read_response(timeout=self._server.answer_timeout)
            whole = connection.is_connected
        except UNREACHED:
            return InDoubt("邮件已交出，邮件服务器没有回答是否收下")
        finally:
            if whole:
                self._idle.append(connection)
            else:
                connection.close()
        if answer.code // 100 == 2:  # noqa: PLR2004 - the class of success
            return Accepted(message_id(message, self._server))
        return _refused("正文", answer.code, permanent=answer.code >= PERMANENT)


def message_id(message: Outbound, server: SmtpServer) -> str:
    """Return the Message-ID, without brackets: derived from the key, so that a repetition bears the same."""
    return f"{message.key}@{server.domain}"


def mail_bytes(message: Outbound, server: SmtpServer, now: datetime) -> bytes:
    """Return the mail as it goes over the wire, dots doubled and the final dot added.

    Raises:
        ValueError: an address or header is not a possible one.
    """
    name, sender = parseaddr(server.sender)
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(name, addr_spec=sender)
    mail["To"] = Address(addr_spec=message.address)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(now)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="base64")
    message.address.encode("ascii")
    # Long unbroken values: the library would fold them into encoded words, which no reader of these headers undoes.
    head = [f"Message-ID: <{message_id(message, server)}>"]
    if message.leave_url is not None:
        head += [
            f"List-Unsubscribe: <{message.leave_url}>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]
    if not all(line.isascii() and line.isprintable() and len(line) <= LINE_LIMIT for line in head):
        raise ValueError("a header that cannot be written")
    raw = "".join(f"{line}\r\n" for line in head).encode() + mail.as_bytes()
    return LEADING_DOT.sub(b"..", raw) + b".\r\n"


def _refused(what: str, code: int, *, permanent: bool) -> Refused:
    then = "不再重发，请核对地址。" if permanent else "稍后自动重试。"
    return Refused(
        str(code), f"邮件没有发出：邮件服务器拒收{what}（代码 {code}）。{then}", permanent=permanent
    )
