"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the reference study's data; the test is skipped where it does not stand beside the checkout."""
    if not (REAL_DATA / "p1_data").is_dir():
        pytest.skip("the reference study's data is not beside the checkout")
    return REAL_DATA
