"""Studies end in a page, whose figures are drawn once, and which a test may do without."""

import pytest
from small_study import STUDY

from drawn_once import draw_once
from pixelproof.study.file import read_study

draw_once()


@pytest.fixture
def study(tmp_path, color_classes, two_fields):
    """The small study, with its data beside its file."""
    (tmp_path / "small.yaml").write_text(STUDY)
    return read_study(tmp_path / "small.yaml")


@pytest.fixture
def pageless(monkeypatch):
    """Let studies end without their page, where a test looks at what they train, score and compare alone."""
    monkeypatch.setattr("pixelproof.study.conduct.build_report", lambda out: out / "report.html")
