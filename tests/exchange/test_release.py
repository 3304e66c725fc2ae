"""Drafts, approvals, release: nothing leaves without a decision on that very content (invariants 1 and 3, P2.4, P6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contraparte.directory import actions as directory_actions
from contraparte.directory.models import Country
from contraparte.directory.queries import Role
from contraparte.exchange import actions, gate, queries
from contraparte.exchange.models import Approval, Content, Draft, Message, Outbox, PolicyText, Release
from contraparte.exchange.reading import read_message
from contraparte.exchange.rules.classes import leaves
from contraparte.ledger.models import Leaf
from contraparte.protocol.errors import (
    AccordSuspendedError,
    AccordTypeForbiddenError,
    ApprovalDrafterError,
    ApprovalOutdatedError,
    ApprovalRoleError,
    ContraparteError,
    ConversationClosedError,
    DirectoryStaleError,
    DraftClosedError,
    DraftFieldError,
    PolicySetError,
    PostNotLocalError,
    ReleaseHeldError,
    ReleaseWithheldError,
    TenureEndedError,
)
from contraparte.protocol.marking import Marking
from tests.exchange.small_world import CENTRE, FEDERAL, MARKING, SONORA, SmallWorld


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One person after the other: no commit is needed."""
    return desk_world


def shown(draft: Draft) -> bytes:
    """The digest of the preview somebody looks at now."""
    return actions.preview(draft, now=timezone.now()).content_digest


def approve(draft: Draft, by: Any) -> Approval:
    return actions.approve_draft(draft, digest=shown(draft), by=by, now=timezone.now())


def release(draft: Draft, by: Any) -> Message:
    return actions.release_draft(draft, by=by, now=timezone.now())


def nothing_left() -> bool:
    return not (
        Message.objects.exists() or Outbox.objects.exists() or Leaf.objects.exists() or Release.objects.exists()
    )


def policy_of_this_node(world: SmallWorld, settings: Any, text: str) -> None:
    folder = settings.HOME.folder("policies")
    (folder / "own.cedar").write_text(text, encoding="utf-8")
    gate.forget_policies()


# --- approvals ---


def test_a_draft_without_its_approval_is_held_and_says_what_it_needs(world: SmallWorld) -> None:
    draft = world.draft()
    with pytest.raises(ReleaseHeldError) as held:
        release(draft, world.officer)
    assert held.value.params["needs"] == ["approval"]
    assert actions.preview(draft, now=timezone.now()).needs == ("approval",)
    assert nothing_left()


def test_an_approved_draft_leaves_once_with_the_decision_that_let_it_out(world: SmallWorld) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    row = release(draft, world.officer)
    decision = Release.objects.get(message=row)
    assert str(row.uuid) == str(draft.uuid) and decision.decision["outcome"] == "release"
    assert "test-notes-drafted" in decision.decision["policies"] and decision.by_id == world.officer.pk
    assert PolicyText.objects.get(pk=decision.policy_hash).text == gate.policy_set().text
    with pytest.raises(DraftClosedError):
        release(draft, world.officer)
    # and its copy to the federal office, decided for itself
    assert Message.objects.filter(direction="out").count() == Release.objects.count() == 2


def test_every_message_that_left_has_one_decision_and_the_text_of_its_policies(world: SmallWorld) -> None:
    actions.send_all([world.note(f"{i}") for i in range(3)], now=timezone.now())
    draft = world.draft()
    approve(draft, world.chief)
    release(draft, world.officer)
    left = Message.objects.filter(direction="out")
    assert left.count() == 8
    for row in left.select_related("release"):
        assert row.release.decision["outcome"] == "release"
        assert PolicyText.objects.filter(pk=row.release.policy_hash).exists()


def test_nobody_approves_what_they_drafted(world: SmallWorld) -> None:
    draft = world.draft(by=world.chief)
    with pytest.raises(ApprovalDrafterError):
        approve(draft, world.chief)
    again = world.appoint("arturo", SONORA, Role.AUTHORISER)
    assert again.pk != world.chief.pk and again.person_id == world.chief.person_id
    with pytest.raises(ApprovalDrafterError):
        approve(draft, again)
    # not even where the approval is already on record
    Approval.objects.create(draft=draft, content_digest=shown(draft), by=again, at=timezone.now())
    with pytest.raises(ReleaseHeldError):
        release(draft, world.chief)


