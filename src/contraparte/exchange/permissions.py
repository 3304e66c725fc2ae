"""Permissions for items: asked for by who holds one, given, refused and withdrawn by who sent it (P6.4).

    ask ─▶ granted ─▶ revoked          asked for again and again if need be; each is a permission of its own
        └▶ refused

Who passed on an item of somebody else gives no more than they have: a permission for what rests on another's item
needs that other's permission first (S3), and ends with it. What was recalled is permitted no more.
"""

import datetime
from collections.abc import Sequence

from contraparte.directory import queries as directory
from contraparte.directory.lineage import line_of
from contraparte.directory.models import Tenure
from contraparte.exchange import jobs
from contraparte.exchange.items import origins_of, require_usable
from contraparte.exchange.messages import PermissionAsk, PermissionGrant, PermissionRefuse, PermissionRevoke
from contraparte.exchange.models import Message, Permission, Recall
from contraparte.exchange.reading import read_message
from contraparte.exchange.rules.permissions import Kind, Need, Verdict, may_use, missing_scope
from contraparte.exchange.sources import grants_of
from contraparte.exchange.speaking import ACTS, DECIDES, Saying, require_right, say
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    ItemRecalledError,
    ItemUnknownError,
    PermissionExpiredError,
    PermissionOriginError,
    PermissionScopeError,
    PermissionStateError,
)
from contraparte.protocol.ids import new_id, parse_post_id

State, Side = Permission.State, Permission.Side
TELL = "permission.tell"


def ask_permission(
    item: Message,
    kind: Kind,
    *,
    recipients: Sequence[str] = (),
    purposes: Sequence[str] = (),
    until: datetime.datetime,
    why: str = "",
    by: Tenure,
    now: datetime.datetime,
) -> Permission:
    """Ask who sent an item whether it may be used so. Nothing is allowed before the answer is here.

    Raises PermissionScopeError naming the field, PostUnknownError, ItemUnknownError for what did not come in,
    ItemRecalledError, ItemErasedError, RightsRoleError.
    """
    require_right(by, item.conversation, ACTS, now)
    if item.direction != "in":
        raise ItemUnknownError(item=str(item.uuid))
    require_usable(item)
    wrong = missing_scope(kind, recipients, purposes) or ("until" if until <= now else "")
    if wrong:
        raise PermissionScopeError(field=wrong)
    for one in recipients:
        directory.post(parse_post_id(one, "recipients"))
    number = new_id()
    with writing(item.agency):
        row = Permission.objects.create(
            agency=item.agency, uuid=number, side=Side.HOLDER, item=item, conversation=item.conversation,
            other=item.sender, kind=kind.value, recipients=list(recipients), purposes=list(purposes), why=why,
            until=until, state=State.ASKED, asked_at=now,
        )  # fmt: skip
        body = PermissionAsk(
            item=str(item.uuid), kind=kind, recipients=list(recipients), purposes=list(purposes), until=until, why=why
        )
        say(_about(row, "permission.ask/1", body), by=by, now=now, message_id=number)
    return row


def grant_permission(permission: Permission, *, by: Tenure, now: datetime.datetime) -> Permission:
    """Permit what was asked, by an authorising person of the post that sent the item.

    Raises PermissionOriginError where the item rests on another's who has not permitted it, PermissionExpiredError,
    PermissionStateError, RightsRoleError.
    """
    require_right(by, permission.conversation, DECIDES, now)
    with writing(permission.agency):
        row = _locked(permission, Side.GRANTER, State.ASKED)
        if Recall.objects.filter(agency__in=line_of(row.agency), direction="out", item_uuid=row.item.uuid).exists():
            raise ItemRecalledError(item=str(row.item.uuid))
        relied = _rest_on(row, now)
        until = min([row.until, *(one.until for one in relied)])
        if until <= now:
            raise PermissionExpiredError(until=row.until)
        row.state, row.decided_at, row.until = State.GRANTED, now, until
        row.save(update_fields=["state", "decided_at", "until"])
        row.relies_on.set(relied)
        body = PermissionGrant(
            permission=str(row.uuid), item=str(row.item.uuid), kind=Kind(row.kind), recipients=row.recipients,
            purposes=row.purposes, until=until,
        )  # fmt: skip
        say(_about(row, "permission.grant/1", body, answers=True), by=by, now=now)
    return row


