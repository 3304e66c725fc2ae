"""Changes of agency in a package: what cannot be read is blamed, and ties nothing."""

import json
from base64 import b64encode

import pytest

from contraparte.protocol.package_lineage import FORMAT, tied_agencies

TOLD = {"format": FORMAT, "country": "mx", "from": ["mx.old"], "to": ["mx.new"], "reviewers": ["us"]}


@pytest.mark.parametrize(
    "change",
    [{"from": [1]}, {"from": None}, {"to": {}, "country": 7}, {"from": ["us.old"]}, {"reviewers": 3}, {"format": None}],
)
def test_whatever_a_hostile_package_says_of_a_change_is_a_finding_or_ties_nothing(change: dict[str, object]) -> None:
    document = b64encode(json.dumps({**TOLD, **change}).encode()).decode()
    file = json.dumps({"document": document, "signatures": []}).encode()
    blamed: list[str] = []
    tied = tied_agencies("mx.new", {"a.json": file}, {}, lambda code, path, why: blamed.append(f"{code} {path} {why}"))
    assert tied == {"mx.new"}
    assert blamed or change in ({"format": None}, {"reviewers": 3})
