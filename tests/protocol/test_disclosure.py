import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from contraparte.protocol import limits
from contraparte.protocol.disclosure import digests_of, disclosed, has_digests, read_disclosures
from contraparte.protocol.encoding import base64url, compact_json
from contraparte.protocol.errors import (
    BoundExceededError,
    DisclosureInvalidError,
    EncodingInvalidError,
    ProtocolError,
)
from contraparte.protocol.message import TYP, issue
from tests.protocol.builders import BODY, KEYS, MESSAGE_KEY, a_message, bodies, mutations, names, scalars, values


def hidden(*parts):
    """An encoded disclosure of these parts, and its digest."""
    encoded = base64url(compact_json(list(parts))).encode()
    return encoded, base64url(hashlib.sha256(encoded).digest())


def leaves(value, top=True):
    """How many disclosures a value needs: scalars and empty containers in objects, and every element of an array."""
    if isinstance(value, dict) and (value or top):
        return sum(leaves(member, False) for member in value.values())
    if isinstance(value, list) and value:
        return sum(
            1 + (leaves(element, False) if element and type(element) in (dict, list) else 0) for element in value
        )
    return 1


@given(bodies)
def test_every_leaf_and_element_is_disclosable_and_comes_back(body):
    clear, encoded = digests_of(body)
    assert len(encoded) == leaves(body)
    assert disclosed(clear, encoded) == body
    assert not list(_scalars(disclosed(clear, [])))


def _scalars(value):
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _scalars(member)
    else:
        yield value


def test_without_disclosures_only_the_structure_is_left():
    clear, _ = digests_of(BODY)
    assert disclosed(clear, []) == {"firearm": {"marks": [], "parts": []}, "rows": []}


@given(bodies, st.randoms())
def test_any_closed_part_of_the_disclosures_can_be_read(body, random):
    clear, encoded = digests_of(body)
    kept = [disclosure for disclosure in encoded if random.random() < 0.5]
    try:
        disclosed(clear, kept)
    except DisclosureInvalidError as error:
        assert error.params["reason"] == "unreferenced disclosure"  # its element was dropped


@given(bodies)
def test_salts_are_fresh_for_each_issuance(body):
    _, first = digests_of(body)
    _, second = digests_of(body)
    assert set(first).isdisjoint(second)
    salts = [parts[0] for parts in read_disclosures(first).values()]
    assert len(set(salts)) == len(salts)
    assert all(len(salt) == 24 for salt in salts)


def test_the_order_of_digests_does_not_tell_the_order_of_members():
    clear, _ = digests_of({str(number): number for number in range(40)})
    assert clear["_sd"] == sorted(clear["_sd"])


@pytest.mark.parametrize("name", ["_sd", "..."])
def test_reserved_names_are_not_issued(name):
    for body in ({name: 1}, {"a": {name: 1}}, {"a": [{name: 1}]}, {"a": [[{"b": {name: 1}}]]}):
        with pytest.raises(DisclosureInvalidError):
            digests_of(body)
        assert has_digests(body)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), 2**53, -(2.0**60), "\0", "\ud800", b"x", (1,), {1}, object(), 1j],
)
def test_values_that_could_not_be_read_are_not_issued(value):
    for body in ({"a": value}, {"a": [value]}, {"a": {"b": value}}):
        with pytest.raises(ProtocolError):
            digests_of(body)
    if isinstance(value, str):
        with pytest.raises(EncodingInvalidError):
            digests_of({value: 1})


def test_bounds_hold_on_issuing():
    deep: dict = {"leaf": 1}
    for _ in range(limits.JSON_DEPTH):
        deep = {"a": deep}
    rows: list = []
    for _ in range(limits.JSON_DEPTH):
        rows = [rows]
    for body in (
        deep,
        {"a": rows},
        {"a": "x" * limits.DISCLOSURE_BYTES},
        {"a": list(range(limits.DISCLOSURES + 1))},
        {"k" * (limits.JSON_KEY_CHARS + 1): 1},
    ):
        with pytest.raises(BoundExceededError):
            digests_of(body)


one, one_digest = hidden("salt-one", "name", "Ana")
two, two_digest = hidden("salt-two", "name", "Eva")
element, element_digest = hidden("salt-three", 7)


