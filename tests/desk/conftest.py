"""The small world of the exchange, with browsers for its people."""

from collections.abc import Callable

import pytest
from django.test import Client

from contraparte.directory.models import Tenure
from tests.exchange.conftest import world as world  # noqa: PLC0414  (the fixture, under its own name)
from tests.web.people import BACKEND


@pytest.fixture
def browser_of() -> Callable[[Tenure], Client]:
    """A signed-in browser of the person who holds a tenure."""

    def make(tenure: Tenure) -> Client:
        from allauth.mfa.models import Authenticator

        assert tenure.person is not None
        Authenticator.objects.get_or_create(
            user=tenure.person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "test"}}
        )
        client = Client()
        client.force_login(tenure.person, backend=BACKEND)
        return client

    return make
