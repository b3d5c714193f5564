"""The facts that were counted on the reference study's data by other means."""

from __future__ import annotations

import numpy as np
import pytest

from pixelproof.data.doctor import examine

pytestmark = pytest.mark.real


CONFLICTING = ("10_363", "41_87", "33_161", "48_309")


# Parts of the data sets, because looking at all of one takes ten to twenty seconds.
def test_facts_of_some_images(real_data, tmp_path):
    """Validation whole, of train the images that mean something and every twentieth of a class."""
    names = {*CONFLICTING, "37_413", *(f"{label}_{index}" for label in range(50) for index in range(0, 450, 20))}
    (tmp_path / "train_50").mkdir()
    for name in names:
        (tmp_path / "train_50" / f"{name}.png").symlink_to(real_data / "p1_data" / "train_50" / f"{name}.png")
    for name in ("val_50", "id2label.json"):
        (tmp_path / name).symlink_to(real_data / "p1_data" / name)
    assert_doubtful_images(examine(tmp_path))


def assert_doubtful_images(diagnosis):
    (conflict,) = diagnosis.of("error")
    assert conflict.check == "conflicting-labels"
    assert set(conflict.files) == {f"train_50/{name}.png" for name in CONFLICTING}
    assert "train_50/10_363.png = train_50/41_87.png" in conflict.message
    assert "train_50/33_161.png = train_50/48_309.png" in conflict.message
    assert not {f.check for f in diagnosis.findings} & {"duplicate-across-splits", "duplicate"}
    (near,) = diagnosis.of("warning")
    assert near.check == "near-duplicate"
    assert near.files[:2] == ("val_50/37_464.png", "train_50/37_413.png")  # one jar, recoloured


@pytest.mark.slow
def test_facts_of_the_images(real_data):
    diagnosis = examine(real_data / "p1_data")
    assert_doubtful_images(diagnosis)
    assert 20 <= diagnosis.of("warning")[0].count <= 80
    np.testing.assert_allclose(diagnosis.summary["mean"], [0.5077, 0.4813, 0.4312], atol=5e-5)
    np.testing.assert_allclose(diagnosis.summary["std"], [0.2627, 0.2547, 0.2736], atol=5e-5)
    table = diagnosis.summary["images_per_class"]
    assert set(table["train"].values()) == {450}
    assert set(table["validation"].values()) == {50}
    assert list(table["train"])[13] == "willow_tree"


def assert_strays(diagnosis):
    (stray,) = [f for f in diagnosis.findings if f.check == "inexact-colours"]
    assert stray.severity == "note"
    assert stray.count == 12
    assert sum(name.startswith("train/") for name in stray.files) == 11
    assert "27 pixels (255, 0, 0) read as unknown" in stray.message
    assert "validation/0177_mask.png 7," in stray.message


def assert_validation_shares(diagnosis):
    shares = list(diagnosis.summary["pixel_shares"]["validation"].values())
    np.testing.assert_allclose(shares, [8.9, 61.5, 7.5, 8.7, 3.2, 10.0, 0.001], atol=0.05)
    assert f"{shares[-1]:.3f}" == "0.001"


def test_facts_of_the_tiles(real_data, tmp_path):
    """Validation whole, of train the tiles with stray colours and some others."""
    strays = ["0182", "0196", "0633", "0955", "1106", "1111", "1381", "1588", "1738", "1796", "1828"]
    train = sorted({*strays, *(f"{i:04d}" for i in range(0, 2000, 40))})
    (tmp_path / "train").mkdir()
    for name in train:
        for path in (real_data / "p2_data" / "train").glob(f"{name}_*"):
            (tmp_path / "train" / path.name).symlink_to(path)
    (tmp_path / "validation").symlink_to(real_data / "p2_data" / "validation")
    diagnosis = examine(tmp_path)
    assert diagnosis.summary["splits"]["validation"] == 257
    assert_strays(diagnosis)
    assert_validation_shares(diagnosis)
    assert diagnosis.of("error") == diagnosis.of("warning") == ()


@pytest.mark.slow
def test_facts_of_all_tiles(real_data):
    diagnosis = examine(real_data / "p2_data")
    assert diagnosis.summary["splits"] == {"train": 2000, "validation": 257}
    assert_strays(diagnosis)
    assert_validation_shares(diagnosis)
    shares = list(diagnosis.summary["pixel_shares"]["train"].values())
    np.testing.assert_allclose(shares, [10.6, 58.3, 8.4, 11.5, 3.1, 8.1, 0.06], atol=0.05)
    assert f"{shares[-1]:.2f}" == "0.06"
    assert diagnosis.of("error") == diagnosis.of("warning") == ()