def test_who_rewrites_a_draft_is_its_drafter(world: SmallWorld) -> None:
    draft = world.draft()
    actions.revise_draft(draft, {"text": "as I would put it"}, by=world.chief, now=timezone.now())
    with pytest.raises(ApprovalDrafterError):
        approve(Draft.objects.get(pk=draft.pk), world.chief)
    approve(Draft.objects.get(pk=draft.pk), world.second_chief)
    assert release(draft, world.officer).state == Message.State.QUEUED


def reword(world: SmallWorld, draft: Draft) -> None:
    actions.revise_draft(draft, {"text": "where!", "serial": "AB1"}, by=world.officer, now=timezone.now())


def remark(world: SmallWorld, draft: Draft) -> None:
    stricter = replace(MARKING, handling=frozenset({"H1", "H2"}))
    actions.revise_draft(draft, draft.body, marking=stricter, by=world.officer, now=timezone.now())


def redact(world: SmallWorld, draft: Draft) -> None:
    actions.redact_field(draft, "/serial", reason="not needed", by=world.officer, now=timezone.now())


def return_it(world: SmallWorld, draft: Draft) -> None:
    actions.return_draft(draft, note="which one?", by=world.second_chief, now=timezone.now())


@pytest.mark.parametrize("change", [reword, remark, redact, return_it])
def test_one_change_voids_an_approval(world: SmallWorld, change: Callable[[SmallWorld, Draft], None]) -> None:
    draft = world.draft("where?", body={"serial": "AB1"})
    seen = shown(draft)
    approve(draft, world.chief)
    change(world, draft)
    with pytest.raises(ReleaseHeldError):
        release(draft, world.officer)
    if change is not return_it:
        with pytest.raises(ApprovalOutdatedError):
            actions.approve_draft(draft, digest=seen, by=world.second_chief, now=timezone.now())
    assert nothing_left()


def test_an_approval_counts_again_when_the_draft_says_again_what_was_approved(world: SmallWorld) -> None:
    draft = world.draft("where?")
    approve(draft, world.chief)
    actions.revise_draft(draft, {"text": "who?"}, by=world.officer, now=timezone.now())
    actions.revise_draft(draft, {"text": "where?"}, by=world.officer, now=timezone.now())
    assert release(draft, world.officer).state == Message.State.QUEUED


def test_only_an_authorising_person_of_the_sending_agency_approves(world: SmallWorld) -> None:
    draft = world.draft()
    abroad = world.appoint("ann", CENTRE, Role.AUTHORISER)
    elsewhere = world.appoint("felipe", FEDERAL, Role.AUTHORISER)
    for tenure in (world.officer, abroad, elsewhere, world.services[SONORA]):
        with pytest.raises(ApprovalRoleError):
            approve(draft, tenure)
    assert not Approval.objects.exists()


def test_an_approval_ends_with_the_tenure_of_who_gave_it(world: SmallWorld) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    ended = directory_actions.end_tenure(world.chief, by=None, now=timezone.now())
    with pytest.raises(ReleaseHeldError):
        release(draft, world.officer)
    with pytest.raises(TenureEndedError):
        approve(draft, ended)
    approve(draft, world.second_chief)
    assert release(draft, world.officer).state == Message.State.QUEUED


def test_an_approval_ends_when_the_person_is_shut_out(world: SmallWorld) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    assert world.chief.person is not None
    world.chief.person.is_active = False
    world.chief.person.save(update_fields=["is_active"])
    with pytest.raises(ReleaseHeldError):
        release(draft, world.officer)


def test_what_concerns_a_minor_takes_two_persons(world: SmallWorld) -> None:
    draft = world.draft(body={"child": "Eleven years old"})
    approve(draft, world.chief)
    approve(draft, world.chief)
    with pytest.raises(ReleaseHeldError) as held:
        release(draft, world.officer)
    assert held.value.params["needs"] == ["second_approval"]
    # the same person in a second post is still one person
    approve(draft, world.appoint("arturo", SONORA, Role.AUTHORISER))
    with pytest.raises(ReleaseHeldError):
        release(draft, world.officer)
    approve(draft, world.second_chief)
    assert release(draft, world.officer).state == Message.State.QUEUED


def test_a_minor_is_never_named_automatically(world: SmallWorld) -> None:
    sent = actions.send_all([world.note("x", body={"child": "Eleven"})], now=timezone.now())[0]
    said = read_message(Message.objects.get(uuid=sent))
    assert said.body == {"text": "x"} and [kept.pointer for kept in said.withheld] == ["/child"]


