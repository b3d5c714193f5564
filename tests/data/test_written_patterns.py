"""Layouts that ``layout.yaml``, or the lists of a published data set, write down."""

import shutil

import numpy as np
import pytest
from data_builders import index_mask, labelled, picture, save
from PIL import Image

from pixelproof.config import DataConfig
from pixelproof.data import arrange, open_data
from pixelproof.data.doctor import examine
from pixelproof.data.masks import read_mask
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, VOID
from pixelproof.runs import Run


def cityscapes(root, splits=("train", "val")):
    for seed, split in enumerate(splits):
        for city in ("aachen", "ulm"):
            save(picture(seed), root / "leftImg8bit" / split / city / f"{city}_0_leftImg8bit.png")
            for kind in ("labelIds", "instanceIds"):
                save(index_mask(seed), root / "gtFine" / split / city / f"{city}_0_gtFine_{kind}.png")
    (root / "labels.yaml").write_text("preset: cityscapes\n")
    images, masks = "leftImg8bit/{split}/{id}_leftImg8bit.png", "gtFine/{split}/{id}_gtFine_labelIds.png"
    (root / "layout.yaml").write_text(f"images: '{images}'\nmasks: '{masks}'\n")
    return root


def test_patterns_of_paths_pair_images_with_masks(tmp_path):
    data = open_data(cityscapes(tmp_path))
    ids = {split: [sample.id for sample in samples] for split, samples in data.splits.items()}
    assert ids == {s: ["aachen/aachen_0", "ulm/ulm_0"] for s in ("train", "validation")}
    sample = data.splits["validation"][1]
    assert sample.mask == tmp_path / "gtFine" / "val" / "ulm" / "ulm_0_gtFine_labelIds.png"
    sample.mask.unlink()
    with pytest.raises(UserError, match=r"ulm_0_leftImg8bit.png has no partner"):
        open_data(tmp_path)


def test_patterns_may_name_classes(tmp_path):
    for place, name in enumerate(("cat/train/1", "dog/train/1", "dog/test/1")):
        save(picture(place), tmp_path / f"{name}.png")
    (tmp_path / "layout.yaml").write_text("images: '{class}/{split}/{id}.png'\n")
    data = open_data(tmp_path)
    assert labelled(data) == {"train": {"cat/1": "cat", "dog/1": "dog"}, "test": {"dog/1": "dog"}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("images: '{split}.png'", r"'images': it has no {id}"),
        ("images: '{id}/{name}.png'", "{name} is not one of {id}, {split} and {class}"),
        ("images: '{id}/{id}.png'", "{id} is not one of .* or stands twice"),
        ("images: 'a/{id}.png'", "give either masks or the {class} of images"),
        ("images: 'a/{id}.png'\nmasks: 'a/{id}.png'", "images and masks have the same places, and something else"),
        ("images: 'a/{split}/{id}.png'\nmasks: 'b/{id}.png'", "images and masks have the same places"),
        ("images: '{class}/{id}_gtFine_instanceIds.png'", "layout.yaml names one class"),
        ("images: 'a/{id}.png'\nmasks: 'b/{id}.png'", "no file of .* fits 'a/{id}.png' of"),
        ("images: 'left{split}/{id}.png'\nmasks: 'b{split}/{id}.png'", "is of no split that is called train"),
        ("image: 'a/{id}.png'", "unknown key 'image'; did you mean 'images'?"),
    ],
)
def test_a_wrong_pattern_is_one_sentence(tmp_path, text, complaint):
    cityscapes(tmp_path)
    (tmp_path / "layout.yaml").write_text(text.replace("left", "leftImg8bit/t") + "\n")
    with pytest.raises(UserError, match=complaint):
        open_data(tmp_path)


def test_no_id_leads_out_of_a_folder(tmp_path):
    cityscapes(tmp_path)
    images, masks = "leftImg8bit{id}_left{split}.png", "gtFine{id}_gt{split}.png"
    (tmp_path / "layout.yaml").write_text(f"images: '{images}'\nmasks: '{masks}'\n")
    with pytest.raises(UserError, match=r"no file of .* fits"):
        open_data(tmp_path)
    for name in ("/out", "../out", "a/../../out"):
        with pytest.raises(UserError, match="cannot be kept under its name"):
            Run(tmp_path).shown(name)


