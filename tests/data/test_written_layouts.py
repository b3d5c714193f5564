"""Layouts that a file in the folder writes down."""

import pytest
from data_builders import index_mask, picture, save

from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.evaluation.score import score
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
        ("path,label\na.png,cat\n", "has no layout that is recognised; arrange it as .*labels.csv"),
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


def test_images_of_a_table_belong_to_the_split_folders_they_lie_in(tmp_path):
    names = ("images/train/a.png", "images/test/b.png", "images/c.png")
    root = table_of(tmp_path, "filename,label\nimages/train/a.png,cat\ntest/b.png,dog\nc.png,dog\n", names)
    assert labelled(open_data(root)) == {
        "train": {"images/train/a.png": "cat", "c.png": "dog"},
        "test": {"test/b.png": "dog"},
    }


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
