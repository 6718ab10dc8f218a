"""A draft as its editors see it: every matter with what stands above, what is in force, and what is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason, Refusal
from gongkai.security.permissions import Place, Staff, may
from services.catalog.domain import catalogues as rules
from services.catalog.domain.catalogues import Above, Catalogue
from services.catalog.domain.merging import Question, Standing, State, Upper
from services.catalog.domain.publication import Draft, InForce, is_changed
from services.catalog.domain.rows import MatterRow, name_of
from services.catalog.domain.stances import Stance
from services.catalog.editions import desk
from services.catalog.editions.readings import reading_of
from services.catalog.hindering import Hindrances
from services.catalog.views import catalogues, rows

STANCES: Final = ("adopted", "adapted", "followed", "added", "left_out", "undecided", "removed")
_ACTS: Final = ("open", "take_upper", "edit", "propose", "return", "publish", "discard")
_SEARCHED: Final = ("level1", "level2", "level3", "content_elements", "subject", "number")


@dataclass(frozen=True, slots=True)
class DraftMatter:
    """One matter of a draft."""

    matter: str
    stance: str
    """One of `STANCES`."""
    standing: Standing
    upper: MatterRow | None
    in_force: InForce | None
    version: int
    """Of the matter's stream."""

    @property
    def row(self) -> MatterRow | None:
        """The row as it would be published; none of what leaves."""
        return None if self.standing.state is State.OUT and self.stance == "removed" else self.standing.row

    @property
    def shown(self) -> MatterRow:
        """Any row of it: to sort and to search by."""
        found = self.row or self.upper or (self.in_force.row if self.in_force else None)
        assert found is not None, "a matter that is shown stands somewhere"
        return found

    @property
    def changed(self) -> bool:
        """Tell whether it would be published otherwise than it stands."""
        was = self.in_force.row if self.in_force and self.in_force.state is State.IN else None
        now = self.standing.row if self.standing.state is State.IN else None
        return was != now


@dataclass(frozen=True, slots=True)
class Loaded:
    """A draft, or some matters of it, as stored."""

    catalogue: Catalogue
    draft: Draft
    versions: Mapping[str, int]
    standings: Mapping[str, Standing]

    @property
    def questions(self) -> list[tuple[str, Question]]:
        """What is asked, each with the name of the matter."""
        return [
            (name_of(standing.row) if standing.row is not None else matter, question)
            for matter, standing in self.standings.items()
            for question in standing.questions
        ]

    @property
    def size(self) -> int:
        """How many rows the edition would have."""
        return sum(standing.state is State.IN for standing in self.standings.values())

    @property
    def changed(self) -> bool:
        """Tell whether publishing would say anything."""
        return is_changed(self.draft, self.standings) or (
            self.catalogue.published > 0 and self.catalogue.upper_edition != self.catalogue.upper_taken
        )

    def matters(self) -> list[DraftMatter]:
        """Give every matter that is shown, in the order of the table."""
        shown = filter(None, map(self._matter, self.standings))
        return sorted(shown, key=lambda each: (each.shown.domain, each.shown.place, each.matter))

    def _matter(self, matter: str) -> DraftMatter | None:
        standing, in_force = self.standings[matter], self.draft.in_force.get(matter)
        upper = self.draft.upper.rows.get(matter)
        stance = _stance(standing, in_force)
        version = self.versions.get(matter, 0)
        return DraftMatter(matter, stance, standing, upper, in_force, version) if stance else None


async def load_draft(
    conn: AsyncConnection, catalogue: Catalogue, matters: Collection[str] | None = None
) -> Loaded:
    """Load a draft, or some matters of it: four queries, however many matters."""
    stances, versions = await rows.load_stances(conn, catalogue.id, matters)
    upper = await rows.load_upper(conn, catalogue, stances, matters)
    in_force = await rows.load_in_force(conn, catalogue.id, matters)
    return loaded(catalogue, upper, stances, versions, in_force)


