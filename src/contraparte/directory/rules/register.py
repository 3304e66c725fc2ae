"""What one country's directory says: the target files as shapes, and the whole as one value (P1.1).

A country speaks for itself only: its agencies' ids begin with its code, its keys belong to agencies it lists, the
accords it publishes name it as a party. What breaks that is refused, however well it is signed.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from contraparte.directory.rules.documents import Document, Instant, Signed, read_document, read_instant
from contraparte.protocol import limits
from contraparte.protocol.encoding import canonical_json, instant
from contraparte.protocol.errors import AddressInsecureError, ContraparteError, DocumentMalformedError
from contraparte.protocol.ids import country_of, parse_agency_id, parse_post_id
from contraparte.protocol.keys import PublicKey, parse_kid

AGENCIES, KEYS, LOGS = "agencies.json", "keys.json", "logs.json"
ACCORDS, SUSPENSIONS, LINEAGE = "accords/", "suspensions/", "lineage/"

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def check_address(url: str, field: str = "url") -> str:
    """A node's address without path: https, or http on this machine for a demo (P4.1). AddressInsecureError."""
    found = _ADDRESS.fullmatch(url)
    if found is None or (found["scheme"] == "http" and found["host"] not in _LOOPBACK):
        raise AddressInsecureError(field=field, read=url[:200])
    return url


def _address(url: str) -> str:
    try:
        return check_address(url)
    except AddressInsecureError as error:
        raise ValueError("an address is https://host[:port], or http:// on this machine") from error


_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?")

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Names(Signed):
    """A name in both languages."""

    en: Name
    es: Name


class PostEntry(Signed):
    """A post as published: no officers' names (P1.1)."""

    id: Annotated[str, Field(max_length=106)]
    name: Names
    channel: Annotated[str, Field(max_length=400)] = ""
    handles: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=200)] = []
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"


class AgencyEntry(Signed):
    """An agency as published, with its posts. `operator` runs its node at `url`."""

    id: Annotated[str, Field(max_length=64)]
    name: Names
    kind: Annotated[str, Field(max_length=40)]
    operator: Annotated[str, Field(max_length=64)]
    url: Annotated[str, Field(max_length=400), AfterValidator(_address)]
    posts: Annotated[list[PostEntry], Field(max_length=1_000)] = []


class KeyEntry(Signed):
    """A public key as published. `vouched` holds signatures for a key that follows an older one (P1.5)."""

    kid: Annotated[str, Field(max_length=limits.KID_CHARS)]
    raw: Annotated[str, Field(max_length=3_000)]
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    status: Literal["active", "retired", "compromised"] = "active"
    vouched: dict[str, Annotated[str, Field(max_length=200)]] = {}

    def public(self) -> PublicKey:
        """The key itself. Raises a ContraparteError or ValueError where its bytes and id do not agree."""
        agency, purpose, _ = parse_kid(self.kid)
        begins = read_instant(self.valid_from) if self.valid_from else None
        ends = read_instant(self.valid_until) if self.valid_until else None
        return PublicKey(self.kid, agency, purpose, b64decode(self.raw, validate=True), begins, ends)


class LogEntry(Signed):
    """The origin of an agency's logs and when they began."""

    agency: Annotated[str, Field(max_length=64)]
    origin: Annotated[str, Field(max_length=limits.ORIGIN_CHARS)]
    inception: Instant


class _Agencies(Signed):
    country: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    agencies: Annotated[list[AgencyEntry], Field(max_length=5_000)]


class _Keys(Signed):
    country: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    accord_keys: Annotated[list[Annotated[str, Field(max_length=limits.KID_CHARS)]], Field(max_length=10)] = []
    keys: Annotated[list[KeyEntry], Field(max_length=50_000)]


class _Logs(Signed):
    country: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    logs: Annotated[list[LogEntry], Field(max_length=5_000)] = []


