from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from data_builders import class_folders, mask_folders
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.config import DataConfig
from pixelproof.data import DataFolder, Sample, arrange, carve, fingerprint, open_data
from pixelproof.data.dividing import fewer, fold
from pixelproof.data.grouping import grouped
from pixelproof.data.splits import limit, note_doubts
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme


def labelled(counts):
    return tuple(Sample(f"{label}/{i}", Path("x"), label=label) for label, n in enumerate(counts) for i in range(n))


def in_scenes(samples, pattern):
    return grouped({"": samples}, pattern)[""]


def unlabelled(count):
    return tuple(Sample(f"{i:04d}", Path("x"), mask=Path("y")) for i in range(count))


counts = st.lists(st.integers(1, 40), min_size=2, max_size=5)
fractions = st.floats(0.0, 0.9)


@given(counts, fractions, st.integers(0, 99))
def test_carving_is_disjoint_complete_and_stratified(n, fraction, seed):
    samples = labelled(n)
    rest, part = carve(samples, fraction, seed, "validation")
    assert sorted(s.id for s in rest + part) == sorted(s.id for s in samples)
    kept, taken = Counter(s.label for s in rest), Counter(s.label for s in part)
    for label, total in enumerate(n):
        assert kept[label] >= 1
        assert abs(taken[label] - fraction * total) <= 1
        assert taken[label] + kept[label] == total


@given(counts, fractions, st.randoms(use_true_random=False))
def test_carving_does_not_depend_on_the_order(n, fraction, rng):
    samples = labelled(n)
    shuffled = list(samples)
    rng.shuffle(shuffled)
    before, after = carve(samples, fraction, 3, "x"), carve(tuple(shuffled), fraction, 3, "x")
    assert [{s.id for s in part} for part in before] == [{s.id for s in part} for part in after]


def test_carving_depends_on_seed_and_purpose_alone():
    samples = unlabelled(200)
    parts = {key: frozenset(s.id for s in carve(samples, 0.2, *key)[1]) for key in [(0, "a"), (1, "a"), (0, "b")]}
    assert parts[0, "a"] == {s.id for s in carve(samples, 0.2, 0, "a")[1]}
    assert len(set(parts.values())) == 3
    assert {len(part) for part in parts.values()} == {40}
    assert len(parts[0, "a"] & parts[0, "b"]) < 20  # 8 are expected of independent choices


@given(counts, st.integers(2, 7), st.integers(0, 9))
def test_folds_hold_every_image_once_and_classes_alike(n, number, seed):
    samples = labelled(n)
    if len(samples) < number:
        with pytest.raises(UserError, match=f"{len(samples)} images cannot make {number} folds"):
            fold(samples, (1, number), seed)
        return
    held = [fold(samples, (place, number), seed) for place in range(1, number + 1)]
    assert sorted(s.id for _, part in held for s in part) == sorted(s.id for s in samples)
    assert all(sorted(s.id for s in rest + part) == sorted(s.id for s in samples) for rest, part in held)
    for label in range(len(n)):
        times = [sum(s.label == label for s in part) for _, part in held]
        assert max(times) - min(times) <= 1
    shuffled = random.Random(seed).sample(samples, len(samples))
    assert {s.id for s in fold(tuple(shuffled), (1, number), seed)[1]} == {s.id for s in held[0][1]}


@given(st.lists(st.integers(1, 9), min_size=4, max_size=20), st.integers(0, 9))
def test_folds_hold_whole_scenes_and_are_about_as_large(sizes, seed):
    samples = tuple(Sample(f"s{i:02}_{j}", Path("x"), mask=Path("y")) for i, n in enumerate(sizes) for j in range(n))
    samples = in_scenes(samples, r"^(\w+)_")
    parts = [{s.id for s in fold(samples, (place, 3), seed)[1]} for place in (1, 2, 3)]
    assert sorted(i for part in parts for i in part) == sorted(s.id for s in samples)
    scenes = [{i.partition("_")[0] for i in part} for part in parts]
    assert not scenes[0] & scenes[1]
    assert not scenes[2] & (scenes[0] | scenes[1])
    assert max(map(len, parts)) - min(map(len, parts)) <= max(sizes)


