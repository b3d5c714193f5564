"""Tiles without coordinates that were cut with an overlap, and what only looks like them."""

import tracemalloc

import numpy as np
import pytest
from data_builders import save

from pixelproof.data.doctor import examine, marks
from pixelproof.data.doctor.marks import marks_of
from pixelproof.data.doctor.shared_pixels import _over, _shared

SIDE = 80


def scene(seed, height=160, width=240):
    """A scene of smooth noise, as fields are."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    fine = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width] + rng.integers(-9, 10, (height, width, 3))
    return fine.clip(0, 255).astype(np.uint8)


def tiles(root, step, splits=("train", "validation"), scenes=6):
    """Write tiles of scenes; beginning with a row of them in the first split, rows take turns."""
    for number in range(scenes):
        whole = scene(number)
        for row, top in enumerate(range(0, 160 - SIDE + 1, step)):
            for left in range(0, 240 - SIDE + 1, step):
                split = splits[row % len(splits)]
                tile = whole[top : top + SIDE, left : left + SIDE]
                save(tile, root / split / "images" / f"s{number}_{top}_{left}.png")
                mask = np.full((SIDE, SIDE), (left > 80) + 1, np.uint8)
                save(mask, root / split / "masks" / f"s{number}_{top}_{left}.png")
    (root / "labels.yaml").write_text("task: segmentation\nclasses: [{name: a, id: 1}, {name: b, id: 2}]\n")
    return root


def found(root, name):
    return [finding for finding in examine(root).findings if finding.check == name]


def test_tiles_of_two_splits_that_share_pixels_are_an_error_with_a_way_out(tmp_path):
    (finding,) = found(tiles(tmp_path, 40), "shared-pixels")
    assert finding.severity == "error"
    assert finding.message.startswith("30 of 30 images of validation show pixels of train, at another place (most: ")
    assert " 50%" in finding.message
    assert "--set groups='([^/]+)[_-][^/_-]+[_-][^/_-]+$', which keeps all of these together in 6 scenes" in finding.fix


def test_tiles_side_by_side_share_nothing(tmp_path):
    assert found(tiles(tmp_path, SIDE), "shared-pixels") == []


def test_a_train_that_will_be_divided_is_warned_of(tmp_path):
    (finding,) = found(tiles(tmp_path, 40, ["train"]), "shared-pixels-in-train")
    assert finding.severity == "warning"
    assert finding.message.startswith("90 of 90 images of train share pixels with others")
    assert finding.fix.startswith("train with --set groups=")


def test_copies_still_cameras_and_patterns_are_not_taken_for_tiles(tmp_path):
    still, pattern = scene(0), np.tile(scene(1, 16, 16), (10, 10, 1))
    for place, split in enumerate(("train", "validation")):
        moving = still.copy()
        moving[40:90, 30 + 60 * place : 80 + 60 * place] = scene(7 + place, 50, 50)
        for name, pixels in (("copy", still), ("camera", moving), ("pattern", pattern[place * 3 :, place * 5 :])):
            save(pixels, tmp_path / split / "images" / f"{name}.png")
            save(np.ones(pixels.shape[:2], np.uint8), tmp_path / split / "masks" / f"{name}.png")
    (tmp_path / "labels.yaml").write_text("task: segmentation\nclasses: [{name: a, id: 1}, {name: b, id: 2}]\n")
    assert found(tmp_path, "shared-pixels") == []
    assert len(found(tmp_path, "duplicate-across-splits")) == 1


def test_pages_with_a_stamp_in_common_share_no_more_than_it(tmp_path):
    stamp = scene(4, 48, 48)
    for place, split in enumerate(("train", "validation")):
        page = np.full((240, 240, 3), 255, np.uint8)
        page[20 + 9 * place : 68 + 9 * place, 30 + 20 * place : 78 + 20 * place] = stamp
        page[150:190, 100:140] = scene(7 + place, 40, 40)
        save(page, tmp_path / split / "a" / "page.png")
        save(scene(place), tmp_path / split / "b" / "other.png")
    assert found(tmp_path, "shared-pixels") == []


@pytest.mark.parametrize(("top", "left"), [(0, 40), (37, 11), (40, 0)])
def test_marks_stay_where_the_content_is(top, left):
    whole = scene(3)
    one, other = (marks_of(whole[y : y + SIDE, x : x + SIDE]) for y, x in ((0, 0), (top, left)))
    common, ours, theirs = np.intersect1d(one.hashes, other.hashes, return_indices=True)
    assert len(common) >= 2
    np.testing.assert_array_equal(one.places[ours] - other.places[theirs], [[top, left]] * len(common))


def test_marks_are_the_same_whatever_is_looked_at_at_once(monkeypatch):
    whole = marks_of(scene(3))
    monkeypatch.setattr(marks, "_STRIP", 13)
    parts = marks_of(scene(3))
    np.testing.assert_array_equal(parts.hashes, whole.hashes)
    np.testing.assert_array_equal(parts.places, whole.places)
    assert len(marks_of(np.full((90, 90, 3), 7, np.uint8)).hashes) == 0
    assert len(marks_of(scene(0, 63, 200)).hashes) == 0


def test_marks_of_a_large_image_need_hardly_more_than_the_image():
    large = scene(5, 12_000, 256)
    tracemalloc.start()
    marks_of(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * large.nbytes


def test_what_lies_over_each_other_is_counted_by_hand():
    for length, width, by in np.random.default_rng(0).integers([1, 1, -12], [9, 9, 12], (200, 3)).tolist():
        ours, theirs = _over(length, width, by)
        assert list(range(length))[ours] == [y for y in range(length) if 0 <= y - by < width]
        assert list(range(width))[theirs] == [y - by for y in range(length) if 0 <= y - by < width]
    whole = scene(1)
    assert _shared(whole[:80, :80], whole[20:100, 40:120], (20, 40)) == pytest.approx(60 * 40 / 6400)
    assert _shared(whole[:80, :80], whole[20:100, 40:120], (21, 40)) == 0.0
    assert _shared(whole[:80, :80], whole[20:100, 40:120], (90, 0)) == 0.0