# --- who may touch it ---


def test_a_draft_belongs_to_its_agency(world: SmallWorld) -> None:
    draft, abroad = world.draft(), world.appoint("ann", CENTRE, Role.OFFICER)
    now = timezone.now()
    for forbidden in (
        lambda: world.draft(conversation=draft.conversation, by=abroad),
        lambda: actions.revise_draft(draft, {"text": "mine"}, by=abroad, now=now),
        lambda: actions.redact_field(draft, "/text", reason="mine", by=abroad, now=timezone.now()),
        lambda: actions.submit_draft(draft, by=abroad, now=now),
        lambda: actions.discard_draft(draft, by=abroad, now=now),
        lambda: actions.release_draft(draft, by=abroad, now=timezone.now()),
        lambda: actions.open_conversation(
            post=world.officer.post, counterpart=CENTRE, kind="note", by=abroad, now=timezone.now()
        ),
    ):
        with pytest.raises(PostNotLocalError):
            forbidden()
    draft.refresh_from_db()
    assert (draft.version, draft.state) == (1, Draft.State.DRAFT) and nothing_left()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_who_keeps_or_audits_releases_nothing(world: SmallWorld, role: Role) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    with pytest.raises(ApprovalRoleError):
        release(draft, world.appoint("otra", SONORA, role))
    assert nothing_left()


def test_an_ended_tenure_does_nothing(world: SmallWorld) -> None:
    draft, now = world.draft(), timezone.now()
    approve(draft, world.chief)
    ended = directory_actions.end_tenure(world.officer, by=None, now=now)
    later = now + timedelta(seconds=1)
    for forbidden in (
        lambda: actions.release_draft(draft, by=ended, now=later),
        lambda: actions.revise_draft(draft, {"text": "late"}, by=ended, now=later),
        lambda: actions.redact_field(draft, "/text", reason="late", by=ended, now=later),
        lambda: actions.submit_draft(draft, by=ended, now=later),
        lambda: actions.discard_draft(draft, by=ended, now=later),
        lambda: actions.draft(
            "note.say/1", {"text": "late"}, conversation=draft.conversation, marking=MARKING, by=ended, now=later
        ),
    ):
        with pytest.raises(TenureEndedError):
            forbidden()
    assert nothing_left()


def test_a_thread_of_one_post_is_not_opened_by_another(world: SmallWorld) -> None:
    theirs = world.conversation(CENTRE, SONORA)
    annex = world.appoint("ann", "us.ntc/annex", Role.OFFICER)
    with pytest.raises(PostNotLocalError):
        actions.open_conversation(
            post=annex.post,
            counterpart=SONORA,
            kind="note",
            by=annex,
            now=timezone.now(),
            conversation_id=str(theirs.uuid),
        )


def test_what_a_tenure_may_not_see_is_not_found(world: SmallWorld) -> None:
    draft = world.draft()
    thread = draft.conversation
    approve(draft, world.chief)
    release(draft, world.officer)
    for tenure in (
        world.appoint("ann", CENTRE, Role.OFFICER),
        world.appoint("annex", "us.ntc/annex", Role.AUDITOR),
        world.appoint("raul", SONORA, Role.ADMINISTRATOR),
        directory_actions.end_tenure(world.appoint("ida", SONORA, Role.OFFICER), by=None, now=timezone.now()),
    ):
        assert queries.conversation_for(tenure, thread.pk) is None
        assert queries.draft_for(tenure, draft.pk) is None
        assert not queries.drafts_for(tenure).exists()
        assert queries.find_conversations(tenure, str(thread.uuid)) == []
    auditor = world.appoint("aurora", SONORA, Role.AUDITOR)
    assert queries.conversation_for(auditor, thread.pk) == thread
    assert queries.draft_for(auditor, draft.pk) is None
    seen = queries.thread(thread, tenure=auditor, now=timezone.now())
    assert seen.total == 2 and all(passed.content is None for passed in seen.messages)
    mine = queries.thread(thread, tenure=world.officer, now=timezone.now())
    assert [passed.content.body for passed in mine.messages if passed.content] == [{"text": "where?"}] * 2


# --- states ---


