"""Who may see a request: the holder of number and code, and staff at its place. Everybody else finds nothing.

An unknown number, a wrong code and text that can be neither are one case: the same question is asked of the database,
a code is derived and compared in constant time, and the answer is the same.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.security.permissions import Place, Staff, may
from gongkai.security.throttle import Limit
from gongkai.serving.errors import NotFound, PermissionRefused
from services.requests.domain.numbers import read_code, read_number
from services.requests.gate import Gate
from services.requests.handlers import Desk
from services.requests.views.reading import Found, find_by_number

WRONG_PAIR: Final = Reason(
    "lookup.wrong", "登记编号和查询码对不上。请对照回执，把两项一起再输一次。", "query_code"
)
NO_REQUEST: Final = Reason("request.unknown", "没有这件申请，或者它不归您办理。请核对登记编号。", "number")
NOT_ALLOWED: Final = Reason(
    "auth.not-allowed", "您的岗位不能进行此项操作。需要办理的，请联系本机关的依申请经办人或者管理员。"
)
LOOKUP: Final = Limit(10, timedelta(minutes=15))
"""Wrong pairs a client may try; a right one costs nothing."""
SUBMIT: Final = Limit(30, timedelta(hours=1))
"""Requests a client may submit: a kiosk serves many people, a flood is more than they."""

_NOBODY: Final = "00000000-0000-7000-8000-000000000000"


async def by_code(desk: Desk, gate: Gate, number: str, code: str, client: str) -> Found:
    """Find a request for the holder of its number and code.

    Raises:
        NotFound: the pair is wrong in any way.
        Throttled: this client has tried too many wrong pairs.
    """
    await gate.take("lookup", client, LOOKUP)
    async with desk.engine.connect() as conn:
        row = await find_by_number(conn, read_number(number))
    expected = desk.code_of(_NOBODY if row is None else row.request_id)
    right = hmac.compare_digest(expected.encode(), read_code(code).encode())
    if row is None or not right:
        raise NotFound(WRONG_PAIR)
    await gate.give_back("lookup", client)
    return row


async def for_staff(conn: AsyncConnection, staff: Staff, number: str, act: str) -> Found:
    """Find a request for one of the staff who may do ``act`` to it.

    Raises:
        NotFound: there is none, or it is not theirs to see.
        PermissionRefused: they may see it, and not do this.
    """
    row = await find_by_number(conn, read_number(number))
    if row is None:
        raise NotFound(NO_REQUEST)
    place = Place(row.organ, row.division)
    if may(staff, act, place):
        return row
    if may(staff, "request.read", place):
        raise PermissionRefused(NOT_ALLOWED)
    raise NotFound(NO_REQUEST)
