"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, include, path

from contraparte.groups import charter_views, promise_views, standing_views, views

app_name = "groups"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("contraparte.groups.meeting_urls")),
    path("", views.board, name="board"),
    path("new/", views.found, name="found"),
    path("extent/", standing_views.extent, name="extent"),
    path("framework/", standing_views.tree, name="tree"),
    path("promises/", promise_views.promises, name="promises"),
    path("promises/<int:pk>/", promise_views.promise, name="promise"),
    path("<int:pk>/", views.group, name="group"),
    path("<int:pk>/story/", views.story, name="story"),
    path("<int:pk>/charter/", charter_views.write, name="charter"),
    path("<int:pk>/charter/<uuid:key>/", charter_views.version, name="version"),
    path("<int:pk>/charter/<uuid:key>/approve/", charter_views.approve, name="approve"),
    path("<int:pk>/charter/<uuid:key>/decline/", charter_views.decline, name="decline"),
    path("<int:pk>/goals/<slug:key>/", promise_views.goal, name="goal"),
    path("<int:pk>/promise/", promise_views.make, name="make"),
    path("<int:pk>/decide/", standing_views.decide, name="decide"),
    path("<int:pk>/framework/", standing_views.framework, name="framework"),
    path("<int:pk>/gate/", standing_views.gate, name="gate"),
    path("<int:pk>/end/", standing_views.end, name="end"),
    path("<int:pk>/reconvene/", standing_views.reconvene, name="reconvene"),
]
