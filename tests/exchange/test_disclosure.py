"""A duty of disclosure overrides H1 only after its sender is told and a second person has confirmed it (P6.7)."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from contraparte.desk.packages import choices_of
from contraparte.directory import actions as directory_actions
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange.auditing import find_message_faults
from contraparte.exchange.court import file_in_court
from contraparte.exchange.disclosed import is_told
from contraparte.exchange.disclosing import confirm_duty, declare_duty, object_to_duty, withdraw_duty
from contraparte.exchange.messages import DisclosureNotify, DisclosureObject, DisclosureWithdraw
from contraparte.exchange.models import DisclosureDuty, Filing, Message, Outbox, Permission, Receipt, Refusal
from contraparte.exchange.packaging import refusal, write_package
from contraparte.exchange.permissions import grant_permission
from contraparte.exchange.recalls import holders_of, order_recall
from contraparte.exchange.rules.disclosure import duty_fault
from contraparte.exchange.rules.permissions import Kind
from contraparte.exchange.speaking import Saying, say
from contraparte.ledger.models import Leaf
from contraparte.ledger.rules.leaves import Kind as LeafKind
from contraparte.ledger.rules.leaves import parse_leaf
from contraparte.protocol.errors import (
    ContraparteError,
    DisclosureFieldError,
    DisclosureNeedlessError,
    DisclosureObjectionError,
    DisclosureSameError,
    DisclosureStateError,
    DisclosureUnconfirmedError,
    DisclosureUntoldError,
    ItemErasedError,
    ItemRecalledError,
    ItemUnknownError,
    PackageIntelligenceError,
    RightsRoleError,
)
from contraparte.protocol.package import verify_package
from contraparte.protocol.package_reading import open_package
from tests.exchange.canaries import cells_with, erase_everything
from tests.exchange.crashes import crash_everywhere
from tests.exchange.package_world import cosign, policies_of, publish_directories
from tests.exchange.rights_world import ANNEX, People, ask, marking, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

COURT = "Juzgado Quinto de Distrito, causa 12/2026"
TODAY = timezone.now().date()
ORDER = {"basis": "court_order", "citation": "Auto 311 del 3 de marzo", "court": "Juzgado Quinto", "dated": TODAY}


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One person after the other: no commit is needed."""
    return desk_world


def now() -> Any:
    return timezone.now()


@dataclass
class Case:
    """An item under H1 at the federal office, and the two authorising persons there."""

    world: SmallWorld
    people: People
    sent: Message
    item: Message
    first: Tenure
    second: Tenure

    def declare(self, **more: Any) -> DisclosureDuty:
        return declare_duty(self.item, by=self.first, now=now(), **{**ORDER, **more})

    def told(self) -> DisclosureDuty:
        duty = self.declare()
        self.world.settle()
        return duty

    def confirm(self, duty: DisclosureDuty, **more: Any) -> Filing:
        said = {"court": COURT, "filed_on": TODAY, "by": self.second, "now": now(), **more}
        return confirm_duty(duty, **said)

    def theirs(self) -> DisclosureDuty:
        """The same duty as who sent the item has it."""
        return DisclosureDuty.objects.get(agency="us.ntc", ours=False)

    def object(self, **more: Any) -> DisclosureDuty:
        said = {"ground": "source_protection", "note": "He lives there.", "by": self.people.chiefs[CENTRE], **more}
        return object_to_duty(self.theirs(), now=now(), **said)


def case_of(world: SmallWorld, **more: Any) -> Case:
    people = people_of(world)
    sent, item = send_item(world, marked=marking("H1", **more))
    return Case(world, people, sent, item, people.chiefs[FEDERAL], world.appoint("f-second", FEDERAL, Role.AUTHORISER))


def attempt(case: Case) -> str:
    """How filing by the ordinary door is refused."""
    with pytest.raises(ContraparteError) as refused:
        file_in_court(case.item, court=COURT, filed_on=TODAY, by=case.people.officers[FEDERAL], now=now())
    return refused.value.code


