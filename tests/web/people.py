"""Persons and posts for page tests: one agency on each side, and whoever a test needs to sign in."""

from datetime import UTC, datetime, timedelta

from django.test import Client

from contraparte.directory.models import Agency, Person, Post, Tenure
from contraparte.directory.rules.roles import Role

NOW = datetime.now(UTC)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PASSWORD = "ventana-nube-caballo-42"


def make_post(post_id: str = "mx.fge-son/firearms", *, name_en: str = "Firearms desk", name_es: str = "") -> Post:
    """A post and its agency, local to this node."""
    agency_id = post_id.split("/", 1)[0]
    agency, _ = Agency.objects.get_or_create(
        id=agency_id,
        defaults={
            "country": agency_id[:2],
            "name_en": {"mx.fge-son": "State Prosecutor of Sonora"}.get(agency_id, agency_id),
            "name_es": {"mx.fge-son": "Fiscalía General de Justicia de Sonora"}.get(agency_id, agency_id),
            "kind": "prosecutor",
            "operator": agency_id,
            "url": "http://127.0.0.1:1",
            "is_local": True,
        },
    )
    post, _ = Post.objects.get_or_create(
        id=post_id,
        defaults={
            "agency": agency,
            "name_en": name_en,
            "name_es": name_es or "Unidad de Armas de Fuego",
            "time_zone": "America/Hermosillo",
        },
    )
    return post


def appoint(person: Person, post: Post, *roles: Role, ends: datetime | None = None) -> Tenure:
    """A running tenure (ended where `ends` lies in the past)."""
    starts = NOW - timedelta(days=30)
    return Tenure.objects.create(
        person=person, post=post, roles=[role.value for role in roles], starts=starts, ends=ends
    )


def make_person(username: str = "ana", *, password: str | None = None, second_factor: bool = True) -> Person:
    """Somebody who can sign in; with a code generator unless told otherwise."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    person = Person.objects.create_user(username, password, display_name=f"{username.title()} Ríos")
    if second_factor:
        TOTP.activate(person, generate_totp_secret())
        assert Authenticator.objects.filter(user=person).exists()
    return person


def signed_in(*roles: Role, post: Post | None = None, username: str = "ana") -> Client:
    """A browser of a person in `post` with these roles, second factor shown."""
    person = make_person(username)
    if roles:
        appoint(person, post or make_post(), *roles)
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client
