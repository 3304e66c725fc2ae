"""Verifying an evidence package: a BagIt bag (RFC 8493) whose every file is signed for and every message proven.

It shares no code with what wrote the package (docs/protocol/package.md describes the form) and needs no node, no
database and no network. What it finds is a list: code, path, detail. An empty list means that

  every file is the one the packaging agency signed for, none is missing and none is more;
  every key stands in a directory that leads back to the country's first root;
  every message was signed by its sender, sealed in the envelope whose signature is shown, and logged: a leaf with that
  envelope and signature lies in a log that the reader's policy trusts, under a head cosigned as the policy asks;
  every file beside a message is the one its sender described inside that signature;
  every receipt is signed by its receiver and speaks of that very message; decision and policy text belong to it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from contraparte.protocol import jws, limits
from contraparte.protocol.encoding import parse_instant, parse_object
from contraparte.protocol.errors import (
    ContraparteError,
    KeyUnknownError,
    PackageUnreadableError,
)
from contraparte.protocol.keys import PublicKey, Purpose
from contraparte.protocol.package_directory import FOLDER as DIRECTORIES
from contraparte.protocol.package_directory import Directory, read_directory
from contraparte.protocol.package_items import Item, Trust, check_item, check_note
from contraparte.protocol.package_lineage import tied_agencies
from contraparte.protocol.tlog_proof import TrustPolicy

FORMAT: Final = "contraparte-package/1"
TYP: Final = "cp-package+jws"
CONTENTS, SIGNATURE = "data/contents.json", "data/contents.jws"
BAGIT, INFO, MANIFEST, TAGS = "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"
_DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_INDEX: Final = ("data/index.html", "data/index.css")
_ENTRY: Final = frozenset({"path", "size", "sha256"})


@runtime_checkable
class Measuring(Protocol):
    """Files that can be hashed without being held in memory whole."""

    def measure(self, name: str, most: int) -> tuple[int, str]:
        """Size and SHA-256 in hex of a file, read up to `most` bytes."""


def measured(files: Mapping[str, bytes], name: str, most: int) -> tuple[int, str]:
    """Size and SHA-256 of a file: in pieces where it lies on a disk."""
    if isinstance(files, Measuring):
        return files.measure(name, most)
    data = files[name]
    return len(data), hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not hold, and where."""

    code: str
    path: str
    detail: str = ""


@dataclass
class Verdict:
    """What a package shows. `roots`: country → SHA-256 of its first root, for a person to compare."""

    agency: str = ""
    conversation: str = ""
    items: int = 0
    proofs: int = 0
    roots: dict[str, str] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    """Logs that no policy names; their heads were held to the directory in the package."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Contents:
    """The signed list of everything."""

    agency: str
    conversation: str
    made: str
    files: Mapping[str, tuple[int, str]]
    items: tuple[dict[str, Any], ...]


def verify_package(
    files: Mapping[str, bytes], policies: Sequence[TrustPolicy], roots: Mapping[str, str] | None = None
) -> Verdict:
    """Verify a bag given as path → bytes. `roots`: country → expected SHA-256 of its first root, in hex.

    PackageUnreadableError where there is no list of contents to begin with; everything else is a finding.
    """
    verdict = Verdict()

    def blame(code: str, path: str, detail: str = "") -> None:
        finding = Finding(code, path, detail)
        if finding not in verdict.findings:
            verdict.findings.append(finding)

    if CONTENTS not in files and BAGIT not in files:
        raise PackageUnreadableError(reason="no bag")
    directories = _directories(files, roots or {}, verdict, blame)
    keys = {kid: key for found in directories for kid, key in found.keys.items()}
    contents = _contents(files, blame)
    is_signed = contents is not None and _is_signed(files, contents, keys, blame)
    if contents is None:
        _blame_by_manifest(files, blame)
        return verdict
    verdict.agency, verdict.conversation = contents.agency, contents.conversation
    _check_files(files, contents, blame)
    _check_bag(files, contents, is_signed, blame)
    trust = Trust(keys, tuple(policies), _own(contents.agency, directories, blame))
    _check_items(files, contents, trust, verdict, blame)
    return verdict


# --- the list of contents and who signed it ---


def _directories(files: Mapping[str, bytes], roots: Mapping[str, str], verdict: Verdict, blame: Any) -> list[Directory]:
    countries = sorted({name[len(DIRECTORIES) :].partition("/")[0] for name in files if name.startswith(DIRECTORIES)})
    directories: list[Directory] = []
    for country in countries:
        start = f"{DIRECTORIES}{country}/"
        below = {name[len(start) :]: files[name] for name in files if name.startswith(start)}
        found = read_directory(country, below, blame)
        verdict.roots[country] = found.root
        if country in roots and roots[country] != found.root:
            blame("directory.root.other", f"{start}metadata/1.root.json", found.root)
        directories.append(found)
    for country in sorted(roots.keys() - set(countries)):
        blame("directory.missing", f"{DIRECTORIES}{country}/")
    return directories


def _own(agency: str, directories: Sequence[Directory], blame: Any) -> frozenset[str]:
    """Agencies whose logs are the packaging agency's own: itself, and those that signed changes tie to it (P1.8)."""
    changes = {path: data for found in directories for path, data in found.changes.items()}
    signing = {kid: key for found in directories for kid, key in found.accord_keys.items()}
    return tied_agencies(agency, changes, signing, blame)


