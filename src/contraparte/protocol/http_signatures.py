"""Signed requests between nodes: one fixed profile of RFC 9421 (P4.1).

    Content-Digest: sha-256=:…:                                          (RFC 9530)
    Signature-Input: cp=("@method" "@target-uri" "content-digest" "content-type");created=…;keyid="…";
                     alg="ed25519";nonce="…";tag="contraparte"
    Signature: cp=:…:

A request without a body leaves out "content-type" and nothing else. The profile admits one spelling, so this reads it
with one pattern instead of a general parser of structured fields; any other implementation of RFC 9421 can sign and
verify it (ADR 0011, and the tests do so with `http-message-signatures`).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from contraparte.protocol import limits
from contraparte.protocol.errors import RequestClockError, RequestSignatureError
from contraparte.protocol.ids import new_nonce
from contraparte.protocol.jws import Resolve
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose

LABEL: Final = "cp"
TAG: Final = "contraparte"

_INPUT = re.compile(
    r'cp=(?P<params>\((?P<covered>[ a-z@"-]+)\);created=(?P<created>[0-9]{1,12});keyid="(?P<kid>[^"\\\x00-\x1f\x7f]+)"'
    r';alg="ed25519";nonce="(?P<nonce>[A-Za-z0-9_-]{22})";tag="contraparte")',
    re.ASCII,
)
_SIGNATURE = re.compile(r"cp=:([A-Za-z0-9+/]{86}==):", re.ASCII)
_METHOD = re.compile(r"[A-Z]{1,16}", re.ASCII)
_URL = re.compile(r"https?://[!-~]+", re.ASCII)
_FIELD_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?", re.ASCII)
_WITHOUT_BODY = '"@method" "@target-uri" "content-digest"'
_WITH_BODY = f'{_WITHOUT_BODY} "content-type"'


def content_digest(body: bytes) -> str:
    """The Content-Digest field of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def _signature_base(method: str, url: str, digest: str, content_type: str | None, params: str) -> bytes:
    """RFC 9421, 2.5, for the covered components of the profile."""
    if not _METHOD.fullmatch(method):
        raise RequestSignatureError(reason="method")
    if len(url) > limits.REQUEST_URL_CHARS or not _URL.fullmatch(url):
        raise RequestSignatureError(reason="target")
    lines = [f'"@method": {method}', f'"@target-uri": {url}', f'"content-digest": {digest}']
    if content_type is not None:
        if not _FIELD_VALUE.fullmatch(content_type):
            raise RequestSignatureError(reason="content-type")
        lines.append(f'"content-type": {content_type}')
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines).encode("ascii")


def _content_type(headers: Mapping[str, str], body: bytes) -> str | None:
    if not body:
        return None
    content_type = headers.get("content-type")
    if content_type is None:
        raise RequestSignatureError(reason="content-type")
    return content_type


def sign_request(  # noqa: PLR0917 - a request's parts in the order HTTP has them
    method: str, url: str, headers: Mapping[str, str], body: bytes, key: PrivateKey, now: datetime
) -> dict[str, str]:
    """The three header fields to add to a request; `headers` must hold Content-Type where there is a body.

    `url` is the whole target as the receiver will know itself. RequestSignatureError for what cannot be signed.
    """
    key.public().require(Purpose.TRANSPORT)
    content_type = _content_type(_lowered(headers), body)
    covered = _WITHOUT_BODY if content_type is None else _WITH_BODY
    params = (
        f'({covered});created={int(now.timestamp())};keyid="{key.kid}";alg="ed25519";nonce="{new_nonce()}";tag="{TAG}"'
    )
    digest = content_digest(body)
    signature = key.sign(_signature_base(method, url, digest, content_type, params))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={params}",
        "Signature": f"{LABEL}=:{base64.b64encode(signature).decode('ascii')}:",
    }


def verify_request(  # noqa: PLR0917 - as above
    method: str, url: str, headers: Mapping[str, str], body: bytes, resolve: Resolve, now: datetime
) -> PublicKey:
    """The transport key that signed this request within the last (or next) 300 seconds.

    `url` is the target this node answers to. Whether the nonce (`nonce_of`) was seen before is for the store to know.
    RequestSignatureError, RequestClockError, SignatureInvalidError, KeyPurposeError, and what `resolve` raises.
    """
    fields = _lowered(headers)
    found = _read_input(fields)
    content_type = _content_type(fields, body)
    if found["covered"] != (_WITHOUT_BODY if content_type is None else _WITH_BODY):
        raise RequestSignatureError(reason="coverage")
    digest = content_digest(body)
    if not hmac.compare_digest(fields.get("content-digest", "").encode("utf-8", "replace"), digest.encode("ascii")):
        raise RequestSignatureError(reason="content-digest")
    signature = _SIGNATURE.fullmatch(fields.get("signature", ""))
    if signature is None:
        raise RequestSignatureError(reason="signature")
    created = int(found["created"])
    if abs(now.timestamp() - created) > limits.REQUEST_SIGNATURE_S:
        raise RequestClockError(created=_shown(created), now=now)
    key = resolve(found["kid"])
    key.require(Purpose.TRANSPORT)
    key.verify(base64.b64decode(signature[1]), _signature_base(method, url, digest, content_type, found["params"]))
    return key


def nonce_of(headers: Mapping[str, str]) -> str:
    """The nonce of a verified request: with the key id it identifies the request within the replay window."""
    return _read_input(_lowered(headers))["nonce"]


def _read_input(fields: Mapping[str, str]) -> re.Match[str]:
    text = fields.get("signature-input", "")
    if len(text) <= limits.REQUEST_HEADER_CHARS and (found := _INPUT.fullmatch(text)):
        return found
    raise RequestSignatureError(reason="signature-input")


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names in lower case; a field that comes twice in two spellings has no one meaning."""
    fields = {name.lower(): value for name, value in headers.items()}
    if len(fields) != len(headers):
        raise RequestSignatureError(reason="header twice")
    return fields


def _shown(created: int) -> str:
    try:
        return datetime.fromtimestamp(created, UTC).isoformat()
    except (OverflowError, ValueError):
        return str(created)
