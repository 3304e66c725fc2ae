"""Whose records an agency holds after a change of agency, as the directories in a package say (P1.8, P5.8).

A message stays in the log of the agency that sent or got it. Where a signed change ties that agency to the packaging
one, its log proves the message as the packaging agency's own would. A change counts here as it does at a node: its
country and every reviewer have signed the same bytes with an accord key of their directory.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from contraparte.protocol.encoding import parse_object
from contraparte.protocol.errors import ContraparteError
from contraparte.protocol.keys import PublicKey, parse_kid

FOLDER: Final = "lineage"
FORMAT: Final = "contraparte-lineage/1"

Blame = Callable[[str, str, str], None]


def tied_agencies(
    agency: str, changes: Mapping[str, bytes], keys: Mapping[str, PublicKey], blame: Blame
) -> frozenset[str]:
    """The agency, and all that changes tie to it.

    `changes`: path → signed file, one that cannot be read is blamed; `keys`: the accord keys of the countries.
    Each country publishes the file with the signatures it has seen: those on the same bytes add up.
    """
    signed: dict[bytes, set[str]] = {}
    for path, data in sorted(changes.items()):
        try:
            document, countries = _signers(data, keys)
            if _format(document) == FORMAT:
                _parties(document)
                signed.setdefault(document, set()).update(countries)
        except (ContraparteError, AttributeError, KeyError, TypeError, ValueError) as error:
            blame("lineage.unproven", path, error.code if isinstance(error, ContraparteError) else type(error).__name__)
            return frozenset({agency})
    parties = [(_parties(document), countries) for document, countries in signed.items()]
    return _reached(agency, [agencies for (agencies, needed), countries in parties if needed <= countries])


def _signers(data: bytes, keys: Mapping[str, PublicKey]) -> tuple[bytes, set[str]]:
    """The exact bytes of a change and the countries that have signed them, as far as their keys are in the package."""
    file = parse_object(data, "signed document")
    document, countries = b64decode(file["document"], validate=True), set()
    for entry in file["signatures"]:
        agency, _, _ = parse_kid(entry["kid"])
        if entry["kid"] in keys:
            keys[entry["kid"]].verify(b64decode(entry["signature"], validate=True), document)
            countries.add(agency.partition(".")[0])
    return document, countries


def _format(document: bytes) -> str:
    """What a signed document is: beside changes lie what countries said of them, which tie nothing."""
    return str(parse_object(document.strip(b" \t\r\n"), "lineage")["format"])


def _parties(document: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """Old and new agencies of a change, and the countries that must have signed it."""
    told: dict[str, Any] = parse_object(document.strip(b" \t\r\n"), "lineage")
    agencies = frozenset([*told["from"], *told["to"]])
    if any(name.partition(".")[0] != told["country"] for name in agencies):
        raise ValueError(told["country"])
    return agencies, frozenset([told["country"], *told.get("reviewers", [])])


def _reached(agency: str, links: Iterable[frozenset[str]]) -> frozenset[str]:
    """All agencies that a chain of changes ties to one."""
    found, links = frozenset({agency}), list(links)
    while True:
        wider = found.union(*(link for link in links if link & found))
        if wider == found:
            return found
        found = wider
