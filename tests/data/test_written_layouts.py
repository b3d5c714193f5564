"""Layouts that a file in the folder writes down."""

import shutil

import numpy as np
import pytest
from data_builders import LABELS, index_mask, picture, save
from PIL import Image

from pixelproof.config import DataConfig
from pixelproof.data import arrange, open_data
from pixelproof.data.doctor import examine
from pixelproof.data.masks import read_mask
from pixelproof.errors import UserError
from pixelproof.evaluation.score import score
from pixelproof.labels import PRESETS, VOID
from pixelproof.runs import Run


def table_of(root, text, names=("a.png", "images/b.png", "val/c.png", "d.png")):
    for seed, name in enumerate(names):
        save(picture(seed), root / name)
    (root / "labels.csv").write_text(text)
    return root


def labelled(data):
    return {s: {x.id: data.scheme.names[x.label] for x in samples} for s, samples in data.splits.items()}


def test_a_table_of_labels(tmp_path):
    root = table_of(tmp_path, "filename,label\na.png,cat\nb.png,dog\nval/c.png,cat\nd.png,dog\n")
    data = open_data(root)
    assert labelled(data) == {
        "train": {"a.png": "cat", "b.png": "dog", "d.png": "dog"},
        "validation": {"val/c.png": "cat"},
    }
    assert data.splits["train"][1].image == root / "images" / "b.png"
    assert not [f for f in examine(root).findings if f.check == "ignored-files"]


def test_a_table_may_leave_suffixes_out(tmp_path):
    root = table_of(tmp_path, "image_id,label\na,cat\nimages/b,dog\nval/c,cat\nd,dog\n")
    assert labelled(open_data(root)) == {
        "train": {"a": "cat", "images/b": "dog", "d": "dog"},
        "validation": {"val/c": "cat"},
    }
    save(picture(9), root / "images" / "a.jpg")
    with pytest.raises(UserError, match=r"labels\.csv names 'a', and .* holds no such image"):
        open_data(root)


def test_tables_that_are_not_read_are_named_where_no_layout_fits(tmp_path):
    save(picture(0), tmp_path / "HAM10000_images" / "a.jpg")
    (tmp_path / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nL1,a,nv\n")
    with pytest.raises(UserError, match=r"; HAM10000_metadata\.csv \(columns lesion_id, image_id, dx\) is not read: a"):
        open_data(tmp_path)


def test_a_table_may_say_the_split_and_classes_by_number(tmp_path):
    (tmp_path / "id2label.json").write_text('{"3": "cat", "7": "dog"}')
    root = table_of(tmp_path, "image_id,class,split\na.png,3,train\nval/c.png,7,train\nd.png,7,test\n")
    assert labelled(open_data(root)) == {"train": {"a.png": "cat", "val/c.png": "dog"}, "test": {"d.png": "dog"}}
    (tmp_path / "guess.csv").write_text("filename,label\nd.png,3\n")
    assert score(tmp_path / "guess.csv", root).correct.tolist() == [False]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("filename,label\na.png,cat\nx.png,dog\n", "labels.csv names 'x.png', and .* holds no such image"),
        ("filename,label\na.png,cat\n../other.png,dog\n", r"labels.csv names '../other.png', and"),
        ("filename,label\na.png,cat\nd.png,\n", r"labels.csv: 'd.png' has no label"),
        ("filename,label\na.png,cat\n./a.png,dog\n", r"labels.csv: './a.png' has two labels"),
        ("filename,label\na.png,cat\nd.png,cat\n", "labels.csv names one class"),
        ("filename,label,split\na.png,cat,train\nd.png,dog,fold1\n", r"'fold1' of 'd.png' is no split; write train"),
        (f"filename,label\na.png,cat\n{'x' * 300}.png,dog\n", "labels.csv names 'x+.png', and .* holds no such image"),
        (
            "path,label\na.png,cat\n",
            r"has no layout that is recognised; arrange it as .*; labels\.csv \(columns path, label\) is not read: "
            "a table of labels is labels.csv, with columns filename and label",
        ),
    ],
)
def test_a_wrong_table_is_one_sentence(tmp_path, rows, complaint):
    root = table_of(tmp_path / "data", rows, ("a.png", "d.png"))
    save(picture(9), tmp_path / "other.png")
    with pytest.raises(UserError, match=complaint):
        open_data(root)


