import hashlib
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import OKPKey

from contraparte.protocol import limits
from contraparte.protocol.attachments import SealedFile
from contraparte.protocol.encoding import base64url, compact_json
from contraparte.protocol.envelope import (
    Envelope,
    Header,
    envelope_hash,
    open_envelope,
    require_match,
    seal,
    verify,
)
from contraparte.protocol.errors import (
    BoundExceededError,
    ContraparteError,
    EnvelopeMalformedError,
    EnvelopeMismatchError,
    EnvelopeUnopenableError,
    InputError,
    KeyPurposeError,
    ProtocolError,
    SignatureHeaderError,
    SignatureInvalidError,
)
from contraparte.protocol.frames import decode_batch, encode_batch, encoded_size
from contraparte.protocol.keys import Purpose, generate
from contraparte.protocol.message import digest, issue, read
from tests.protocol.builders import (
    FIREARMS,
    MESSAGE_KEY,
    RECIPIENT,
    SEALING_KEY,
    SENDER,
    TRACING,
    TRANSPORT_KEY,
    a_file,
    a_message,
    mutations,
    other_key,
    resolve,
    values,
)

MESSAGE = a_message()
PRESENTATION = issue(MESSAGE, MESSAGE_KEY)


def sealed(presentation=PRESENTATION, **changes):
    members = {
        "message_id": MESSAGE.id,
        "sender": FIREARMS,
        "recipient": TRACING,
        "sealing_key": SEALING_KEY.public(),
        "signing_key": TRANSPORT_KEY,
    }
    return seal(presentation, **(members | changes))


ENVELOPE = sealed()
HEADER = Header.parse(ENVELOPE.header)
BATCH = encode_batch([ENVELOPE, sealed()])


def test_what_is_sealed_opens_to_the_same_bytes_and_matches():
    verify(ENVELOPE, HEADER, resolve(HEADER.signing_kid))
    presentation = open_envelope(ENVELOPE, HEADER, SEALING_KEY)
    assert presentation == PRESENTATION
    require_match(HEADER, read(presentation, resolve))


def test_the_header_names_agencies_and_sizes_and_nothing_of_the_case():
    assert json.loads(ENVELOPE.header) == {
        "version": 1,
        "id": MESSAGE.id,
        "digest": base64url(digest(PRESENTATION)),
        "sender": SENDER,
        "recipient": RECIPIENT,
        "signing": TRANSPORT_KEY.kid,
        "sealing": SEALING_KEY.kid,
        "size": len(ENVELOPE.ciphertext),
    }
    assert HEADER.size == len(PRESENTATION) + limits.SEAL_OVERHEAD_BYTES
    assert b"firearms" not in ENVELOPE.header
    assert b"tracing" not in ENVELOPE.header


def test_the_hash_covers_length_header_and_ciphertext():
    length = len(ENVELOPE.header).to_bytes(4, "big")
    expected = hashlib.sha256(length + ENVELOPE.header + hashlib.sha256(ENVELOPE.ciphertext).digest()).digest()
    assert envelope_hash(ENVELOPE) == expected
    moved = Envelope(ENVELOPE.header + b"x", ENVELOPE.ciphertext, ENVELOPE.signature)
    assert envelope_hash(moved) != expected


def test_the_signature_is_a_detached_jws_that_another_library_verifies():
    header, nothing, signature = ENVELOPE.signature.decode().split(".")
    assert nothing == ""
    token = f"{header}.{base64url(envelope_hash(ENVELOPE))}.{signature}"
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": base64url(TRANSPORT_KEY.public().raw)})
    verified = joserfc_jws.deserialize_compact(token, key, algorithms=["Ed25519"])
    assert verified.headers() == {"alg": "Ed25519", "kid": TRANSPORT_KEY.kid, "typ": "cp-envelope+jws"}


def test_the_header_is_bound_to_the_seal():
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    assert suite.decrypt(ENVELOPE.ciphertext, SEALING_KEY.parsed, info=ENVELOPE.header) == PRESENTATION
    other = Envelope(ENVELOPE.header + b" ", ENVELOPE.ciphertext, ENVELOPE.signature)
    with pytest.raises(EnvelopeUnopenableError):
        open_envelope(other, HEADER, SEALING_KEY)