@pytest.mark.parametrize(
    ("payload", "encoded"),
    [
        ({}, [one]),
        ({"_sd": [two_digest]}, [one]),
        ({"_sd": [one_digest]}, [one, one]),
        ({"_sd": [one_digest, one_digest]}, [one]),
        ({"_sd": [two_digest, two_digest]}, []),
        ({"_sd": [one_digest], "a": {"_sd": [one_digest]}}, [one]),
        ({"a": [{"...": element_digest}, {"...": element_digest}]}, [element]),
        ({"_sd": [one_digest, two_digest]}, [one, two]),
        ({"_sd": [one_digest], "name": "Eva"}, [one]),
        ({"_sd": [element_digest]}, [element]),
        ({"a": [{"...": one_digest}]}, [one]),
        ({"a": [{"...": element_digest, "b": 1}]}, [element]),
        ({"...": one_digest}, []),
        ({"a": [{"...": 5}]}, []),
        ({"_sd": one_digest}, []),
        ({"_sd": [5]}, []),
        ({"_sd": None}, []),
        ({"a": {"_sd": {}}}, []),
        ({"_sd": [hidden("s", "_sd", [])[1]]}, [hidden("s", "_sd", [])[0]]),
        ({"_sd": [hidden("s", "...", "x")[1]]}, [hidden("s", "...", "x")[0]]),
        ({"_sd": [hidden("s", 5, "x")[1]]}, [hidden("s", 5, "x")[0]]),
        ({"_sd": [hidden(5, "a", "x")[1]]}, [hidden(5, "a", "x")[0]]),
        ({"_sd": [hidden("s")[1]]}, [hidden("s")[0]]),
        ({"_sd": [hidden("s", "a", 1, 2)[1]]}, [hidden("s", "a", 1, 2)[0]]),
        ({"_sd": [hidden("s", "a", {"...": "x"})[1]]}, [hidden("s", "a", {"...": "x"})[0]]),
    ],
)
def test_disclosures_that_do_not_fit_are_refused(payload, encoded):
    with pytest.raises(DisclosureInvalidError):
        disclosed(payload, encoded)


@pytest.mark.parametrize(
    "spoil", [lambda d: d + b"=", lambda d: d[:-1], lambda d: b" " + d, lambda d: d + b"\n", lambda d: b""]
)
def test_a_disclosure_in_another_spelling_is_another_disclosure(spoil):
    with pytest.raises(ProtocolError):
        disclosed({"_sd": [one_digest]}, [spoil(one)])


def test_a_chain_of_nested_disclosures_is_bounded():
    value: object = "end"
    encoded = []
    for number in range(limits.JSON_DEPTH + 2):
        disclosure, digest = hidden(f"salt-{number}", "in", value)
        encoded.append(disclosure)
        value = {"_sd": [digest]}
    with pytest.raises(BoundExceededError):
        disclosed(value, encoded)  # type: ignore[arg-type]


def test_counts_and_sizes_are_bounded_before_parsing():
    with pytest.raises(BoundExceededError):
        read_disclosures([b"x"] * (limits.DISCLOSURES + 1))
    with pytest.raises(BoundExceededError):
        read_disclosures([b"x" * (limits.DISCLOSURE_BYTES + 1)])
    with pytest.raises(BoundExceededError):
        disclosed({"_sd": [str(number) for number in range(limits.DIGESTS + 1)]}, [])


@given(st.dictionaries(st.sampled_from(["_sd", "...", "a", "b"]), values), st.lists(st.binary(max_size=40), max_size=3))
def test_random_payloads_and_disclosures_give_a_value_or_a_protocol_error(payload, encoded):
    try:
        disclosed(payload, encoded)
    except ProtocolError:
        return


@given(mutations(one))
def test_a_mutated_disclosure_is_never_taken_for_the_signed_one(mutated):
    if mutated == one:
        return
    with pytest.raises(ProtocolError):
        disclosed({"_sd": [one_digest]}, [mutated])


# --- the sd-jwt package as oracle, in both directions ---

_JWK = JWK.from_json(
    json.dumps(
        {"kty": "OKP", "crv": "Ed25519", "x": base64url(MESSAGE_KEY.public().raw), "d": base64url(MESSAGE_KEY.raw)}
    )
)


def _marked(value):
    """The same choice of what is disclosable, in the oracle's terms."""
    if isinstance(value, dict):
        marked = {}
        for name, member in value.items():
            kept_clear = member and isinstance(member, dict | list)
            marked[name if kept_clear else SDObj(name)] = _marked(member)
        return marked
    if isinstance(value, list):
        return [SDObj(_marked(element)) for element in value]
    return value


@given(bodies)
def test_the_oracle_verifies_what_we_issue(body):
    presentation = issue(a_message(body=body), MESSAGE_KEY).decode()
    verified = SDJWTVerifier(presentation, lambda _, header: _JWK if header["typ"] == TYP else None)
    payload = verified.get_verified_payload()
    assert payload["body"] == body
    assert payload["type"] == "trace.request/1"


@given(st.dictionaries(names.filter(lambda name: name not in ("cnf", "_sd_alg")), values | scalars, max_size=5))
def test_we_read_what_the_oracle_issues_and_its_holder_presents(body):
    issuer = SDJWTIssuer(_marked(body), _JWK, sign_alg="Ed25519")
    token, *encoded = issuer.sd_jwt_issuance.encode().split(b"~")[:-1]
    payload = json.loads(issuer.sd_jwt.payload)
    payload.pop("_sd_alg")
    assert disclosed(payload, encoded) == body
    holder = SDJWTHolder(issuer.sd_jwt_issuance)
    holder.create_presentation(dict.fromkeys(list(body)[::2], True))
    token_again, *chosen = holder.sd_jwt_presentation.encode().split(b"~")[:-1]
    assert token_again == token
    oracle = SDJWTVerifier(holder.sd_jwt_presentation, lambda *_: _JWK)
    assert disclosed(payload, chosen) == oracle.get_verified_payload()


def test_keys_of_the_tests_are_the_signing_keys():
    assert KEYS[MESSAGE_KEY.kid] == MESSAGE_KEY.public()
