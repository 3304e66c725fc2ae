"""Word by mail that something waits: nothing of the case, not too often, none for who left; failures never block."""

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.message import sanitize_address
from django.test import Client
from django.utils import timezone

from contraparte.directory import leaving
from contraparte.directory.models import Post, Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions as exchange
from contraparte.node.home import Home
from contraparte.node.mail_settings import MailSettings, read_mail
from contraparte.web import mailing
from contraparte.web.models import MailWish
from contraparte.web.registry import notices_for
from tests.exchange import small_world
from tests.exchange.conftest import prepared
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld
from tests.web.people import signed_in

CANARY = "GARZA-CERVANTES-4471"
ON = MailSettings(host="mail.example.org", port=587, sender="node@example.org", every_hours=24)
WHOLE = {"host": "mail.example.org", "sender": "node@example.org"}

HIDDEN_BREAK = "=?utf-8?q?=0a?=@example.org"
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


class Refusing(EmailBackend):
    """A server that knows no such address."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such user")})


class Careful(EmailBackend):
    """Looks at addresses as the backend for real servers does."""

    def send_messages(self, messages: Any) -> int:
        for one in messages:
            sanitize_address(one.to[0], "utf-8")
        return super().send_messages(messages)


class Unreachable(EmailBackend):
    """A server that is not there."""

    def open(self) -> None:
        raise TimeoutError


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    settings.MAIL, settings.NODE_NAME = ON, "Sonora"
    with prepared(settings, tmp_path):
        told = small_world.make_small_world()
        note = told.note(CANARY, told.conversation(CENTRE, SONORA), urgency="urgent", to=SONORA)
        exchange.send_all([note], now=timezone.now())
        told.settle()
        yield told


def wish(who: Tenure, language: str = "es") -> MailWish:
    assert who.person is not None
    who.person.language = language
    who.person.save()
    return mailing.wish_mail(who.person, f"{who.person.username}@example.org", now=timezone.now())


def test_a_mail_says_that_something_waits_and_nothing_of_what(world: SmallWorld) -> None:
    wish(world.officer)
    wish(world.chief, "en")
    now = timezone.now()
    assert mailing.send_waiting(now) == len(mail.outbox) == 2
    whole = {one.to[0].split("@")[0]: one for one in mail.outbox}
    told = whole[str(world.officer.person.username)]
    assert "Hay algo pendiente en su escritorio" in told.subject
    assert "Sonora" in told.body
    assert mail.outbox[1].subject == "Something waits on your desk"
    for one in mail.outbox:
        assert one.recipients() == one.to and len(one.to) == 1
        text = one.message().as_string() + one.subject + one.body
        assert not any(word in text for word in (CANARY, SONORA, CENTRE, "://", "quick", "fge-son", "note"))
        assert not any(sign.isdigit() for sign in one.body + one.subject)
        assert str(one.message()["Message-ID"]).endswith("@example.org>")
        assert set(dict(one.message())) == {
            "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date", "Message-ID",
            "Auto-Submitted",
        }  # fmt: skip

    # At most once in the interval, whoever looks; changing the address does not make it sooner.
    wish(world.officer)
    assert mailing.send_waiting(now + timedelta(hours=23)) == 0
    assert mailing.send_waiting(now + timedelta(hours=25)) == 2
    assert mailing.send_waiting(now + timedelta(hours=25)) == 0


def test_who_left_or_has_nothing_waiting_gets_none_and_who_left_is_forgotten(world: SmallWorld) -> None:
    wish(world.officer)
    keeper = world.appoint("keeper", SONORA, Role.ADMINISTRATOR)
    wish(keeper)
    leaving.announce_leaving(world.officer, leaves_at=timezone.now(), by=world.chief, now=timezone.now())
    MailWish.objects.filter(pk=keeper.person_id).update(next_at=timezone.now() + timedelta(days=1))
    assert mailing.send_waiting(timezone.now()) == 0
    assert mail.outbox == []
    assert not MailWish.objects.filter(pk=world.officer.person_id).exists()
    agency = world.officer.post.agency
    Post.objects.create(id="mx.fge-son/legal", agency=agency, name_en="Legal", name_es="Jurídico")
    quiet = world.appoint("quiet", "mx.fge-son/legal", Role.CUSTODIAN)
    assert notices_for(quiet, timezone.now()) == []
    wish(quiet)
    assert mailing.send_waiting(timezone.now()) == 0
    assert MailWish.objects.get(pk=quiet.person_id).next_at > timezone.now()


def test_ending_and_wishing_again_brings_no_mail_sooner(world: SmallWorld) -> None:
    wish(world.officer)
    now = timezone.now()
    assert mailing.send_waiting(now) == 1
    assert world.officer.person is not None
    assert mailing.end_mail(world.officer.person) and not mailing.end_mail(world.officer.person)
    assert mailing.send_waiting(now + timedelta(days=2)) == 0
    wish(world.officer)
    assert mailing.send_waiting(now + timedelta(hours=23)) == 0


def test_an_address_that_no_mail_can_bear_keeps_nobody_elses_back(world: SmallWorld, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Careful"
    for who in (world.officer, world.chief):
        wish(who)
    MailWish.objects.filter(pk=world.officer.person_id).update(address=HIDDEN_BREAK, next_at=EARLY)
    assert mailing.send_waiting(timezone.now()) == 1
    assert MailWish.objects.get(pk=world.officer.person_id).failing_since is not None


@pytest.mark.parametrize("backend", ["Refusing", "Unreachable"])
def test_a_mail_that_fails_is_tried_again_later_and_later_and_who_administers_hears(
    backend: str, world: SmallWorld, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = world.appoint("keeper", SONORA, Role.ADMINISTRATOR)
    settings.EMAIL_BACKEND = f"{__name__}.{backend}"
    wish(world.officer)
    now, pauses = timezone.now(), []
    for _ in range(9):
        assert mailing.send_waiting(now) == 0
        row = MailWish.objects.get()
        pauses.append(row.next_at - now)
        assert mailing.send_waiting(row.next_at - timedelta(seconds=1)) == 0
        now = row.next_at
    assert pauses[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert pauses[-1] == timedelta(hours=6)
    told = [one for one in notices_for(keeper, now) if "mails" in str(one.label)]
    assert [(one.count, one.since is not None) for one in told] == [(1, True)]
    assert not any("mails" in str(one.label) for one in notices_for(world.chief, now))
    assert "example.org" not in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mailing.send_waiting(now) == 1
    assert MailWish.objects.get().failing_since is None


@pytest.mark.django_db
def test_a_person_wishes_mail_on_a_page_and_ends_it_and_a_node_without_a_server_says_so(settings: Any) -> None:
    browser = signed_in(Role.OFFICER)
    page, end = "/account/mail/", "/account/mail/end/"
    assert "This node sends no mail." in browser.get(page).content.decode()
    refused = browser.post(page, {"address": "ana@example.org"})
    assert refused.status_code == 409
    assert "Who keeps the node can name a mail server" in refused.content.decode()
    settings.MAIL = ON
    wrong = browser.post(page, {"address": "ana"})
    assert (wrong.status_code, "name@example.org" in wrong.content.decode()) == (422, True)
    assert browser.post(page, {"address": "ana@example.org"}).status_code == 302
    assert "ana@example.org" in browser.get(page).content.decode()
    assert browser.get(end).status_code == 405
    other = signed_in(Role.OFFICER, username="eva")
    assert "ana@example.org" not in other.get(page).content.decode()
    other.post(end)
    assert MailWish.objects.count() == 1, "nobody ends another's"
    browser.post(end)
    assert not MailWish.objects.exclude(address="").exists()
    assert Client().post(page, {"address": "x@example.org"}).status_code == 302
    assert not MailWish.objects.exclude(address="").exists()
    hidden = browser.post(page, {"address": HIDDEN_BREAK})
    assert (hidden.status_code, "name@example.org" in hidden.content.decode()) == (422, True)
    settings.MAIL = MailSettings(fault="port")
    assert "<code>port</code>" not in browser.get(page).content.decode()
    keeper = signed_in(Role.ADMINISTRATOR, username="keeper")
    assert "<code>port</code>" in keeper.get(page).content.decode()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, ""),
        ({"tls": "tls"}, ""),
        ({"host": ""}, "host"),
        ({"host": "mail.example.org:25"}, "host"),
        ({"host": "a b"}, "host"),
        ({"tls": "none"}, "tls"),
        ({"tls": False}, "tls"),
        ({"port": 0}, "port"),
        ({"port": "587"}, "port"),
        ({"sender": "node"}, "sender"),
        ({"sender": "node@example.org\r\nBcc: x@example.org"}, "sender"),
        ({"every_hours": 0}, "every_hours"),
        ({"password": "hunter2"}, "password"),  # never in this file
        ({"user": "node"}, "password_file"),
        ({"user": "node", "password_file": "keys/open"}, "password_file"),
        ({"user": "node", "password_file": "keys/empty"}, "password_file"),
        ({"user": "node", "password_file": "keys/none"}, "password_file"),
        ({"user": "node", "password_file": "keys/mail"}, ""),
    ],
)
def test_the_settings_of_mail_are_read_or_name_what_is_wrong_and_never_go_without_tls(
    changed: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    (tmp_path / "keys").mkdir()
    for name, text, mode in (("open", "secret", 0o644), ("empty", "\n", 0o600), ("mail", "secret\n", 0o600)):
        (tmp_path / "keys" / name).write_text(text)
        (tmp_path / "keys" / name).chmod(mode)
    told = read_mail(WHOLE | changed, tmp_path)
    assert told.fault == fault
    assert told.is_on == (not fault)
    if not fault:
        assert told.tls in {"starttls", "tls"}
        assert told.password == ("secret" if "user" in changed else "")
    assert not read_mail({}, tmp_path).is_on


def test_a_mail_entry_that_is_no_table_leaves_mail_off_and_the_node_starts(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text('mail = "yes"\n[node]\nname = "Sonora"\n')
    home = Home.load(tmp_path)
    assert (home.name, read_mail(home.mail, tmp_path).fault) == ("Sonora", "mail")