def test_a_rare_class_is_in_every_fold_that_it_can_be_in():
    rng = random.Random(0)
    scenes = [(f"s{i:02}", rng.randint(3, 9), i < 5) for i in range(20)]  # five show the rare class
    samples = tuple(
        Sample(f"{name}_{j}", Path("x"), label=int(rare and j == 0)) for name, n, rare in scenes for j in range(n)
    )
    held = [fold(in_scenes(samples, r"^(\w+)_"), (place, 5), 0)[1] for place in range(1, 6)]
    assert [sum(sample.label for sample in part) for part in held] == [1] * 5


def test_a_class_that_only_one_model_could_learn_is_refused_at_every_fold():
    scheme = LabelScheme.model_validate(
        {"task": "classification", "classes": [{"name": name, "id": index} for index, name in enumerate("abc")]}
    )
    data = DataFolder(Path("data"), "test", scheme, {"train": labelled([9, 9, 1])})
    for place in ("1/3", "2/3", "3/3"):
        with pytest.raises(UserError, match="class 'c' is in one image alone"):
            arrange(data, DataConfig(cv_fold=place))


def test_a_fold_is_validation_and_selection_comes_out_of_the_rest():
    data = folder(train=unlabelled(50))
    parts = [arrange(data, DataConfig(cv_fold=f"{place}/5")) for place in range(1, 6)]
    assert [[len(each[name]) for name in ("train", "selection", "validation")] for each in parts] == [[36, 4, 10]] * 5
    assert len({s.id for each in parts for s in each["validation"]}) == 50
    with pytest.raises(UserError, match="cv_fold=1/5 takes validation out of train, and data brings its own"):
        arrange(folder(train=unlabelled(50), validation=unlabelled(3)), DataConfig(cv_fold="1/5"))
    for wrong in ("0/5", "6/5", "1/1", "5", "a/b"):
        with pytest.raises(ValueError, match="is no fold; write K/N"):
            DataConfig(cv_fold=wrong)


def test_what_a_fold_lacks_is_not_pointed_out_for_others_have_it(capsys):
    scheme = LabelScheme.model_validate(
        {"task": "classification", "classes": [{"name": name, "id": index} for index, name in enumerate("ab")]}
    )
    data = DataFolder(Path("data"), "test", scheme, {"train": labelled([9, 2])})
    held = [arrange(data, DataConfig(cv_fold=f"{place}/3"))["validation"] for place in (1, 2, 3)]
    assert sorted(sum(sample.label for sample in part) for part in held) == [0, 1, 1]
    for place in (1, 2, 3):
        note_doubts(data, DataConfig(cv_fold=f"{place}/3"))
    assert "no validation image" not in capsys.readouterr().err


def test_adding_images_moves_few_others():
    before = {s.id for s in carve(unlabelled(200), 0.2, 0, "x")[1]}
    after = {s.id for s in carve(unlabelled(210), 0.2, 0, "x")[1]}
    assert len(before & after) >= 38


def test_a_small_set_still_gives_one_image_and_never_its_last():
    assert [len(part) for part in carve(unlabelled(3), 0.1, 0, "x")] == [2, 1]
    assert [len(part) for part in carve(unlabelled(1), 0.9, 0, "x")] == [1, 0]
    assert [len(part) for part in carve(unlabelled(9), 0.0, 0, "x")] == [9, 0]


def folder(**splits):
    scheme = LabelScheme.model_validate({"task": "segmentation", "classes": [{"name": "a", "id": 0}]})
    return DataFolder(Path("data"), "test", scheme, splits)


