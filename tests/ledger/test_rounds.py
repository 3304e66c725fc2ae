"""Rounds with a peer: cosigned heads, lost answers, an older copy of the database, a peer that lies."""

from datetime import timedelta

import pytest

from contraparte.ledger import guard, incidents, queries
from contraparte.ledger.mirror import mirror_round
from contraparte.ledger.models import Checkpoint, Cosignature, HeadSeen, Incident, Leaf, Log, Tile
from contraparte.ledger.rounds import Outcome, compare_heads, witness_round
from contraparte.ledger.rules.leaves import Kind
from contraparte.protocol.errors import LedgerRolledBackError, PeerLogError
from contraparte.protocol.keys import Purpose
from contraparte.protocol.notes import Note, verify_note
from contraparte.protocol.tlog import leaf_hash, root_of
from tests.ledger.conftest import NOW, SONORA, TRACING
from tests.ledger.peer import leaf
from tests.ledger.test_guard import roll_back

pytestmark = pytest.mark.django_db(transaction=True)
OURS = f"{SONORA}/{TRACING}/2026"
THEIRS = f"{TRACING}/{SONORA}/2026"


# --- our log at their witness ---


def test_a_head_is_cosigned_once_and_again_when_the_log_has_grown(log_entries, peer):
    log_entries(2)
    assert witness_round(OURS, peer, now=NOW) is Outcome.COSIGNED
    assert witness_round(OURS, peer, now=NOW) is Outcome.UNCHANGED
    log_entries(300)
    assert witness_round(OURS, peer, now=NOW) is Outcome.COSIGNED
    log = queries.log_of(OURS)
    assert queries.cosigned_size(log) == 303
    from contraparte.ledger import heads

    note = Note.parse(queries.latest_note(log))
    assert len(verify_note(note, [*heads.log_keys(OURS), *heads.witness_keys(TRACING)])) == 2
    assert queries.level_of(log, 302) == "cosigned"
    log_entries(1)
    assert queries.level_of(log, 303) == "local"


def test_an_answer_that_was_lost_is_asked_for_again(log_entries, peer):
    log_entries(2)
    witness_round(OURS, peer, now=NOW)
    Cosignature.objects.all().delete()
    log_entries(3)
    assert witness_round(OURS, peer, now=NOW) is Outcome.COSIGNED
    assert queries.cosigned_size(queries.log_of(OURS)) == 6


def test_a_peer_out_of_reach_changes_nothing(log_entries, peer):
    log_entries(2)
    peer.reachable = False
    with pytest.raises(OSError, match="no route"):
        witness_round(OURS, peer, now=NOW)
    assert not Cosignature.objects.exists() and not Incident.objects.exists()


def test_a_day_without_cosignature_is_an_incident(log_entries, peer):
    log_entries(2)
    peer.answers["add-checkpoint"] = (503, b"")
    assert witness_round(OURS, peer, now=NOW) is Outcome.UNANSWERED
    assert not Incident.objects.exists()
    witness_round(OURS, peer, now=NOW + timedelta(hours=25))
    assert Incident.objects.get().code == incidents.UNCOSIGNED


@pytest.mark.parametrize("body", [b"", b"nonsense\n", "— us.ntc/witness AAAAAAA=\n".encode(), b"\xff"])
def test_a_cosignature_that_does_not_verify_is_not_kept(log_entries, peer, body):
    log_entries(2)
    peer.answers["add-checkpoint"] = (200, body)
    assert witness_round(OURS, peer, now=NOW) is Outcome.REFUSED
    assert not Cosignature.objects.exists()
    assert Incident.objects.get().code == incidents.PEER_MALFORMED


def test_a_line_of_another_agencys_witness_is_not_kept(log_entries, peer, keyring):
    log_entries(2)
    keyring.private[TRACING, Purpose.WITNESS] = keyring.private[SONORA, Purpose.WITNESS]
    assert witness_round(OURS, peer, now=NOW) is Outcome.REFUSED


