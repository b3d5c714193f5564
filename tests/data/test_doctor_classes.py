from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from data_builders import LABELS, class_folders, colored, index_mask, mask_folders, picture, save
from PIL import Image
from test_doctor_files import finding

from pixelproof.config import DataConfig
from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.data.splits import divide
from pixelproof.errors import UserError


def test_images_per_class(tmp_path):
    assert examine(class_folders(tmp_path)).summary["images_per_class"] == {
        "train": {"cat": 6, "dog": 6},
        "validation": {"cat": 15, "dog": 15},
    }


def test_a_class_that_its_files_tell_is_named(tmp_path):
    root = class_folders(tmp_path)
    for path in root.glob("*/cat/*.png"):
        Image.open(path).convert("L").save(path)
    found = finding(root, "class-by-format")
    assert (found.severity, found.count) == ("warning", 42)
    assert "all 21 images of cat have the mode L, all 21 images of dog have the mode RGB, which no" in found.message
    save(picture(7)[..., 0], root / "train" / "dog" / "1.png")
    assert finding(root, "class-by-format") is None
    for path in root.glob("*/dog/*.png"):
        save(picture(8, (40, 48)), path)
    save(picture(9, (32, 40)), root / "validation" / "cat" / "0.png")
    found = finding(root, "class-by-format")
    assert found.message.startswith("all 21 images of dog have the size 48x40, which no image of another class has")
    assert (found.count, found.files[0]) == (21, "train/dog/1.png")


