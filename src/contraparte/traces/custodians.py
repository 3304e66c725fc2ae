"""Who keeps which book, as the public directory tells it: look-ups that the walk is handed.

A post's `handles` says what it answers for: `maker:NAME`, `importer:NAME`, `licence:NUMBER`, and how it can be asked:
`trace.count/1` (it has a system), `call:NUMBER` (by telephone), `closed:NUMBER` (out of business). A licence may be
the identifier of an agency of the directory, whose own posts then say the same without a number (`call`, `closed`).
"""

from dataclasses import dataclass

from contraparte.directory import queries as directory
from contraparte.directory.models import Post
from contraparte.protocol.errors import AgencyUnknownError, PostUnknownError
from contraparte.protocol.ids import agency_of
from contraparte.traces.rules.walk import Custodian, Finders, Reach, Role
from contraparte.web.templatetags.pages import named as in_the_readers_language

COUNT = "trace.count/1"
REQUEST = "trace.request/1"


@dataclass(frozen=True, slots=True)
class Named:
    """How a custodian is called and where it stands; `region` is an ISO 3166-2 code or ""."""

    name_en: str
    name_es: str
    region: str
    channel: str

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return in_the_readers_language(self)


def finders(own_country: str) -> Finders:
    """The look-ups a walk of a centre in `own_country` needs; abroad only another country's centre is asked."""
    return Finders(
        maker=lambda name: _keeper(f"maker:{name}", name, Role.MAKER),
        importer=lambda name: _keeper(f"importer:{name}", name, Role.IMPORTER),
        licence=_by_licence,
        country=lambda country: "" if country == own_country else centre_of(country),
    )


def centre_of(country: str) -> str:
    """The post that takes trace requests for a country, or ""."""
    posts = directory.who_handles(REQUEST)
    return next((post.pk for post in posts if post.pk.startswith(f"{country}.")), "")


def is_centre(post: Post) -> bool:
    """Whether a post takes trace requests."""
    return bool({REQUEST, "trace.*", "trace"} & set(post.handles))


def _keeper(topic: str, name: str, role: Role) -> Custodian | None:
    post = next(iter(directory.who_handles(topic)), None)
    if post is None:
        return None
    return Custodian(post.agency_id, post.pk, _reach(post), role)


def _by_licence(licence: str) -> Custodian | None:
    for word, reach in (("closed", Reach.CLOSED), ("call", Reach.CALL)):
        if directory.who_handles(f"{word}:{licence}"):
            return Custodian(licence, "", reach)
    named = next(iter(directory.who_handles(f"licence:{licence}")), None)
    if named is not None:
        return Custodian(licence, named.pk, _reach(named))
    return _by_identifier(licence)


def _by_identifier(licence: str) -> Custodian | None:
    """A licence that is an agency's or a post's own identifier."""
    try:
        if "/" in licence:
            post = directory.post(licence)
            return Custodian(licence, post.pk, _reach(post)) if post.listed else None
        directory.agency(licence)
    except (AgencyUnknownError, PostUnknownError):
        return None
    for word, reach in (("closed", Reach.CLOSED), (COUNT, Reach.NODE), ("call", Reach.CALL)):
        if posts := directory.who_handles(word, licence):
            return Custodian(licence, posts[0].pk if reach is Reach.NODE else "", reach)
    return None


def _reach(post: Post) -> Reach:
    if "closed" in post.handles:
        return Reach.CLOSED
    return Reach.CALL if "call" in post.handles else Reach.NODE


def named(licence: str, post: str = "") -> Named:
    """What to call a custodian on pages and in a result; the bare licence where the directory does not know it."""
    agency_id = agency_of(post) if post else licence.partition("/")[0]
    try:
        agency = directory.agency(agency_id)
    except AgencyUnknownError:
        return Named(licence, licence, "", "")
    channel = next((p.channel for p in directory.who_handles("call", agency_id) if p.channel), "")
    return Named(agency.name_en, agency.name_es, str(agency.extra.get("region", "")), channel)
