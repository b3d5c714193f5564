"""Files that cannot be used are named before anything is trained."""

from __future__ import annotations

import numpy as np
import pytest
from data_builders import class_folders, mask_folders, picture, save

from pixelproof.config import DataConfig
from pixelproof.data import arrange, open_data
from pixelproof.data.checking import check_images, check_parts
from pixelproof.data.reader import RGB
from pixelproof.errors import UserError


def check(root):
    data = open_data(root)
    parts = arrange(data, DataConfig())
    check_parts(parts, data.scheme, RGB)
    return parts


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize("part", ["selection", "validation"])
@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_truncated_file_that_is_scored(part, kind, tmp_path):
    root = mask_folders(tmp_path, 12, 4)
    path = getattr(check(root)[part][-1], kind)
    truncate(path)
    with pytest.raises(UserError, match=f"{path.name} is truncated or damaged; remove or replace it"):
        check(root)


def test_a_training_file_without_a_header(tmp_path):
    root = class_folders(tmp_path, 30, 4)
    first, second = (sample.image for sample in check(root)["train"][3:5])
    first.write_bytes(b"")
    second.write_text("<html>")
    with pytest.raises(UserError, match=rf"{first.name} is an empty file \(and 1 more cannot be used\)"):
        check(root)


def test_masks_that_do_not_fit(tmp_path):
    root = mask_folders(tmp_path, 12, 4)
    mask = root / "validation" / "masks" / "02.png"
    save(np.full((32, 32, 3), 77, np.uint8), mask)
    with pytest.raises(UserError, match=r"02\.png: colour \(77, 77, 77\) in 1,024 pixels is not in the label scheme"):
        check(root)
    save(np.zeros((9, 9, 3), np.uint8) + np.array([0, 0, 200], np.uint8), mask)
    with pytest.raises(UserError, match=r"02\.png is 9x9 pixels, its image is 32x32"):
        check(root)


def test_images_to_predict(tmp_path):
    paths = [save(picture(i), tmp_path / f"{i}.jpg") for i in range(3)]
    check_images(paths, RGB)
    truncate(paths[1])
    with pytest.raises(UserError, match=r"1\.jpg is truncated"):
        check_images(paths, RGB)
