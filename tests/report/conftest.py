"""A study folder that the tests of the report share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_folders import make_classification, make_segmentation, make_study

from pixelproof.report import build_report

NAMES = ["owl", "cat", "dog", "fox", "bee", "ant"]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete study folder with its report; read only."""
    out = tmp_path_factory.mktemp("study")
    make_study(out, make_classification(out, NAMES), make_segmentation(out))
    build_report(out)
    return out


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium; tests that ask for it are skipped where none is installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()