def _contents(files: Mapping[str, bytes], blame: Any) -> _Contents | None:
    if CONTENTS not in files:
        blame("file.missing", CONTENTS)
        return None
    try:
        read = parse_object(files[CONTENTS], "contents")
        if read["format"] != FORMAT:
            raise ValueError("format")
        parse_instant(read["made"], "made")
        listed = {entry["path"]: (entry["size"], entry["sha256"]) for entry in read["files"] if set(entry) == _ENTRY}
        if len(listed) != len(read["files"]) or [entry["path"] for entry in read["files"]] != sorted(listed):
            blame("order", CONTENTS, "files")
        texts = (read["agency"], read["conversation"], read["made"], *(sha256 for _, sha256 in listed.values()))
        if any(type(text) is not str for text in texts) or any(type(size) is not int for size, _ in listed.values()):
            raise ValueError("type")
        return _Contents(read["agency"], read["conversation"], read["made"], listed, tuple(read["items"]))
    except (ContraparteError, KeyError, TypeError, ValueError) as error:
        blame("contents.unreadable", CONTENTS, type(error).__name__)
        return None


def _is_signed(files: Mapping[str, bytes], contents: _Contents, keys: Mapping[str, PublicKey], blame: Any) -> bool:
    if SIGNATURE not in files:
        blame("file.missing", SIGNATURE)
        return False
    try:
        _, _, kid = jws.split_detached(files[SIGNATURE], TYP)
        key = keys.get(kid)
        if key is None:
            raise KeyUnknownError(kid=kid)
        key.require(Purpose.TRANSPORT, contents.agency)
        jws.verify_detached(files[SIGNATURE], files[CONTENTS], TYP, key)
    except ContraparteError as error:
        blame("contents.unsigned", SIGNATURE, error.code)
        return False
    return True


# --- files ---


def _check_files(files: Mapping[str, bytes], contents: _Contents, blame: Any) -> None:
    """Every file listed is here as it was, and no other."""
    present = {name for name in files if name.startswith("data/")} - {CONTENTS, SIGNATURE}
    for name in sorted(contents.files.keys() - present):
        blame("file.missing", name)
    for name in sorted(present - contents.files.keys()):
        blame("file.extra", name)
    for name in sorted(present & contents.files.keys()):
        size, sha256 = contents.files[name]
        if measured(files, name, size + 1) != (size, sha256):
            blame("file.changed", name)


