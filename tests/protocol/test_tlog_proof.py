"""Proof files, files of whom to trust, addresses of tiles: read strictly, written so that other tools read them."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol import limits
from contraparte.protocol.errors import (
    ContraparteError,
    NoteMalformedError,
    NoteUnverifiedError,
    ProofError,
    TrustPolicyMalformedError,
    TrustPolicyUnmetError,
)
from contraparte.protocol.notes import Checkpoint, Note, SignatureType, VerifierKey, cosign, sign_note
from contraparte.protocol.tlog import inclusion_path, leaf_hash, root_of
from contraparte.protocol.tlog_proof import TlogProof, TrustPolicy, verify_proof
from contraparte.protocol.tlog_tiles import ENTRIES, TilePath, decode_bundle, encode_bundle
from tests.protocol.test_notes import AT, LOG, LOG_KEY, LOG_PUBLIC, ORIGIN, WITNESS, WITNESS_KEY, WITNESS_PUBLIC

LEAVES = [b"leaf %d" % n for n in range(9)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
TEXT = Checkpoint(ORIGIN, 9, root_of(HASHES)).text()
LOG_LINE = sign_note(TEXT, ORIGIN, LOG_PUBLIC, LOG_KEY.sign)
WITNESS_LINE = cosign(TEXT, WITNESS.name, WITNESS_PUBLIC, WITNESS_KEY.sign, AT)
NOTE = Note(TEXT, (LOG_LINE, WITNESS_LINE)).to_bytes()
PROOF = TlogProof(4, tuple(inclusion_path(HASHES, 4)), NOTE, LEAVES[4])
POLICY = f"log {LOG}\nwitness w1 {WITNESS}\nquorum w1\n"


def keys(count: int) -> list[VerifierKey]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    publics = [Ed25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(count)]
    return [VerifierKey(f"w{n}", SignatureType.COSIGNATURE, public) for n, public in enumerate(publics)]


def test_a_proof_file_is_laid_out_as_the_specification_says():
    lines = PROOF.to_bytes().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", f"extra {b64encode(LEAVES[4]).decode()}", "index 4"]
    assert lines[3:7] == [b64encode(step).decode() for step in PROOF.path]
    assert lines[7:11] == ["", ORIGIN, "9", b64encode(root_of(HASHES)).decode()]
    assert TlogProof.parse(PROOF.to_bytes()) == PROOF
    assert b"extra" not in TlogProof(0, (), NOTE).to_bytes()


def test_a_proof_holds_for_its_leaf_under_a_cosigned_head():
    verdict = verify_proof(PROOF, HASHES[4], TrustPolicy.parse(POLICY.encode()))
    assert (verdict.index, verdict.log, verdict.witnesses) == (4, LOG, {"w1": AT})
    with pytest.raises(ProofError):
        verify_proof(PROOF, HASHES[5], TrustPolicy.parse(POLICY.encode()))


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_changed_byte_of_a_proof_file_proves_another_leaf(place, value):
    data = bytearray(PROOF.to_bytes())
    data[place % len(data)] = value
    try:
        proof = TlogProof.parse(bytes(data))
        verdict = verify_proof(proof, leaf_hash(proof.extra or b""), TrustPolicy.parse(POLICY.encode()))
    except ContraparteError:
        return
    assert (verdict.index, proof.extra, verdict.head.root) == (4, LEAVES[4], root_of(HASHES))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c2sp.org/tlog-proof@v2\nindex 0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 00\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE[:50],
        b"c2sp.org/tlog-proof@v1\nindex 0\n"
        + b64encode(bytes(32)) * 1
        + b"\n"
        + (b64encode(bytes(32)) + b"\n") * 63
        + b"\n"
        + NOTE,
        b"c2sp.org/tlog-proof@v1\nextra " + b64encode(bytes(limits.PROOF_EXTRA_BYTES + 1)) + b"\nindex 0\n\n" + NOTE,
    ],
)
def test_what_is_no_proof_file_is_refused(data):
    with pytest.raises(NoteMalformedError):
        TlogProof.parse(data)


def test_a_head_without_the_cosignature_asked_for_is_refused():
    bare = Note(TEXT, (LOG_LINE,)).to_bytes()
    with pytest.raises(TrustPolicyUnmetError):
        verify_proof(TlogProof(4, PROOF.path, bare), HASHES[4], TrustPolicy.parse(POLICY.encode()))
    verify_proof(TlogProof(4, PROOF.path, bare), HASHES[4], TrustPolicy.parse(f"log {LOG}\nquorum none\n".encode()))


def test_a_head_of_a_log_nobody_trusts_is_refused():
    other = VerifierKey("another.example/log", SignatureType.ED25519, LOG_PUBLIC)
    for policy in (f"log {other}\nquorum none\n", f"witness w1 {WITNESS}\nquorum w1\n"):
        with pytest.raises(TrustPolicyUnmetError):
            verify_proof(PROOF, HASHES[4], TrustPolicy.parse(policy.encode()))


def test_a_false_cosignature_of_a_known_witness_is_refused_even_where_none_is_asked_for():
    false = type(WITNESS_LINE)(WITNESS_LINE.name, WITNESS_LINE.key_id, bytes(72))
    note = Note(TEXT, (LOG_LINE, false)).to_bytes()
    policy = f"log {LOG}\nwitness w1 {WITNESS}\nquorum none\n"
    with pytest.raises(NoteUnverifiedError):
        verify_proof(TlogProof(4, PROOF.path, note), HASHES[4], TrustPolicy.parse(policy.encode()))


@pytest.mark.parametrize(
    ("rule", "met_by"),
    [
        ("group g any w0 w1 w2\nquorum g", {"", "0", "1", "2", "01", "02", "12", "012"} - {""}),
        ("group g all w0 w1 w2\nquorum g", {"012"}),
        ("group g 2 w0 w1 w2\nquorum g", {"01", "02", "12", "012"}),
        ("group a any w0 w1\ngroup g all a w2\nquorum g", {"02", "12", "012"}),
        ("quorum w1", {"1", "01", "12", "012"}),
        ("quorum none", {"", "0", "1", "2", "01", "02", "12", "012"}),
    ],
)
def test_a_quorum_is_met_by_exactly_these_witnesses(rule, met_by):
    lines = "\n".join(f"witness w{n} {key}" for n, key in enumerate(keys(3)))
    policy = TrustPolicy.parse(f"{lines}\n{rule}\n".encode())
    for present in ("", "0", "1", "2", "01", "02", "12", "012"):
        cosigned = {f"w{n}": AT for n in present}
        met = policy.quorum == "none" or policy._is_met(str(policy.quorum), cosigned)
        assert met is (present in met_by)


def test_comments_blanks_tabs_and_addresses_do_not_count():
    text = f"# whom\n\n \t log\t{LOG}  https://log.example/ \n  # more\nwitness  w1 {WITNESS} https://w\nquorum w1"
    policy = TrustPolicy.parse(text.encode())
    assert (policy.logs, policy.witnesses, policy.quorum) == ([LOG], {"w1": WITNESS}, "w1")


ONE, TWO, THREE = keys(3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {LOG}\n",
        f"log {LOG}\nquorum none\nquorum none\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"log {LOG}\nlog {VerifierKey('other', SignatureType.ED25519, LOG_PUBLIC)}\nquorum none\n",
        f"witness a {ONE}\nwitness b {ONE}\nquorum none\n",
        f"witness a {ONE}\nwitness a {TWO}\nquorum none\n",
        f"witness none {ONE}\nquorum none\n",
        f"witness a {LOG}\nquorum a\n",
        f"quorum a\nwitness a {ONE}\n",
        f"witness a {ONE}\ngroup g 2 a\nquorum g\n",
        f"witness a {ONE}\ngroup g 0 a\nquorum g\n",
        f"witness a {ONE}\ngroup g 01 a\nquorum g\n",
        f"witness a {ONE}\ngroup g some a\nquorum g\n",
        f"witness a {ONE}\ngroup g any\nquorum g\n",
        f"witness a {ONE}\ngroup g any b\nquorum g\n",
        f"witness a {ONE}\ngroup g any none\nquorum g\n",
        f"witness a {ONE}\ngroup g any a a\nquorum g\n",
        f"witness a {ONE}\ngroup g any a\ngroup h any a\nquorum g\n",
        f"group g any g\nwitness a {ONE}\nquorum g\n",
        "log not-a-key\nquorum none\n",
        "quorum none\r\n",
        "quorum none\nnothing known\n",
        "#" * (limits.TRUST_POLICY_BYTES + 1),
        "\n".join(f"group g{n} any x" for n in range(3)) + "\nquorum none\n",
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(text):
    with pytest.raises(TrustPolicyMalformedError) as refused:
        TrustPolicy.parse(text.encode())
    assert "line" in refused.value.params


@given(st.binary(max_size=300))
def test_only_named_errors_come_out_of_random_bytes(data):
    for read in (TlogProof.parse, TrustPolicy.parse, lambda raw: decode_bundle(raw, 3)):
        try:
            read(data)
        except ContraparteError:
            continue


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TilePath(0, 1234067), "tile/0/x001/x234/067"),
        (TilePath(0, 273, 112), "tile/0/273.p/112"),
        (TilePath(63, 0, 1), "tile/63/000.p/1"),
        (TilePath(ENTRIES, 1000), "tile/entries/x001/000"),
        (TilePath(ENTRIES, 0, 17), "tile/entries/000.p/17"),
    ],
)
def test_tile_addresses_are_those_of_the_specification(path, text):
    assert str(path) == text
    assert TilePath.parse(text) == path


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_every_tile_has_one_address(level, number, width):
    path = TilePath(level, number, width)
    assert TilePath.parse(str(path)) == path


@pytest.mark.parametrize(
    "text",
    [
        *("tile/64/000", "tile/00/000", "tile/0/0", "tile/0/x000/001", "tile/-1/000", "/tile/0/000", "tile/0/٠٠٠"),
        *("tile/0/001.p/256", "tile/0/001.p/300", "tile/0/001.p/0", "tile/0/001.p/07"),
        *("tile/0/001/", "tile/0/001/002", "tile/entries/"),
    ],
)
def test_another_spelling_of_a_tile_is_refused(text):
    with pytest.raises(NoteMalformedError):
        TilePath.parse(text)


@given(st.lists(st.binary(max_size=limits.LEAF_BYTES), max_size=20))
def test_a_bundle_gives_back_its_leaves_and_no_other_number_of_them(leaves):
    data = encode_bundle(leaves)
    assert decode_bundle(data, len(leaves)) == leaves
    for width in (len(leaves) - 1, len(leaves) + 1):
        with pytest.raises(NoteMalformedError):
            decode_bundle(data, width)
    if data:
        with pytest.raises(NoteMalformedError):
            decode_bundle(data[:-1], len(leaves))
