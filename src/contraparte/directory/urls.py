"""Addresses of the published directory, below /directory/."""

from django.urls import path

from contraparte.directory import views

app_name = "directory"
urlpatterns = [
    path("<str:country>/metadata/<str:name>", views.metadata, name="metadata"),
    path("<str:country>/targets/<path:name>", views.target, name="target"),
]