def _rest_on(row: Permission, now: datetime.datetime) -> list[Permission]:
    """The permissions of the originators that this one needs; PermissionOriginError names the first that is missing."""
    relied: dict[str, Permission] = {}
    needs = [Need(Kind(row.kind), recipient=post) for post in row.recipients or [""]]
    needs = [Need(one.kind, one.recipient, purpose) for one in needs for purpose in row.purposes or [""]]
    for origin in origins_of(row.item):
        require_usable(origin)
        held = {str(one.uuid): one for one in origin.permissions.filter(side=Side.HOLDER)}
        for need in needs:
            verdict = may_use(read_message(origin).marking, grants_of(origin), need, now)
            if not verdict.allowed:
                raise PermissionOriginError(origin=origin.sender, reason=verdict.reason)
            if verdict.grant:
                relied[verdict.grant] = held[verdict.grant]
    return list(relied.values())


def refuse_permission(
    permission: Permission, *, ground: str, note: str = "", by: Tenure, now: datetime.datetime
) -> Permission:
    """Say no, on a ground. Raises PermissionStateError, RightsRoleError."""
    require_right(by, permission.conversation, DECIDES, now)
    with writing(permission.agency):
        row = _locked(permission, Side.GRANTER, State.ASKED)
        row.state, row.decided_at, row.ground, row.note = State.REFUSED, now, ground, note
        row.save(update_fields=["state", "decided_at", "ground", "note"])
        body = PermissionRefuse(permission=str(row.uuid), item=str(row.item.uuid), ground=ground, note=note)
        say(_about(row, "permission.refuse/1", body, answers=True), by=by, now=now)
    return row


def revoke_permission(permission: Permission, *, by: Tenure, now: datetime.datetime) -> Permission:
    """Withdraw a permission: its holder may not rely on it from then on, and tells whoever got the item by it."""
    require_right(by, permission.conversation, DECIDES, now)
    with writing(permission.agency):
        return end_permission(permission, by=by, now=now)


def end_permission(permission: Permission, *, by: Tenure, now: datetime.datetime) -> Permission:
    """The same without asking who acts: also what follows by itself when the permission it rests on ends."""
    row = _locked(permission, Side.GRANTER, State.GRANTED)
    row.state, row.revoked_at = State.REVOKED, now
    row.save(update_fields=["state", "revoked_at"])
    body = PermissionRevoke(permission=str(row.uuid), item=str(row.item.uuid), kind=Kind(row.kind))
    say(_about(row, "permission.revoke/1", body), by=by, now=now)
    return row


def tell_later(row: Permission, now: datetime.datetime) -> None:
    """Have the worker tell those who are concerned that a permission has ended; a failure there undoes nothing here."""
    jobs.enqueue(TELL, row.pk, due=now, key=str(row.pk))


def verdict_on(item: Message, need: Need, now: datetime.datetime) -> Verdict:
    """Whether an item that came in may be used so, now. Raises ItemRecalledError, ItemErasedError."""
    require_usable(item)
    return may_use(read_message(item).marking, grants_of(item), need, now)


def _locked(permission: Permission, side: Permission.Side, state: Permission.State) -> Permission:
    rows = Permission.objects.select_for_update(of=("self",))
    row = rows.select_related("item__content", "conversation__post__agency").get(pk=permission.pk)
    if row.side != side or row.state != state:
        raise PermissionStateError(state=row.state)
    return row


def _about(
    row: Permission,
    message_type: str,
    body: PermissionAsk | PermissionGrant | PermissionRefuse | PermissionRevoke,
    *,
    answers: bool = False,
) -> Saying:
    return Saying(message_type, body, row.conversation, row.item, row.other, str(row.uuid) if answers else None)
