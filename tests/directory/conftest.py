"""What the tests of this room share: an empty home for directories."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture
def roots(tmp_path: Path):
    """An empty home for directories, and the safe in which root keys lie."""
    shutil.rmtree(settings.HOME.path / "directory", ignore_errors=True)
    for file in (settings.HOME.path / "keys").glob("directory-*"):
        file.unlink()
    return tmp_path / "safe"
