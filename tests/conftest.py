"""Fixtures shared by all tests."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from pixelproof.cli.main import run
from pixelproof.runs import machine
from small_data import write_color_classes, write_two_fields

settings.register_profile("pixelproof", deadline=None)  # a busy machine is no defect
settings.load_profile("pixelproof")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


FIRST = (
    "tests/study/test_parallel_jobs.py",
    "tests/real/",
    "tests/journeys/test_demo.py",
    "tests/prediction/test_backends.py",
)
"""Where the longest tests stand: begun first, none is left for one process while another has nothing to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.fixture(scope="session", autouse=True)
def commit_asked_once() -> Iterator[None]:
    """Ask git once a process which commit this is, and not for each of hundreds of runs: no test changes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "_commit", cache(machine._commit))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the reference study's data; the test is skipped where it does not stand beside the checkout."""
    if not (REAL_DATA / "p1_data").is_dir():
        pytest.skip("the reference study's data is not beside the checkout")
    return REAL_DATA


@pytest.fixture(scope="session", autouse=True)
def silent_tracing() -> None:
    """Keep torch from noting each step of an export with its stack, which it does where somebody listens: pytest."""
    logging.getLogger("torch.__trace").propagate = True  # pytest joins the loggers that keep to themselves


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep decoded images out of the home of whoever runs the tests, and find Matplotlib's list of fonts there."""
    fonts = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    with pytest.MonkeyPatch.context() as patch:
        if "MPLCONFIGDIR" not in os.environ:
            patch.setenv("MPLCONFIGDIR", str(fonts))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        yield tmp_path_factory.getbasetemp() / "cache" / "pixelproof"


@pytest.fixture
def color_classes(tmp_path: Path) -> Path:
    """A classification data set: three classes of noisy colour patches, 16x16, with train and validation."""
    return write_color_classes(tmp_path / "patches")


@pytest.fixture
def two_fields(tmp_path: Path) -> Path:
    """A segmentation data set in DeepGlobe colours: forest left and water right of a random edge, some unknown."""
    return write_two_fields(tmp_path / "fields")


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


@pytest.fixture
def pixelproof(monkeypatch, capsys):
    """Run the command line in this process and return (exit code, stdout, stderr)."""

    def call(*args):
        monkeypatch.setattr(sys, "argv", ["pixelproof", *map(str, args)])
        with pytest.raises(SystemExit) as exit_:
            run()
        out, err = capsys.readouterr()
        return exit_.value.code or 0, out, err

    return call
