"""A page of fifty rows on the server, beside an empty Django view behind the same middleware; and its weight.

Taken through the whole middleware list in this process, without a socket: what a socket adds is the same for both.
"""

import gzip
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta

from bench.rows import Row, Size, percentile

ROUNDS = {Size.QUICK: 150, Size.FULL: 2_000}
ROWS = 50
ASSETS = re.compile(r"""(?:href|src)=["'](/static/[^"'?]+\.(?:css|js))""")


def measure(size: Size) -> Iterator[Row]:
    """p95 of the page in milliseconds, and the compressed bytes of a first visit."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contraparte.node.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.http import HttpResponse
    from django.test import Client, override_settings
    from django.urls import include, path, reverse

    from contraparte.web.permissions import public_page

    urls = type("Urls", (), {})
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("empty/", public_page(lambda request: HttpResponse("empty"))),
        path("", include("contraparte.node.urls")),
    ]
    client = Client()
    client.force_login(_officer(), backend=settings.AUTHENTICATION_BACKENDS[0])

    with override_settings(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"]):
        address = reverse("desk:contacts")
        shown = client.get(address)
        assert shown.status_code == 200, shown.status_code
        assert shown.content.decode().count(".bench-") >= ROWS
        ours = [_ms(client, address) for _ in range(ROUNDS[size])]
        empty = [_ms(client, "/empty/") for _ in range(ROUNDS[size])]
        yield Row(
            f"page of {ROWS} rows (contacts), p95",
            percentile(ours, 0.95),
            "ms",
            percentile(empty, 0.95),
            "an empty view behind the same middleware",
            goal="p95 under 100 ms",
            more_is_better=False,
        )
        files = [finders.find(name.removeprefix("/static/")) for name in set(ASSETS.findall(shown.content.decode()))]
        contents = [shown.content, *(open(file, "rb").read() for file in files if file)]  # noqa: PTH123, SIM115
        yield Row(
            "weight of a first visit, fonts apart",
            sum(len(gzip.compress(content)) for content in contents) / 1024,
            "KiB",
            goal="at most 300 KB compressed",
            more_is_better=False,
        )


def _officer():  # type: ignore[no-untyped-def]
    """An officer of a desk with a second factor, in a directory of many posts."""
    from allauth.mfa.models import Authenticator
    from django.utils import timezone

    from contraparte.directory.models import Agency, Person, Post, Tenure

    for number in range(ROWS + 10):
        name = f"xx.bench-{number:02}"
        agency = Agency.objects.create(id=name, country="xx", name_en=name, name_es=name, is_local=number == 0)
        Post.objects.create(id=f"{name}/desk", agency=agency, name_en="Desk", name_es="Mesa", handles=["trace.*"])
    person = Person.objects.create_user("bench", display_name="Bench")
    post = Post.objects.get(pk="xx.bench-00/desk")
    starts = timezone.now() - timedelta(days=1)
    Tenure.objects.create(person=person, post=post, roles=["officer"], starts=starts)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "bench"})
    return person


def _ms(client, address: str) -> float:  # type: ignore[no-untyped-def]
    started = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - started) * 1000