@pytest.mark.parametrize("end", ["discard", "release"])
def test_a_draft_that_is_gone_takes_no_more_changes(world: SmallWorld, end: str) -> None:
    draft, now = world.draft(), timezone.now()
    approve(draft, world.chief)
    if end == "discard":
        actions.discard_draft(draft, by=world.officer, now=now)
    else:
        release(draft, world.officer)
    for late in (
        lambda: actions.revise_draft(draft, {"text": "late"}, by=world.officer, now=timezone.now()),
        lambda: actions.redact_field(draft, "/text", reason="late", by=world.officer, now=timezone.now()),
        lambda: actions.submit_draft(draft, by=world.officer, now=timezone.now()),
        lambda: actions.return_draft(draft, note="late", by=world.chief, now=timezone.now()),
        lambda: actions.discard_draft(draft, by=world.officer, now=timezone.now()),
        lambda: approve(draft, world.chief),
        lambda: release(draft, world.officer),
    ):
        with pytest.raises(DraftClosedError):
            late()
    assert Message.objects.exists() == (end == "release")


def test_a_returned_draft_is_mended_and_leaves(world: SmallWorld) -> None:
    draft = actions.submit_draft(world.draft(), by=world.officer, now=timezone.now())
    assert draft.state == Draft.State.REVIEW
    draft = actions.return_draft(draft, note="which weapon?", by=world.chief, now=timezone.now())
    assert (draft.state, draft.note) == (Draft.State.RETURNED, "which weapon?")
    draft = actions.revise_draft(draft, {"text": "the second one"}, by=world.officer, now=timezone.now())
    approve(draft, world.chief)
    assert read_message(release(draft, world.officer)).body == {"text": "the second one"}


def test_nothing_is_drafted_or_released_into_a_thread_that_has_ended(world: SmallWorld) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    actions.close_conversation(draft.conversation, code="done", now=timezone.now())
    actions.close_conversation(draft.conversation, code="again", now=timezone.now())
    draft.conversation.refresh_from_db()
    assert draft.conversation.close_code == "done"
    with pytest.raises(ConversationClosedError):
        world.draft(conversation=draft.conversation)
    with pytest.raises(ConversationClosedError):
        release(draft, world.officer)
    assert nothing_left()


def test_release_is_all_or_none(world: SmallWorld) -> None:
    good, bad = world.draft("good"), world.draft("bad")
    approve(good, world.chief)
    with pytest.raises(ReleaseHeldError):
        actions.release_drafts([good, bad], by=world.officer, now=timezone.now())
    assert nothing_left() and Draft.objects.filter(state=Draft.State.DRAFT).count() == 2
    approve(bad, world.chief)
    rows = actions.release_drafts([bad, good, bad], by=world.officer, now=timezone.now())
    assert [row.uuid for row in rows] == [bad.uuid, good.uuid]


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800"])
def test_a_character_no_database_or_signature_takes_is_refused_at_the_edge(world: SmallWorld, text: str) -> None:
    for body in ({"text": "x", "more": {"deep": [text]}}, {"text": "x", text: "key"}):
        with pytest.raises(DraftFieldError):
            actions.plain_body("note.say/1", body)


# --- what policy keeps back ---


@pytest.mark.parametrize(
    ("marking", "reason"),
    [
        ({"handling": ["H9"]}, "unknown-restriction-stays"),
        ({"purposes": []}, "no-purpose-stays"),
        ({"circle": []}, "empty-circle-stays"),
        ({"circle": ["mx"]}, "empty-circle-stays"),
        ({"new_restriction": "only on Sundays"}, "member.unknown"),
    ],
)
def test_a_marking_that_cannot_be_kept_withholds_everything(
    world: SmallWorld, marking: dict[str, Any], reason: str
) -> None:
    draft = world.draft(marking=Marking.from_json({**MARKING.to_json(), **marking}))
    preview = actions.preview(draft, now=timezone.now())
    assert preview.withheld and not preview.recipients[0].leaving
    with pytest.raises(ReleaseWithheldError) as withheld:
        release(draft, world.officer)
    assert any(reason in told for told in withheld.value.params["reasons"])
    assert nothing_left()


def test_silence_of_policy_withholds(world: SmallWorld) -> None:
    with pytest.raises(ReleaseWithheldError) as withheld:
        actions.send_all([world.note("x", type="note.review/1")], now=timezone.now())
    assert withheld.value.params["reasons"] == ["policy.silent"]
    assert nothing_left()


