"""A document with signatures beside it: the accord, its suspension and its resumption.

The signatures cover the exact bytes of the document; each document names its own `format`, so a signature of one
kind never serves for another. The file that carries both is JSON: `document` and `signature` in base64.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from contraparte.directory.rules.documents import Signed, read_document
from contraparte.protocol import limits
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import AccordSignatureError, ContraparteError, DocumentMalformedError
from contraparte.protocol.keys import PrivateKey, PublicKey

SIGNATURES_MAX = 8  # two are needed; some may be double while two directories are merged

Resolve = Callable[[str], PublicKey]


class _Signature(Signed):
    kid: Annotated[str, Field(max_length=128)]
    signature: Annotated[str, Field(max_length=200)]


class _File(Signed):
    format: Literal["contraparte-signed/1"]
    document: Annotated[str, Field(max_length=limits.SIGNED_DOCUMENT_BYTES)]
    signatures: Annotated[list[_Signature], Field(max_length=SIGNATURES_MAX)]


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """The exact bytes that were signed, and (kid, signature) pairs in the order of kid."""

    document: bytes
    signatures: tuple[tuple[str, bytes], ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 of the document, in hex: what others cite."""
        return hashlib.sha256(self.document).hexdigest()

    def sign(self, key: PrivateKey) -> "SignedDocument":
        """The same document with one more signature."""
        return self.merge([(key.kid, key.sign(self.document))])

    def merge(self, signatures: Iterable[tuple[str, bytes]]) -> "SignedDocument":
        """The same document with the signatures of both; one kid counts once."""
        united = {**dict(self.signatures), **dict(signatures)}
        return replace(self, signatures=tuple(sorted(united.items())))

    def to_bytes(self) -> bytes:
        """The file that carries document and signatures."""
        return canonical_json(
            {
                "format": "contraparte-signed/1",
                "document": base64.b64encode(self.document).decode(),
                "signatures": [
                    {"kid": kid, "signature": base64.b64encode(value).decode()} for kid, value in self.signatures
                ],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "SignedDocument":
        """Read such a file. Raises DocumentMalformedError."""
        file = read_document(_File, data, document="signed document", limit=limits.SIGNED_DOCUMENT_BYTES)
        try:
            pairs = [(line.kid, base64.b64decode(line.signature, validate=True)) for line in file.signatures]
            document = base64.b64decode(file.document, validate=True)
        except binascii.Error as error:
            raise DocumentMalformedError(document="signed document", path="$", problem=str(error)) from error
        if len(dict(pairs)) != len(pairs):
            raise DocumentMalformedError(document="signed document", path="$.signatures", problem="a kid is repeated")
        return cls(document, tuple(sorted(pairs)))


def require_signatures(
    signed: SignedDocument, *, needed: Iterable[str], pinned: dict[str, frozenset[str]], resolve: Resolve, accord: str
) -> None:
    """Raise AccordSignatureError unless exactly one signature per needed country stands there, and no other.

    `needed`: countries, one repeated counts once (a domestic order bears one signature, ADR 0031).
    `pinned`: for each country the kids of its accord keys. `resolve`: kid to public key, P1.2.
    """
    missing = set(needed)
    for kid, signature in signed.signatures:
        country = next((name for name in missing if kid in pinned.get(name, frozenset())), None)
        if country is None:
            raise AccordSignatureError(accord=accord, reason="not a pinned key of a party, or a second one", kid=kid)
        try:
            resolve(kid).verify(signature, signed.document)
        except ContraparteError as error:
            raise AccordSignatureError(accord=accord, reason=error.code, kid=kid) from error
        missing.discard(country)
    if missing:
        raise AccordSignatureError(accord=accord, reason=f"not signed by {', '.join(sorted(missing))}")
