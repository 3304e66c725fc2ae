"""The lines of the how-to are run as they stand: with curl, by bash, against a node that listens."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from django.utils import timezone

from contraparte.exchange.models import Attachment, Message
from contraparte.web.api.tokens import SCOPES, make_token
from tests.guard.ground import ROOT
from tests.inquiries.inquiry_world import InquiryWorld

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAMES = {"id": "ID", "draft": "DRAFT", "digest": "DIGEST"}


def test_the_lines_of_the_how_to_carry_a_request_from_typing_to_release(
    world: InquiryWorld, live_server: Any, tmp_path: Path
) -> None:
    now = timezone.now()
    tokens = [make_token(name="x", scopes=SCOPES, days=1, by=one, now=now)[1] for one in (world.officer, world.chief)]
    told = {"NODE": live_server.url, "TOKEN": tokens[0], "CHIEF": tokens[1], "PATH": os.environ["PATH"]}
    (tmp_path / "frame.jpg").write_bytes(b"photo")
    answers = []
    for block in BLOCK.findall((ROOT / "docs" / "how-to" / "use-the-api.md").read_text("utf-8")):
        done = subprocess.run(
            ["bash", "-euc", block], env=told, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        )  # fmt: skip
        answer = json.loads(done.stdout)
        assert "code" not in answer, answer
        told |= {NAMES[name]: str(answer[name]) for name in NAMES.keys() & answer.keys() if answer[name]}
        answers.append(answer)
    assert len(answers) == 9
    assert answers[0]["post"] == world.officer.post_id
    assert Message.objects.filter(direction="out", type="inquiry.request/1").count() == 1
    assert Attachment.objects.get(message__type="inquiry.request/1", message__direction="out").name == "frame.jpg"
    assert [one["state"] for one in answers[-1]["items"]] == ["sent"]
