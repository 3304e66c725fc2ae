"""Addresses below /peer/ledger/."""

from django.urls import path

from contraparte.ledger import views

urlpatterns = [
    path("add-checkpoint", views.add_checkpoint),
    path("witnessed/<str:agency>/<str:peer>/<int:year>", views.witnessed),
    path("<str:agency>/<str:peer>/<int:year>/checkpoint", views.checkpoint),
    path("<str:agency>/<str:peer>/<int:year>/tile/<path:path>", views.tile),
]