@dataclass(frozen=True, slots=True)
class Register:
    """All that a country publishes. A value: the publisher makes the next one and publishes it as a whole.

    `accords`, `suspensions` and `lineage` map a name to the bytes of a signed document file; `unknown` keeps, for each
    target file, the top-level fields this release does not know.
    """

    country: str
    agencies: tuple[AgencyEntry, ...] = ()
    keys: tuple[KeyEntry, ...] = ()
    accord_keys: tuple[str, ...] = ()
    logs: tuple[LogEntry, ...] = ()
    accords: dict[str, bytes] = field(default_factory=dict)
    suspensions: dict[str, bytes] = field(default_factory=dict)
    unknown: dict[str, Document] = field(default_factory=dict)
    lineage: dict[str, bytes] = field(default_factory=dict)

    def with_agencies(self, entries: Iterable[AgencyEntry]) -> "Register":
        """The same with these agencies added, or put in the place of those with the same id."""
        merged = {entry.id: entry for entry in (*self.agencies, *entries)}
        return replace(self, agencies=tuple(sorted(merged.values(), key=lambda entry: entry.id)))

    def with_keys(self, entries: Iterable[KeyEntry]) -> "Register":
        """The same with these keys added, or put in the place of those with the same id."""
        merged = {entry.kid: entry for entry in (*self.keys, *entries)}
        return replace(self, keys=tuple(sorted(merged.values(), key=lambda entry: entry.kid)))

    def with_accord(self, name: str, signed: bytes) -> "Register":
        """The same with a signed accord published under `name`, its id."""
        return replace(self, accords={**self.accords, name: signed})

    def with_suspension(self, name: str, signed: bytes) -> "Register":
        """The same with a signed statement published under `name`, its hash."""
        return replace(self, suspensions={**self.suspensions, name: signed})

    def with_lineage(self, name: str, signed: bytes) -> "Register":
        """The same with a signed change of agency published under `name`, its hash."""
        return replace(self, lineage={**self.lineage, name: signed})

    def targets(self) -> dict[str, bytes]:
        """The target files by path, equal registers as equal bytes."""

        def file(path: str, **known: object) -> bytes:
            return canonical_json({**self.unknown.get(path, {}), "country": self.country, **known})

        return {
            AGENCIES: file(AGENCIES, agencies=[plain(entry) for entry in self.agencies]),
            KEYS: file(KEYS, keys=[plain(entry) for entry in self.keys], accord_keys=list(self.accord_keys)),
            LOGS: file(LOGS, logs=[plain(entry) for entry in self.logs]),
            **{f"{ACCORDS}{name}.json": data for name, data in self.accords.items()},
            **{f"{SUSPENSIONS}{name}.json": data for name, data in self.suspensions.items()},
            **{f"{LINEAGE}{name}.json": data for name, data in self.lineage.items()},
        }

    @classmethod
    def parse(cls, country: str, targets: dict[str, bytes]) -> "Register":
        """Read and check the target files of `country`. Raises DocumentMalformedError naming file and path."""
        for path in (AGENCIES, KEYS):
            if path not in targets:
                raise DocumentMalformedError(document=path, path="$", problem="the directory lacks this file")
        limit = limits.DIRECTORY_TARGET_BYTES
        agencies = read_document(_Agencies, targets[AGENCIES], document=AGENCIES, limit=limit)
        keys = read_document(_Keys, targets[KEYS], document=KEYS, limit=limit)
        empty = canonical_json({"country": country})
        logs = read_document(_Logs, targets.get(LOGS, empty), document=LOGS, limit=limit)
        for path, said in ((AGENCIES, agencies.country), (KEYS, keys.country), (LOGS, logs.country)):
            if said != country:
                raise DocumentMalformedError(document=path, path="$.country", problem=f"is not {country}")
        register = cls(
            country,
            tuple(agencies.agencies),
            tuple(keys.keys),
            tuple(keys.accord_keys),
            tuple(logs.logs),
            _below(targets, ACCORDS),
            _below(targets, SUSPENSIONS),
            {AGENCIES: agencies.unknown, KEYS: keys.unknown, LOGS: logs.unknown},
            _below(targets, LINEAGE),
        )
        _check_agencies(register)
        _check_keys(register)
        return register


