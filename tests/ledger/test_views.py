"""What peers get: the log in the C2SP forms, so that a reader rebuilds it, and nothing of a log that is not theirs."""

import pytest
from django.test import RequestFactory
from django.urls import Resolver404, resolve

from contraparte.ledger import registry, witness
from contraparte.ledger.witness import Request
from contraparte.protocol.errors import LedgerUnreadyError
from contraparte.protocol.notes import Checkpoint, Note
from contraparte.protocol.tlog import leaf_hash, root_of, verify_inclusion
from contraparte.protocol.tlog_tiles import decode_bundle
from tests.ledger.conftest import NOW, SONORA, TRACING

pytestmark = pytest.mark.django_db(transaction=True)
OURS = f"{SONORA}/{TRACING}/2026"


def call(path: str, *, caller: str = TRACING, method: str = "get", data: bytes = b""):
    from django.http import Http404

    request = getattr(RequestFactory(), method)(f"/{path}", data=data, content_type="application/octet-stream")
    request.peer = caller
    match = resolve(f"/{path}", urlconf="contraparte.ledger.urls")
    try:
        return match.func(request, *match.args, **match.kwargs)
    except Http404:
        return None


def test_a_reader_that_knows_only_the_specification_rebuilds_the_log(log_entries):
    log_entries(300)
    log_entries(277)
    head = Checkpoint.parse(Note.parse(call(f"{OURS}/checkpoint").content).text)
    assert head.size == 578
    leaves, hashes = [], b""
    for number, width in ((0, 256), (1, 256), (2, 66)):
        suffix = "" if width == 256 else f".p/{width}"
        leaves += decode_bundle(call(f"{OURS}/tile/entries/00{number}{suffix}").content, width)
        hashes += call(f"{OURS}/tile/0/00{number}{suffix}").content
    assert b"".join(leaf_hash(leaf) for leaf in leaves) == hashes
    upper = call(f"{OURS}/tile/1/000.p/2").content
    halves = [root_of([leaf_hash(leaf) for leaf in leaves[at : at + 256]]) for at in (0, 256)]
    assert upper == b"".join(halves)
    assert root_of([leaf_hash(leaf) for leaf in leaves]) == head.root
    tail = [leaf_hash(leaf) for leaf in leaves[512:]]
    whole = root_of(halves)
    verify_inclusion(tail[0], 512, 578, [*_path(tail), whole], head.root)


def _path(tail: list[bytes]) -> list[bytes]:
    from contraparte.protocol.tlog import inclusion_path

    return inclusion_path(tail, 0)


def test_the_answers_say_how_long_they_hold(log_entries):
    log_entries(300)
    assert call(f"{OURS}/checkpoint")["Cache-Control"] == "no-store"
    assert "immutable" in call(f"{OURS}/tile/0/000")["Cache-Control"]
    assert call(f"{OURS}/tile/0/000")["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("caller", ["us.atf", SONORA, "mx.stranger"])
@pytest.mark.parametrize("what", ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"])
def test_a_log_does_not_exist_for_anybody_but_its_counterpart(log_entries, caller, what):
    log_entries(3)
    assert call(f"{OURS}/{what}") is not None
    assert call(f"{OURS}/{what}", caller=caller) is None


@pytest.mark.parametrize(
    "what",
    [
        *("tile/0/000", "tile/0/001.p/1", "tile/0/000.p/5", "tile/1/000.p/1", "tile/63/000.p/1", "tile/64/000"),
        *("tile/0/0", "tile/entries/000", "tile/0/x999/x999/x999/x999/999", "tile/x/000", "tile/0/000.p/0"),
    ],
)
def test_a_tile_beyond_the_log_or_of_another_spelling_does_not_exist(log_entries, what):
    log_entries(3)
    assert call(f"{OURS}/{what}") is None


def test_a_mirrored_log_is_not_served(log_entries, peer):
    from contraparte.ledger.mirror import mirror_round
    from contraparte.ledger.rules.leaves import Kind
    from tests.ledger.peer import leaf

    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    mirror_round(SONORA, TRACING, peer, now=NOW)
    assert call(f"{TRACING}/{SONORA}/2026/checkpoint") is None


def test_a_head_is_cosigned_over_http_and_shown_to_its_owner_only(peer, keyring):
    from contraparte.ledger.rules.leaves import Kind
    from tests.ledger.peer import leaf

    peer.add(leaf(Kind.MESSAGE_ACCEPTED))
    note = peer.heads[f"{TRACING}/{SONORA}/2026"]
    where = f"witnessed/{TRACING}/{SONORA}/2026"
    assert call(where) is None
    answer = call("add-checkpoint", method="post", data=Request(0, (), note).to_bytes())
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert call(where).content == note
    assert call(where, caller="us.atf") is None
    again = call("add-checkpoint", method="post", data=Request(0, (), note).to_bytes())
    assert (again.status_code, again["Content-Type"]) == (409, "text/x.tlog.size")
    assert witness.last_cosigned(f"{TRACING}/{SONORA}/2026").size == 2


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [(f"{OURS}/checkpoint", "post", "GET"), (f"{OURS}/tile/0/000", "post", "GET"), ("add-checkpoint", "get", "POST"),
     (f"witnessed/{OURS}", "post", "GET")],
)  # fmt: skip
def test_another_method_is_refused(keyring, path, method, allowed):
    answer = call(path, method=method)
    assert (answer.status_code, answer["Allow"]) == (405, allowed)


def test_no_view_answers_before_it_is_guarded(keyring):
    registry._installed.signed = None
    for where in (f"{OURS}/checkpoint", f"{OURS}/tile/0/000", "add-checkpoint", f"witnessed/{OURS}"):
        with pytest.raises(LedgerUnreadyError):
            call(where)


def test_the_guard_of_the_day_stands_before_every_view(keyring):
    from django.http import HttpResponse

    registry._installed.signed = lambda view: lambda request, *args, **kwargs: HttpResponse(status=401)
    for where in (f"{OURS}/checkpoint", f"{OURS}/tile/0/000", "add-checkpoint", f"witnessed/{OURS}"):
        assert call(where).status_code == 401


def test_nothing_else_is_routed():
    with pytest.raises(Resolver404):
        resolve(f"/{OURS}/leaves", urlconf="contraparte.ledger.urls")
