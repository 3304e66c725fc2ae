"""Addresses of meetings, minutes and calendars, under those of this room."""

from django.urls import URLPattern, path

from contraparte.groups import calendar_views, meeting_views, minute_views

urlpatterns: list[URLPattern] = [
    path("<int:pk>/meetings/", meeting_views.meetings, name="meetings"),
    path("<int:pk>/meetings/call/", meeting_views.call, name="call"),
    path("meetings/<int:pk>/", meeting_views.meeting, name="meeting"),
    path("meetings/<int:pk>.ics", meeting_views.meeting_file, name="meeting_file"),
    path("meetings/<int:pk>/move/", meeting_views.move, name="move"),
    path("meetings/<int:pk>/cancel/", meeting_views.cancel, name="cancel"),
    path("meetings/<int:pk>/agenda/", meeting_views.agenda, name="agenda"),
    path("meetings/<int:pk>/authorise/", meeting_views.authorise, name="authorise"),
    path("meetings/<int:pk>/attend/", meeting_views.attend, name="attend"),
    path("meetings/<int:pk>/minutes/", minute_views.write, name="write_minutes"),
    path("meetings/<int:pk>/minutes/agree/", minute_views.agree, name="agree_minutes"),
    path("meetings/<int:pk>/minutes/dispute/", minute_views.dispute, name="dispute_minutes"),
    path("meetings/<int:pk>/minutes.pdf", minute_views.minutes_file, name="minutes_file"),
    path("calendar/", calendar_views.feed, name="calendar"),
    path("calendar/end/", calendar_views.end, name="calendar_end"),
    path("calendar/<str:secret>.ics", calendar_views.read, name="calendar_read"),
]