@pytest.mark.parametrize("more", [{}, {"evidence": "evidence"}])
def test_declared_told_and_confirmed_by_a_second_person_it_is_filed_and_its_sender_gets_the_receipt(
    world: SmallWorld, more: dict[str, str]
) -> None:
    case = case_of(world, **more)
    assert attempt(case) == "evidence.forbidden"
    duty = case.declare()
    assert attempt(case) == "disclosure.untold" and not is_told(duty)
    with pytest.raises(DisclosureUntoldError):
        case.confirm(duty)
    world.settle()
    assert attempt(case) == "disclosure.unconfirmed" and is_told(duty)
    for same in (case.first, world.appoint("f-chief", FEDERAL, Role.AUTHORISER)):  # one person, two tenures
        with pytest.raises(DisclosureSameError):
            case.confirm(duty, by=same)
    assert not Filing.objects.exists()
    filing = case.confirm(duty)
    assert (filing.court, filing.duty, filing.permission, filing.by) == (COURT, duty, None, case.second)
    world.settle()
    assert Receipt.objects.filter(message=case.sent, kind="used", ours=False).exists()
    shown = case.theirs()
    assert (shown.basis, shown.citation, shown.court, shown.dated, shown.other) == (
        "court_order", ORDER["citation"], ORDER["court"], TODAY, FEDERAL,
    )  # fmt: skip
    leaves = [parse_leaf(bytes(one.data)) for one in Leaf.objects.filter(log__agency="mx.fgr", log__mine=True)]
    assert [(leaf.kind, leaf.retention) for leaf in leaves if leaf.kind == LeafKind.DISCLOSURE_CONFIRMED] == [
        (LeafKind.DISCLOSURE_CONFIRMED, "court_order")
    ]
    # one duty opens one court file; the marking is what it was
    assert attempt(case) == "evidence.forbidden"
    with pytest.raises(DisclosureStateError):
        case.confirm(duty)
    assert not Refusal.objects.exists() and list(find_message_faults()) == []


def test_a_package_takes_the_item_once_it_is_filed_by_the_duty_says_so_and_verifies(
    world: SmallWorld, tmp_path: Path
) -> None:
    case = case_of(world)
    publish_directories(world, tmp_path / "safe")
    assert isinstance(refusal(case.item, now()), PackageIntelligenceError)
    duty = case.declare()
    assert isinstance(refusal(case.item, now()), DisclosureUntoldError)
    world.settle()
    assert isinstance(refusal(case.item, now()), DisclosureUnconfirmedError)
    case.confirm(duty)
    world.settle()
    cosign(world)
    write_package(case.item.conversation, tmp_path / "case", uuids=[str(case.item.uuid)], now=now())
    files = open_package(tmp_path / "case")
    assert verify_package(files, policies_of(case.item.conversation)).findings == []
    [entry] = json.loads(files["data/contents.json"])["items"]
    assert entry["duty"]["number"] == str(duty.uuid) and entry["duty"]["citation"] == ORDER["citation"]
    assert entry["duty"]["told_at"] <= entry["duty"]["confirmed_at"] and "permission" not in entry
    page = files["data/index.html"].decode()
    assert "Duty of disclosure" in page and "Deber de descubrimiento" in page and str(ORDER["citation"]) in page
    assert [one.refused for one in choices_of(case.item.conversation, now()) if one.row == case.item] == [None]
    assert refusal(case.sent, now()) is not None, "what left here is opened by no duty of the other side"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"basis": "custom"}, "basis"),
        ({"citation": " "}, "citation"),
        ({"citation": "two\nlines"}, "citation"),
        ({"citation": "x" * 121}, "citation"),
        ({"court": ""}, "court"),
        ({"dated": None}, "dated"),
        ({"dated": TODAY + timedelta(days=2)}, "dated"),
        ({"basis": "law", "dated": None}, "court"),
        ({"basis": "law", "court": ""}, "dated"),
    ],
)
def test_a_declaration_names_its_basis_and_says_nothing_more(wrong: dict[str, Any], field: str) -> None:
    said: dict[str, Any] = {**ORDER, **wrong}
    dated: date | None = said.pop("dated")
    assert duty_fault(said["basis"], said["citation"], said["court"], dated, today=TODAY) == field


