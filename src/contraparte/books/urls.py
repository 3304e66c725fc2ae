"""Addresses of this room."""

from django.urls import URLPattern, URLResolver

app_name = "books"
urlpatterns: list[URLPattern | URLResolver] = []
