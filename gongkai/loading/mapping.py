"""How the rows of a file become departmental events: a mapping is data, one YAML file a source."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class MappingError(Exception):
    """The mapping cannot be used; the text says why, in Chinese, for the person at the terminal."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MappedOrgan(_Part):
    """The organ whose system the file stands for; registered on an embedded stack where it is missing."""

    code: str
    name: str
    short_name: str
    division: str
    uscc: str


class FieldRule(_Part):
    """Where one field of the event comes from."""

    source: str = Field(alias="from")
    """Column (CSV) or key (JSON lines)."""
    strip_prefix: str = ""
    """Words the source puts before the value."""
    translate: dict[str, str] = {}
    """The source's word → ours; a word that is not listed stays as it is. JSON's null, true and false are words too."""

    def read(self, row: dict[str, Any]) -> str:
        """The field's text; empty where the row has none."""
        raw = row.get(self.source)
        text = (
            {None: "null", True: "true", False: "false"}.get(raw)
            if raw is None or isinstance(raw, bool)
            else str(raw)
        )
        text = self.translate.get(text or "", text or "")
        if text == "null":
            return ""
        return text.strip().removeprefix(self.strip_prefix).strip()


class KindRule(_Part):
    """A kind for the titles that hold one of the words."""

    words: tuple[str, ...]
    kind: str


class KindRules(_Part):
    """The kind of a row: the first rule that fits its title, or the default."""

    default: str
    rules: tuple[KindRule, ...] = ()

    def kind_of(self, title: str) -> str:
        """The kind's code for a title."""
        return next(
            (rule.kind for rule in self.rules if any(word in title for word in rule.words)), self.default
        )


class BodyRule(_Part):
    """Where the text comes from."""

    source: str = Field(alias="from")
    media_type: str


class Mapping(_Part):
    """One source's mapping."""

    organ: MappedOrgan
    provenance: str
    division: str
    attribute: str
    ground: str
    kind: KindRules
    fields: dict[str, FieldRule]
    body: BodyRule | None = None


def load_mapping(name_or_path: str) -> Mapping:
    """The mapping of that name among those that come with Gongkai, or the one in that file.

    Raises:
        MappingError: there is none, or it is not a mapping; every fault is listed.
    """
    path = Path(name_or_path)
    built_in = files("gongkai.loading") / "mappings" / f"{name_or_path}.yaml"
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        text = path.read_text(encoding="utf-8")
    elif built_in.is_file():
        text = built_in.read_text(encoding="utf-8")
    else:
        known = "、".join(known_mappings())
        raise MappingError(
            f"没有名为“{name_or_path}”的映射。自带的有：{known}；也可以用 --mapping 给出映射文件（.yaml）。"
        )
    try:
        return Mapping.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise MappingError(f"映射“{name_or_path}”不是有效的 YAML：{error}") from error
    except ValidationError as error:
        faults = "；".join(f"{'.'.join(map(str, fault['loc']))}：{fault['msg']}" for fault in error.errors())
        raise MappingError(f"映射“{name_or_path}”有 {error.error_count()} 处错误：{faults}") from error


def known_mappings() -> list[str]:
    """Names of the mappings that come with Gongkai."""
    folder = files("gongkai.loading") / "mappings"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def mapping_for_file(file: Path) -> str:
    """The mapping a file's name suggests: ``laws.jsonl.gz`` → ``laws``."""
    return file.name.split(".", 1)[0]
