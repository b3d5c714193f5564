"""A study folder that the tests of the report share."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_folders import make_classification, make_segmentation, make_study

from drawn_once import draw_once
from pixelproof.report.page import build_report

draw_once()
NAMES = ["owl", "cat", "dog", "fox", "bee", "ant"]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete study folder with its report; read only."""
    out = tmp_path_factory.mktemp("study")
    make_study(out, make_classification(out, NAMES), make_segmentation(out))
    build_report(out)
    return out
