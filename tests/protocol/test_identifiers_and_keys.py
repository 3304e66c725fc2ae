import copy
import pickle
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st

from contraparte.protocol import ids
from contraparte.protocol.errors import (
    IdentifierInvalidError,
    InputError,
    KeyMalformedError,
    KeyPurposeError,
    ProtocolError,
    SignatureInvalidError,
)
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, generate, kid_for, parse_kid
from tests.protocol.builders import MESSAGE_KEY, NOW, SEALING_KEY, SENDER

PARSERS = [ids.parse_agency_id, ids.parse_post_id, ids.parse_uuid, ids.parse_type, ids.parse_nonce, parse_kid]


@given(st.text() | st.integers() | st.none() | st.binary())
@example("mx.fge-son\n")
@example("mx.ｆge")
@example("MX.fge")
@example("mx.fge-son/firearms/more")
@example("550E8400-E29B-41D4-A716-446655440000")
@example("550e8400-e29b-11d4-a716-446655440000")
def test_identifiers_parse_to_themselves_or_name_the_field(read):
    for parse in PARSERS:
        try:
            parsed = parse(read)
        except IdentifierInvalidError as error:
            assert error.params["field"]
            continue
        assert parse is parse_kid or parsed == read


@given(st.from_regex(r"\A[a-z]{2}\.[a-z0-9-]{1,40}\Z"), st.from_regex(r"\A[a-z0-9-]{1,40}\Z"))
def test_a_post_lies_in_its_agency_and_country(agency, slug):
    post = f"{agency}/{slug}"
    assert ids.parse_post_id(post) == post
    assert ids.agency_of(post) == ids.agency_of(agency) == ids.parse_agency_id(agency) == agency
    assert ids.country_of(post) == ids.country_of(agency) == agency[:2]


@pytest.mark.parametrize("post", ["mx.fge/", "mx.fge/a/b", "mx/a", "", "mx.fge/Á"])
def test_a_malformed_post_has_no_agency(post):
    with pytest.raises(IdentifierInvalidError):
        ids.agency_of(post)


def test_new_identifiers_are_what_their_parsers_accept():
    assert ids.parse_uuid(ids.new_id())
    assert ids.parse_nonce(ids.new_nonce())


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_key_is_named_after_its_agency_purpose_and_bytes(purpose):
    key = generate(SENDER, purpose)
    assert parse_kid(key.kid) == (SENDER, purpose, key.kid[-16:])
    assert key.kid == kid_for(SENDER, purpose, key.public().raw)
    assert PrivateKey(key.kid, SENDER, purpose, key.raw) == PrivateKey.of(SENDER, purpose, key.raw) == key
    assert PublicKey(key.kid, SENDER, purpose, key.public().raw) == key.public()


def test_a_key_whose_bytes_do_not_match_its_id_cannot_be_made():
    one, other = MESSAGE_KEY.public(), generate(SENDER, Purpose.MESSAGE)
    for agency, purpose, raw in [
        (SENDER, Purpose.MESSAGE, other.public().raw),
        ("mx.other", Purpose.MESSAGE, one.raw),
        (SENDER, Purpose.LOG, one.raw),
    ]:
        with pytest.raises(KeyMalformedError):
            PublicKey(one.kid, agency, purpose, raw)
    with pytest.raises(KeyMalformedError):
        PrivateKey(one.kid, SENDER, Purpose.MESSAGE, other.raw)
    with pytest.raises(KeyMalformedError):
        PrivateKey(one.kid, SENDER, Purpose.MESSAGE, other.raw[:31])


@given(st.sampled_from(list(Purpose)), st.binary(max_size=40) | st.binary(min_size=1216, max_size=1216))
def test_bytes_from_elsewhere_make_a_key_or_an_error(purpose, raw):
    try:
        PublicKey(kid_for(SENDER, purpose, raw), SENDER, purpose, raw)
    except (ProtocolError, InputError):
        return


def test_a_private_key_shows_its_id_but_not_its_bytes():
    shown = repr(MESSAGE_KEY) + str(MESSAGE_KEY)
    assert MESSAGE_KEY.kid in shown
    assert repr(MESSAGE_KEY.raw)[2:-1] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(MESSAGE_KEY)
    assert copy.copy(MESSAGE_KEY.public()) == MESSAGE_KEY.public()


def test_signatures_are_plain_ed25519_and_fail_with_the_key_id():
    signature = MESSAGE_KEY.sign(b"data")
    Ed25519PublicKey.from_public_bytes(MESSAGE_KEY.public().raw).verify(signature, b"data")
    MESSAGE_KEY.public().verify(signature, b"data")
    for bad_signature, data in [(signature, b"dato"), (signature[:-1], b"data"), (b"", b"data"), (bytes(64), b"data")]:
        with pytest.raises(SignatureInvalidError) as refused:
            MESSAGE_KEY.public().verify(bad_signature, data)
        assert refused.value.params == {"kid": MESSAGE_KEY.kid}


def test_a_sealing_key_does_not_sign():
    with pytest.raises(KeyPurposeError):
        SEALING_KEY.sign(b"")
    with pytest.raises(KeyPurposeError):
        SEALING_KEY.public().verify(b"", b"")


def test_sealing_keys_follow_the_published_x_wing_vector():
    # draft-connolly-cfrg-xwing-kem, test vectors: the first seed and the head and tail of its public key.
    seed = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
    public = PrivateKey.of(SENDER, Purpose.SEAL, seed).public().raw
    assert len(public) == 1216
    assert public.hex().startswith("e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5")


def test_validity_includes_its_start_and_excludes_its_end():
    public = MESSAGE_KEY.public()
    dated = PublicKey(public.kid, SENDER, Purpose.MESSAGE, public.raw, NOW, NOW + timedelta(days=1))
    assert not dated.is_valid_at(NOW - timedelta(seconds=1))
    assert dated.is_valid_at(NOW)
    assert not dated.is_valid_at(NOW + timedelta(days=1))
    assert public.is_valid_at(NOW)
