"""One-time links: a demo's way in, on loopback, once."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.protocol.errors import OneTimeLinkRefusedError
from contraparte.web.models import OneTimeLink
from contraparte.web.one_time import make_one_time_link
from tests.web.people import appoint, make_person, make_post


@pytest.fixture
def demo(db: None, settings: Any) -> Any:
    settings.DEMO = True
    settings.NODE_URL = "http://127.0.0.1:8000"
    return settings


def link_for(**more: Any) -> str:
    person = make_person(second_factor=False)
    tenure = appoint(person, make_post(), Role.OFFICER)
    return urlsplit(make_one_time_link(person, tenure=tenure, now=timezone.now(), **more)).path


def test_a_link_signs_in_for_its_post_and_lands_where_it_says(demo: Any) -> None:
    client = Client()
    answer = client.get(link_for(lands_on="/notices/"))
    assert answer["Location"] == "/notices/"
    assert client.get("/notices/").status_code == 200


def test_a_link_works_once(demo: Any) -> None:
    address = link_for()
    assert Client().get(address).status_code == 302
    again = Client()
    assert again.get(address).status_code == 403
    assert again.get("/notices/").status_code == 302


def test_an_old_link_does_not_work(demo: Any) -> None:
    assert Client().get(link_for(life=timedelta(seconds=-1))).status_code == 403


def test_a_link_for_a_tenure_that_has_ended_signs_nobody_in(demo: Any) -> None:
    address = link_for()
    Tenure.objects.update(ends=timezone.now())
    client = Client()
    assert client.get(address).status_code == 403
    assert client.get("/notices/").status_code == 302


def test_a_link_does_not_work_from_another_machine_or_through_a_proxy(demo: Any) -> None:
    address = link_for()
    assert Client(REMOTE_ADDR="192.0.2.7").get(address).status_code == 403
    assert Client().get(address, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert Client().get(address).status_code == 302, "and was not spent by the attempts"


def test_the_token_is_nowhere_in_the_database(demo: Any) -> None:
    token = link_for().rstrip("/").rsplit("/", 1)[-1]
    row = OneTimeLink.objects.get()
    assert token not in str(vars(row)) and len(row.token_hash) == 64


def test_a_node_that_is_no_demo_makes_and_honours_none(demo: Any) -> None:
    address = link_for()
    demo.DEMO = False
    assert Client().get(address).status_code == 403
    with pytest.raises(OneTimeLinkRefusedError):
        make_one_time_link(make_person("beto"), now=timezone.now())


def test_a_demo_that_answers_elsewhere_than_on_loopback_makes_none(demo: Any) -> None:
    demo.NODE_URL = "https://node.example.org"
    with pytest.raises(OneTimeLinkRefusedError):
        make_one_time_link(make_person("beto"), now=timezone.now())


def test_a_session_by_link_is_worth_nothing_once_the_node_is_no_demo(demo: Any) -> None:
    client = Client()
    client.get(link_for())
    assert client.get("/notices/").status_code == 200
    demo.DEMO = False
    assert client.get("/notices/")["Location"] == "/second-factor/"


def test_an_unknown_token_is_answered_in_words(demo: Any) -> None:
    answer = Client().get("/once/unknown/")
    assert answer.status_code == 403 and "does not sign anybody in" in answer.content.decode()
