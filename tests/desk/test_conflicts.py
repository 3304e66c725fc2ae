"""Before a charge: the forms name what the case holds and no court file may show, and stop nothing (P6.7)."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from contraparte.desk.conflicts import SHOWN, conflicts_of
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange.disclosing import confirm_duty, declare_duty
from contraparte.exchange.models import CaseFile, Conversation, Message
from contraparte.exchange.permissions import grant_permission
from contraparte.exchange.recalls import order_recall
from contraparte.exchange.rules.permissions import Kind
from tests.exchange.rights_world import People, ask, marking, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SmallWorld

BrowserOf = Callable[[Tenure], Client]
WARNED = "not everything this case holds may stand in a court file"


def now() -> Any:
    return timezone.now()


def case_with(world: SmallWorld, *items: Message) -> Conversation:
    """One case of the federal office to which all these items belong; one of its conversations."""
    case = CaseFile.objects.create(agency_id="mx.fgr", post_id=FEDERAL, number="FED/1", opened_at=now())
    Conversation.objects.filter(pk__in=[item.conversation_id for item in items]).update(case=case)
    return Conversation.objects.get(pk=items[0].conversation_id)


def named(about: Conversation, tenure: Tenure) -> set[int]:
    found = conflicts_of(about, tenure, now())
    return {one.pk for one in found.items} if found else set()


def settle_by_duty(world: SmallWorld, people: People, item: Message) -> None:
    second = world.appoint("f2", FEDERAL, Role.AUTHORISER)
    duty = declare_duty(item, basis="law", citation="Art. 337 CNPP", by=people.chiefs[FEDERAL], now=now())
    world.settle()
    confirm_duty(duty, court="Juzgado", filed_on=now().date(), by=second, now=now())


def test_what_may_not_be_filed_is_named_until_it_is_permitted_filed_by_a_duty_or_recalled(world: SmallWorld) -> None:
    people = people_of(world)
    officer = people.officers[FEDERAL]
    _, free = send_item(world, "Free.", marked=marking("H0", evidence="evidence"))
    _, h1 = send_item(world, "Not in court.", marked=marking("H1", evidence="evidence"))
    _, lead = send_item(world, "A lead.", marked=marking("H0"))
    recalled, gone = send_item(world, "Taken back.", marked=marking("H1"))
    about = case_with(world, free, h1, lead, gone)
    assert named(about, officer) == {h1.pk, lead.pk, gone.pk}, "of the whole case, whichever conversation is looked at"
    order_recall(recalled, reason="mistake", by=people.officers[CENTRE], now=now())
    _, given = ask(world, people, h1, "", kind=Kind.EVIDENCE)
    grant_permission(given, by=people.chiefs[CENTRE], now=now())
    world.settle()
    assert named(about, officer) == {lead.pk}
    settle_by_duty(world, people, lead)
    assert conflicts_of(about, officer, now()) is None
    assert conflicts_of(None, officer, now()) is None


def test_the_forms_warn_by_links_the_reader_may_open_and_stop_nothing(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    items = [send_item(world, f"Lead {number}.", marked=marking("H1"))[1] for number in range(SHOWN + 1)]
    about = case_with(world, *items)
    officer = browser_of(people.officers[FEDERAL])
    for address in (f"/outcomes/about/{about.pk}/", f"/outcomes/links/about/{about.pk}/"):
        answer = officer.get(address)
        shown = answer.content.decode()
        assert answer.status_code == 200 and WARNED in shown and "and 1 more item" in shown, address
        assert shown.count('href="/items/') == SHOWN and f'href="/items/{items[-1].pk}/"' in shown
    assert officer.get(f"/items/{items[-1].pk}/").status_code == 200
    assert (
        WARNED
        not in browser_of(people.officers[CENTRE])
        .get(f"/outcomes/about/{Conversation.objects.get(agency='us.ntc', uuid=about.uuid).pk}/")
        .content.decode()
    ), "what one sent itself is no conflict"
