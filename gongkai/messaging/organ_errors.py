"""Why a department's client cannot go on, in words for its user."""

from __future__ import annotations

from gongkai.messaging.connection import AccessRefused, ConnectionWatch


class OrganRefused(Exception):
    """The platform does not let this client do what it tried; ``message_zh`` is for its user."""

    def __init__(self, message_zh: str) -> None:
        self.message_zh = message_zh
        super().__init__(message_zh)


class NotPermitted(OrganRefused):
    """The event was sent on a subject that is not this organ's."""


class CredentialsRefused(OrganRefused):
    """The credentials were revoked, or are not of this platform."""


class NotProvisioned(OrganRefused):
    """The platform keeps no answers for this organ."""


def ended(watch: ConnectionWatch) -> OrganRefused:
    """Why the connection is over."""
    organ = watch.name.removeprefix("organ-")
    reason = watch.ended.result() if watch.ended.done() else None
    if isinstance(reason, AccessRefused):
        return refused(organ)
    return OrganRefused(f"与平台的连接已被关闭（{reason}）：请稍后重新运行，重复报送不会产生重复记录。")


def refused(organ: str) -> CredentialsRefused:
    """The server does not accept the organ's credentials."""
    return CredentialsRefused(
        f"平台不接受机构“{organ}”的凭据：凭据已被吊销，或不属于本平台。未收到回执的事件可在换用新凭据后原样重新报送。"
    )
