"""The facts that were counted on the reference study's data by other means."""

from __future__ import annotations

import numpy as np
import pytest

from pixelproof.data.doctor import examine

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def images(real_data):
    return examine(real_data / "p1_data")


@pytest.fixture(scope="module")
def tiles(real_data):
    return examine(real_data / "p2_data")


def test_conflicting_labels_on_identical_images(images):
    (conflict,) = images.of("error")
    assert conflict.check == "conflicting-labels"
    assert set(conflict.files) == {f"train_50/{n}.png" for n in ("10_363", "41_87", "33_161", "48_309")}
    assert "train_50/10_363.png = train_50/41_87.png" in conflict.message
    assert "train_50/33_161.png = train_50/48_309.png" in conflict.message


def test_no_image_is_in_both_splits(images):
    assert not {f.check for f in images.findings} & {"duplicate-across-splits", "duplicate"}


def test_color_statistics_of_the_training_images(images):
    np.testing.assert_allclose(images.summary["mean"], [0.5077, 0.4813, 0.4312], atol=5e-5)
    np.testing.assert_allclose(images.summary["std"], [0.2627, 0.2547, 0.2736], atol=5e-5)


def test_images_per_class_and_names(images):
    table = images.summary["images_per_class"]
    assert set(table["train"].values()) == {450}
    assert set(table["validation"].values()) == {50}
    assert list(table["train"])[13] == "willow_tree"


def test_near_duplicates_do_not_flood(images):
    (near,) = [f for f in images.findings if f.check == "near-duplicate"]
    assert near.severity == "warning"
    assert 20 <= near.count <= 80


def test_pixel_shares(tiles):
    shares = tiles.summary["pixel_shares"]
    train, validation = list(shares["train"].values()), list(shares["validation"].values())
    np.testing.assert_allclose(train, [10.6, 58.3, 8.4, 11.5, 3.1, 8.1, 0.06], atol=0.05)
    np.testing.assert_allclose(validation, [8.9, 61.5, 7.5, 8.7, 3.2, 10.0, 0.001], atol=0.05)
    assert f"{train[-1]:.2f} {validation[-1]:.3f}" == "0.06 0.001"


def test_stray_red_pixels(tiles):
    (stray,) = [f for f in tiles.findings if f.check == "inexact-colours"]
    assert stray.severity == "note"
    assert stray.count == 12
    assert sum(name.startswith("train/") for name in stray.files) == 11
    assert "(255, 0, 0) read as unknown" in stray.message
    assert "validation/0177_mask.png 7," in stray.message


def test_the_tiles_are_fit_for_training(tiles):
    assert tiles.of("error") == tiles.of("warning") == ()
