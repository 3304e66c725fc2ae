"""Every address of a node. Each room keeps its own list; a room without pages has none."""

from django.urls import include, path

urlpatterns = [
    path("directory/", include("contraparte.directory.urls")),
    path("peer/", include("contraparte.exchange.urls")),
    path("", include("contraparte.web.urls")),
    path("", include("contraparte.desk.urls")),
    path("books/", include("contraparte.books.urls")),
    path("traces/", include("contraparte.traces.urls")),
    path("inquiries/", include("contraparte.inquiries.urls")),
    path("outcomes/", include("contraparte.outcomes.urls")),
    path("groups/", include("contraparte.groups.urls")),
]