@given(mutations(ENVELOPE.header), st.sampled_from(["header", "ciphertext", "signature"]), st.data())
def test_no_mutated_envelope_verifies(header, part, data):
    mutated = replace(ENVELOPE, header=header)
    if part != "header":
        mutated = replace(ENVELOPE, **{part: data.draw(mutations(getattr(ENVELOPE, part)))})
    if mutated == ENVELOPE:
        return
    with pytest.raises((ProtocolError, InputError)):
        parsed = Header.parse(mutated.header)
        verify(mutated, parsed, resolve(parsed.signing_kid))


@given(mutations(ENVELOPE.ciphertext))
def test_a_changed_ciphertext_does_not_open(ciphertext):
    if ciphertext == ENVELOPE.ciphertext:
        return
    with pytest.raises(EnvelopeUnopenableError):
        open_envelope(replace(ENVELOPE, ciphertext=ciphertext), HEADER, SEALING_KEY)


@given(st.binary() | values.map(compact_json))
def test_random_bytes_are_no_header(raw):
    with pytest.raises((ProtocolError, InputError)):
        Header.parse(raw)


@given(st.dictionaries(st.sampled_from([*json.loads(ENVELOPE.header), "attachments"]), values, min_size=1, max_size=3))
def test_a_changed_header_is_parsed_or_refused_by_a_coded_error(changes):
    try:
        Header.parse(compact_json(json.loads(ENVELOPE.header) | changes))
    except (ProtocolError, InputError) as error:
        assert error.code != ContraparteError.code


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": 2}, EnvelopeMalformedError),
        ({"version": True}, EnvelopeMalformedError),
        ({"size": limits.CIPHERTEXT_BYTES + 1}, EnvelopeMalformedError),
        ({"size": 5}, EnvelopeMalformedError),
        ({"digest": "AAAA"}, EnvelopeMalformedError),
        ({"signing": SEALING_KEY.kid}, EnvelopeMalformedError),
        ({"signing": MESSAGE_KEY.kid}, EnvelopeMalformedError),
        ({"sealing": TRANSPORT_KEY.kid}, EnvelopeMalformedError),
        ({"sender": "mx.fgr"}, EnvelopeMalformedError),
        ({"recipient": "us.other"}, EnvelopeMalformedError),
        ({"attachments": ["x"]}, EnvelopeMalformedError),
        ({"attachments": ["ab" * 32]}, EnvelopeMalformedError),
        ({"attachments": [{"sha256": "ab" * 32, "size": 100}] * 65}, EnvelopeMalformedError),
        ({"attachments": [{"sha256": "AB" * 32, "size": 100}]}, EnvelopeMalformedError),
        ({"attachments": [{"sha256": "ab" * 32, "size": 72}]}, EnvelopeMalformedError),
        ({"attachments": [{"sha256": "ab" * 32, "size": 2**41}]}, EnvelopeMalformedError),
        ({"attachments": [{"sha256": "ab" * 32, "size": True}]}, EnvelopeMalformedError),
        ({"pad": "x" * limits.HEADER_BYTES}, BoundExceededError),
    ],
)
def test_a_wrong_header_is_refused(changes, error):
    with pytest.raises(error):
        Header.parse(compact_json(json.loads(ENVELOPE.header) | changes))


def test_members_of_later_versions_stay_in_the_bytes():
    later = compact_json(json.loads(ENVELOPE.header) | {"priority": "high"})
    assert Header.parse(later) == HEADER


def test_sealed_files_are_named_by_hash_and_size():
    files = (SealedFile("ab" * 32, 100), SealedFile("cd" * 32, 5_370_000_000))
    assert Header.parse(sealed(attachments=files).header).attachments == files
    with pytest.raises(EnvelopeMalformedError):
        sealed(attachments=(SealedFile("x", 100),))


def test_a_header_that_names_other_files_than_the_message_is_refused():
    file = a_file()
    message = a_message(attachments=(file.to_json(),))
    presentation = issue(message, MESSAGE_KEY)
    own = {"message_id": message.id}
    require_match(Header.parse(sealed(presentation, attachments=[file.sealed], **own).header), message)
    for others in ([], [SealedFile("ab" * 32, file.sealed.size)], [file.sealed, file.sealed]):
        with pytest.raises(EnvelopeMismatchError, match="attachments"):
            require_match(Header.parse(sealed(presentation, attachments=others, **own).header), message)