_COLORS = dict(PRESETS["voc"].indexed_colors())
VOC_PALETTE = [part for i in range(256) for part in _COLORS.get(i, (0, 0, 0))]
LISTS = {"train": "a\nb\n", "val": "c\n"}


def voc(root, lists=LISTS, masks="abc"):
    """Write five images, masks of some in the colours and numbers of Pascal VOC, and lists of splits."""
    for seed, name in enumerate("abcde"):
        save(picture(seed), root / "JPEGImages" / f"{name}.jpg")
    for seed, name in enumerate(masks):
        mask = Image.fromarray(np.select([(m := index_mask(seed)) == 1, m == 2], [15, 255], 0).astype(np.uint8))
        mask.putpalette(VOC_PALETTE)
        for folder in ("SegmentationClass", "SegmentationObject"):
            (root / folder).mkdir(exist_ok=True)
            mask.save(root / folder / f"{name}.png")
    for name, text in {"trainval": "a\nb\nc\n", **lists}.items():
        path = root / "ImageSets" / "Segmentation" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def sample_ids(data):
    return {split: [sample.id for sample in samples] for split, samples in data.splits.items()}


def test_pascal_voc_as_it_is_published(tmp_path, capsys):
    data = open_data(voc(tmp_path))
    assert sample_ids(data) == {"train": ["a", "b"], "validation": ["c"]}
    assert data.splits["validation"][0].mask == tmp_path / "SegmentationClass" / "c.png"
    assert data.scheme == PRESETS["voc"]
    assert set(np.unique(read_mask(data.splits["train"][0].mask, data.scheme))) == {0, 15, VOID}
    assert capsys.readouterr().err == f"note: 2 images of {tmp_path} left out, as no list with labels names them\n"
    found = {finding.check: finding for finding in examine(tmp_path).findings}
    assert not [finding for finding in found.values() if finding.severity == "error"]
    assert found["unused-images"].count == 5
    assert "name them in the list of a split" in found["unused-images"].fix
    assert found["ignored-files"].files == ("ImageSets/Segmentation/trainval.txt",)


def test_voc_s_own_test_images_have_no_masks(tmp_path, capsys):
    data = open_data(voc(tmp_path, LISTS | {"test": "d\ne\n"}))
    assert sample_ids(data) == {"train": ["a", "b"], "validation": ["c"]}
    assert "note: 2 images of" in capsys.readouterr().err


@pytest.mark.parametrize("test", [{}, {"test": "d\n"}])
def test_trainval_alone_is_train_and_validation_is_set_aside_from_it(tmp_path, test):
    root = voc(tmp_path, test, "abcd")
    data = open_data(root)
    assert sample_ids(data) == {"train": ["a", "b", "c"], **{split: [*text.split()] for split, text in test.items()}}
    parts = arrange(data, DataConfig())
    assert {sample.id for name in ("train", "selection", "validation") for sample in parts[name]} == {*"abc"}
    assert len(parts["validation"]) == 1
    diagnosis = examine(root)
    assert diagnosis.summary["layout"] == "Pascal VOC, trainval.txt as train"
    found = {finding.check: finding for finding in diagnosis.findings}
    assert "part of train is set aside for the score" in found["no-validation-split"].message
    assert "add a list 'validation'" in found["no-validation-split"].fix
    assert "ignored-files" not in found


@pytest.mark.parametrize(
    ("lists", "complaint"),
    [
        ({"train": "a\n", "val": "b\na\n"}, r"val.txt names 'a', as .*train.txt does; remove one of the lines"),
        ({"train": "a\nb\na\n"}, r"train.txt names 'a', as .*train.txt does"),
        ({"train": "a\nx\n"}, r"line 2 of .*train.txt names 'x', and .* holds no such image; let each line"),
        ({"train": "a\n/JPEGImages/b.jpg /SegmentationClass/b.png"}, "; write 'JPEGImages/b.jpg' there: let each"),
        ({"train": "JPEGImages/a.jpg,SegmentationClass/a.png"}, "; write 'JPEGImages/a.jpg' there: let each line"),
        ({"train": "/home/me/VOC2012/JPEGImages/a.jpg"}, "; write 'JPEGImages/a.jpg' there: let each line"),
        ({"train": "\n", "test": ""}, r"train.txt and .*test.txt name no image; write one a line"),
        ({"train": "a\nd\n"}, r"JPEGImages/d.jpg has no partner"),
    ],
)
def test_a_wrong_list_is_one_sentence(tmp_path, lists, complaint):
    with pytest.raises(UserError, match=complaint):
        open_data(voc(tmp_path, lists))