@pytest.mark.parametrize("text", ["filename,label\ncat/a.png,cat\n", "label,name\n0,cat\n", "\xff\xfe"])
def test_a_table_beside_another_layout_may_say_anything(tmp_path, text):
    table_of(tmp_path, "", ("cat/a.png", "dog/b.png"))
    (tmp_path / "labels.csv").write_bytes(text.encode("latin-1"))
    assert labelled(open_data(tmp_path)) == {"train": {"cat/a.png": "cat", "dog/b.png": "dog"}}
    (finding,) = [f for f in examine(tmp_path).findings if f.check == "ignored-files"]
    assert finding.files == ("labels.csv",)


VIEWS = [f"P{part}_{view}.png" for part in range(3) for view in range(2)]
ROWS = [f"{name},{'dent' if name < 'P1' else 'good'}" for name in VIEWS]


def test_a_table_that_names_images_is_read_whatever_they_are_called(tmp_path, capsys):
    root = table_of(tmp_path, "\n".join(["filename,label", *ROWS]), VIEWS)
    assert open_data(root).scheme.names == ("dent", "good")
    assert not [f for f in examine(root).findings if f.check in ("ignored-files", "table-not-read")]
    table_of(root, "\n".join(["filename,label", *ROWS[1:]]), [])
    with pytest.raises(UserError, match=r"as '<class>_<index> file names' and as 'labels\.csv'; name all images in"):
        open_data(root)
    (root / "labels.yaml").write_text("task: classification\nclasses: [{name: good, id: 0}, {name: dent, id: 1}]\n")
    assert len(open_data(root).split("train")) == 5
    assert f"note: 1 image of {root} left out" in capsys.readouterr().err
    table_of(root, "\n".join(["filename,label", *("/photos/" + row for row in ROWS)]), [])
    with pytest.raises(UserError, match=r"labels\.csv names '/photos/P0_0\.png', and .* holds no such image"):
        open_data(root)


def test_a_table_that_says_what_names_say_of_some_changes_nothing(tmp_path):
    root = table_of(tmp_path, "filename,label\nP0_0.png,a\nP1_0.png,b\n", VIEWS)
    assert open_data(root).scheme.names == ("P0", "P1", "P2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "filename,diagnosis\nP0_0.png,a\n",
            r"no columns for file name and label \(its columns: filename, diagnosis\)",
        ),
        ("part,category\nP0,a\n", "call two of them 'filename' and 'label', or rename or remove labels.csv"),
        ("filename,label\nP0_0.jpg,a\n", r"names none of the images, such as P0_0\.png, but 'P0_0\.jpg'; correct"),
    ],
)
def test_a_table_is_not_left_out_where_names_alone_would_tell_classes(tmp_path, text, problem):
    root = table_of(tmp_path, text, VIEWS)
    for reads in (open_data, examine):
        with pytest.raises(UserError, match=problem):
            reads(root)
    (root / "labels.csv").rename(root / "other.csv")
    assert open_data(root).scheme.names == ("P0", "P1", "P2")


def test_a_table_that_says_otherwise_than_folders_is_named(tmp_path, capsys):
    names = [f"{batch}/{i}.png" for batch in "ab" for i in range(2)]
    root = table_of(tmp_path, "filename,label\n" + "\n".join(f"{n},{n[2]}" for n in names), names)
    assert open_data(root).scheme.names == ("a", "b")
    assert "labels.csv labels these images, and its labels are not read" in capsys.readouterr().err
    assert [f.files for f in examine(root).findings if f.check == "table-not-read"] == [("labels.csv",)]