def test_a_forbid_of_the_node_outweighs_every_permit(world: SmallWorld, settings: Any) -> None:
    policy_of_this_node(
        world,
        settings,
        '@id("closed-on-the-day-of-the-dead") forbid (principal, action == Action::"release", resource);',
    )
    with pytest.raises(ReleaseWithheldError) as withheld:
        actions.send_all([world.note("x")], now=timezone.now())
    assert withheld.value.params["reasons"] == ["policy.forbids", "closed-on-the-day-of-the-dead"]


def test_a_policy_that_errs_means_no_even_where_the_engine_would_skip_it(world: SmallWorld, settings: Any) -> None:
    # Validates, and overflows when asked: Cedar skips it and allows.
    policy_of_this_node(
        world,
        settings,
        '@id("errs") forbid (principal, action == Action::"release", resource) '
        "when { context.automatic && 9223372036854775807 + 1 == 0 };",
    )
    with pytest.raises(ReleaseWithheldError) as withheld:
        actions.send_all([world.note("x")], now=timezone.now())
    assert withheld.value.params["reasons"][0] == "policy.error"
    assert nothing_left()


@pytest.mark.parametrize(
    "text",
    [
        "permit (principal, action, resource",
        '@id("x") permit (principal, action == Action::"launch", resource);',
        '@id("x") permit (principal, action == Action::"release", resource) when { context.mood == "good" };',
        'permit (principal, action == Action::"release", resource);',
        '@id("source-stays-home") permit (principal, action == Action::"release", resource);',
        '@id("x") @needs("luck") permit (principal, action == Action::"release", resource);',
        "\udcff",
    ],
    ids=["syntax", "unknown action", "unknown fact", "no id", "id twice", "unknown need", "not text"],
)
def test_an_invalid_policy_file_means_nothing_is_released_and_says_why(
    world: SmallWorld, settings: Any, text: str
) -> None:
    (settings.HOME.folder("policies") / "own.cedar").write_bytes(text.encode("utf-8", "surrogateescape"))
    gate.forget_policies()
    with pytest.raises(PolicySetError) as invalid:
        actions.send_all([world.note("x")], now=timezone.now())
    assert invalid.value.params["reason"]
    with pytest.raises(PolicySetError):
        actions.preview(world.draft(), now=timezone.now())
    assert nothing_left()


def test_a_field_without_a_class_or_permit_stays_and_is_named(world: SmallWorld) -> None:
    draft = world.draft(body={"buyer": "Talvo Brenmark", "shoe_size": 44, "informer": "El Chapulín"})
    approve(draft, world.chief)
    row = release(draft, world.officer)
    said = read_message(row)
    assert said.body == {"text": "where?"}
    assert {(kept.pointer, kept.reason) for kept in said.withheld} == {
        ("/buyer", "no-permit"),
        ("/informer", "source-stays-home"),
        ("/shoe_size", "class-unknown"),
    }


def test_a_person_keeps_a_field_back_and_the_other_side_sees_that(world: SmallWorld) -> None:
    draft = world.draft(body={"serial": "AB123"})
    actions.redact_field(draft, "/serial", reason="first", by=world.officer, now=timezone.now())
    draft = actions.redact_field(
        draft, "/serial", reason="still under examination", by=world.officer, now=timezone.now()
    )
    preview = actions.preview(draft, now=timezone.now())
    assert [(leaf.pointer, leaf.policies) for leaf in preview.recipients[0].staying] == [
        ("/serial", ("still under examination",))
    ]
    approve(draft, world.chief)
    said = read_message(release(draft, world.officer))
    assert said.body == {"text": "where?"}
    assert [(kept.pointer, kept.reason) for kept in said.withheld] == [("/serial", "still under examination")]
    assert all(b"AB123" not in bytes(content.presentation) for content in Content.objects.all())


def test_what_its_type_requires_cannot_be_kept_back(world: SmallWorld) -> None:
    draft = actions.redact_field(world.draft(), "/text", reason="all of it", by=world.officer, now=timezone.now())
    assert actions.preview(draft, now=timezone.now()).withheld == ("body.incomplete",)
    approve(draft, world.chief)
    with pytest.raises(ReleaseWithheldError):
        release(draft, world.officer)
    assert nothing_left()


