"""Answers of a hostile peer: bounded in length and in time, and never followed elsewhere."""

import pytest

from contraparte.exchange import transport
from contraparte.exchange.transport import send_signed
from contraparte.protocol.errors import PeerAnswerError, PeerUnreachableError
from tests.exchange.small_world import SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_is_bounded_and_never_followed(
    world: SmallWorld, rude: str, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    body = b"{}" if method == "POST" else b""
    assert send_signed(method, f"{rude}/ok", body) == (200, b"x" * 1000)
    assert send_signed(method, f"{rude}/redirect", body) == (302, b"")
    for address in ("endless", "long"):
        with pytest.raises(PeerAnswerError):
            send_signed(method, f"{rude}/{address}", body)
    with pytest.raises(PeerUnreachableError, match=r"IncompleteRead|ProtocolError"):
        send_signed(method, f"{rude}/cut", body)
    monkeypatch.setattr(transport, "WHOLE_S", 0.2)
    with pytest.raises(PeerUnreachableError, match="ConnectionError"):
        send_signed(method, f"{rude}/drip", body)