def test_a_witness_that_refuses_the_proof_is_an_incident(log_entries, peer):
    log_entries(2)
    peer.answers["add-checkpoint"] = (422, b"")
    assert witness_round(OURS, peer, now=NOW) is Outcome.REFUSED
    assert Incident.objects.get().code == incidents.PEER_REFUSES


def test_a_witness_that_holds_a_later_head_shows_an_older_copy_and_stops_the_signing(log_entries, peer):
    """Even where the guard was lost with the disk, the peer's cosigned head keeps the log from going back."""
    log_entries(2)
    log_entries(5)
    witness_round(OURS, peer, now=NOW)
    roll_back(3)
    Cosignature.objects.all().delete()
    guard._file(OURS).unlink()
    assert witness_round(OURS, peer, now=NOW) is Outcome.ROLLED_BACK
    assert Incident.objects.get().code == incidents.ROLLED_BACK
    assert guard.read(OURS).size == 8
    with pytest.raises(LedgerRolledBackError):
        log_entries(1)


def test_asking_peers_at_start_finds_the_older_copy(log_entries, peer):
    log_entries(2)
    log_entries(5)
    witness_round(OURS, peer, now=NOW)
    assert compare_heads(peer, now=NOW) == []
    roll_back(3)
    guard._file(OURS).unlink()
    assert [incident.code for incident in compare_heads(peer, now=NOW)] == [incidents.ROLLED_BACK]
    with pytest.raises(LedgerRolledBackError):
        log_entries(1)


def test_a_peer_that_shows_a_head_we_did_not_sign_shows_nothing(log_entries, peer):
    log_entries(2)
    peer.answers[f"witnessed/{OURS}"] = (200, peer.sign(peer.log()))
    assert [incident.code for incident in compare_heads(peer, now=NOW)] == [incidents.PEER_MALFORMED]
    assert guard.read(OURS).size == 3


def test_a_peer_out_of_reach_at_start_is_passed_over(log_entries, peer):
    log_entries(2)
    peer.reachable = False
    assert compare_heads(peer, now=NOW) == []


# --- their log in our mirror ---


def mirror(peer, now=NOW):
    return mirror_round(SONORA, TRACING, peer, now=now)


def mirrored() -> list[bytes]:
    return [bytes(row.data) for row in Leaf.objects.filter(log__origin=THEIRS).order_by("index")]


def test_a_log_is_mirrored_in_steps_of_any_size(peer):
    for count in (1, 254, 1, 300, 700):
        peer.add(*[leaf(Kind.MESSAGE_ACCEPTED) for _ in range(count)])
        (done,) = mirror(peer)
        assert (done.origin, done.after) == (THEIRS, len(peer.logs[THEIRS]))
    assert mirrored() == peer.logs[THEIRS]
    log = Log.objects.get(origin=THEIRS)
    assert (log.mine, log.size) == (False, 1257)
    assert bytes(log.note) == peer.heads[THEIRS]
    assert Tile.objects.filter(log=log, level=0).count() == 4
    assert Checkpoint.objects.filter(log=log).count() == HeadSeen.objects.count() == 5


def test_nothing_is_fetched_twice(peer):
    peer.add(*[leaf(Kind.MESSAGE_ACCEPTED) for _ in range(600)])
    mirror(peer)
    peer.asked.clear()
    mirror(peer)
    assert peer.asked == [f"{THEIRS}/checkpoint"]


def test_a_peer_without_a_log_yet_is_no_fault(peer):
    assert mirror(peer) == []


def test_a_log_that_goes_back_is_recorded_and_not_followed(peer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED), leaf(Kind.MESSAGE_ACCEPTED))
    mirror(peer)
    peer.sign(THEIRS, 2)
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert Incident.objects.get().code == incidents.PEER_ROLLED_BACK
    assert Log.objects.get(origin=THEIRS).size == 3