def test_without_lists_voc_s_folders_are_images_and_masks(tmp_path):
    voc(tmp_path, {}, "abcde")
    for folder in ("SegmentationObject", "ImageSets"):
        shutil.rmtree(tmp_path / folder)
    data = open_data(tmp_path)
    assert (data.layout, sample_ids(data)) == ("images/ and masks/", {"train": list("abcde")})


def listed(root, splits, **lists):
    """Write ``layout.yaml`` for what ``voc`` writes, with other lists."""
    voc(root, {}, "abcde")
    text = "images: 'JPEGImages/{id}.jpg'\nmasks: 'SegmentationClass/{id}.png'\n"
    (root / "layout.yaml").write_text(f"{text}splits: {splits}\n")
    for name, lines in lists.items():
        (root / f"{name}.txt").write_text(lines)
    return root


@pytest.mark.parametrize("line", ["a", "a.jpg", "JPEGImages/a", "JPEGImages/a.jpg", "./JPEGImages/a.jpg", "  a\r"])
def test_patterns_may_have_lists_of_the_splits(tmp_path, line):
    root = listed(tmp_path, "{train: one.txt, val: two.txt}", one=f"# learned from\n{line}\n\nb\n", two="e")
    assert sample_ids(open_data(root)) == {"train": ["a", "b"], "validation": ["e"]}
    assert not {"one.txt", "two.txt"} & {f for x in examine(root).findings for f in x.files}


def test_lists_of_classified_images(tmp_path):
    for place, name in enumerate(("cat/1", "dog/1", "dog/2", "dog/3")):
        save(picture(place), tmp_path / f"{name}.png")
    (tmp_path / "layout.yaml").write_text("images: '{class}/{id}.png'\nsplits: {train: train.txt, test: test.txt}\n")
    (tmp_path / "train.txt").write_text("cat/1\n2\n")
    (tmp_path / "test.txt").write_text("dog/1.png\n")
    assert labelled(open_data(tmp_path)) == {"train": {"cat/1": "cat", "dog/2": "dog"}, "test": {"dog/1": "dog"}}
    (tmp_path / "test.txt").write_text("1\n")
    with pytest.raises(UserError, match=r"test.txt names '1', which may be .*cat/1.png or .*dog/1.png; write paths"):
        open_data(tmp_path)


@pytest.mark.parametrize(
    ("splits", "complaint"),
    [
        ("{train: none.txt}", r"layout.yaml names 'none.txt', and .* holds no such list; add it, or correct its path"),
        ("{train: ../one.txt}", r"names '../one.txt', and .* holds no such list"),
        ("{fold1: one.txt}", r"'splits': it names a list for train, validation and test"),
        ("{val: one.txt, valid: two.txt}", r"'splits': it names a list for train, validation and test"),
        ("{}", r"'splits': it names a list for train, validation and test"),
        ("one.txt", r"'splits': input should be a valid dict"),
        ("{train: one.txt, val: two.txt}", r"two.txt names 'JPEGImages/a.jpg', as .*one.txt does"),
    ],
)
def test_wrong_lists_of_patterns_are_one_sentence(tmp_path, splits, complaint):
    (tmp_path / "one.txt").write_text("a\n")
    with pytest.raises(UserError, match=complaint):
        open_data(listed(tmp_path / "data", splits, one="a\n", two="JPEGImages/a.jpg\n"))


def test_patterns_have_either_a_place_for_the_split_or_lists(tmp_path):
    root = cityscapes(tmp_path)
    (root / "layout.yaml").write_text((root / "layout.yaml").read_text() + "splits: {train: train.txt}\n")
    with pytest.raises(UserError, match=r"give either {split} in the patterns or splits"):
        open_data(root)