def loaded(
    catalogue: Catalogue,
    upper: Upper,
    stances: Mapping[str, Stance],
    versions: Mapping[str, int],
    in_force: Mapping[str, InForce],
) -> Loaded:
    """Put a draft together."""
    draft = Draft(upper, stances, in_force)
    return Loaded(catalogue, draft, versions, draft.standings())


def select_matters(
    matters: Sequence[DraftMatter], *, domain: str = "", stance: str = "", q: str = ""
) -> list[DraftMatter]:
    """Give those of a domain, with a stance (or ``changed``), whose text holds every word of ``q``."""
    words = q.split()
    return [
        each
        for each in matters
        if (not domain or each.shown.domain == domain)
        and (not stance or each.stance == stance or (stance == "changed" and each.changed))
        and all(any(word in getattr(each.shown, cell) for cell in _SEARCHED) for word in words)
    ]


def counts_of(matters: Sequence[DraftMatter]) -> dict[str, int]:
    """Count matters by stance, all of them, and those that would be published otherwise than they stand."""
    by_stance = Counter(each.stance for each in matters)
    return {
        "all": len(matters),
        **{stance: by_stance[stance] for stance in STANCES},
        "changed": sum(each.changed for each in matters),
    }


def reminders_of(matters: Sequence[DraftMatter]) -> list[str]:
    """Give sentences on what the editors should look at, though nothing forbids it."""
    unread = [
        each for each in matters if each.changed and each.row is not None and reading_of(each.row).flags
    ]
    if not unread:
        return []
    first = "、".join(f"“{name_of(each.shown)}”" for each in unread[:3])
    rest = "等" if len(unread) > 3 else ""  # noqa: PLR2004 - three names fit a line
    return [f"有 {len(unread)} 个事项的时限、渠道等未能全部识别（{first}{rest}），请核对其写法。"]


async def above_of(conn: AsyncConnection, catalogue: Catalogue) -> Above:
    """Give what the catalogue above has published."""
    found = await catalogues.find_catalogue(conn, catalogue.upper) if catalogue.upper else None
    return Above() if found is None else Above(found.published, found.title)


def hindrances(
    staff: Staff, here: Loaded, above: Above, ended: Sequence[Reason] = (), *, founded: bool
) -> Hindrances:
    """Give why one of the staff cannot do acts now.

    ``ended``: why nothing at all can be done, where the division is no longer there.
    """
    return Hindrances.of(_ACTS, lambda act: ended or _reasons(act, staff, here, above, founded))


def _reasons(act: str, staff: Staff, here: Loaded, above: Above, founded: bool) -> Iterator[Reason]:  # noqa: FBT001
    state = here.catalogue
    by = desk.actor_of(staff)
    needed = desk.REVIEW if act in {"return", "publish"} else desk.DRAFT
    if not may(staff, needed, Place("", state.division)):
        text = "只有该区划的目录管理员可以办理。请联系该区划的管理员授予角色。"
        yield Reason("auth.not-allowed", text, "catalogue")
    try:
        match act:
            case "open":
                rules.open_edition(state, above, "", founded=founded)
            case "take_upper":
                if not rules.take_upper(state, above):
                    yield Reason(
                        "upper.newest", "草稿所依据的已是上级目录的现行版本，不需要更新。", "catalogue"
                    )
            case "edit":
                rules.require_draft(state)
            case "propose":
                rules.propose(state, by, "", here.questions, rows=here.size, changed=here.changed)
            case "return":
                rules.give_back(state, act)
            case "discard":
                rules.discard(state, act)
            case _:
                yield from rules.publishing_reasons(state, by, here.questions, here.size)
    except Refusal as refusal:
        yield from refusal.reasons


def _stance(standing: Standing, in_force: InForce | None) -> str:
    """Give what an editor calls it; empty for what is neither here nor there."""
    if standing.questions:
        return "undecided"
    if standing.state is State.LEFT_OUT:
        return "left_out"
    if standing.state is State.OUT:
        return "removed" if in_force is not None and in_force.state is State.IN else ""
    if standing.added:
        return "added"
    if standing.differs:
        return "adapted"
    follows = in_force is not None and in_force.state is State.IN and in_force.row != standing.row
    return "followed" if follows else "adopted"
