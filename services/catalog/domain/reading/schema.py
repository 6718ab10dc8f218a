"""The JSON Schema of a matter's content elements, by which a department's system checks before it sends.

It demands what ``gongkai.contracts.elements`` demands: that check decides, and says its reasons in Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gongkai.contracts.elements import LONGEST
from gongkai.contracts.matters import Element

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, object]


def schema_of(elements: Iterable[Element], *, title: str, schema_id: str) -> Schema:
    """Make the schema of a document's ``elements``: an object from element to text.

    Args:
        elements: of the matter, in the row's order; the properties keep it.
        title: the matter's name.
        schema_id: the absolute address of the schema, with the edition in it.
    """
    listed = tuple(elements)
    return {
        "$schema": DRAFT,
        "$id": schema_id,
        "title": title,
        "type": "object",
        "properties": {element.key: _text(element) for element in listed},
        "required": [element.key for element in listed if element.required],
        "additionalProperties": False,
    }


def _text(element: Element) -> Schema:
    """Give an element's schema: a text of which something is left without its spaces."""
    return {
        "title": element.name,
        "description": "必选要素" if element.required else "可选要素",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
        "pattern": r"\S",
    }
