"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from contraparte.inquiries import form_views, handing_views, letter_views, sharing_views, views

app_name = "inquiries"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.desk, name="desk"),
    path("new/", form_views.new, name="new"),
    path("gaps/", form_views.gaps, name="gaps"),
    path("<int:pk>/", views.inquiry, name="inquiry"),
    path("<int:pk>/edit/", form_views.edit, name="edit"),
    path("<int:pk>/letter/", letter_views.letter, name="letter"),
    path("<int:pk>/letter.pdf", letter_views.letter_pdf, name="letter_pdf"),
    path("<int:pk>/letter/sign/", letter_views.sign, name="sign"),
    path("<int:pk>/letter/signed/<int:copy>/", letter_views.signed_copy, name="signed_copy"),
    path("<int:pk>/letter/signed/<int:copy>/enclose/", letter_views.enclose, name="enclose"),
    path("<int:pk>/hand/", handing_views.hand, name="hand"),
    path("<int:pk>/share/", sharing_views.share, name="share"),
    path("<int:pk>/take/", sharing_views.take, name="take"),
    path("<int:pk>/comment/", sharing_views.comment, name="comment"),
    path("<int:pk>/convert/", views.convert, name="convert"),
    path("<int:pk>/redirect/", views.send_on, name="send_on"),
    path("<int:pk>/steps/<str:step>/", views.step, name="step"),
]
