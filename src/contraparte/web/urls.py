"""Addresses of this room, and of django-allauth as far as it is used.

What is not listed is not there: no sign-up, no password reset by e-mail, no e-mail addresses, nothing that
tells whether a person exists. allauth reverses its names without a namespace, so its views stay outside `web:`.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import include, path

from contraparte.web import mail_pages, views
from contraparte.web.api import pages as api_pages
from contraparte.web.api.mounting import patterns

pages = [
    path("", views.home, name="home"),
    path("post/", views.choose_post, name="choose_post"),
    path("language/", views.choose_language, name="choose_language"),
    path("search/", views.search, name="search"),
    path("notices/", views.notices, name="notices"),
    path("second-factor/", views.second_factor, name="second_factor"),
    path("once/<str:token>/", views.one_time, name="one_time"),
    path("healthz", views.healthz, name="healthz"),
    path("account/mail/", mail_pages.mail, name="mail"),
    path("account/mail/end/", mail_pages.end, name="mail_end"),
    path("account/api/", api_pages.tokens, name="api_tokens"),
    path("account/api/<int:pk>/revoke/", api_pages.revoke, name="api_revoke"),
    path("account/api/openapi.json", api_pages.openapi, name="api_openapi"),
]

sign_in = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    path("methods/", mfa.index, name="mfa_index"),
    path("code/", mfa.authenticate, name="mfa_authenticate"),
    path("code/again/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("generator/add/", totp.activate_totp, name="mfa_activate_totp"),
    path("generator/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("recovery-codes/file/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("passkeys/login/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("passkeys/again/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
]

urlpatterns = [
    path("", include((pages, "web"))),
    path("account/", include(sign_in)),
    path("api/v1/", include((patterns(), "api"))),
]
