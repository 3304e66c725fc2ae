"""What may be made of an inquiry beside its steps: shown, handed on, taken up, asked elsewhere, converted.

Pages offer these, programs are told them (`ways_of`), and both refuse by the same words what is not open.
"""

from contraparte.directory.models import Tenure
from contraparte.inquiries import queries
from contraparte.inquiries.actions.handing import giver_of
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.rules.steps import SHAREABLE
from contraparte.inquiries.standings import Standing
from contraparte.inquiries.wording import entry_words
from contraparte.protocol.ids import country_of
from contraparte.web.permissions import may

INITIATOR, RESPONDER = Inquiry.Side.INITIATOR, Inquiry.Side.RESPONDER


def is_inside(found: Inquiry) -> bool:
    """Whether it is addressed to an agency of the own country, which may send it on."""
    return bool(found.counterpart) and country_of(found.counterpart) == country_of(found.post_id)


def may_show(standing: Standing) -> bool:
    """Whether this side may show its draft to the other one: a request it writes and has not sent."""
    one = standing.inquiry
    return one.side == INITIATOR and one.family in SHAREABLE and standing.fold.state == "draft"


def is_lead(standing: Standing) -> bool:
    """Whether a formal request may be made of it: intelligence this side asked for or was told, not yet converted."""
    one = standing.inquiry
    asked = one.family == Inquiry.Family.POLICE and one.side == INITIATOR
    told = one.family == Inquiry.Family.SPONTANEOUS and one.side == RESPONDER
    return (asked or told) and standing.settled.state != "draft" and not one.followers.exists()


def formal_instruments() -> list[tuple[str, str]]:
    """What a formal request may be based on, with its name."""
    return [(code, entry_words(one)) for code, one in catalogue().instruments.items() if one.formal]


def transferred_to(standing: Standing) -> str:
    """The post named as competent, to who asked and has not asked there yet."""
    one = standing.inquiry
    if standing.settled.state != "transferred" or one.side != INITIATOR or one.followers.exists():
        return ""
    return next((str(event.facts.get("to", "")) for event in standing.fold.applied if event.step == "transfer"), "")


def may_be_taken(found: Inquiry) -> bool:
    """Whether a draft that was shown here may be taken up as a request of one's own, to be sent on."""
    shown = queries.latest_shown(found)
    return found.side == RESPONDER and queries.is_to_be_sent_on(shown) and not found.followers.exists()


def ways_of(standing: Standing, tenure: Tenure) -> list[str]:
    """The ways open now to this tenure, by the names of their calls."""
    found = standing.inquiry
    if not may(tenure, "inquiries.step").allowed or found.post_id != tenure.post_id:
        return []
    unsent = found.side == INITIATOR and found.conversation_id is None
    is_shown = found.side == RESPONDER and queries.latest_shown(found) is not None
    ways = {
        "convert": is_lead(standing),
        "redirect": bool(transferred_to(standing)),
        "share": may_show(standing),
        "comment": is_shown,
        "take": may_be_taken(found),
        "hand": unsent,
        "hand-back": unsent and giver_of(found) is not None,
    }
    return [name for name, is_open in ways.items() if is_open]
