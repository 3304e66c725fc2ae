"""A person before the pages of a running node, as far as HTTP goes: a session, a language, forms with their tokens."""

import html
import re
from typing import Any

import requests

HIDDEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """Signed in by a one-time link of the demo; follows no redirect unseen."""

    def __init__(self, link: str) -> None:
        self.root = "/".join(link.split("/")[:3])
        self.session = requests.Session()
        self.session.trust_env = False
        answer = self.session.get(link, timeout=60)
        assert answer.status_code == 200, f"{link} answered {answer.status_code}"

    def get(self, path: str) -> str:
        """A page as text, its entities resolved."""
        answer = self.session.get(self.root + path, timeout=60)
        assert answer.status_code == 200, f"{path} answered {answer.status_code}"
        return html.unescape(answer.text)

    def post(
        self, path: str, fields: dict[str, Any], *, seen_on: str, files: dict[str, tuple[str, bytes]] | None = None
    ) -> tuple[int, str]:
        """Send a form found on the page `seen_on`, with files by field; gives status and page."""
        token = HIDDEN.search(self.session.get(self.root + seen_on, timeout=60).text)
        assert token, f"{seen_on} has no form"
        answer = self.session.post(
            self.root + path,
            data={**fields, "csrfmiddlewaretoken": token[1]},
            files=files,
            headers={"Referer": self.root + seen_on},
            allow_redirects=False,
            timeout=60,
        )
        return answer.status_code, html.unescape(answer.text)

    def read_in(self, language: str) -> None:
        """Switch the language of the pages."""
        status, _ = self.post("/language/", {"language": language}, seen_on="/traces/")
        assert status == 302


def typed_in(page: str, name: str) -> list[str]:
    """What stands in the fields of this name."""
    found = []
    for tag in re.findall(r"<input[^>]*>", page):
        if f'name="{name}"' in tag:
            value = re.search(r'value="([^"]*)"', tag)
            found.append(value[1] if value else "")
    return found
