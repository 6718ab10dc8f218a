"""The life of a draft, as given, when, then over its events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gongkai.eventstore.personal import ERASED
from gongkai.refusal import Refusal
from services.publishing.domain.contents import Held
from services.publishing.domain.draft import evolve, fold
from services.publishing.domain.draft_events import AttributeConfirmed, DraftSaved
from services.publishing.domain.draft_publishing import examined
from services.publishing.domain.events import RecordPublished
from services.publishing.domain.header import FileFact
from services.publishing.domain.manuscript import Manuscript
from services.publishing.domain.registry import Registry
from tests.publishing.desk import (
    AT,
    BODY,
    CONTENT,
    EDITOR,
    IDENTITY,
    MOBILE,
    ORGAN,
    Desk,
    codes,
    refused,
)

pytestmark = pytest.mark.domain


@pytest.fixture
def desk(registry: Registry) -> Desk:
    return Desk(registry)


def test_draft_is_published_with_its_record_and_number(desk: Desk) -> None:
    """Given a draft proposed by one and confirmed by another, when it is published, then record and number are born."""
    desk.save()
    desk.propose()
    desk.confirm()
    done = desk.publish()

    (entered,) = done.record_events
    assert isinstance(entered, RecordPublished)
    assert entered.index_number == "11341323003205511A/202611-00008"
    assert done.number_taken is not None
    assert (entered.header.attribute, entered.header.provenance) == ("proactive", "live")
    assert (entered.confirmer_name, entered.confirmer_post) == ("李静", "科长")
    assert (desk.draft.phase, desk.draft.index_number) == ("published", entered.index_number)
    assert [step.what for step in desk.draft.steps] == ["saved", "proposed", "confirmed", "published"]


def test_nobody_confirms_their_own_proposal(desk: Desk) -> None:
    """Given a proposal, when the same person confirms it, then Article 17's review by another is told."""
    desk.save()
    desk.propose()
    with pytest.raises(Refusal) as refusal:
        desk.confirm(by=EDITOR)
    (told,) = refusal.value.reasons
    assert (told.code, told.article) == ("draft.own-proposal", "《政府信息公开条例》第十七条")


def test_confirmation_needs_name_and_post(desk: Desk) -> None:
    """Given a proposal, when somebody without a post confirms their own, then all of it is told at once."""
    desk.save()
    desk.propose()
    assert codes(lambda: desk.confirm(by=EDITOR, name=" ", post="")) == {
        "draft.own-proposal", "confirmer.name-missing", "confirmer.post-missing",
    }  # fmt: skip


def test_content_stands_still_from_the_proposal_on(desk: Desk) -> None:
    """Given a proposal, when the content is changed, it is refused until a reviewer returns the draft, and then taken."""
    desk.save()
    desk.propose()
    changed = CONTENT.model_copy(update={"title": "别的标题"})
    assert codes(lambda: desk.save(changed)) == {"draft.frozen"}
    desk.confirm()
    assert codes(lambda: desk.save(changed)) == {"draft.frozen"}
    desk.give_back("请改标题")
    assert (desk.draft.phase, desk.draft.returned_because, desk.draft.proposed_by) == (
        "drafting",
        "请改标题",
        "",
    )
    desk.save(changed)
    assert desk.draft.returned_because == "请改标题"
    assert codes(desk.publish) == {"draft.not-confirmed"}
    desk.propose()
    assert (desk.draft.returned_because, desk.draft.content.title) == ("", "别的标题")


def test_what_is_not_public_is_never_published(desk: Desk) -> None:
    """Given a confirmed attribute that is not proactive, when it is to be published, then its article is told."""
    for attribute, article in (("on_request", "十三条"), ("依申请公开", "十三条"), ("withheld", "十四条")):
        one = Desk(desk.registry)
        one.save()
        one.propose(attribute, "涉及第三方")
        one.confirm()
        with pytest.raises(Refusal) as refusal:
            one.publish()
        assert [told.article[-3:] for told in refusal.value.reasons] == [article]
        assert one.draft.phase == "confirmed"


def test_each_act_is_refused_where_it_has_no_place(desk: Desk) -> None:
    """Given a draft in each phase, when what has no place in it is done, then the reason says what has."""
    desk.save()
    assert codes(desk.confirm) == {"draft.not-proposed"}
    assert codes(desk.give_back) == {"draft.not-proposed"}
    assert codes(desk.publish) == {"draft.not-confirmed"}
    desk.propose()
    assert codes(desk.propose) == {"draft.already-proposed"}
    desk.confirm()
    assert codes(desk.confirm) == {"draft.already-confirmed"}
    desk.publish()
    for act in (desk.save, desk.propose, desk.confirm, desk.give_back, desk.discard):
        assert "draft.published" in codes(act)
    other = Desk(desk.registry)
    other.save()
    other.discard()
    for gone in (other.save, other.propose, other.confirm, other.give_back, other.publish, other.discard):
        assert "draft.discarded" in codes(gone)


def test_stale_command_is_refused(desk: Desk) -> None:
    """Given a draft another has saved, when commands come that looked at an older version, then each is refused."""
    desk.save()
    changed = CONTENT.model_copy(update={"title": "新的标题"})
    desk.save(changed)
    assert codes(lambda: desk.save(expected_version=1)) == {"draft.stale"}
    assert codes(lambda: desk.save(expected_version=0)) == {"draft.stale"}
    assert codes(lambda: desk.propose(expected_version=1)) == {"draft.stale"}
    desk.propose(expected_version=2)
    assert codes(lambda: desk.confirm(expected_version=2)) == {"draft.stale"}
    desk.confirm(expected_version=3)
    assert codes(lambda: desk.publish(expected_version=3)) == {"draft.stale"}


