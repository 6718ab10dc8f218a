"""One function a command on bases; each done once, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import reduce
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.ledger import fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Reason, Refusal
from services.catalog.domain import bases
from services.catalog.domain.bases import Basis, BasisFacts, SetBasis, basis_id
from services.catalog.handlers import Decision, Office, Order, Outcome, carry_out

MOST: Final = 1000
"""Bases of one import command."""
_UNKNOWN: Final = "没有登记编号为 {0} 的依据，请核对。"


async def change_basis(
    office: Office, order: Order, identity: str, said: SetBasis, seen: int | None
) -> Outcome:
    """Register a basis, or say what it is and whether it is in force.

    Args:
        office: where.
        order: who asks, under which id.
        identity: the basis; empty for a new one.
        said: everything that is to be true of it.
        seen: version of what the person was shown; None: not told.

    Returns:
        ``id`` and ``version``.

    Raises:
        Refusal: with every reason, among them that somebody changed it since, or that the title is registered.
    """
    asked = {"ChangeBasis": identity, **_plain(said), "seen": seen}

    async def decide(conn: AsyncConnection) -> Decision:
        here = identity or basis_id(said.title, said.region)
        streams = {each: f"basis:{each}" for each in (here, said.standing.replaced_by) if each}
        histories = await office.store.load_many(conn, streams.values())
        state, history = basis_of(histories[streams[here]]), histories[streams[here]]
        _check(identity, state, len(history), seen)
        replaced_by = streams.get(said.standing.replaced_by, "")
        replacement = basis_of(histories[replaced_by]) if replaced_by else None
        events = bases.edit(state, said, replacement)
        outcome = {"id": here, "version": len(history) + len(events)}
        return Decision([StreamWrite(streams[here], len(history), events)], outcome)

    return await carry_out(office, order, fingerprint(asked), decide)


async def import_bases(office: Office, order: Order, told: Sequence[SetBasis]) -> Outcome:
    """Take over what a list says, up to ``MOST`` bases; each that changes nothing appends nothing.

    Returns:
        ``registered``, ``changed``, ``same``: how many; ``kept``: titles of those whose known state is better known.

    Raises:
        Refusal: with the reasons of every bad entry; nothing was taken over.
    """

    async def decide(conn: AsyncConnection) -> Decision:
        ids = [basis_id(one.title, one.region) for one in told]
        named = {one.standing.replaced_by for one in told} - {""}
        histories = await office.store.load_many(conn, {f"basis:{each}" for each in {*ids, *named}})
        faults = list(_import_faults(told, ids, {each for each in named if histories[f"basis:{each}"]}))
        counts, kept, writes = dict.fromkeys(("registered", "changed", "same", "kept"), 0), list[str](), []
        for number, (identity, one) in enumerate(zip(ids, told, strict=True)):
            history = histories[f"basis:{identity}"]
            try:
                verdict, events = bases.learn(basis_of(history), one)
            except Refusal as refused:
                faults += [_at(number, one, reason) for reason in refused.reasons]
                continue
            counts[verdict] += 1
            if verdict == "kept":
                kept.append(one.title)
            if events:
                writes.append(StreamWrite(f"basis:{identity}", len(history), events))
        if faults:
            raise Refusal(*faults)
        return Decision(writes, {**counts, "kept": kept})

    asked = {"ImportBases": [_plain(one) for one in told]}
    return await carry_out(office, order, fingerprint(asked), decide)


def basis_of(history: Iterable[StoredEvent]) -> Basis | None:
    """Give the basis a stream's events make; None for an empty stream."""
    events = (stored.data for stored in history)
    return reduce(bases.evolve, (event for event in events if isinstance(event, BasisFacts)), None)


def _check(identity: str, state: Basis | None, version: int, seen: int | None) -> None:
    if identity and state is None:
        raise Refusal(Reason("basis.unknown", _UNKNOWN.format(identity), "id"))
    if not identity and state is not None:
        raise Refusal(
            Reason(
                "basis.exists", f"《{state.said.title}》已经登记（{state.id}），请在原有登记上修改。", "title"
            )
        )
    if state is not None and seen is not None and seen != version:
        known = state.said.standing
        raise Refusal(
            Reason(
                "basis.changed-since",
                f"您打开后，有人改了《{state.said.title}》：现为“{STATE_NAMES[known.state]}”，出处“{known.source}”。请刷新后再改。",
                "seen",
            )
        )


STATE_NAMES: Final = {
    "in_force": "现行有效",
    "amended": "现行有效（已修订）",
    "repealed": "已废止或失效",
    "replaced": "已被替代",
    "unknown": "效力待核实",
}
"""What readers call the states."""


def _import_faults(told: Sequence[SetBasis], ids: Sequence[str], known: set[str]) -> Iterable[Reason]:
    if len(told) > MOST:
        yield Reason("bases.many", f"一次最多导入 {MOST} 条，请分批导入。", "bases")
    places: dict[str, int] = {}
    for number, (identity, one) in enumerate(zip(ids, told, strict=True)):
        if (first := places.setdefault(identity, number)) != number:
            text = f"第 {number + 1} 条与第 {first + 1} 条是同一依据《{one.title}》，请合并。"
            yield Reason("basis.repeated", text, f"bases[{number}]")
        replacer = one.standing.replaced_by
        if replacer and replacer not in known and replacer not in ids:
            text = f"第 {number + 1} 条《{one.title}》的替代依据 {replacer} 没有登记，请先导入它。"
            yield Reason("basis.replaced.unknown", text, f"bases[{number}].replaced_by")


def _at(number: int, one: SetBasis, reason: Reason) -> Reason:
    text = f"第 {number + 1} 条《{one.title[:40]}》：{reason.message_zh}"
    return Reason(reason.code, text, f"bases[{number}].{reason.field}", reason.article)


def _plain(said: SetBasis) -> dict[str, object]:
    plain = asdict(said)
    for day in ("since", "checked_on"):
        value = plain["standing"][day]
        plain["standing"][day] = value.isoformat() if value else ""
    return plain