def test_who_may_not_declare_confirm_withdraw_or_object_changes_nothing(world: SmallWorld) -> None:
    case = case_of(world)
    officer, auditor = case.people.officers[FEDERAL], world.appoint("aud", FEDERAL, Role.AUDITOR)
    service, elsewhere = world.services[FEDERAL], case.people.chiefs[CENTRE]
    for by in (officer, auditor, service, elsewhere, world.chief):
        with pytest.raises(RightsRoleError):
            declare_duty(case.item, by=by, now=now(), **ORDER)
    with pytest.raises(DisclosureFieldError):
        case.declare(court="")
    with pytest.raises(ItemUnknownError):
        declare_duty(case.sent, by=elsewhere, now=now(), **ORDER)
    assert not DisclosureDuty.objects.exists()
    duty = case.told()
    with pytest.raises(DisclosureStateError):
        case.declare()  # one at a time
    for by in (officer, auditor, service, elsewhere, world.chief):
        with pytest.raises(RightsRoleError):
            case.confirm(duty, by=by)
        with pytest.raises(RightsRoleError):
            withdraw_duty(duty, by=by, now=now())
    for act in (
        lambda: case.object(by=case.people.officers[CENTRE]),
        lambda: case.object(by=case.second),
        lambda: object_to_duty(duty, ground="third_party", by=case.second, now=now()),
        lambda: confirm_duty(case.theirs(), court=COURT, filed_on=TODAY, by=elsewhere, now=now()),
        lambda: withdraw_duty(case.theirs(), by=elsewhere, now=now()),
    ):
        with pytest.raises(RightsRoleError):
            act()
    with pytest.raises(DisclosureFieldError):
        case.object(ground="whim")
    assert set(DisclosureDuty.objects.values_list("state", "objection")) == {("declared", None)}
    assert not Filing.objects.exists()


def test_what_may_be_filed_anyhow_needs_no_duty(world: SmallWorld) -> None:
    case = case_of(world)
    _, free = send_item(world, marked=marking("H0", evidence="evidence"))
    with pytest.raises(DisclosureNeedlessError):
        declare_duty(free, by=case.first, now=now(), **ORDER)
    _, given = ask(world, case.people, case.item, "", kind=Kind.EVIDENCE)
    grant_permission(given, by=case.people.chiefs[CENTRE], now=now())
    world.settle()
    with pytest.raises(DisclosureNeedlessError):
        case.declare()
    assert Permission.objects.exists() and not DisclosureDuty.objects.exists()


def test_a_withdrawn_declaration_is_withdrawn_on_both_sides_also_when_it_overtakes_its_notice(
    world: SmallWorld,
) -> None:
    case = case_of(world)
    duty = case.declare()
    Outbox.objects.update(due=now() + timedelta(hours=1))
    withdraw_duty(duty, by=case.second, now=now())
    world.settle()
    assert case.theirs().state == "withdrawn" and case.theirs().citation == ""
    Outbox.objects.update(due=now())
    world.settle()
    assert (case.theirs().state, case.theirs().citation) == ("withdrawn", ORDER["citation"])
    with pytest.raises(DisclosureStateError):
        case.confirm(duty)
    with pytest.raises(DisclosureStateError):
        withdraw_duty(duty, by=case.first, now=now())
    with pytest.raises(DisclosureStateError):
        case.object()
    assert attempt(case) == "evidence.forbidden"
    assert case.told().state == "declared", "it may be declared anew"
    assert not Refusal.objects.exists()


def test_an_objection_is_read_before_it_is_confirmed_and_stops_nothing(world: SmallWorld) -> None:
    case = case_of(world)
    duty = case.told()
    case.object()
    with pytest.raises(DisclosureStateError):
        case.object(ground="third_party")
    world.settle()
    duty.refresh_from_db()
    assert (duty.objection_ground, duty.objection_note) == ("source_protection", "He lives there.")
    for read in ("", str(duty.uuid)):
        with pytest.raises(DisclosureObjectionError):
            case.confirm(duty, objection_read=read)
    assert case.confirm(duty, objection_read=str(duty.objection)).duty == duty


