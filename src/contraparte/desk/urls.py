"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from contraparte.desk.views import board, contacts, conversation, files, items, log, package, pouches, release

app_name = "desk"
urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/", board.show, name="board"),
    path("conversations/", board.conversations, name="conversations"),
    path("conversations/<int:pk>/", conversation.show, name="conversation"),
    path("conversations/<int:pk>/package/", package.make, name="package"),
    path("conversations/<int:pk>/files/<int:file>/", files.read_file, name="file"),
    path("release/<int:pk>/", release.show, name="release"),
    path("release/<int:pk>/redact/", release.redact, name="redact"),
    path("release/<int:pk>/attach/", files.attach, name="attach"),
    path("release/<int:pk>/files/<int:file>/", files.read_draft_file, name="draft_file"),
    path("release/<int:pk>/files/<int:file>/remove/", files.detach, name="detach"),
    path("release/<int:pk>/ask/", release.ask, name="ask"),
    path("release/<int:pk>/approve/", release.approve, name="approve"),
    path("release/<int:pk>/return/", release.give_back, name="give_back"),
    path("release/<int:pk>/send/", release.send, name="send"),
    path("release/<int:pk>/discard/", release.discard, name="discard"),
    path("release/<int:pk>/cite/<int:item>/", release.cite, name="cite"),
    path("items/<int:pk>/", items.show, name="item"),
    path("items/<int:pk>/ask/", items.ask, name="item_ask"),
    path("items/<int:pk>/recall/", items.recall, name="item_recall"),
    path("items/<int:pk>/file/", items.put_on_file, name="item_file"),
    path("items/<int:pk>/hold/", items.hold, name="item_hold"),
    path("holds/<int:pk>/lift/", items.lift, name="hold_lift"),
    path("permissions/<int:pk>/grant/", items.grant, name="grant"),
    path("permissions/<int:pk>/refuse/", items.refuse, name="refuse"),
    path("permissions/<int:pk>/revoke/", items.revoke, name="revoke"),
    path("pouches/", pouches.show, name="pouches"),
    path("pouches/make/", pouches.make, name="make_pouch"),
    path("pouches/take/", pouches.take, name="take_pouch"),
    path("pouches/<str:agency>/<int:number>/answer/", pouches.answer, name="pouch_answer"),
    path("contacts/", contacts.show, name="contacts"),
    path("log/", log.overview, name="log"),
    path("log/<int:pk>/", log.entries, name="entries"),
    path("log/<int:pk>/find/", log.find, name="find"),
    path("log/<int:pk>/<int:index>/", log.entry, name="entry"),
    path("log/<int:pk>/<int:index>/proof/", log.export, name="export"),
]
