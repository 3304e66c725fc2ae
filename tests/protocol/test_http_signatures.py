import hashlib
import warnings
from datetime import timedelta
from types import SimpleNamespace

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol.errors import (
    ContraparteError,
    InputError,
    KeyPurposeError,
    KeyUnknownError,
    ProtocolError,
    RequestClockError,
    RequestSignatureError,
    SignatureInvalidError,
)
from contraparte.protocol.http_signatures import content_digest, nonce_of, sign_request, verify_request
from contraparte.protocol.keys import Purpose
from tests.protocol.builders import KEYS, MESSAGE_KEY, NOW, TRANSPORT_KEY, mutations, other_key, resolve

URL = "https://peer.example:8443/peer/batch?x=1"
BODY = b"a batch"
TYPE = {"Content-Type": "application/vnd.contraparte.batch"}
SIGNED = TYPE | sign_request("POST", URL, TYPE, BODY, TRANSPORT_KEY, NOW)


def checked(method="POST", url=URL, headers=SIGNED, body=BODY, now=NOW):
    return verify_request(method, url, headers, body, resolve, now)


def test_a_signed_request_names_the_key_and_a_fresh_nonce():
    assert checked() == KEYS[TRANSPORT_KEY.kid]
    again = TYPE | sign_request("POST", URL, TYPE, BODY, TRANSPORT_KEY, NOW)
    assert nonce_of(again) != nonce_of(SIGNED)
    lower = {name.lower(): value for name, value in SIGNED.items()}
    assert checked(headers=lower | {"X-Other": "é"}) == KEYS[TRANSPORT_KEY.kid]


def test_a_request_without_a_body_is_signed_without_a_content_type():
    signed = sign_request("GET", URL, {}, b"", TRANSPORT_KEY, NOW)
    assert "content-type" not in signed["Signature-Input"]
    assert verify_request("GET", URL, signed, b"", resolve, NOW).kid == TRANSPORT_KEY.kid
    with pytest.raises(RequestSignatureError):
        verify_request("GET", URL, signed | TYPE, b"more", resolve, NOW)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"method": "PUT"}, SignatureInvalidError),
        ({"url": URL + "1"}, SignatureInvalidError),
        ({"url": URL.replace("https", "http")}, SignatureInvalidError),
        ({"body": BODY + b"!"}, RequestSignatureError),
        ({"headers": SIGNED | {"Content-Type": "text/plain"}}, SignatureInvalidError),
        ({"headers": SIGNED | {"Content-Digest": content_digest(b"x")}}, RequestSignatureError),
        ({"headers": TYPE}, RequestSignatureError),
        ({"headers": {}}, RequestSignatureError),
        ({"headers": SIGNED | {"Signature": SIGNED["Signature"][:-4] + "==:"}}, RequestSignatureError),
        ({"headers": SIGNED | {"signature": SIGNED["Signature"]}}, RequestSignatureError),
        ({"body": b""}, RequestSignatureError),
        ({"now": NOW + timedelta(seconds=301)}, RequestClockError),
        ({"now": NOW - timedelta(seconds=301)}, RequestClockError),
    ],
)
def test_a_changed_request_is_refused(changes, error):
    with pytest.raises(error):
        checked(**changes)


@pytest.mark.parametrize("offset", [-300, 300])
def test_the_replay_window_is_three_hundred_seconds(offset):
    assert checked(now=NOW + timedelta(seconds=offset))


def test_signatures_of_other_requests_and_keys_do_not_fit():
    other = TYPE | sign_request("POST", URL + "/other", TYPE, BODY, TRANSPORT_KEY, NOW)
    with pytest.raises(SignatureInvalidError):
        checked(headers=SIGNED | {"Signature": other["Signature"]})
    stranger = TYPE | sign_request("POST", URL, TYPE, BODY, other_key(Purpose.TRANSPORT), NOW)
    with pytest.raises(KeyUnknownError):
        checked(headers=stranger)
    with pytest.raises(KeyPurposeError):
        sign_request("POST", URL, TYPE, BODY, MESSAGE_KEY, NOW)
    borrowed = SIGNED | {"Signature-Input": SIGNED["Signature-Input"].replace(TRANSPORT_KEY.kid, MESSAGE_KEY.kid)}
    with pytest.raises(KeyPurposeError):
        checked(headers=borrowed)


@pytest.mark.parametrize(
    "arguments",
    [
        ("post", URL, TYPE, BODY),
        ("POST", "ftp://x/y", TYPE, BODY),
        ("POST", "https://x/\ny", TYPE, BODY),
        ("POST", "https://x/é", TYPE, BODY),
        ("POST", "https://x/" + "y" * 3000, TYPE, BODY),
        ("POST", URL, {}, BODY),
        ("POST", URL, {"Content-Type": "a\nb"}, BODY),
        ("POST", URL, {"Content-Type": "a", "content-type": "b"}, BODY),
    ],
)
def test_what_would_be_ambiguous_is_not_signed(arguments):
    with pytest.raises(RequestSignatureError):
        sign_request(*arguments, TRANSPORT_KEY, NOW)


@given(st.sampled_from(["Content-Digest", "Signature-Input", "Signature"]), st.data())
def test_mutated_or_random_signature_headers_are_refused(name, data):
    valid = SIGNED[name].encode()
    text = data.draw(mutations(valid) | st.binary()).decode("latin-1")
    if text == SIGNED[name]:
        return
    with pytest.raises((ProtocolError, InputError)) as refused:
        checked(headers=SIGNED | {name: text})
    assert refused.value.code != ContraparteError.code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' "content-digest"', ""),
        ('"@method" ', ""),
        ('"content-type"', '"content-type";sf'),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ('alg="ed25519";', ""),
        ('tag="contraparte"', 'tag="other"'),
        ("cp=(", "sig1=("),
        (";created=", ";created=9"),
        ("created=", "created=-"),
        (";nonce=", ';expires=1;nonce="x";nonce='),
    ],
)
def test_only_the_one_profile_is_accepted(old, new):
    changed = SIGNED["Signature-Input"].replace(old, new)
    assert changed != SIGNED["Signature-Input"]
    with pytest.raises(ProtocolError):
        checked(headers=SIGNED | {"Signature-Input": changed})


# --- another implementation of RFC 9421 as oracle, in both directions ---

_KEYRING = MappingKeyResolver(
    public_keys={TRANSPORT_KEY.kid: TRANSPORT_KEY.public().parsed},
    private_keys={TRANSPORT_KEY.kid: TRANSPORT_KEY.parsed},
)
_COVERED = ("@method", "@target-uri", "content-digest", "content-type")


def test_the_oracle_verifies_what_we_sign():
    request = SimpleNamespace(method="POST", url=URL, headers=dict(SIGNED))
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=_KEYRING)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (result,) = verifier.verify(
            request, max_age=None, expect_tag="contraparte", require_components=_COVERED, body=BODY
        )
    assert result.parameters["keyid"] == TRANSPORT_KEY.kid


def test_we_verify_what_the_oracle_signs():
    request = SimpleNamespace(method="POST", url=URL, headers=TYPE | {"Content-Digest": content_digest(BODY)})
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_KEYRING).sign(
        request,
        key_id=TRANSPORT_KEY.kid,
        created=NOW,
        nonce="AAAAAAAAAAAAAAAAAAAAAA",
        tag="contraparte",
        label="cp",
        covered_component_ids=_COVERED,
        use_existing_digest=True,
    )
    assert checked(headers=dict(request.headers)) == KEYS[TRANSPORT_KEY.kid]


def test_the_digest_is_that_of_the_body():
    assert content_digest(b"") == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