def plain(entry: Signed) -> Document:
    """An entry as it is published: fields left at their default are left out, unknown ones stay."""
    return entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def key_entry(
    key: PublicKey, *, valid_from: datetime | None = None, valid_until: datetime | None = None, status: str = "active"
) -> KeyEntry:
    """The entry that publishes `key`."""
    return KeyEntry.model_validate(
        {
            "kid": key.kid,
            "raw": b64encode(key.raw).decode(),
            "valid_from": instant(valid_from) if valid_from else None,
            "valid_until": instant(valid_until) if valid_until else None,
            "status": status,
        }
    )


class _AgencyFile(Signed):
    agencies: Annotated[list[AgencyEntry], Field(max_length=5_000)]


class _KeyFile(Signed):
    keys: Annotated[list[KeyEntry], Field(max_length=50_000)]


def read_agencies(data: bytes) -> list[AgencyEntry]:
    """Agencies from a file `{"agencies": [...]}`. Raises DocumentMalformedError."""
    return read_document(_AgencyFile, data, document="agencies", limit=limits.DIRECTORY_TARGET_BYTES).agencies


def read_keys(data: bytes) -> list[KeyEntry]:
    """Keys from a file `{"keys": [...]}`, as `write_keys` makes it. Raises DocumentMalformedError."""
    return read_document(_KeyFile, data, document="keys", limit=limits.DIRECTORY_TARGET_BYTES).keys


def write_keys(entries: Iterable[KeyEntry]) -> bytes:
    """The file in which public keys go from the node that made them to the one that publishes."""
    return canonical_json({"keys": [plain(entry) for entry in entries]})


def _below(targets: dict[str, bytes], folder: str) -> dict[str, bytes]:
    found = sorted(path for path in targets if path.startswith(folder) and path.endswith(".json"))
    return {path.removeprefix(folder).removesuffix(".json"): targets[path] for path in found}


def _check_agencies(register: Register) -> None:
    seen: set[str] = set()
    for index, agency in enumerate(register.agencies):
        path = f"$.agencies[{index}]"
        _check(AGENCIES, f"{path}.id", lambda a=agency: parse_agency_id(a.id))
        _check(AGENCIES, f"{path}.operator", lambda a=agency: parse_agency_id(a.operator))
        if country_of(agency.id) != register.country:
            raise DocumentMalformedError(document=AGENCIES, path=f"{path}.id", problem="of another country")
        for position, post in enumerate(agency.posts):
            place = f"{path}.posts[{position}].id"
            _check(AGENCIES, place, lambda p=post: parse_post_id(p.id))
            if not post.id.startswith(f"{agency.id}/"):
                raise DocumentMalformedError(document=AGENCIES, path=place, problem="of another agency")
        here = [agency.id, *(post.id for post in agency.posts)]
        if len(set(here)) != len(here) or seen & set(here):
            raise DocumentMalformedError(document=AGENCIES, path=path, problem="an id is repeated")
        seen.update(here)


def _check_keys(register: Register) -> None:
    agencies = {agency.id for agency in register.agencies}
    seen: set[str] = set()
    for index, entry in enumerate(register.keys):
        path = f"$.keys[{index}]"
        _check(KEYS, path, entry.public)
        if parse_kid(entry.kid)[0] not in agencies:
            raise DocumentMalformedError(document=KEYS, path=f"{path}.kid", problem="of no agency of this directory")
        if entry.kid in seen:
            raise DocumentMalformedError(document=KEYS, path=f"{path}.kid", problem="is repeated")
        seen.add(entry.kid)
    for index, kid in enumerate(register.accord_keys):
        if kid not in seen or parse_kid(kid)[1] != "accord":
            raise DocumentMalformedError(document=KEYS, path=f"$.accord_keys[{index}]", problem="no accord key here")


def _check(document: str, path: str, read: object) -> None:
    try:
        read()  # type: ignore[operator]
    except (ContraparteError, ValueError) as error:
        problem = error.code if isinstance(error, ContraparteError) else str(error)
        raise DocumentMalformedError(document=document, path=path, problem=problem[:200]) from error
