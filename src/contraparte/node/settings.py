"""Django settings of one node: everything comes from the folder `CONTRAPARTE_HOME` and the environment.

| environment       | meaning                                                        | default                |
|-------------------|----------------------------------------------------------------|------------------------|
| CONTRAPARTE_HOME  | the node's folder                                              | ./contraparte-home     |
| DATABASE_URL      | postgresql://user:password@host:port/name                      | SQLite in the folder   |
| CONTRAPARTE_DEBUG | 1 shows tracebacks on pages; for development on loopback only  | 0                      |
"""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from contraparte.node import database as _current_sqlite  # noqa: F401  (before Django's backend imports sqlite3)
from contraparte.node.home import Home, home_path

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
        os.replace(file.with_suffix(f".{os.getpid()}"), file)
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
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000;",
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
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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

STATIC_URL = "/static/"
STATIC_ROOT = PACKAGE / "static_built"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
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
