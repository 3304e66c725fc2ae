"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from contraparte.books import views

app_name = "books"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.books, name="books"),
    path("search/", views.look, name="search"),
    path("questions/", views.log, name="log"),
    path("<int:pk>/import/", views.bring_in, name="bring_in"),
    path("imports/<int:pk>/", views.report, name="report"),
]