def _check_bag(files: Mapping[str, bytes], contents: _Contents, is_signed: bool, blame: Any) -> None:
    """The four files of the bag say what follows from the contents, byte for byte (RFC 8493)."""
    listed = {name: sha256 for name, (_, sha256) in contents.files.items()}
    for name in (CONTENTS, SIGNATURE):
        if name in files:
            listed[name] = hashlib.sha256(files[name]).hexdigest()
    size = sum(size for size, _ in contents.files.values())
    size += sum(len(files[name]) for name in (CONTENTS, SIGNATURE) if name in files)
    expected = {
        BAGIT: _DECLARATION,
        INFO: (
            f"Source-Organization: {contents.agency}\nExternal-Identifier: {contents.conversation}\n"
            f"Bagging-Date: {contents.made[:10]}\nPayload-Oxum: {size}.{len(listed)}\n"
            "Bag-Software-Agent: Contraparte\n"
        ).encode(),
        MANIFEST: _lines(listed),
    }
    expected[TAGS] = _lines({name: hashlib.sha256(data).hexdigest() for name, data in expected.items()})
    if not is_signed:
        # Which of the two was changed the signature does not tell; the bag's own list may.
        _blame_by_manifest(files, blame)
    for name in sorted({name for name in files if not name.startswith("data/")} - expected.keys()):
        blame("file.extra", name)
    for name, data in expected.items():
        if name not in files:
            blame("file.missing", name)
        elif is_signed and files[name] != data:
            blame("file.changed", name)


def _lines(hashes: Mapping[str, str]) -> bytes:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()


def _blame_by_manifest(files: Mapping[str, bytes], blame: Any) -> None:
    """Without signed contents: what the bag's own lists say is missing, more or changed."""
    for manifest, inside in ((MANIFEST, True), (TAGS, False)):
        if manifest not in files:
            blame("file.missing", manifest)
            continue
        told = [line.split("  ", 1) for line in files[manifest].decode("utf-8", "replace").splitlines()]
        hashes = {line[1]: line[0] for line in told if len(line) == 2}
        if _lines(hashes) != files[manifest]:
            blame("file.changed", manifest)
            continue
        present = {name for name in files if name.startswith("data/") == inside and name != TAGS}
        for name in sorted(hashes.keys() - present):
            blame("file.missing", name)
        for name in sorted(present - hashes.keys()):
            blame("file.extra", name)
        for name in sorted(present & hashes.keys()):
            if measured(files, name, limits.ATTACHMENT_BYTES)[1] != hashes[name]:
                blame("file.changed", name)


# --- messages ---


def _check_items(files: Mapping[str, bytes], contents: _Contents, trust: Trust, verdict: Verdict, blame: Any) -> None:
    """Each message with all that belongs to it, in the order of their making."""
    made: list[tuple[str, str]] = []
    used: set[str] = set()
    for number, entry in enumerate(contents.items, 1):
        try:
            item = Item.parse(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            blame("contents.unreadable", CONTENTS, f"item {number}: {type(error).__name__}")
            continue
        if item.place != f"{number:04d}":
            blame("order", CONTENTS, f"item {number}")
        made.append((item.created, item.id))
        used |= {name for name in contents.files if name.startswith(f"data/items/{item.place}/")}
        verdict.proofs += check_item(item, files, contents.files, trust, blame)
        verdict.items += 1
    if made != sorted(made):
        blame("order", CONTENTS, "items")
    if not contents.items:
        blame("contents.empty", CONTENTS)
    _check_rest(contents.files, used, files, trust, blame)
    verdict.logs = sorted(trust.unnamed)


def _check_rest(listed: Iterable[str], used: set[str], files: Mapping[str, bytes], trust: Trust, blame: Any) -> None:
    """What belongs to no single message: policy texts named by their hash, heads of logs, the index."""
    for name in listed:
        if name in used or name.startswith(DIRECTORIES) or name in _INDEX or name not in files:
            continue
        if name.startswith("data/policies/"):
            if name != f"data/policies/{hashlib.sha256(files[name]).hexdigest()}.cedar":
                blame("policy.hash", name)
        elif name.startswith("data/logs/"):
            check_note(name, files[name], trust, blame)
        else:
            blame("file.stranger", name)