def test_a_recall_that_comes_first_stops_the_duty_and_one_that_comes_later_is_answered_with_the_court_file(
    world: SmallWorld,
) -> None:
    case = case_of(world)
    duty = case.told()
    order_recall(case.sent, reason="source_at_risk", by=case.people.officers[CENTRE], now=now())
    world.settle()
    with pytest.raises(ItemRecalledError):
        case.confirm(duty)
    with pytest.raises(ItemRecalledError):
        file_in_court(case.item, court=COURT, filed_on=TODAY, by=case.people.officers[FEDERAL], now=now())
    assert not Filing.objects.exists()
    assert withdraw_duty(duty, by=case.first, now=now()).state == "withdrawn"
    with pytest.raises(ItemRecalledError):
        case.declare()

    sent, item = send_item(world, marked=marking("H1"))
    later = Case(world, case.people, sent, item, case.first, case.second)
    later.confirm(later.told())
    order_recall(sent, reason="source_at_risk", by=case.people.officers[CENTRE], now=now())
    world.settle()
    assert [(one.outcome, one.court, one.filed_on) for one in holders_of(sent)] == [("filed", COURT, TODAY)]
    assert isinstance(refusal(item, now()), ItemRecalledError)


def test_the_notice_passes_a_suspended_accord_with_its_citation_and_an_objection_without_its_note(
    world: SmallWorld,
) -> None:
    case = case_of(world)
    directory_actions.suspend_accord("mx-us-traces", country="us", now=now())
    duty = case.told()
    assert is_told(duty) and case.theirs().citation == ORDER["citation"]
    case.object()
    world.settle()
    duty.refresh_from_db()
    assert (duty.objection_ground, duty.objection_note) == ("source_protection", "")
    assert case.confirm(duty, objection_read=str(duty.objection)).duty == duty


def test_a_declaration_and_a_confirmation_that_crash_anywhere_have_not_happened(world: SmallWorld) -> None:
    case = case_of(world)

    def check() -> None:
        notices = Message.objects.filter(type="disclosure.notify/1", direction="out").count()
        assert notices == DisclosureDuty.objects.filter(ours=True).exclude(notice=None).count() <= 1
        assert Filing.objects.count() == DisclosureDuty.objects.filter(state="confirmed").count() <= 1

    assert crash_everywhere(case.declare, check) >= 4
    world.settle()
    duty = DisclosureDuty.objects.get(ours=True)
    assert crash_everywhere(lambda: case.confirm(duty), check) >= 4
    world.settle()
    assert Receipt.objects.filter(message=case.sent, kind="used", ours=False).count() == 1
    assert list(find_message_faults()) == []


def refusal_of(world: SmallWorld, sender: str, body: Any, name: str, to: str) -> str:
    """Say it without asking whether one may, as a node that lies would; the code it is refused with."""
    said = say(Saying(name, body, world.conversation(sender, to), None, to), by=world.services[sender], now=now())
    world.settle()
    return Message.objects.get(uuid=said, direction="out").code


def test_what_a_stranger_says_of_a_duty_is_refused_with_its_code(world: SmallWorld) -> None:
    case = case_of(world)
    duty = case.told()
    number, item = str(duty.uuid), str(case.item.uuid)
    notify = DisclosureNotify(duty=number, item=item, basis="law", citation="Art. 1")
    withdraw, objection = (
        DisclosureWithdraw(duty=number, item=item),
        DisclosureObject(duty=number, item=item, ground="x"),
    )
    assert refusal_of(world, SONORA, notify, "disclosure.notify/1", CENTRE) == "item.unknown"
    assert refusal_of(world, SONORA, withdraw, "disclosure.withdraw/1", CENTRE) == "item.unknown"
    for sender in (SONORA, ANNEX):
        assert refusal_of(world, sender, objection, "disclosure.object/1", FEDERAL) == "disclosure.unknown"
    case.object()
    world.settle()
    assert refusal_of(world, CENTRE, objection, "disclosure.object/1", FEDERAL) == "disclosure.state"
    assert case.theirs().state == "declared" and DisclosureDuty.objects.count() == 2
    duty.refresh_from_db()
    assert duty.objection_ground == "source_protection"


def test_what_was_said_of_a_duty_goes_with_its_item(world: SmallWorld) -> None:
    case = case_of(world)
    words = ["Canary of the citation", "Canary of the judge", "Canary of the objection"]
    duty = case.declare(citation=words[0], court=words[1])
    world.settle()
    case.object(note=words[2])
    world.settle()
    assert all(cells_with([word]) for word in words), "each stood somewhere"
    assert erase_everything() >= 6
    assert cells_with(words) == set()
    assert set(DisclosureDuty.objects.values_list("dated", flat=True)) == {None}
    with pytest.raises(ItemErasedError):
        case.confirm(duty, objection_read="")
