"""The examples of RFC 9901 run through the disclosure functions; their ES256 signatures prove the vectors."""

import base64
import json
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from contraparte.protocol.disclosure import disclosed
from contraparte.protocol.encoding import parse_base64url, parse_object
from contraparte.protocol.errors import DisclosureInvalidError, SignatureHeaderError
from contraparte.protocol.message import read
from tests.protocol.builders import resolve

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc9901.json").read_text(encoding="utf-8"))
EXAMPLES = {example["name"]: example for example in VECTORS["examples"]}


def payload_of(example):
    payload = dict(example["payload"])
    assert payload.pop("_sd_alg") == "sha-256"
    return payload


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_the_published_payload(name):
    example = EXAMPLES[name]
    encoded = [disclosure.encode() for disclosure in example["disclosures"]]
    assert disclosed(payload_of(example), encoded) == example["processed"]


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example["jwt"]])
def test_the_vector_is_the_published_one_bit_for_bit(name):
    example = EXAMPLES[name]
    token = jws.deserialize_compact(example["jwt"], ECKey.import_key(VECTORS["issuer_jwk"]), algorithms=["ES256"])
    assert json.loads(token.payload) == example["payload"]
    payload = example["jwt"].split(".")[1].encode()
    assert parse_object(parse_base64url(payload, "payload"), "payload") == example["payload"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_fewer_disclosures_give_less_and_more_are_refused(name):
    example = EXAMPLES[name]
    assert "_sd" not in json.dumps(disclosed(payload_of(example), []))
    stray = base64.urlsafe_b64encode(b'["c2FsdA","stray",1]').rstrip(b"=")
    with pytest.raises(DisclosureInvalidError):
        disclosed(payload_of(example), [*(d.encode() for d in example["disclosures"]), stray])


def test_a_member_of_a_hidden_object_is_refused_without_the_object():
    example = EXAMPLES["6.3 recursive"]
    members, whole = example["disclosures"][:4], example["disclosures"][4]
    assert disclosed(payload_of(example), [whole.encode()])["address"] == {}
    for member in members:
        with pytest.raises(DisclosureInvalidError):
            disclosed(payload_of(example), [member.encode()])


def test_our_profile_refuses_another_algorithm_and_type():
    example = EXAMPLES["5.1 issuance"]
    presentation = "~".join((example["jwt"], *example["disclosures"], "")).encode()
    with pytest.raises(SignatureHeaderError):
        read(presentation, resolve)
