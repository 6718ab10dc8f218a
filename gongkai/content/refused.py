"""Why content is not taken."""

from __future__ import annotations

from collections.abc import Sequence

from gongkai.refusal import Reason, Refusal


class ContentRefused(Refusal):
    """The bytes cannot be stored; nothing was."""


class ContentDestroyed(ContentRefused):
    """Content that was destroyed for ever has been brought again."""

    def __init__(self, digests: Sequence[str]) -> None:
        self.digests = tuple(digests)
        text = "该内容已依法销毁，不得再次存入；请核对后报送处理过的文件"
        super().__init__(*(Reason("content.destroyed", text, f"digest:{digest}") for digest in digests))


class ContentTooLarge(ContentRefused):
    """The bytes exceed the limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        text = f"文件超过 {limit / (1024 * 1024):g} MiB 的上限，请压缩或拆分后重新上传"
        super().__init__(Reason("content.too-large", text, "size"))


class DigestMismatch(ContentRefused):
    """The bytes that came are not those announced."""

    def __init__(self) -> None:
        super().__init__(
            Reason("content.digest-mismatch", "收到的内容与声明的摘要不符，请重新上传", "digest")
        )
