"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from contraparte.traces import views, walk_views

app_name = "traces"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.desk, name="desk"),
    path("recoveries/", views.events, name="events"),
    path("recoveries/new/", views.new_event, name="new_event"),
    path("recoveries/<int:pk>/", views.event, name="event"),
    path("recoveries/<int:pk>/rows/", views.save_row, name="save_row"),
    path("recoveries/<int:pk>/import/", views.import_guns, name="import_guns"),
    path("recoveries/<int:pk>/open/", views.open_all, name="open_all"),
    path("serial/", views.serial, name="serial"),
    path("same-gun/<int:pk>/", views.warning, name="warning"),
    path("<int:pk>/", views.trace, name="trace"),
    path("<int:pk>/resubmit/", views.resubmit, name="resubmit"),
    path("<int:pk>/revise/", views.revise, name="revise"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/adopt/", views.adopt, name="adopt"),
    path("walks/<int:pk>/", walk_views.walk, name="walk"),
    path("walks/<int:pk>/refuse/", walk_views.refuse, name="refuse"),
    path("walks/<int:pk>/custodians/<int:index>/", walk_views.assist, name="assist"),
    path("book-questions/", walk_views.tasks, name="tasks"),
    path("book-questions/<uuid:uuid>/", walk_views.task, name="task"),
    path("figures/", walk_views.trends, name="trends"),
]
