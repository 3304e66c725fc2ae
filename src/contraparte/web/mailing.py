"""Word by mail that something waits, for who wishes it: no name, no number, no subject, no link (ADR 0115).

The worker looks, and sends outside any transaction. What fails is tried again later and later, and told to who
administers the node; no page and no delivery waits for it.
"""

import logging
import smtplib
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.protocol.errors import MailOffError
from contraparte.web.models import MailWish
from contraparte.web.registry import Notice, notices_for

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
AT_ONCE: Final = 25  # of one turn; the rest come in the next
TURN_S: Final = 20.0  # the worker has other things to look at: a slow server gets the rest in the next turn
LOOK_AGAIN: Final = timedelta(minutes=10)  # after a look that found nothing
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)  # between tries


def wish_mail(person: Person, address: str, *, now: datetime) -> MailWish:
    """Have a mail sent when something waits; another address takes the place of the last. Raises MailOffError."""
    if not settings.MAIL.is_on:
        raise MailOffError
    told = {"address": address, "next_at": now, "failing_since": None, "tries": 0}
    known = MailWish.objects.filter(pk=person.pk).first()
    if known is not None and known.sent_at is not None:
        told["next_at"] = max(now, known.sent_at + _interval())
    return MailWish.objects.update_or_create(person=person, defaults=told)[0]


def end_mail(person: Person) -> bool:
    """Send none any more, and forget the address. False where there was no wish.

    When the last mail left is kept: else ending and wishing anew would send one each time, to any address.
    """
    kept = MailWish.objects.filter(person=person).exclude(address="")
    return bool(kept.update(address="", failing_since=None, tries=0))


def wish_of(person: Person) -> MailWish | None:
    """The wish of a person that stands."""
    return MailWish.objects.filter(person=person).exclude(address="").first()


def send_waiting(now: datetime) -> int:
    """Look at who is due and send to those for whom something waits; returns how many mails left."""
    if not settings.MAIL.is_on:
        return 0
    wishes = [one for one in _due(now) if _is_taken(one, now)]
    waiting = [one for one in wishes if _waits(one, now)]
    return _send(waiting, now) if waiting else 0


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """What who administers the node hears: mail that could not be sent, settings that cannot be read."""
    since = list(
        MailWish.objects.exclude(failing_since=None)
        .order_by("failing_since")
        .values_list("failing_since", flat=True)[:1000]
    )
    page = reverse("web:mail")
    yield Notice(gettext_lazy("mails that could not be sent"), len(since), page, since[0] if since else None)
    yield Notice(gettext_lazy("settings of mail that cannot be read"), int(bool(settings.MAIL.fault)), page)


def _due(now: datetime) -> Sequence[MailWish]:
    wishes = MailWish.objects.exclude(address="").filter(next_at__lte=now)
    return list(wishes.select_related("person")[:AT_ONCE])


def _is_taken(wish: MailWish, now: datetime) -> bool:
    """Take a wish for this turn, so that of several workers one looks at it."""
    mine = MailWish.objects.filter(pk=wish.pk, next_at=wish.next_at).update(next_at=now + LOOK_AGAIN)
    return bool(mine)


def _waits(wish: MailWish, now: datetime) -> bool:
    """Whether something waits for a post this person holds. Who holds none any more gets none: the wish ends."""
    held = list(directory.active_tenures(wish.person, now)) if wish.person.is_active else []
    if not held:
        wish.delete()
    return any(notices_for(tenure, now) for tenure in held)


def _send(wishes: Sequence[MailWish], now: datetime) -> int:
    """Send one after the other over one connection; once the server is lost, the rest has failed as well.

    An address that no mail can bear fails alone.
    """
    sent, left, ends = 0, list(wishes), time.monotonic() + TURN_S
    connection = get_connection()
    try:
        connection.open()
        while left and time.monotonic() < ends:
            try:
                _message(left[0], connection).send()
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError) as error:
                _note_failed(left.pop(0), error, now)
            else:
                MailWish.objects.filter(pk=left.pop(0).pk).update(
                    sent_at=now, next_at=now + _interval(), failing_since=None, tries=0
                )
                sent += 1
    except (OSError, smtplib.SMTPException) as error:
        for wish in left:
            _note_failed(wish, error, now)
    finally:
        connection.close()
    return sent


def _message(wish: MailWish, connection: BaseEmailBackend) -> EmailMessage:
    """The mail: the same for everybody of a language, but for the address and the id."""
    sender = settings.MAIL.sender
    with override(wish.person.language):
        subject = _("Something waits on your desk")
        body = _(
            "Something waits on your desk at %(node)s.\n\n"
            "Sign in there as you always do. This mail says no more on purpose: it names no case and nobody, "
            "and it has no link.\n\n"
            "You asked for it. End it on the page Mail of your account.\n"
        ) % {"node": settings.NODE_NAME}
    headers = {
        "Message-ID": make_msgid(domain=sender.rpartition("@")[2]),  # else it would name this machine
        "Auto-Submitted": "auto-generated",
    }
    return EmailMessage(subject, body, sender, [wish.address], headers=headers, connection=connection)


def _note_failed(wish: MailWish, error: Exception, now: datetime) -> None:
    log.warning("a mail was not sent: %s", type(error).__name__)  # the words of the error may hold an address
    pause = min(FIRST_PAUSE * 2 ** min(wish.tries, 10), LONGEST_PAUSE)
    MailWish.objects.filter(pk=wish.pk).update(
        next_at=now + pause, failing_since=wish.failing_since or now, tries=wish.tries + 1
    )


def _interval() -> timedelta:
    return timedelta(hours=settings.MAIL.every_hours)