def test_arranging_carves_selection_out_of_train_and_leaves_validation_alone():
    train, validation = unlabelled(100), tuple(Sample(f"v{i}", Path("x"), mask=Path("y")) for i in range(7))
    parts = arrange(folder(train=train, validation=validation), DataConfig(selection=0.1))
    assert parts["validation"] == validation
    assert len(parts["selection"]) == 10
    assert not {s.id for s in parts["selection"]} & {s.id for s in parts["train"]}
    assert len(parts["train"]) == 90


def test_arranging_without_validation_carves_one_that_no_setting_of_selection_changes():
    data = folder(train=unlabelled(100), test=unlabelled(5))
    parts = [arrange(data, DataConfig(selection=s)) for s in (0.0, 0.1, 0.5)]
    assert all(p["validation"] == parts[0]["validation"] for p in parts)
    assert [len(p["train"]) for p in parts] == [80, 72, 40]
    assert len(parts[0]["test"]) == 5
    ids = [s.id for part in ("train", "selection", "validation") for s in parts[1][part]]
    assert len(ids) == len(set(ids)) == 100


def test_too_few_images_to_set_some_aside():
    with pytest.raises(UserError, match="too few images"):
        arrange(folder(train=unlabelled(1)), DataConfig())
    with pytest.raises(UserError, match="no split 'train'"):
        arrange(folder(validation=unlabelled(5)), DataConfig())


@given(st.integers(2, 60), st.randoms(use_true_random=False))
def test_limit_keeps_classes_even_and_ignores_the_order(count, rng):
    samples = labelled([30, 8, 15])
    shuffled = list(samples)
    rng.shuffle(shuffled)
    kept = limit(samples, count, 0)
    assert {s.id for s in kept} == {s.id for s in limit(tuple(shuffled), count, 0)}
    assert len(kept) == min(count, 53)
    per_class = Counter(s.label for s in kept)
    # No class has two images more than another, unless the other has none left to give.
    for label, total in enumerate((30, 8, 15)):
        assert per_class[label] == total or per_class[label] >= max(per_class.values()) - 1


def test_limit_grows_by_adding():
    samples = unlabelled(50)
    assert {s.id for s in limit(samples, 5, 1)} <= {s.id for s in limit(samples, 9, 1)}
    assert limit(samples, None, 0) == samples


@pytest.mark.parametrize("build", [class_folders, mask_folders])
def test_fingerprint_ignores_order_and_folder(build, tmp_path):
    samples = open_data(build(tmp_path / "a", 6, 2)).split("train")
    shuffled = list(samples)
    random.Random(0).shuffle(shuffled)
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere" / "b")
    copied = open_data(tmp_path / "elsewhere" / "b").split("train")
    assert fingerprint(samples) == fingerprint(shuffled) == fingerprint(copied)
    assert fingerprint(samples) != fingerprint(samples[1:])


def test_fingerprint_changes_with_a_byte_a_mask_and_a_label(tmp_path):
    data = open_data(mask_folders(tmp_path, 3, 1))
    before = fingerprint(data.split("train"))
    for path in (data.split("train")[0].image, data.split("train")[1].mask):
        original = path.read_bytes()
        path.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
        assert fingerprint(data.split("train")) != before
        path.write_bytes(original)
    assert fingerprint(data.split("train")) == before
    first, *others = labelled([1, 2])
    files = [Sample(s.id, data.split("train")[0].image, label=s.label) for s in (first, *others)]
    moved = [Sample(files[0].id, files[0].image, label=1), *files[1:]]
    assert fingerprint(files) != fingerprint(moved)


@pytest.mark.parametrize(
    ("changed", "noticed"), [("a_mask.png", True), ("a.tif", True), ("a.TIFF", True), ("a.bmp", True), ("a.jpg", False)]
)
def test_fingerprint_reads_masks_and_uncompressed_images_to_their_end(changed, noticed, tmp_path):
    image = "a.png" if "mask" in changed else changed
    sample = Sample("a", tmp_path / image, mask=tmp_path / "a_mask.png")
    for path in (sample.image, sample.mask):
        path.write_bytes(bytes(100_000))
    before = fingerprint([sample])
    (tmp_path / changed).write_bytes(bytes(99_999) + b"1")
    assert (fingerprint([sample]) != before) is noticed


