"""Django settings of one node: everything comes from the folder `CONTRAPARTE_HOME` and the environment.

| environment       | meaning                                                        | default                |
|-------------------|----------------------------------------------------------------|------------------------|
| CONTRAPARTE_HOME  | the node's folder                                              | ./contraparte-home     |
| DATABASE_URL      | postgresql://user:password@host:port/name                      | SQLite in the folder   |
| CONTRAPARTE_DEBUG | 1 shows tracebacks on pages; for development on loopback only  | 0                      |
"""

import hashlib
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from contraparte.node import database as _current_sqlite  # noqa: F401  (before Django's backend imports sqlite3)
from contraparte.node.home import Home, home_path
from contraparte.node.mail_settings import read_mail

PACKAGE = Path(__file__).resolve().parent.parent

HOME = Home.load(home_path())
DEBUG = os.environ.get("CONTRAPARTE_DEBUG") == "1"
NODE_URL = HOME.url
NODE_NAME = HOME.name
NODE_OPERATOR = HOME.operator
DEMO = HOME.demo


def _secret_key() -> str:
    """The node's own secret, made on first start and kept in its key folder."""
    file = HOME.folder("keys") / "django-secret"
    if not file.exists():
        descriptor = os.open(file.with_suffix(f".{os.getpid()}"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(48))
        file.with_suffix(f".{os.getpid()}").replace(file)
    return file.read_text()


SECRET_KEY = _secret_key()
_host = urlsplit(NODE_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = sorted({_host, "127.0.0.1", "localhost"}) if _host in {"127.0.0.1", "localhost"} else [_host]
_SECURE = NODE_URL.startswith("https://")


def _database() -> dict[str, object]:
    """SQLite as PAGES of the house ask for it, or the PostgreSQL that DATABASE_URL names."""
    url = os.environ.get("DATABASE_URL") or HOME.database_url
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME.path / "node.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                "PRAGMA cache_size=-32000;",
            },
            # A file even in tests: a database in memory cannot use WAL.
            "TEST": {"NAME": str(HOME.path / "test.sqlite3")},
        }
    parts = urlsplit(url)
    options: dict[str, object] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASES = {"default": _database()}

INSTALLED_APPS = [
    "contraparte.directory",
    "contraparte.ledger",
    "contraparte.exchange",
    "contraparte.web",
    "contraparte.desk",
    "contraparte.books",
    "contraparte.traces",
    "contraparte.inquiries",
    "contraparte.outcomes",
    "contraparte.groups",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

AUTH_USER_MODEL = "directory.Person"
ROOT_URLCONF = "contraparte.node.urls"
WSGI_APPLICATION = "contraparte.node.wsgi.application"

MIDDLEWARE = [
    # First on purpose: what comes from peers is answered here and sees none of what pages need.
    "contraparte.node.middleware.PeerDoor",
    "django.middleware.security.SecurityMiddleware",
    # Programs show a token at every call; sessions and cookies are for pages.
    "contraparte.web.api.middleware.ApiDoor",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "contraparte.web.middleware.KeepPrivate",
    "contraparte.web.middleware.ReaderLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "contraparte.web.admission.CurrentTenure",
    "contraparte.web.middleware.TellProblems",
    "contraparte.web.admission.DenyUndeclared",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "contraparte.web.context.frame",
            ],
        },
    }
]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LANGUAGE_COOKIE_SAMESITE = "Lax"

# Static files are served where they lie, each address carrying the file's version (web/static_files.py).
STATIC_URL = "/static/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0 if DEBUG else 30 * 86400
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "contraparte.web.static_files.VersionedFiles"},
}

# Rate limits and lock-outs must be counted once for all processes, so the cache is a table of the node's database.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "web_cache"}}

# Sign-in: a passkey, or password and code (django-allauth). Nobody signs up; nothing is sent by e-mail.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name")},
    },
]
ACCOUNT_ADAPTER = "contraparte.web.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/15m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_ADAPTER = "contraparte.web.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _host == "localhost" and not _SECURE

# Mail says that something waits and nothing else (ADR 0115). Certificates are always verified.
MAIL = read_mail(HOME.mail, HOME.path)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL.is_on else 'dummy'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT = MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.tls == "starttls", MAIL.tls == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = MAIL.sender

# The API for programs: calls a minute for each token, and the largest body in bytes.
API_CALLS_PER_MINUTE = 300
API_BODY_MAX = 262_144

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
# Cookies know no ports: nodes that share a host (a demo on loopback) must not sign each other's people out.
_MARK = hashlib.sha256(NODE_URL.encode()).hexdigest()[:8]
SESSION_COOKIE_NAME = f"{'__Host-' if _SECURE else ''}session-{_MARK}"
CSRF_COOKIE_NAME = f"{'__Host-' if _SECURE else ''}csrf-{_MARK}"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# No content in logs: records carry codes, counts and identifiers of messages, never bodies.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("CONTRAPARTE_LOG", "WARNING")},
}
