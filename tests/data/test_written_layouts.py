"""Layouts that a table in the folder writes down."""

import pytest
from data_builders import LABELS, index_mask, labelled, picture, save

from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.evaluation.score import score


def table_of(root, text, names=("a.png", "images/b.png", "val/c.png", "d.png")):
    for seed, name in enumerate(names):
        save(picture(seed), root / name)
    (root / "labels.csv").write_text(text)
    return root


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