def test_saving_the_same_changes_nothing_and_the_organ_is_fixed(desk: Desk) -> None:
    """Given a draft, when the same content is saved, nothing is written; under another organ it is refused."""
    assert len(desk.save()) == 1
    spaced = CONTENT.model_copy(update={"title": " 关于提高低保标准的通知\u200b"})
    assert desk.save(spaced) == []
    assert codes(lambda: desk.save(organ="341323-cjj")) == {"draft.organ-fixed"}


def test_incomplete_draft_is_saved_and_told_what_it_lacks(desk: Desk) -> None:
    """Given hardly anything, when it is saved, it is kept; what stands against publishing is told, also when proposed."""
    desk.save(Manuscript(kind="诗", effective_on="明天"))
    missing = {
        "title.missing",
        "kind.unknown",
        "formed-on.missing",
        "effective-on.unreadable",
        "content.nothing",
    }
    assert {one.code for one in examined(desk.draft, desk.around).reasons} == missing
    assert codes(lambda: desk.propose("", "")) == {"attribute.missing", "ground.missing", "title.missing"}
    assert codes(desk.propose) == missing
    assert codes(lambda: desk.propose("withheld")) == {"title.missing"}
    assert codes(lambda: desk.propose("秘密")) == {"attribute.unknown", "title.missing"}


def test_personal_numbers_are_refused_and_never_repeated(desk: Desk) -> None:
    """Given personal numbers in header, file name, ground or reason, each is refused by its place, without its value."""
    bad = CONTENT.model_copy(
        update={
            "title": f"关于{IDENTITY}的决定", "formed_on": MOBILE, "keywords": ("低保", MOBILE),
            "files": (BODY, FileFact(role="attachment", name=f"{IDENTITY}.pdf", digest="b" * 64, size=1, media_type="a/b")),
        }
    )  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        desk.save(bad)
    told = {(one.code, one.field) for one in refusal.value.reasons}
    assert told == {
        ("personal.identity-number", "title"), ("personal.mobile-number", "formed_on"),
        ("personal.mobile-number", "keywords.1"), ("personal.identity-number", "attachments.0.name"),
    }  # fmt: skip
    assert IDENTITY not in str(refusal.value.reasons)
    assert MOBILE not in str(refusal.value.reasons)
    desk.save()
    assert refused(lambda: desk.propose(ground=MOBILE)) == {("personal.mobile-number", "ground")}
    desk.propose()
    assert refused(lambda: desk.give_back(f"请找{MOBILE}")) == {("personal.mobile-number", "reason")}
    assert refused(lambda: desk.give_back(" ")) == {("reason.missing", "reason")}
    assert refused(lambda: desk.discard("长" * 1001)) == {("field.too-long", "reason")}


def test_personal_number_in_the_body_is_told_by_its_line(desk: Desk) -> None:
    """Given an identity number in a body's second line, when it is proposed or published, then the line is told."""
    desk.save()
    desk.propose()
    desk.confirm()
    desk.body_text = f"第一行\n申请人 {IDENTITY}\n末行"
    with pytest.raises(Refusal) as refusal:
        desk.publish()
    (told,) = refusal.value.reasons
    assert (told.code, told.field) == ("personal.identity-number", "body_text")
    assert told.message_zh.startswith("正文第 2 行含有居民身份证号码")
    assert IDENTITY not in told.message_zh


def test_too_long_texts_and_two_bodies_are_refused(desk: Desk) -> None:
    """Given texts that are too long and a second body, when they are saved, then all of it is told."""
    long = CONTENT.model_copy(
        update={"title": "长" * 301, "validity": "长" * 101, "keywords": ("词",) * 51, "files": (BODY, BODY)}
    )
    assert refused(lambda: desk.save(long)) == {
        ("field.too-long", "title"), ("field.too-long", "validity"), ("field.too-long", "keywords"),
        ("draft.two-bodies", "body_text"),
    }  # fmt: skip


def test_file_that_is_gone_or_never_came_stands_against_publishing(desk: Desk) -> None:
    """Given files that are destroyed or unknown, when the draft is examined, then each is told by its place."""
    desk.save(
        CONTENT.model_copy(
            update={"files": (BODY, BODY.model_copy(update={"role": "attachment", "digest": "b" * 64}))}
        )
    )
    desk.held = {BODY.digest: Held(0, destroyed=True)}
    assert {(one.code, one.field) for one in examined(desk.draft, desk.around).reasons} == {
        ("content.destroyed", "body_text"), ("content.not-uploaded", "attachments.0"),
    }  # fmt: skip


def test_erased_confirmer_must_confirm_anew(desk: Desk) -> None:
    """Given a confirmation whose name was erased, when it is published, then it is refused for want of a confirmer."""
    desk.save()
    desk.propose()
    (confirmed,) = desk.confirm()
    assert isinstance(confirmed, AttributeConfirmed)
    gone = confirmed.model_copy(update={"confirmer_name": ERASED, "confirmer_post": ERASED})
    desk.draft = evolve(replace(desk.draft, version=2), gone)
    assert codes(desk.publish) == {"confirmer.missing"}


def test_erased_draft_reads_as_empty() -> None:
    """Given a draft whose key was destroyed, when it is read, then nothing of its text is left and its steps stand."""
    event = DraftSaved(draft="draft:d", organ=ORGAN, by=EDITOR, at=AT, content=ERASED)
    draft = fold([event])
    assert (draft.content, [step.what for step in draft.steps]) == (Manuscript(), ["saved"])
