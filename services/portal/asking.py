"""An application on its way through the four steps of the form.

The server keeps nothing between the steps: what was written travels in the bodies of the forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

STEPS: Final = {1: "要什么信息", 2: "您是谁", 3: "怎么给您", 4: "核对并提交"}
KINDS: Final = {
    "natural": "公民个人（自然人）",
    "enterprise": "商业企业",
    "research": "科研机构",
    "welfare": "社会公益组织",
    "legal_service": "法律服务机构",
    "other": "其他组织",
}
"""Who may ask: the columns of the annual report's table 3 (国办公开办函〔2021〕30号)."""
USCC: Final = "uscc"
ID_KINDS: Final = {
    "resident_id": "居民身份证",
    "passport": "护照",
    USCC: "统一社会信用代码（单位）",
    "other": "其他证件",
}
SUPPLIES: Final = {"electronic": "电子文档", "paper": "纸质文件", "on_site": "到现场查阅、抄录"}
DELIVERIES: Final = {
    "online": "在本站查询进度时下载",
    "email": "发到电子邮箱",
    "post": "邮寄",
    "pick_up": "到机关自取或者当场查阅",
}
FITTING: Final[Mapping[str, Sequence[str]]] = {
    "electronic": ("online", "email"),
    "paper": ("post", "pick_up"),
    "on_site": ("pick_up",),
}
"""Form asked for → ways it can be given in."""
OTHER_ORGAN: Final = "other"
LONGEST: Final = 1000
"""Characters of a description."""
_LINE: Final = 200
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True, slots=True)
class Application:
    """What was written so far; everything is text, as the forms carry it."""

    description: str = ""
    looked: str = ""
    """Whether the reader has seen what is public already."""
    organ: str = ""
    """A suggested organ, or ``other``."""
    other_organ: str = ""
    kind: str = ""
    name: str = ""
    id_kind: str = ""
    id_number: str = ""
    contact_name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    supply: str = ""
    delivery: str = ""

    @classmethod
    def read(cls, form: Mapping[str, object]) -> Application:
        """Take what a form carries; full-width digits become plain ones, nothing else is changed."""
        return cls(**{one.name: _clean(one.name, form.get(one.name)) for one in fields(cls)})

    @property
    def asked_organ(self) -> str:
        """Code of the organ that is asked."""
        return self.other_organ if self.organ == OTHER_ORGAN else self.organ

    @property
    def is_natural(self) -> bool:
        """Whether a person asks in their own name."""
        return self.kind == "natural"

    @property
    def notice(self) -> str:
        """How there can be word of the reply: ``email``, ``sms`` or nothing."""
        return "email" if self.email else "sms" if _MOBILE.fullmatch(self.phone) else ""

    def settled(self) -> Application:
        """The same without what its own choices make pointless."""
        return replace(
            self,
            id_number=self.id_number.upper(),
            contact_name="" if self.is_natural else self.contact_name,
            address=self.address if self.delivery == "post" else "",
        )

    def carried(self, without: Sequence[str]) -> Sequence[tuple[str, str]]:
        """The fields a page carries hidden: those filled in that it does not show."""
        named = ((one.name, str(getattr(self, one.name))) for one in fields(self))
        return [(name, value) for name, value in named if value and name not in without]


SHOWN: Final[Mapping[int, Sequence[str]]] = {
    1: ("description", "organ", "other_organ", "looked"),
    2: ("kind", "name", "id_kind", "id_number", "contact_name", "phone", "email"),
    3: ("supply", "delivery", "email", "address"),
    4: (),
}
"""Step → the fields its page shows."""


def step_of(field: str) -> int:
    """The step a field is first asked for in."""
    return next((step for step, shown in SHOWN.items() if field in shown), 1)


def _clean(name: str, value: object) -> str:
    """What was typed into a field, bounded; a file sent in place of text is nothing."""
    if not isinstance(value, str):
        return ""
    text = value.replace("\r\n", "\n").replace("\x00", "").strip()
    if name == "description":
        return text[: LONGEST * 2]
    if name in {"id_number", "phone", "email"}:
        text = unicodedata.normalize("NFKC", text).replace(" ", "")
    return " ".join(text.split())[:_LINE]
