"""Words of a restricted item pasted into a request are warned of before it leaves (S3)."""

from django.urls import reverse

from contraparte.exchange.models import Draft
from contraparte.exchange.quoting import find_quotes
from contraparte.inquiries.actions.asking import open_inquiry
from tests.inquiries.inquiry_world import LETTER, POLICE, InquiryWorld
from tests.traces.test_pages import browser

TOLD = "The line belongs to a repair shop at the corner of Grand Avenue which closes at nine every evening"


def test_the_preview_of_a_request_warns_of_words_from_an_answer_under_h1(world: InquiryWorld) -> None:
    lead = world.ask(POLICE)
    theirs = world.other(lead)
    world.step(theirs, "acknowledge")
    world.step(theirs, "answer", {"text": TOLD}, handling=["H1"], source_grade="B", information_grade="2")
    plain = open_inquiry(world.save(LETTER), by=world.officer, now=world.now)
    pasted = open_inquiry(world.save(LETTER, facts=f"We know this. {TOLD}."), by=world.officer, now=world.now)
    assert isinstance(plain, Draft) and isinstance(pasted, Draft)
    assert find_quotes(plain) == []
    [quote] = find_quotes(pasted)
    assert quote.item.type == "inquiry.answer/1" and quote.handling == ("H1",)
    page = browser(world.officer).get(reverse("desk:release", args=[pasted.pk])).content.decode()
    assert reverse("desk:item", args=[quote.item.pk]) in page