def test_fingerprints_of_compressed_images_are_those_of_before(tmp_path):
    """Others would make every study train anew, and refuse to compare with scores that are there."""
    sample = Sample("a", tmp_path / "a.jpg", label=3)
    sample.image.write_bytes(bytes(range(256)) * 400)
    assert fingerprint([sample]) == "8579beb765ab7f7e"


def test_fingerprint_of_a_missing_file_names_it(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png does not exist"):
        fingerprint([Sample("a", tmp_path / "gone.png")])


def test_names_that_are_not_utf8(tmp_path):
    strange = tuple(Sample(f"{i}\udcff", p, label=i) for i, p in enumerate([tmp_path / "a", tmp_path / "b"]))
    for sample in strange:
        sample.image.write_bytes(b"x")
    assert len(fingerprint(strange)) == 16
    assert len(limit(strange, 1, 0)) == 1


def test_a_class_without_training_images_is_refused_and_one_without_validation_images_noted(color_classes, capsys):
    shutil.rmtree(color_classes / "validation" / "blue")
    note_doubts(open_data(color_classes), DataConfig())
    assert "no validation image of class blue" in capsys.readouterr().err
    (color_classes / "train" / "blue").rename(color_classes / "validation" / "blue")
    with pytest.raises(UserError, match="class 'blue' has no image in the split train"):
        arrange(open_data(color_classes), DataConfig())


def test_a_validation_split_without_masks_is_pointed_out(two_fields, capsys):
    note_doubts(open_data(two_fields), DataConfig())
    assert capsys.readouterr().err == ""
    for mask in (two_fields / "validation").rglob("*mask*"):
        mask.unlink()
    data = open_data(two_fields)
    note_doubts(data, DataConfig())
    said = capsys.readouterr().err
    assert "validation holds no images with masks beside them, so a part of train is set aside" in said


def test_fewer_images_are_learned_from_and_as_many_scored(color_classes):
    data = open_data(color_classes)
    whole, half = (arrange(data, DataConfig(train_limit=n)) for n in (None, 6))
    assert len(half["train"]) == 6 < len(whole["train"])
    assert {sample.label for sample in half["train"]} == {sample.label for sample in whole["train"]}
    assert [half[name] for name in ("selection", "validation")] == [whole[name] for name in ("selection", "validation")]
    fewer = arrange(data, DataConfig(train_limit=4))["train"]
    assert set(fewer) < set(half["train"]) < set(whole["train"])  # so that studies of numbers add images and swap none


SCENES = r"^[^_]+_(\w+?)-"


def of_scenes(sizes, label=None):
    return tuple(Sample(f"{label}_s{k}-{i}", Path("x"), label=label) for k, n in enumerate(sizes) for i in range(n))


@settings(max_examples=30)  # each goes through all numbers of images
@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=8), min_size=1, max_size=4), st.integers(0, 99))
def test_fewer_images_are_whole_scenes_inside_each_other(classes, seed):
    samples = tuple(sample for label, sizes in enumerate(classes) for sample in of_scenes(sizes, label))
    scenes = in_scenes(samples, SCENES)
    before: set[str] = set()
    for most in range(1, len(scenes) + 1):
        kept = fewer(scenes, most, seed)
        assert len(kept) <= most or len({sample.scene for sample in kept}) == 1
        assert {sample.scene for sample in kept}.isdisjoint({s.scene for s in scenes if s not in kept})
        assert before <= (before := {sample.id for sample in kept})
    assert len(before) == len(scenes)


