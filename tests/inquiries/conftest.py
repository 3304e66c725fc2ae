"""A small world of inquiries per test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contraparte.directory import view
from tests.exchange.small_world import OPERATOR
from tests.inquiries.inquiry_world import InquiryWorld, make_world


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> InquiryWorld:
    """Empty tables and an empty home, so that no guard of another test's logs refuses this one's."""
    settings.NODE_OPERATOR = OPERATOR
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()
    return make_world()