def test_a_copy_is_decided_on_its_own(world: SmallWorld, settings: Any) -> None:
    policy_of_this_node(
        world,
        settings,
        '@id("copies-without-serials") forbid (principal, action == Action::"disclose", resource) '
        'when { context.facts.copy && context.class == "firearm" };',
    )
    draft = world.draft(body={"serial": "AB123"})
    preview = actions.preview(draft, now=timezone.now())
    assert [(to.post, to.copy, [leaf.pointer for leaf in to.leaving]) for to in preview.recipients] == [
        (CENTRE, False, ["/text", "/serial"]),
        (FEDERAL, True, ["/text"]),
    ]
    approve(draft, world.chief)
    row = release(draft, world.officer)
    copy = Message.objects.get(copy_of=row.uuid, direction="out")
    assert "serial" in read_message(row).body and "serial" not in read_message(copy).body
    assert bytes(row.digest) != bytes(copy.digest)


def test_what_one_recipient_may_not_have_stops_the_whole_release(world: SmallWorld, settings: Any) -> None:
    policy_of_this_node(
        world,
        settings,
        '@id("no-copies") forbid (principal, action == Action::"release", resource) when {context.copy};',
    )
    draft = world.draft()
    approve(draft, world.chief)
    with pytest.raises(ReleaseWithheldError) as withheld:
        release(draft, world.officer)
    assert withheld.value.params["recipient"] == FEDERAL
    assert nothing_left()


# --- the road is open ---


def test_nothing_leaves_under_a_suspended_accord(world: SmallWorld) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    directory_actions.suspend_accord("mx-us-traces", country="us", now=timezone.now())
    with pytest.raises(AccordSuspendedError):
        release(draft, world.officer)
    assert nothing_left()
    for country in ("us", "mx"):
        directory_actions.resume_accord("mx-us-traces", country=country, now=timezone.now())
    assert release(draft, world.officer).state == Message.State.QUEUED


def test_nothing_leaves_on_a_stale_directory(world: SmallWorld) -> None:
    draft = world.draft()
    approve(draft, world.chief)
    Country.objects.filter(pk="us").update(expires_at=timezone.now() - timedelta(minutes=1))
    from contraparte.directory import view

    view.forget()
    with pytest.raises(DirectoryStaleError) as refused:
        release(draft, world.officer)
    assert refused.value.params == {"country": "US"}
    assert nothing_left()


def test_no_accord_no_message(world: SmallWorld) -> None:
    draft = Draft.objects.get(pk=world.draft().pk)
    Draft.objects.filter(pk=draft.pk).update(type="rumour.tell/1")
    draft.refresh_from_db()
    with pytest.raises(ContraparteError) as refused:
        release(draft, world.officer)
    assert refused.value.code in {AccordTypeForbiddenError.code, "message.type.unknown"}
    assert nothing_left()


# --- what leaves is what was shown ---

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
BODIES = st.fixed_dictionaries(
    {"text": TEXTS},
    optional={
        "serial": TEXTS,
        "informer": TEXTS,
        "buyer": TEXTS,
        "more": st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
            lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS.filter(bool), below, max_size=3),
            max_leaves=6,
        ),
    },
)


@given(body=BODIES, redacted=st.booleans())
@example(body={"text": "", "more": [0, [0]]}, redacted=False)  # the shell moves up by the element that stays
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_leaves_is_exactly_what_was_shown_and_approved(
    world: SmallWorld, body: dict[str, Any], redacted: bool
) -> None:
    draft = world.draft(body["text"], body={name: value for name, value in body.items() if name != "text"})
    if redacted:
        draft = actions.redact_field(draft, "/serial", reason="a person's choice", by=world.officer, now=timezone.now())
    preview = actions.preview(draft, now=timezone.now())
    approve(draft, world.chief)
    row = release(draft, world.officer)
    for recipient in preview.recipients:
        left = Message.objects.get(direction="out", conversation=draft.conversation, recipient=recipient.post)
        said = read_message(left)
        staying = {leaf.pointer for leaf in recipient.staying}
        leaving = {leaf.pointer: leaf.value for leaf in recipient.leaving}
        # What a list or object leaves behind when all in it stays; an element before it that stays moves it up.
        emptied = {kept.split("/")[1] for kept in staying if kept.count("/") > 1}
        shells = {p: v for p, v in leaves(said.body) if p not in leaving and p.split("/")[1] in emptied}
        assert dict(leaves(said.body)) == leaving | shells and not any(shells.values())
        assert staying == {kept.pointer for kept in said.withheld}
        assert said.marking == preview.marking
    assert actions.preview(draft, now=timezone.now()).content_digest == preview.content_digest
    assert row.type == draft.type
