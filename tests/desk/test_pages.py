"""The desk's pages over the real road: what each person sees, may do, and does not see."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.desk import queries, registry
from contraparte.desk.footer import SILENT_AFTER
from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Accord, Agency, Person, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions
from contraparte.exchange.models import Conversation, Draft, Lane, Message, Obligation, Receipt
from contraparte.ledger.models import Leaf, Log
from contraparte.web.templatetags.pages import unbroken
from tests.exchange.small_world import CENTRE, MARKING, OPERATOR, SONORA, SmallWorld

BrowserOf = Callable[[Tenure], Client]
BODY = {"text": "Please trace it.", "serial": "GH4471K", "informer": "El Tuercas"}


def drafted(world: SmallWorld, **more: Any) -> Draft:
    """A note drafted by the officer in a conversation of its own."""
    conversation = more.pop("conversation", None) or world.conversation()
    return actions.draft(
        "note.say/1",
        {**BODY, **more.pop("body", {})},
        conversation=conversation,
        marking=MARKING,
        by=more.pop("by", world.officer),
        now=timezone.now(),
        **more,
    )


def person_in(post: str, *roles: Role, name: str) -> Tenure:
    person = Person.objects.create_user(name, display_name=name)
    return directory_actions.appoint(person, directory.post(post), roles, by=None, now=timezone.now())


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


# --- the desk ---


def test_the_desk_orders_what_is_owed_by_its_clock(world: SmallWorld) -> None:
    for text in ("first", "second"):
        actions.send_all([world.note(text, world.conversation(CENTRE, SONORA))], now=timezone.now())
    world.settle()
    near, far = Obligation.objects.filter(agency="mx.fge-son").order_by("pk")
    Obligation.objects.filter(pk=near.pk).update(due_at=timezone.now() + timedelta(hours=2))
    Obligation.objects.filter(pk=far.pk).update(due_at=timezone.now() - timedelta(hours=1))
    found = queries.to_do(world.officer, timezone.now())
    assert [item.url for item in found] == [queries.conversation_url(one.conversation_id) for one in (far, near)]


def test_what_waits_on_others_names_on_whom_and_since_when(world: SmallWorld, browser_of: BrowserOf) -> None:
    actions.send_all([world.note("please", world.conversation())], now=timezone.now())
    world.settle()
    found = queries.waiting(world.officer, timezone.now())
    assert [(item.other, item.since is not None) for item in found] == [(CENTRE, True)]
    assert "Waiting on others" in text_of(browser_of(world.officer), "/desk/")


def test_what_came_in_is_new_until_somebody_of_the_post_opens_it(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation(CENTRE, SONORA)
    actions.send_all([world.note("hello", thread)], now=timezone.now())
    world.settle()
    ours = Conversation.objects.get(agency="mx.fge-son", uuid=thread.uuid)
    assert [one.is_new for one in queries.came_in(world.officer, timezone.now())] == [True]
    assert queries.unread_count(world.officer)[0] == 1
    browser_of(world.officer).get(f"/conversations/{ours.pk}/")
    assert [one.is_new for one in queries.came_in(world.officer, timezone.now())] == [False]
    assert Receipt.objects.filter(ours=True, kind="opened").count() == 1


def test_a_conversation_with_much_news_is_one_row(world: SmallWorld) -> None:
    thread = world.conversation(CENTRE, SONORA)
    for text in ("one", "two", "three"):
        actions.send_all([world.note(text, thread)], now=timezone.now())
    world.settle()
    assert len(queries.came_in(world.officer, timezone.now())) == 1
    assert queries.unread_count(world.officer)[0] == 1


def test_what_a_post_answers_by_itself_is_no_news(world: SmallWorld) -> None:
    registry.register_quiet(["note.say/1"])
    try:
        actions.send_all([world.note("hello", world.conversation(CENTRE, SONORA))], now=timezone.now())
        world.settle()
        assert queries.came_in(world.officer, timezone.now()) == []
        assert queries.unread_count(world.officer) == (0, None)
        assert len(queries.to_do(world.officer, timezone.now())) == 1, "what is owed is told all the same"
    finally:
        registry.QUIET_TYPES.discard("note.say/1")


def test_looking_ahead_without_opening_tells_nobody(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation(CENTRE, SONORA)
    actions.send_all([world.note("hello", thread)], now=timezone.now())
    world.settle()
    ours = Conversation.objects.get(agency="mx.fge-son", uuid=thread.uuid)
    browser_of(world.officer).head(f"/conversations/{ours.pk}/")
    assert not Receipt.objects.filter(ours=True, kind="opened").exists()


def test_a_draft_that_asks_for_approval_stands_on_the_desks_of_others_than_its_drafter(world: SmallWorld) -> None:
    draft = drafted(world)
    actions.submit_draft(draft, by=world.officer, now=timezone.now())
    assert queries.review_count(world.chief) == queries.review_count(world.second_chief) == 1
    assert queries.review_count(world.officer) == 0
    own = drafted(world, by=world.chief)
    actions.submit_draft(own, by=world.chief, now=timezone.now())
    assert queries.review_count(world.chief) == 1 and queries.review_count(world.second_chief) == 2


def test_an_empty_desk_says_what_will_be_there(world: SmallWorld, browser_of: BrowserOf) -> None:
    page = text_of(browser_of(world.officer), "/desk/")
    assert "Nothing is owed by your post now." in page and "You wait on nobody." in page


def test_the_desk_asks_the_database_no_more_for_many_rows_than_for_few(
    world: SmallWorld, browser_of: BrowserOf, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        actions.send_all([world.note(f"{number}", world.conversation())], now=timezone.now())
    world.settle()
    client = browser_of(world.officer)
    client.get("/desk/")
    with django_assert_max_num_queries(40):
        client.get("/desk/")


# --- the conversation ---


def test_a_thread_shows_both_sides_receipts_and_what_was_withheld(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation()
    actions.send_all([world.note("please", thread, body={"informer": "El Tuercas"})], now=timezone.now())
    world.settle()
    theirs = Conversation.objects.get(agency="us.ntc", uuid=thread.uuid)
    actions.send_all([world.note("which importer?", theirs)], now=timezone.now())
    world.settle()
    page = text_of(browser_of(world.officer), f"/conversations/{thread.pk}/")
    assert "please" in page and "which importer?" in page
    assert "withheld by" in page and "A source is never named" in page and "El Tuercas" not in page
    assert "H1 · not in court without permission" in page
    assert "delivered" in page and "cosigned" in page


def test_another_post_or_agency_finds_nothing(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation()
    actions.send_all([world.note("please", thread)], now=timezone.now())
    world.settle()
    draft = drafted(world, conversation=thread)
    outsider = browser_of(person_in(CENTRE, Role.OFFICER, Role.AUTHORISER, name="carol"))
    for address in (f"/conversations/{thread.pk}/", f"/release/{draft.pk}/", "/conversations/999999/"):
        text_of(outsider, address, 404)
    for step in ("approve", "return", "send", "ask", "redact", "discard"):
        assert outsider.post(f"/release/{draft.pk}/{step}/", {"text": "x", "pointer": "/text"}).status_code == 404
    assert Draft.objects.get(pk=draft.pk).state == Draft.State.DRAFT


def test_an_auditor_and_an_administrator_see_no_content(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation()
    draft = drafted(world, conversation=thread)
    for role in (Role.AUDITOR, Role.ADMINISTRATOR):
        client = browser_of(person_in(SONORA, role, name=role.value))
        for address in ("/desk/", "/conversations/", f"/conversations/{thread.pk}/", f"/release/{draft.pk}/"):
            text_of(client, address, 403)
        assert client.get("/log/").status_code == 200


def test_a_title_is_escaped_once(world: SmallWorld, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch) -> None:
    told = registry.Subject("note", "note", titles=lambda rows, _: {row.pk: "Ridge & <b>Sons</b>" for row in rows})
    monkeypatch.setitem(registry.SUBJECTS, "note", told)
    page = text_of(browser_of(world.officer), f"/conversations/{world.conversation().pk}/")
    assert "<h1>Ridge &amp; &lt;b&gt;Sons&lt;/b&gt;</h1>" in page


def test_a_reference_in_a_title_is_not_torn_apart() -> None:
    told = unbroken("Walk W-26-000005 · <Ridge>")
    assert told == 'Walk <span class="cp-unbroken">W-26-000005</span> · &lt;Ridge&gt;'


# --- the release preview ---


def test_the_preview_shows_what_leaves_what_stays_and_which_rule_keeps_it(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    page = text_of(browser_of(world.officer), f"/release/{drafted(world).pk}/")
    assert page.index("GH4471K") < page.index("Stays here") < page.index("El Tuercas") < page.index("source-stays-home")
    assert "A source is never named to the other side." in page
    assert "the approval of an authorising person who did not draft it" in page
    assert "Release</button>" not in page


def test_whom_it_may_be_passed_on_to_is_told_by_name(world: SmallWorld, browser_of: BrowserOf) -> None:
    page = text_of(browser_of(world.officer), f"/release/{drafted(world).pk}/")
    assert "Mexico, United States" in page


def test_approve_and_release_through_the_pages(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = drafted(world)
    officer, chief = browser_of(world.officer), browser_of(world.chief)
    assert officer.post(f"/release/{draft.pk}/ask/").status_code == 302
    digest = actions.preview(draft, now=timezone.now()).content_digest.hex()
    assert digest in text_of(chief, f"/release/{draft.pk}/")
    assert chief.post(f"/release/{draft.pk}/approve/", {"digest": digest}).status_code == 302
    assert officer.post(f"/release/{draft.pk}/send/").status_code == 302
    assert Message.objects.filter(uuid=draft.uuid, direction="out").count() == 1
    assert Draft.objects.get(pk=draft.pk).state == Draft.State.RELEASED


def test_a_release_without_its_approval_is_refused_in_words(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = drafted(world)
    answer = browser_of(world.officer).post(f"/release/{draft.pk}/send/")
    assert answer.status_code == 403
    assert "held until the approvals still needed are there" in answer.content.decode()
    assert not Message.objects.exists()


def test_an_approval_of_what_was_shown_does_not_cover_what_it_became(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = drafted(world)
    old = actions.preview(draft, now=timezone.now()).content_digest.hex()
    actions.revise_draft(draft, {**BODY, "text": "Please trace it!"}, by=world.officer, now=timezone.now())
    for digest in (old, "", "zz", "00"):
        answer = browser_of(world.chief).post(f"/release/{draft.pk}/approve/", {"digest": digest})
        assert answer.status_code == 409
        assert "has changed since you read it" in answer.content.decode()
    assert not draft.approvals.exists()


def test_a_field_kept_at_home_moves_to_the_other_column_and_voids_approvals(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    draft = drafted(world)
    chief = browser_of(world.chief)
    chief.post(
        f"/release/{draft.pk}/approve/", {"digest": actions.preview(draft, now=timezone.now()).content_digest.hex()}
    )
    officer = browser_of(world.officer)
    officer.post(f"/release/{draft.pk}/redact/", {"pointer": "/serial", "text": "not needed"})
    page = text_of(officer, f"/release/{draft.pk}/")
    assert page.index("Stays here") < page.index("GH4471K") and "not needed" in page
    assert actions.preview(Draft.objects.get(pk=draft.pk), now=timezone.now()).needs


def test_a_note_is_needed_to_give_a_draft_back(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = drafted(world)
    chief = browser_of(world.chief)
    assert chief.post(f"/release/{draft.pk}/return/", {"text": ""}).status_code == 422
    assert chief.post(f"/release/{draft.pk}/return/", {"text": "Name the importer."}).status_code == 302
    assert "Name the importer." in text_of(browser_of(world.officer), f"/release/{draft.pk}/")


def test_an_officer_neither_approves_nor_returns(world: SmallWorld, browser_of: BrowserOf) -> None:
    draft = drafted(world)
    for step in ("approve", "return"):
        assert browser_of(world.officer).post(f"/release/{draft.pk}/{step}/", {"text": "x"}).status_code == 403


# --- contacts and log ---


def test_contacts_answer_who_handles_what_where(world: SmallWorld, browser_of: BrowserOf) -> None:
    client = browser_of(world.officer)
    page = text_of(client, "/contacts/?agency=us.ntc")
    assert CENTRE in page and SONORA not in page
    assert "No post answers to this." in text_of(client, "/contacts/?q=nowhere")
    assert "olga" in text_of(client, "/contacts/?q=fge-son")
    assert "on duty: olga" not in text_of(client, "/contacts/")
    assert text_of(client, "/contacts/?q=%00'%22%3C&agency=%00&topic=x&page=99999999999999999999")


def test_the_log_shows_heads_entries_and_a_proof_that_holds(world: SmallWorld, browser_of: BrowserOf) -> None:
    sent = actions.send_all([world.note("please")], now=timezone.now())[0]
    world.settle()
    client = browser_of(world.officer)
    log = Log.objects.get(agency="mx.fge-son", peer="us.ntc", mine=True)
    assert log.origin in text_of(client, "/log/")
    assert "Message released" in text_of(client, f"/log/{log.pk}/")
    answer = client.get(f"/log/{log.pk}/find/", {"q": sent})
    assert answer["Location"] == f"/log/{log.pk}/1/"
    page = text_of(client, f"/log/{log.pk}/1/")
    assert "the entry stands in the log under its signed head" in page and sent in page
    assert "please" not in page


def test_of_two_agencies_of_one_node_both_logs_are_here(world: SmallWorld, browser_of: BrowserOf) -> None:
    actions.send_all([world.note("please")], now=timezone.now())
    world.settle()
    told = ("Both logs are kept on this node", "Their log, as mirrored here", "None yet.")
    here, mirrored, missing = map(text_of(browser_of(world.officer), "/log/").count, told)
    assert here and not mirrored and not missing
    Agency.objects.filter(pk="us.ntc").update(operator="us.ntc")
    assert [*map(text_of(browser_of(world.officer), "/log/").count, told[:2])] == [here - 1, 1]


def test_an_exported_proof_is_read_by_the_offline_verifier(world: SmallWorld, browser_of: BrowserOf) -> None:
    from contraparte.protocol.tlog_proof import TlogProof

    actions.send_all([world.note("please")], now=timezone.now())
    log = Log.objects.get(agency="mx.fge-son", peer="us.ntc", mine=True)
    answer = browser_of(world.officer).get(f"/log/{log.pk}/1/proof/")
    assert "attachment" in answer["Content-Disposition"]
    assert TlogProof.parse(answer.content).index == 1


def test_a_log_of_others_is_not_shown(world: SmallWorld, browser_of: BrowserOf) -> None:
    actions.send_all([world.note("please")], now=timezone.now())
    world.settle()
    client = browser_of(world.officer)
    foreign = Log.objects.get(agency="us.ntc", mine=True)
    for address in (f"/log/{foreign.pk}/", f"/log/{foreign.pk}/0/", f"/log/{foreign.pk}/0/proof/"):
        assert client.get(address).status_code == 404, address
    log = Log.objects.get(agency="mx.fge-son", peer="us.ntc", mine=True)
    assert client.get(f"/log/{log.pk}/{log.size}/").status_code == 404


def test_a_leaf_changed_behind_its_back_shows_as_a_proof_that_does_not_hold(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    actions.send_all([world.note("please")], now=timezone.now())
    log = Log.objects.get(agency="mx.fge-son", peer="us.ntc", mine=True)
    leaf = Leaf.objects.get(log=log, index=1)
    changed = bytearray(leaf.data)
    changed[10] ^= 1
    Leaf.objects.filter(log=log, index=1).update(data=bytes(changed))
    assert "does NOT hold" in text_of(browser_of(world.officer), f"/log/{log.pk}/1/").split("data-fails")[0]


@pytest.mark.parametrize(
    "address",
    ["/log/0/", "/log/99999999999999999999/", "/conversations/99999999999999999999/", "/release/0/", "/log/1/9/proof/"],
)
def test_numbers_that_lead_nowhere_are_not_found(world: SmallWorld, browser_of: BrowserOf, address: str) -> None:
    assert browser_of(world.officer).get(address).status_code == 404


def test_every_page_is_whole_in_spanish(world: SmallWorld, browser_of: BrowserOf) -> None:
    thread = world.conversation()
    actions.send_all([world.note("por favor", thread)], now=timezone.now())
    world.settle()
    draft = drafted(world, conversation=thread)
    client = browser_of(world.chief)
    client.cookies["django_language"] = "es"
    told = {
        "/desk/": "Por hacer ahora",
        "/conversations/": "Conversaciones",
        f"/conversations/{thread.pk}/": "no en juicio sin permiso",
        f"/release/{draft.pk}/": "Aprobar exactamente esto",
        "/contacts/": "Quién atiende qué",
        "/log/": "cofirma la bitácora de la otra",
    }
    for address, words in told.items():
        assert words in text_of(client, address), address


# --- the state of the road under every page ---


def test_a_peer_that_has_not_answered_several_times_is_named_with_what_waits(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    actions.send_all([world.note("please")], now=timezone.now())
    Lane.objects.update_or_create(operator=OPERATOR, defaults={"failures": SILENT_AFTER})
    page = text_of(browser_of(world.officer), "/desk/")
    assert "does not answer" in page and "2 messages wait here" in page


def test_a_suspended_accord_stands_as_a_band_and_in_the_footer(world: SmallWorld, browser_of: BrowserOf) -> None:
    client = browser_of(world.officer)
    assert "in force" in text_of(client, "/desk/")
    accord = Accord.objects.exclude(pk="mx-order").get()
    directory_actions.suspend_accord(accord.pk, country="mx", now=timezone.now())
    page = text_of(client, "/desk/")
    assert f"The accord {accord.pk} is suspended." in page