@pytest.mark.parametrize("most", [3, 10, 37, 100])
def test_fewer_images_have_the_shares_of_the_classes(most):
    counts = (300, 80, 20)
    samples = tuple(Sample(f"{label}-{i}", Path("x"), label=label) for label, n in enumerate(counts) for i in range(n))
    kept = Counter(sample.label for sample in fewer(samples, most, 0))
    assert kept.total() == most
    assert all(kept[label] >= 1 and abs(kept[label] - most * n / 400) <= 1.5 for label, n in enumerate(counts))
    assert {s.id for s in fewer(samples, most, 0)} != {s.id for s in fewer(samples, most, 1)}


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=8), min_size=1, max_size=3), st.integers(0, 99))
def test_whole_scenes_are_carved(classes, seed):
    samples = tuple(sample for label, sizes in enumerate(classes) for sample in of_scenes(sizes, label))
    scene_of = {sample.id: sample.id.split("_")[1].split("-")[0] for sample in samples}  # of several classes
    rest, part = carve(in_scenes(samples, SCENES), 0.3, seed, "x")
    assert sorted(s.id for s in rest + part) == sorted(s.id for s in samples)
    assert not {scene_of[s.id] for s in rest} & {scene_of[s.id] for s in part}
    assert {s.label for s in rest} == set(range(len(classes)))


def test_carved_scenes_come_near_the_fraction():
    sizes = [random.Random(k).randint(1, 6) for k in range(60)]
    for seed in range(20):
        part = carve(in_scenes(of_scenes(sizes), SCENES), 0.2, seed, "x")[1]
        assert abs(len(part) - 0.2 * sum(sizes)) <= 3
    assert (
        len(carve(in_scenes(of_scenes([20, 30]), SCENES), 0.1, 0, "x")[1]) == 20
    )  # the smaller of two, rather than none


def test_a_rare_class_of_large_scenes_is_not_left_out():
    rare = in_scenes(tuple(s for k in range(6) for s in of_scenes([4], f"{k}")), r"^(\w)_")  # 6 scenes of 4 images
    rare = tuple(replace(s, label=1) for s in rare)
    for seed in range(20):
        part = carve((*unlabelled(200), *rare), 0.05, seed, "x")[1]
        assert sum(s.label == 1 for s in part) == 4
        assert sum(s.label is None for s in part) == 10


def test_a_group_that_fits_not_every_image_of_train_is_refused(color_classes):
    with pytest.raises(UserError, match=r"groups '\^\(r\.\*\)/' finds no group in image 'blue/0\.png'"):
        arrange(open_data(color_classes), DataConfig(groups="^(r.*)/"))


def test_a_group_in_two_splits_is_pointed_out_and_one_that_begins_with_its_class(color_classes, capsys):
    data = open_data(color_classes)
    note_doubts(data, DataConfig(groups=r"(\d)\.png"))
    said = capsys.readouterr().err
    assert "warning: 4 groups of validation (0, 1, 2 and 1 more; 12 images) have images in train as well" in said
    assert "if they are one" not in said
    for path in (color_classes / "validation").rglob("*.png"):
        path.rename(path.with_stem(f"v{path.stem}"))
    note_doubts(open_data(color_classes), DataConfig(groups=r"(v?\d)\.png"))
    assert capsys.readouterr().err == ""
    note_doubts(open_data(color_classes), DataConfig(groups=r"^(.*)\.png"))
    said = capsys.readouterr().err
    assert "by groups '^(.*)\\.png', 'blue/0' and 'green/0' are two; if they are one, leave the folder out" in said


@given(st.randoms(use_true_random=False))
def test_carving_groups_does_not_depend_on_the_order(rng):
    sizes = [[7, 6], [6, 7], [5, 8], [9, 4]]  # as many of each class, none of which a small part can hold
    samples = in_scenes(tuple(s for k, each in enumerate(sizes) for s in of_scenes(each, k)), r"^(\d_s\d)")
    shuffled = rng.sample(samples, len(samples))
    parts = [{s.id for s in carve(tuple(each), 0.1, 0, "x")[1]} for each in (samples, shuffled)]
    assert parts[0] == parts[1]
