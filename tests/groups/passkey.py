"""A passkey without a device: what a browser would send, made with a key of the test."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from contraparte.directory.models import Person

FLAG = AuthenticatorData.FLAG
ORIGIN = "https://testserver"
HOST = "testserver"


class Passkey:
    """One key of one person, known to the node."""

    def __init__(self, person: Person) -> None:
        from allauth.account.utils import user_pk_to_url_str
        from allauth.mfa.webauthn.internal.auth import WebAuthn

        self.handle = websafe_encode(user_pk_to_url_str(person).encode())
        self.key, self.id = ec.generate_private_key(ec.SECP256R1()), b"passkey-of-a-test"
        cose = ES256.from_cryptography_key(self.key.public_key())
        data = AttestedCredentialData.create(b"\0" * 16, self.id, cose)
        proof = AttestationObject.create("none", self._data(FLAG.UP | FLAG.UV | FLAG.AT, data), {})
        client = self._client("webauthn.create", "")
        WebAuthn.add(person, "key", self._wrapped(clientDataJSON=client, attestationObject=bytes(proof)))

    def answer(self, challenge: str) -> str:
        """What the browser sends for a challenge."""
        client = self._client("webauthn.get", challenge)
        data = bytes(self._data(FLAG.UP | FLAG.UV, None))
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        told = self._wrapped(clientDataJSON=client, authenticatorData=data, signature=signed)
        told["response"]["userHandle"] = self.handle
        return json.dumps(told)

    def _data(self, flags: int, credential: AttestedCredentialData | None) -> AuthenticatorData:
        return AuthenticatorData.create(hashlib.sha256(HOST.encode()).digest(), flags, 1, credential or b"")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": False}).encode()

    def _wrapped(self, **parts: bytes) -> dict[str, Any]:
        name = websafe_encode(self.id)
        response: dict[str, Any] = {field: websafe_encode(data) for field, data in parts.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
