"""Addresses for other nodes, all below /peer/ and all through `peers.from_peer`."""

from django.urls import URLPattern, URLResolver, include, path

from contraparte.exchange import peers

app_name = "exchange"
urlpatterns: list[URLPattern | URLResolver] = [
    path("messages", peers.receive_messages, name="messages"),
    path("receipts", peers.receive_receipts, name="receipts"),
    path(
        "attachments/<str:recipient>/<str:sender>/<uuid:uuid>/<int:position>/<int:offset>",
        peers.receive_piece,
        name="attachments",
    ),
    path("ledger/", include("contraparte.ledger.urls")),
]