def test_a_class_that_light_or_focus_tells_is_named(tmp_path):
    root = class_folders(tmp_path, 16, 30)
    assert finding(root, "class-by-appearance") is None
    _, *others = root.glob("*/cat/*.png")
    for path in others:  # all but one, as a camera's setting has them
        save(np.array(Image.open(path)) // 2, path)
    found = finding(root, "class-by-appearance")
    assert (found.severity, found.count) == ("note", 23)
    assert re.search(r"from all others: cat by its \w+ness \((9\d|100)% right\), by a threshold", found.message)
    (root / "groups.csv").write_text("filename,group\n" + "".join(f"{path},{path.stem[0]}\n" for path in _under(root)))
    assert finding(root, "class-by-appearance") is None  # in groups, these are too few


def _under(root):
    return [path.relative_to(root) for path in root.glob("*/*/*.png")]


def test_a_few_images_alike_tell_no_class(tmp_path):
    root = class_folders(tmp_path)
    for i in range(5):
        save(picture(100 + i, (40, 40)), root / "train" / "bird" / f"{i}.png")
        assert (finding(root, "class-by-format") is not None) == (i == 4)
    save(picture(99, (41, 40)), root / "train" / "bird" / "9.png")
    assert finding(root, "class-by-format") is None


def test_class_in_validation_alone(tmp_path):
    root = class_folders(tmp_path)
    save(picture(500), root / "validation" / "bird" / "0.png")
    found = finding(root, "class-missing")
    assert found.severity == "error"
    assert found.message.startswith("bird occurs in other splits and never in train")
    save(picture(501), root / "test" / "emu" / "0.png")
    messages = [f.message for f in examine(root).findings if f.check == "class-missing"]
    assert [m.split(":")[0] for m in messages] == [
        "bird, emu occur in other splits and never in train",
        "cat, dog occur in train and never in test",
    ]


def test_class_in_train_alone(tmp_path):
    root = class_folders(tmp_path)
    shutil.rmtree(root / "validation" / "dog")
    found = finding(root, "class-missing")
    assert found.severity == "warning"
    assert "never in validation" in found.message


def test_segmentation_class_missing_from_train_and_everywhere(tmp_path):
    root = mask_folders(tmp_path, labels=LABELS + "  - {name: rock, id: 3, color: [9, 9, 9]}\n")
    for i in range(12):
        save(colored(index_mask(i, classes=2)), root / "train" / "masks" / f"{i:02d}.png")
    diagnosis = examine(root)
    messages = {f.check: (f.severity, f.message.split(":")[0]) for f in diagnosis.findings}
    assert messages["class-missing"] == ("error", "forest occurs in other splits and never in train")
    assert messages["class-absent"] == ("warning", "rock occurs nowhere")


def test_ignored_classes_may_be_missing(tmp_path):
    root = mask_folders(tmp_path, labels=LABELS + "  - {name: rock, id: 3, color: [9, 9, 9], ignored: true}\n")
    assert examine(root).findings == ()


@pytest.mark.parametrize(("count", "severity"), [(2, None), (4, "note"), (10, "warning")])
def test_imbalance(count, severity, tmp_path):
    root = class_folders(tmp_path)
    for i in range(6 * count):
        save(picture(5000 + i), root / "train" / "cat" / f"more{i}.png")
    for i in range(6, 12, 2):
        (root / "train" / "cat" / f"{i}.png").unlink(missing_ok=True)
    found = finding(root, "imbalance")
    expected = (6 * count + 3) / 6
    assert (found.severity if found else None) == severity
    if found:
        assert f"{expected:.0f} times as many images of cat as of dog" in found.message


def test_imbalance_of_pixels_counts_scored_classes(tmp_path):
    root = mask_folders(tmp_path)
    for i in range(12):
        mask = np.zeros((32, 32), np.uint8)
        mask[0, 0], mask[0, 1:11] = 1, 2
        save(colored(mask), root / "train" / "masks" / f"{i:02d}.png")
    found = finding(root, "imbalance")
    assert found.severity == "warning"
    assert "1013 times as many pixels of water as of field" in found.message


def test_class_names_that_differ_in_case_between_splits(tmp_path):
    root = class_folders(tmp_path)
    (root / "validation" / "dog").rename(root / "validation" / "Dog ")
    found = finding(root, "class-names-alike")
    assert (found.severity, found.count) == ("error", 2)
    assert "'dog' and 'Dog '" in found.message
    assert "different splits" in found.message


def test_class_names_that_differ_in_a_dash_within_a_split(tmp_path):
    root = class_folders(tmp_path)
    for i, name in enumerate(("sea lion", "sea-lion")):
        for split in ("train", "validation"):
            save(picture(600 + i + 10 * len(split)), root / split / name / "0.png")
    found = finding(root, "class-names-alike")
    assert found.severity == "warning"


def test_splits_missing_and_tiny(tmp_path):
    root = class_folders(tmp_path, 4, 0)
    few, none = finding(root, "few-images"), finding(root, "no-validation-split")
    assert (few.severity, few.count) == ("warning", 4)
    assert none.severity == "note"
    root = class_folders(tmp_path / "v", 0, 8)
    assert finding(root, "no-train-split").severity == "error"
    assert finding(root, "few-images").severity == "note"


@pytest.mark.parametrize("images", [2, 5])
def test_too_few_images_to_set_some_aside(images, tmp_path):
    """One or two of each class, of which training sets none aside; five of one class are enough."""
    root = class_folders(tmp_path, images, 0)
    found = finding(root, "too-few-images")
    assert (found is None) == (images == 5)
    if found:
        assert (found.severity, found.count) == ("error", 2)
        assert "or groups of them, to set some aside for validation: training would stop" in found.message
        with pytest.raises(UserError, match="too few images"):
            divide(open_data(root), DataConfig())


def test_a_class_without_any_image_is_refused_as_in_training(tmp_path):
    root = class_folders(tmp_path)
    labels = "".join(f"  - {{name: {name}, id: {i}}}\n" for i, name in enumerate(("cat", "dog", "emu")))
    (root / "labels.yaml").write_text(f"task: classification\nclasses:\n{labels}")
    (only,) = examine(root).findings
    assert (only.check, only.severity) == ("class-absent", "error")
    assert only.message == "emu occurs nowhere: training would stop"
    with pytest.raises(UserError, match="class 'emu' has no image"):
        divide(open_data(root), DataConfig())


def test_classes_that_labels_yaml_does_not_name(tmp_path):
    root = class_folders(tmp_path)
    (root / "labels.yaml").write_text("task: classification\nclasses:\n  - {name: cat, id: 0}\n")
    found = finding(root, "unknown-class")
    assert (found.severity, found.count) == ("error", 21)
    assert "'dog'" in found.message


def prefixed(root):
    for i in range(24):
        save(picture(i), root / "train" / f"{i % 2}_{i}.png")
    for i in range(30):
        save(picture(100 + i), root / "val" / f"{i % 2}_{i}.png")
    return root


@pytest.mark.parametrize(
    ("text", "check", "severity", "words"),
    [
        ('{"0": "cat"}', "id2label", "warning", "no name for 1"),
        ('{"0": "cat", "1": "dog", "2": "emu"}', "id2label", "warning", "names 2, of which there is no image"),
        ('{"0": "cat", "1": "cat"}', "class-names", "error", "class name cat is given twice"),
        ("[]", "class-names", "error", "no JSON object"),
    ],
)
def test_id2label_that_does_not_fit(text, check, severity, words, tmp_path):
    root = prefixed(tmp_path)
    (root / "id2label.json").write_text(text)
    found = finding(root, check)
    assert (found.severity, found.files) == (severity, ("id2label.json",))
    assert words in found.message


def test_identical_images_with_different_labels(tmp_path):
    root = class_folders(tmp_path)
    shutil.copy(root / "train" / "cat" / "0.png", root / "train" / "dog" / "same.png")
    found = finding(root, "conflicting-labels")
    assert (found.severity, set(found.files)) == ("error", {"train/cat/0.png", "train/dog/same.png"})
    assert "train/cat/0.png = train/dog/same.png" in found.message
    assert finding(root, "duplicate") is None


def test_identical_images_in_two_splits(tmp_path):
    root = class_folders(tmp_path)
    # The same pixels in another file format are the same image.
    Image.open(root / "train" / "cat" / "0.png").save(root / "validation" / "cat" / "copy.bmp")
    found = finding(root, "duplicate-across-splits")
    assert (found.severity, set(found.files)) == ("error", {"train/cat/0.png", "validation/cat/copy.bmp"})
    assert finding(root, "near-duplicate") is None


def test_identical_images_in_one_split(tmp_path):
    root = class_folders(tmp_path)
    for name in ("a.png", "b.png"):
        shutil.copy(root / "train" / "cat" / "0.png", root / "train" / "cat" / name)
    found = finding(root, "duplicate")
    assert (found.severity, found.count) == ("warning", 3)
    assert found.message.startswith("1 group of identical images")


@pytest.mark.parametrize(("images", "severity"), [(12, "error"), (48, "warning")])
def test_copies_in_train_flatter_the_score_of_a_part_of_it(images, severity, tmp_path):
    root = class_folders(tmp_path, images, 0)
    shutil.copy(root / "train" / "cat" / "0.png", root / "train" / "cat" / "copy.png")
    found = finding(root, "duplicate-in-train")
    assert (found.severity, found.count) == (severity, 2)
    assert "without a validation split, copies are spread over train and the part set aside" in found.message
    assert finding(root, "duplicate") is finding(root, "near-duplicate-in-train") is None


def test_near_twins_in_train_are_named_where_a_part_of_it_gives_the_score(tmp_path):
    root = class_folders(tmp_path, 12, 0)
    save(picture(3) + 1, root / "train" / "dog" / "brighter.png")
    found = finding(root, "near-duplicate-in-train")
    assert (found.severity, found.files) == ("warning", ("train/dog/brighter.png", "train/dog/3.png"))
    assert found.message.startswith("1 image with a near twin in train")
    class_folders(tmp_path)
    assert finding(root, "near-duplicate-in-train") is None


def test_identical_images_with_different_masks(tmp_path):
    root = mask_folders(tmp_path)
    shutil.copy(root / "train" / "images" / "00.png", root / "train" / "images" / "01.png")
    assert finding(root, "conflicting-labels").count == 2
    corrections = root / "corrections.csv"
    lines = [f"train/images/0{n}.png,void,M0 0h32v32h-32z" for n in (0, 1)]
    corrections.write_text("\n".join(["filename,label,region", *lines]))
    assert finding(root, "conflicting-labels") is None  # as corrected both are alike
    corrections.unlink()
    shutil.copy(root / "train" / "masks" / "00.png", root / "train" / "masks" / "01.png")
    assert finding(root, "conflicting-labels") is None
    assert finding(root, "duplicate").count == 2


def test_near_duplicates_across_splits(tmp_path):
    root = class_folders(tmp_path)
    image = picture(0).astype(int)
    variants = {
        "brighter": image + 25,
        "recompressed": image,
        "noisy": image + np.random.default_rng(0).integers(-6, 7, image.shape),
    }
    for name, pixels in variants.items():
        path = root / "validation" / "cat" / f"{name}.{'jpg' if name == 'recompressed' else 'png'}"
        save(pixels.clip(0, 255).astype(np.uint8), path)
    found = finding(root, "near-duplicate")
    assert found.severity == "warning"
    assert {name for name in found.files if name.startswith("validation")} == {
        "validation/cat/brighter.png",
        "validation/cat/recompressed.jpg",
        "validation/cat/noisy.png",
    }
    assert {name for name in found.files if name.startswith("train")} == {"train/cat/0.png"}


def test_an_image_with_many_near_twins_is_named_with_the_nearest(tmp_path):
    """As of a camera that never moves, where each image of one split is like each of the other."""
    root = class_folders(tmp_path)
    rng = np.random.default_rng(0)
    for noise in range(2, 8):
        blurred = picture(0) + rng.integers(-noise, noise + 1, (32, 32, 3))
        save(blurred.clip(0, 255).astype(np.uint8), root / "train" / "cat" / f"noise{noise}.png")
    save(picture(0) + 1, root / "validation" / "cat" / "brighter.png")
    found = finding(root, "near-duplicate")
    assert found.files == ("validation/cat/brighter.png", "train/cat/0.png")


def test_unlike_and_flat_images_are_no_near_duplicates(tmp_path):
    root = class_folders(tmp_path)
    for i, split in enumerate(("train", "validation")):
        flat = np.full((32, 32, 3), 100 + 50 * i, np.uint8)
        flat[3, 3] = 0
        save(flat, root / split / "cat" / "flat.png")
    assert finding(root, "near-duplicate") is None