def test_two_roots_of_one_size_are_recorded_with_both_heads(peer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    mirror(peer)
    peer.logs[THEIRS][1] = leaf(Kind.MESSAGE_REJECTED)
    peer.sign(THEIRS)
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert set(Incident.objects.values_list("code", flat=True)) == {incidents.PEER_FORKED}
    assert HeadSeen.objects.filter(origin=THEIRS, size=2).count() == 2


def test_a_rewritten_history_is_recorded_and_nothing_of_it_kept(peer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    mirror(peer)
    before = mirrored()
    peer.logs[THEIRS][0] = leaf(Kind.MESSAGE_REJECTED)
    peer.add(leaf(Kind.MESSAGE_ACCEPTED), leaf(Kind.MESSAGE_ACCEPTED))
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert Incident.objects.get().code == incidents.PEER_FORKED
    assert mirrored() == before


def test_leaves_that_are_not_those_signed_are_not_kept(peer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    peer.logs[THEIRS][1] = leaf(Kind.MESSAGE_REJECTED)
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert mirrored() == [] and Log.objects.get(origin=THEIRS).size == 0


def test_a_leaf_out_of_layout_is_recorded_and_not_kept(peer):
    peer.add(b"a leaf of another kind")
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert Incident.objects.get().code == incidents.PEER_MALFORMED
    assert mirrored() == []


def test_a_head_signed_by_a_stranger_is_recorded_and_not_followed(peer, keyring):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    peer.keyring.private[TRACING, Purpose.LOG] = keyring.private[SONORA, Purpose.LOG]
    peer.sign(THEIRS)
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert Incident.objects.get().code == incidents.PEER_MALFORMED
    assert not Log.objects.exists()


@pytest.mark.parametrize("answer", [(500, b""), (200, b""), (200, b"\x00"), (200, b"\xff\xff" * 40_000)])
def test_a_bundle_that_is_none_leaves_the_mirror_where_it_was(peer, answer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    peer.answers[f"{THEIRS}/tile/entries/000.p/2"] = answer
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert Log.objects.get(origin=THEIRS).size == 0


def test_a_round_cut_short_is_taken_up_again(peer):
    first_page = 64 * 256
    peer.add(*[leaf(Kind.MESSAGE_ACCEPTED)] * (first_page + 10))
    peer.answers[f"{THEIRS}/tile/entries/064.p/11"] = (502, b"")
    with pytest.raises(PeerLogError):
        mirror(peer)
    assert Leaf.objects.count() == first_page and Log.objects.get(origin=THEIRS).size == 0
    peer.answers.clear()
    mirror(peer)
    assert mirrored() == peer.logs[THEIRS]


def test_a_new_year_is_followed_when_it_cites_the_end_of_the_old_one(peer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    mirror(peer)
    text = Note.parse(peer.heads[THEIRS]).text
    next_year = f"{TRACING}/{SONORA}/2027"
    peer.logs[next_year] = [leaf(Kind.LOG_OPENED, references=(leaf_hash(text.encode()),))]
    peer.add(leaf(Kind.MESSAGE_ACCEPTED), year=2027)
    done = mirror(peer, NOW.replace(year=2027))
    assert [one.origin for one in done] == [THEIRS, next_year]
    assert Log.objects.get(origin=THEIRS).closed
    assert [one.origin for one in mirror(peer, NOW.replace(year=2027))] == [next_year]


def test_a_new_year_that_drops_the_end_of_the_old_one_is_recorded(peer):
    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    mirror(peer)
    peer.add(leaf(Kind.MESSAGE_ACCEPTED), year=2027)
    with pytest.raises(PeerLogError):
        mirror(peer, NOW.replace(year=2027))
    assert Incident.objects.get().code == incidents.PEER_FORKED


def test_a_mirrored_root_is_the_one_signed(peer):
    peer.add(*[leaf(Kind.MESSAGE_ACCEPTED) for _ in range(300)])
    mirror(peer)
    from contraparte.ledger import tiles

    log = Log.objects.get(origin=THEIRS)
    assert tiles.root_at(log.pk, 301) == root_of([leaf_hash(data) for data in peer.logs[THEIRS]])
