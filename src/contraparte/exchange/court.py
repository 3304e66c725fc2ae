"""Taking an item into a court file: the one door where its standing as evidence is asked (DOMAIN, Status as evidence).

Whatever files an item goes through `file_in_court`. Under H1, or as intelligence, that needs a permission of who sent
it; without, the refusal names the ways out: ask for the permission, convert the lead to a formal request, or declare
that law or a court obliges to disclose it (`disclosing`), which files it by another door and another person.
"""

import datetime

from contraparte.directory.models import Tenure
from contraparte.exchange.disclosed import missing_step
from contraparte.exchange.items import is_recalled
from contraparte.exchange.models import DisclosureDuty, Filing, Message, Permission
from contraparte.exchange.permissions import verdict_on
from contraparte.exchange.recalls import answer_again
from contraparte.exchange.receipts import sign_later_receipts
from contraparte.exchange.rules.permissions import Kind, Need
from contraparte.exchange.speaking import ACTS, require_right
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import EvidenceForbiddenError, FilingFieldError, ItemUnknownError

WAYS = ("ask_permission", "convert_to_request", "declare_duty")
COURT_CHARS = 200


def require_evidence(item: Message, *, now: datetime.datetime, purpose: str = "") -> str:
    """The number of the permission by which an item may be filed; empty where it needs none.

    Raises EvidenceForbiddenError with the reason and the ways out, ItemRecalledError, ItemErasedError; where a duty of
    disclosure is declared, DisclosureUntoldError or DisclosureUnconfirmedError, whichever it still lacks.
    """
    verdict = verdict_on(item, Need(Kind.EVIDENCE, purpose=purpose), now)
    if not verdict.allowed:
        raise missing_step(item) or EvidenceForbiddenError(reason=verdict.reason, ways=list(WAYS))
    return verdict.grant


def file_in_court(
    item: Message, *, court: str, filed_on: datetime.date, by: Tenure, now: datetime.datetime, purpose: str = ""
) -> Filing:
    """Record that an item was put into a court file; its sender gets a signed receipt that it was used.

    Raises EvidenceForbiddenError, FilingFieldError naming the field, RightsRoleError, ItemUnknownError.
    """
    require_right(by, item.conversation, ACTS, now)
    require_filing_fields(item, court, filed_on, now)
    with writing(item.agency):
        grant = require_evidence(item, now=now, purpose=purpose)
        permission = item.permissions.filter(uuid=grant, side=Permission.Side.HOLDER).first() if grant else None
        return keep_filing(item, court, filed_on, permission=permission, by=by, now=now)


def note_filing(item: Message, *, court: str, filed_on: datetime.date, by: Tenure, now: datetime.datetime) -> Filing:
    """Say that a recalled item stood in a court file already when it was recalled: its sender is told where and since.

    Raises FilingFieldError where the day is after the recall, or the item was never recalled.
    """
    require_right(by, item.conversation, ACTS, now)
    require_filing_fields(item, court, filed_on, now)
    if not is_recalled(item):
        raise FilingFieldError(field="item")
    with writing(item.agency):
        return keep_filing(item, court, filed_on, by=by, now=now)


def require_filing_fields(item: Message, court: str, filed_on: datetime.date, now: datetime.datetime) -> None:
    """Raise FilingFieldError naming the field, or ItemUnknownError for what did not come in."""
    if item.direction != "in":
        raise ItemUnknownError(item=str(item.uuid))
    if not court.strip() or len(court) > COURT_CHARS or not court.isprintable():
        raise FilingFieldError(field="court")
    if filed_on > now.astimezone(datetime.UTC).date():
        raise FilingFieldError(field="filed_on")


def keep_filing(
    item: Message,
    court: str,
    filed_on: datetime.date,
    *,
    permission: Permission | None = None,
    duty: DisclosureDuty | None = None,
    by: Tenure,
    now: datetime.datetime,
) -> Filing:
    """Write a filing down and sign the receipt `used`; whoever calls has asked whether it may be."""
    filing = Filing.objects.create(
        item=item, court=court.strip(), filed_on=filed_on, permission=permission, duty=duty, by=by, at=now
    )
    sign_later_receipts("used", [item], now=now)
    answer_again(item, now)
    return filing