def test_images_of_a_table_belong_to_the_split_folders_they_lie_in(tmp_path):
    names = ("images/train/a.png", "images/test/b.png", "images/c.png")
    root = table_of(tmp_path, "filename,label\nimages/train/a.png,cat\ntest/b.png,dog\nc.png,dog\n", names)
    assert labelled(open_data(root)) == {
        "train": {"images/train/a.png": "cat", "c.png": "dog"},
        "test": {"test/b.png": "dog"},
    }


def masks_of(root, text, images=("a.jpg", "images/b.jpg", "val/c.jpg"), masks=("m1.png", "masks/m2.png", "m3.png")):
    for seed, (image, mask) in enumerate(zip(images, masks, strict=True)):
        save(picture(seed), root / image)
        save(index_mask(seed), root / mask)
    (root / "masks.csv").write_text(text)
    (root / "labels.yaml").write_text(LABELS)
    return root


def test_a_table_of_masks_pairs_files_of_any_names(tmp_path):
    root = masks_of(tmp_path, "Image_Path;Mask\na.jpg;m1.png\nb.jpg;m2.png\nval/c.jpg;m3.png\n")
    data = open_data(root)
    pairs = {s: {x.id: x.mask.relative_to(root).as_posix() for x in every} for s, every in data.splits.items()}
    assert pairs == {"train": {"a": "m1.png", "b": "masks/m2.png"}, "validation": {"val/c": "m3.png"}}
    assert not [f for f in examine(root).findings if f.check in ("ignored-files", "unused-images", "unpaired")]


def test_a_table_of_masks_may_say_the_split_and_leaves_out_what_it_does_not_name(tmp_path, capsys):
    """Also where the folders, images/ and masks/, could be read without it."""
    images, masks = ([f"{folder}/{k}.png" for k in range(4)] for folder in ("images", "masks"))
    root = masks_of(tmp_path, "filename,mask,split\n0.png,0.png,val\n1.png,1.png,train\n", images, masks)
    assert {s: [x.id for x in every] for s, every in open_data(root).splits.items()} == {
        "validation": ["0"],
        "train": ["1"],
    }
    assert "4 images of" in capsys.readouterr().err
    (finding,) = [f for f in examine(root).findings if f.check == "unused-images"]
    assert len(finding.files) == 4


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("filename,mask\na.jpg,m9.png\n", "masks.csv names 'm9.png', and .* holds no such mask; add it, or correct"),
        ("filename,mask\n/a.jpg,m1.png\n", "masks.csv names '/a.jpg', and .* holds no such image"),
        ("filename,mask\na.jpg,m1.png\n./a.jpg,m1.png\n", "'./a.jpg' is the sample of another line, too"),
        ("filename,mask\na.jpg,\n", "masks.csv names no mask; write one into each line"),
        ("filename,mask\na.jpg,\nb.jpg,m2.png\n", "a.jpg has no partner"),
        (
            "filename,msk\na.jpg,m1.png\n",
            "has no columns for file name and mask; start it with the line 'filename,mask'",
        ),
        ("", "has no columns for file name and mask"),
        ("filename,mask\na.jpg,m1.png\nb.jpg,a.jpg\n", "a.jpg is an image, and the mask of another; correct the table"),
        ("filename,mask\na.jpg,a.jpg\n", "masks.csv: 'a.jpg' is its own mask; name the mask there"),
        ("filename,mask,split\na.jpg,m1.png,fold1\n", "'fold1' of 'a.jpg' is no split; write train, validation or"),
    ],
)
def test_a_wrong_table_of_masks_is_one_sentence(tmp_path, rows, complaint):
    with pytest.raises(UserError, match=complaint):
        open_data(masks_of(tmp_path, rows))


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