def test_keys_of_other_purposes_or_agencies_do_not_seal_sign_or_verify():
    for changes in (
        {"sealing_key": TRANSPORT_KEY.public()},
        {"sealing_key": generate("us.other", Purpose.SEAL).public()},
        {"signing_key": MESSAGE_KEY},
        {"signing_key": generate("mx.fgr", Purpose.TRANSPORT)},
    ):
        with pytest.raises(KeyPurposeError):
            sealed(**changes)
    with pytest.raises(EnvelopeMismatchError):
        verify(ENVELOPE, HEADER, other_key(Purpose.TRANSPORT).public())
    with pytest.raises(EnvelopeMismatchError):
        open_envelope(ENVELOPE, HEADER, generate(RECIPIENT, Purpose.SEAL))


def test_a_signature_by_another_key_or_of_another_type_is_refused():
    stranger = other_key(Purpose.TRANSPORT)
    theirs = sealed(signing_key=stranger)
    with pytest.raises(EnvelopeMismatchError):
        verify(theirs, Header.parse(theirs.header), resolve(TRANSPORT_KEY.kid))
    with pytest.raises(SignatureHeaderError):
        verify(replace(ENVELOPE, signature=theirs.signature), HEADER, resolve(HEADER.signing_kid))
    with pytest.raises(SignatureInvalidError):
        verify(replace(ENVELOPE, signature=sealed().signature), HEADER, resolve(HEADER.signing_kid))


def test_an_envelope_around_another_message_is_refused():
    inner = issue(a_message(), MESSAGE_KEY)
    wrong = sealed(inner)
    parsed = Header.parse(wrong.header)
    presentation = open_envelope(wrong, parsed, SEALING_KEY)
    with pytest.raises(EnvelopeMismatchError) as refused:
        require_match(parsed, read(presentation, resolve))
    assert refused.value.params == {"field": "id"}
    for field, change in (("sender", "us.other"), ("recipient", "us.other")):
        with pytest.raises(EnvelopeMismatchError) as refused:
            require_match(replace(HEADER, **{field: change}), MESSAGE)
        assert refused.value.params == {"field": field}
    with pytest.raises(EnvelopeMismatchError):
        open_envelope(ENVELOPE, replace(HEADER, digest=bytes(32)), SEALING_KEY)


def test_a_message_is_resealed_with_the_same_id_and_digest():
    again = sealed(sealing_key=(new := generate(RECIPIENT, Purpose.SEAL)).public())
    parsed = Header.parse(again.header)
    assert (parsed.message_id, parsed.digest) == (HEADER.message_id, HEADER.digest)
    assert envelope_hash(again) != envelope_hash(ENVELOPE)
    assert open_envelope(again, parsed, new) == PRESENTATION


# --- batches ---


@given(st.lists(st.builds(Envelope, *[st.binary(min_size=1, max_size=50)] * 3), min_size=1, max_size=5))
def test_a_batch_survives_and_has_one_spelling(envelopes):
    raw = encode_batch(envelopes)
    assert decode_batch(raw) == envelopes
    assert len(raw) == 8 + sum(encoded_size(envelope) for envelope in envelopes)


@given(mutations(BATCH) | st.binary() | st.binary().map(lambda raw: b"CPB1" + raw))
def test_a_mutated_batch_is_decoded_to_what_encodes_to_it_or_refused(raw):
    try:
        envelopes = decode_batch(raw)
    except ProtocolError:
        return
    assert encode_batch(envelopes) == raw


@pytest.mark.parametrize("cut", range(0, len(BATCH), 97))
def test_a_cut_batch_is_refused(cut):
    with pytest.raises(ProtocolError):
        decode_batch(BATCH[:cut])


def test_batches_are_bounded():
    small = Envelope(b"h", b"c", b"s")
    big = Envelope(b"h", b"c" * limits.CIPHERTEXT_BYTES, b"s")
    for envelopes in (
        [],
        [small] * (limits.BATCH_ENVELOPES + 1),
        [big] * 70,
        [replace(small, header=b"h" * (limits.HEADER_BYTES + 1))],
        [replace(small, signature=b"")],
    ):
        with pytest.raises(BoundExceededError):
            encode_batch(envelopes)
    for raw in (bytes(limits.BATCH_BYTES + 1), b"CPB1" + b"\xff" * 4, b"CPB1" + bytes(4)):
        with pytest.raises(BoundExceededError):
            decode_batch(raw)
