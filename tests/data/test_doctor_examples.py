"""Which images a diagnosis shows: of each class some, the same every time, with what their masks say."""

import numpy as np
import pytest
from data_builders import LABELS, class_folders, colored, index_mask, mask_folders, picture, save

from pixelproof.data.doctor import examine, illustrate
from pixelproof.data.doctor.examples import IMAGES, SIDE, of_masks
from pixelproof.labels import VOID


def shown_of(root):
    return illustrate(examine(root), root.name)


def test_each_class_is_seen_in_the_images_that_hold_it(tmp_path):
    root = mask_folders(tmp_path, train=40, validation=5)
    for number in range(40):
        water = np.zeros((32, 32), np.uint8)
        water[:1, :1] = 1  # a stray pixel of a field is no example of one
        save(colored(water), root / "train" / "masks" / f"{number:02d}.png")
    rare = np.full((32, 32), 2, np.uint8)
    save(colored(rare), root / "train" / "masks" / "17.png")
    shown = shown_of(root).examples
    counts = np.stack([np.bincount(each.truth.ravel(), minlength=VOID + 1)[:3] for each in shown])
    enough = (counts > 10).sum(axis=0)
    assert len(shown) <= IMAGES
    assert enough[0] >= 5  # of so few classes several images each
    assert enough[1] == 5  # those of validation, as there are no others
    assert enough[2] == 6
    assert "train/17" in {each.id for each in shown}


def test_the_choice_depends_on_names_alone(tmp_path):
    first, second = (shown_of(mask_folders(tmp_path / name, train=30)) for name in ("a", "b"))
    assert [each.id for each in first.examples] == [each.id for each in second.examples]
    assert len({each.id for each in first.examples}) == len(first.examples)


def test_of_a_large_image_the_part_with_most_of_the_class_is_shown(tmp_path):
    root, size = mask_folders(tmp_path, train=10, validation=1), (2 * SIDE + 100, SIDE + 50)
    mask = np.zeros(size, np.uint8)
    mask[-300:, -200:] = 2
    other = np.zeros((32, 32), np.uint8)
    for split, number in [("validation", 0), *(("train", n) for n in range(10))]:
        save(colored(other), root / split / "masks" / f"{number:02d}.png")
    image = picture(7, size)
    save(image, root / "train" / "images" / "03.png")
    save(colored(mask), root / "train" / "masks" / "03.png")
    (large,) = [each for each in shown_of(root).examples if each.id == "train/03"]
    assert large.truth.shape == (SIDE, SIDE)
    np.testing.assert_array_equal(large.truth, mask[-SIDE:, -SIDE:])
    np.testing.assert_array_equal(large.image, image[-SIDE:, -SIDE:])


def test_masks_that_mean_nothing_or_are_of_another_size_are_no_examples(tmp_path):
    root = mask_folders(tmp_path, train=3, validation=1)
    save(np.full((32, 32, 3), 99, np.uint8), root / "train" / "masks" / "00.png")
    save(colored(index_mask(1, (16, 16))), root / "train" / "masks" / "01.png")
    (root / "train" / "images" / "02.png").write_bytes(b"broken")
    found = shown_of(root)
    assert {each.id for each in found.examples} == {"validation/00"}
    about = {finding.check: list(finding.samples) for finding in found.record.findings}
    assert about["unknown-label"] == ["train/00"]
    assert about["mask-size"] == ["train/01"]
    assert "train/02" not in found.images.by_id  # it cannot be read, but its mask can
    assert {"train/00", "train/01", "train/02"} <= set(found.masks.by_id)
    assert np.unique(found.masks.by_id["train/00"]).tolist() == [99]  # as it is, where it is not to be read


def test_without_a_scheme_masks_are_shown_in_any_colours(tmp_path):
    root = mask_folders(tmp_path, labels=None)
    for number in range(12):
        save(index_mask(number), root / "train" / "masks" / f"{number:02d}.png")
    found = shown_of(root)
    assert found.record.findings[0].check == "labels-missing"
    assert len(np.unique(found.masks.by_id["train/00"].reshape(-1, 3), axis=0)) == 3


def test_images_of_each_class_are_of_that_class(tmp_path):
    root = class_folders(tmp_path)
    for number in range(12):
        color = (250, 20, 20) if number % 2 else (20, 250, 20)
        for split in ("train", "validation"):
            image = np.full((32, 32, 3), color, np.uint8)
            image[number] = number
            save(image, root / split / ("cat", "dog")[number % 2] / f"{number}.png")
    for number in range(12, 30):
        (root / "validation" / ("cat", "dog")[number % 2] / f"{number}.png").unlink()
    found = shown_of(root)
    assert {name: len(keys) for name, keys in found.record.examples.items()} == {"cat": 8, "dog": 8}
    for name, channel in (("cat", 1), ("dog", 0)):
        for key in found.record.examples[name]:
            assert found.classes.by_id[key].mean(axis=(0, 1)).argmax() == channel


def test_void_is_avoided_where_there_is_a_choice(tmp_path):
    root = mask_folders(tmp_path, train=1, validation=1, labels=LABELS + "void_colors: [[9, 9, 9]]\n")
    mask = np.zeros((SIDE, 2 * SIDE), np.uint8)
    picture_of_mask = colored(mask)
    picture_of_mask[: SIDE // 2, :SIDE] = 9
    save(picture(3, mask.shape), root / "train" / "images" / "00.png")
    save(picture_of_mask, root / "train" / "masks" / "00.png")
    reading = examine(root).reading
    assert reading is not None
    (shown,) = [each for each in of_masks(reading) if each.id == "train/00"]
    assert not (shown.truth == VOID).any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (SIDE, SIDE)])
def test_parts_of_any_shape(tmp_path, shape):
    root = mask_folders(tmp_path, train=1, validation=1)
    save(picture(3, shape), root / "train" / "images" / "00.png")
    save(colored(np.zeros(shape, np.uint8)), root / "train" / "masks" / "00.png")
    (shown,) = [each for each in shown_of(root).examples if each.id == "train/00"]
    assert shown.image.shape == (*(min(side, SIDE) for side in shape), 3)
