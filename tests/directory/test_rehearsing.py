"""A rotation is rehearsed on a copy: it tells what would stop it, and changes nothing."""

from pathlib import Path

import pytest

from contraparte.directory import actions, publisher
from contraparte.directory.rehearsing import rehearse_rotation
from contraparte.protocol.errors import LocalKeyMissingError
from tests.directory.factory import NOW, agency_entry, load, make_keys, register_of

pytestmark = pytest.mark.django_db
FGE = "mx.fge-son"


def snapshot(*folders: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()}


def test_a_rotation_is_rehearsed_on_a_copy_and_leaves_home_and_safe_as_they_were(roots, settings):
    publisher.create_directory("mx", root_folder=roots, now=NOW)
    register = register_of("mx", [agency_entry(FGE, "firearms")], make_keys(FGE).values())
    actions.publish_directory(register, now=NOW)
    load(register)
    make_keys("mx.not-published")
    home = settings.HOME
    before = snapshot(home.path / "directory", home.path / "keys", roots)
    steps = rehearse_rotation("mx", root_folder=roots, now=NOW)
    assert [step.name for step in steps[:2]] == ["read", "root and online keys"]
    assert f"message key of {FGE}" in [step.name for step in steps]
    assert steps[0].outcome.startswith("root 1,") and steps[-1].outcome.startswith("root 2,")
    assert settings.HOME is home
    assert snapshot(home.path / "directory", home.path / "keys", roots) == before


def test_too_few_root_keys_stop_the_rehearsal_as_they_would_the_day(roots, settings):
    publisher.create_directory("mx", root_folder=roots, now=NOW)
    actions.publish_directory(register_of("mx", [agency_entry(FGE, "desk")], make_keys(FGE).values()), now=NOW)
    for file in sorted(roots.glob("*.pem"))[1:]:
        file.unlink()
    home = settings.HOME
    with pytest.raises(LocalKeyMissingError):
        rehearse_rotation("mx", root_folder=roots, now=NOW)
    assert settings.HOME is home
