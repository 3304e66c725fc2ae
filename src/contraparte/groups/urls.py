"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "groups"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("contraparte.groups.meeting_urls")),
]
