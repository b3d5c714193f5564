"""Fixtures shared by all tests."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from pixelproof.cli.main import run
from pixelproof.data import write_png
from pixelproof.labels import PRESETS, encode_colors

settings.register_profile("pixelproof", deadline=None)  # a busy machine is no defect
settings.load_profile("pixelproof")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the reference study's data; the test is skipped where it does not stand beside the checkout."""
    if not (REAL_DATA / "p1_data").is_dir():
        pytest.skip("the reference study's data is not beside the checkout")
    return REAL_DATA


@pytest.fixture(autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep decoded images out of the home of whoever runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    return tmp_path_factory.getbasetemp() / "cache" / "pixelproof"


@pytest.fixture
def color_classes(tmp_path: Path) -> Path:
    """A classification data set: three classes of noisy colour patches, 16x16, with train and validation."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("validation", 4)):
        for name, color in {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}.items():
            for index in range(count):
                image = (np.array(color) + rng.normal(0, 25, (16, 16, 3))).clip(0, 255).astype(np.uint8)
                write_png(tmp_path / "patches" / split / name / f"{index}.png", image)
    return tmp_path / "patches"


@pytest.fixture
def two_fields(tmp_path: Path) -> Path:
    """A segmentation data set in DeepGlobe colours: forest left and water right of a random edge, some unknown."""
    rng = np.random.default_rng(0)
    scheme = PRESETS["deepglobe"]
    for split, count in (("train", 8), ("validation", 3)):
        for index in range(count):
            mask = np.full((64, 64), scheme.names.index("forest"), np.uint8)
            mask[:, int(rng.integers(16, 48)) :] = scheme.names.index("water")
            mask[:4] = scheme.names.index("unknown")
            image = encode_colors(scheme, mask) * 0.5 + rng.normal(60, 20, (64, 64, 3))
            folder = tmp_path / "fields" / split
            write_png(folder / f"{index:04}_sat.png", image.clip(0, 255).astype(np.uint8))
            write_png(folder / f"{index:04}_mask.png", encode_colors(scheme, mask))
    return tmp_path / "fields"


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
