"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from contraparte.outcomes import figure_views, views

app_name = "outcomes"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.desk, name="desk"),
    path("about/<int:pk>/", views.report, name="report"),
    path("<int:pk>/", views.outcome, name="outcome"),
    path("<int:pk>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/contest/", views.contest, name="contest"),
    path("<int:pk>/correct/", views.correct, name="correct"),
    path("<int:pk>/retract/", views.retract, name="retract"),
    path("<int:pk>/victim/", views.inform, name="inform"),
    path("feedback/", views.feedback, name="feedback"),
    path("feedback/<int:pk>/", views.give, name="give"),
    path("links/", views.links, name="links"),
    path("links/<int:pk>/", views.link, name="link"),
    path("links/about/<int:pk>/", views.ask_link, name="ask_link"),
    path("figures/", figure_views.figures, name="figures"),
    path("figures.csv", figure_views.figures_csv, name="figures_csv"),
]
