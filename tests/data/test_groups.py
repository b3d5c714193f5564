"""Tables that say which images belong together: read, kept together, and looked at by the doctor."""

import pytest
from data_builders import LABELS, class_folders, colored, index_mask, mask_folders, picture, save

from pixelproof import api
from pixelproof.config import DataConfig
from pixelproof.data import arrange, open_data
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.runs import load_scores


def groups_of(data):
    return {sample.id: sample.group for samples in data.splits.values() for sample in samples}


def write_groups(root, lines, head="filename,group"):
    (root / "groups.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")


@pytest.mark.parametrize("column", ["group", "Patient_ID", "scene"])
def test_a_column_of_a_table_of_labels(tmp_path, column):
    rows = [f"filename;label;{column}"]
    for n in range(12):
        save(picture(n), tmp_path / f"{n}.png")
        rows.append(f"{n}.png;{'ab'[n % 2]};{'' if n == 11 else f'p{n // 4}'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), "utf-8")
    data = open_data(tmp_path)
    assert groups_of(data) == {f"{n}.png": None if n == 11 else f"p{n // 4}" for n in range(12)}
    parts = arrange(data, DataConfig(validation=0.3, selection=0))
    patients = [{sample.scene for sample in parts[name]} for name in ("train", "validation")]
    assert not patients[0] & patients[1]


def test_a_column_of_a_table_of_masks(tmp_path):
    rows = ["filename,mask,group"]
    for n in range(4):
        save(picture(n), tmp_path / "images" / f"{n}.png")
        save(colored(index_mask(n)), tmp_path / "masks" / f"m{n}.png")
        rows.append(f"{n}.png,m{n}.png,s{n // 2}")
    (tmp_path / "masks.csv").write_text("\n".join(rows), "utf-8")
    (tmp_path / "labels.yaml").write_text(LABELS)
    assert groups_of(open_data(tmp_path)) == {f"{n}": f"s{n // 2}" for n in range(4)}


@pytest.mark.parametrize("name", ["{split}/{kind}/{n}.png", "{split}/{kind}/{n}", "{kind}/{n}.png"])
def test_a_table_beside_any_layout_names_images_as_people_do(tmp_path, name):
    root = class_folders(tmp_path, 6, 0)
    lines = [name.format(split="train", kind=("cat", "dog")[n % 2], n=n) + f",p{n // 2}" for n in range(6)]
    write_groups(root, [*lines, "gone.png,p9"])
    assert groups_of(open_data(root)) == {f"{('cat', 'dog')[n % 2]}/{n}.png": f"p{n // 2}" for n in range(6)}
    assert not [finding for finding in examine(root).findings if finding.check == "ignored-files"]


def test_a_column_of_a_table_of_labels_beside_folders(tmp_path, capsys):
    root = class_folders(tmp_path, 6, 0)
    lines = [f"{('cat', 'dog')[n % 2]}/{n}.png,x,p{n // 2}" for n in range(6)]
    (root / "labels.csv").write_text("\n".join(["filename,label,patient", *lines]))
    assert groups_of(open_data(root)) == {f"{('cat', 'dog')[n % 2]}/{n}.png": f"p{n // 2}" for n in range(6)}
    (root / "labels.csv").write_text("\n".join(["filename,label,patient", *lines[1:]]))
    assert set(groups_of(open_data(root)).values()) == {None}
    assert "labels.csv may say which images belong together, and is not read for it: " in capsys.readouterr().err
    [finding] = [finding for finding in examine(root).findings if finding.check == "groups-not-read"]
    assert "has no line for" in finding.message
    write_groups(root, [f"{('cat', 'dog')[n % 2]}/{n}.png,q" for n in range(6)])
    assert set(groups_of(open_data(root)).values()) == {"q"}
    assert not [finding for finding in examine(root).findings if finding.check == "groups-not-read"]


def test_names_alone_and_masks(tmp_path):
    root = mask_folders(tmp_path, 6, 0)
    write_groups(root, [f"{n:02d},s{n % 3}" for n in range(6)], "image_id,scene_id")
    assert groups_of(open_data(root)) == {f"{n:02d}": f"s{n % 3}" for n in range(6)}


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            ["train/cat/0.png,a"],
            r"has no line for .*train/cat/2\.png; add one; its group may be left empty",
        ),
        (["cat/0.png,a"], r"names 'cat/0\.png', which may be .*train/cat/0\.png or .*; write paths into the table"),
        (["cat/0.png,a", "cat/0.png,b"], r"'cat/0\.png' stands twice"),
        (["train/cat/0.png,a", "train/cat/0,b"], r"says 'a' and 'b' of .*train/cat/0\.png; remove one of the lines"),
        (["cat/0.png"], "1 cells, expected 2"),
        ([], "holds no labels"),
    ],
)
def test_a_table_that_says_too_little_or_two_things_is_refused(tmp_path, lines, problem):
    root = class_folders(tmp_path, 4, 4)
    with pytest.raises(UserError, match=problem):
        write_groups(root, lines)
        open_data(root)


def test_the_doctor_finds_groups_in_two_splits(tmp_path, pixelproof):
    root = class_folders(tmp_path / "data", 6, 4)
    assert not [f for f in examine(root).findings if f.check == "group-across-splits"]
    (found,) = [f for f in examine(root, pattern=r"(\d)\.png").findings if f.check == "group-across-splits"]
    assert found.severity == "error"
    assert found.count == 4
    assert found.message.startswith("4 groups of validation (0, 1, 2 and 1 more; 4 images) have images in train as")
    assert set(found.files) == {f"validation/{('cat', 'dog')[n % 2]}/{n}.png" for n in range(4)}
    splits = ("train", 6), ("validation", 4)
    write_groups(
        root, [f"{s}/{('cat', 'dog')[n % 2]}/{n}.png,{s if n else 'both'}" for s, count in splits for n in range(count)]
    )
    code, out, _ = pixelproof("doctor", root)
    assert code == 1
    assert "1 group of validation (both; 1 image) has images in train as well" in " ".join(out.split())
    assert pixelproof("doctor", root, "--groups", "(")[0] == 2
    (root / "train").rename(root / "test")
    (root / "groups.csv").write_text((root / "groups.csv").read_text().replace("train", "test"))
    (found,) = [f for f in examine(root).findings if f.check == "group-across-splits"]
    assert found.severity == "warning"
    assert "1 group of test (both; 1 image) has images in validation as well: what is chosen on" in found.message


def test_the_doctor_finds_labels_that_differ_in_a_group(tmp_path):
    """Of parts with four views each, one view is labelled otherwise."""
    rows = ["filename,label,part,group"]
    for part in range(6):
        for view in range(4):
            save(picture(4 * part + view), tmp_path / f"P{part}_{view}.png")
            label = "dent" if part % 2 or (part, view) == (2, 1) else "good"
            rows.append(f"P{part}_{view}.png,{label},,P{part}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    (found,) = [f for f in examine(tmp_path).findings if f.check == "labels-differ-in-group"]
    assert (found.severity, found.files[0], found.count) == ("warning", "P2_1.png", 2)
    assert "1 of 6 groups of several images has images with different labels (P2: 1 dent, 3 good)" in found.message
    rows[1:5] = [row.replace("good", "dent", 1) if n == 2 else row for n, row in enumerate(rows[1:5])]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert {f.severity for f in examine(tmp_path).findings if f.check == "labels-differ-in-group"} == {"note"}
    assert not [f for f in examine(tmp_path, pattern=r"_(\d)").findings if f.check == "labels-differ-in-group"]


def test_groups_are_kept_in_scores_however_they_are_known(color_classes, tmp_path):
    api.train(color_classes, "vgg16-bn", tmp_path / "run", settings=["width=0.05", "epochs=1", r"groups=(\d)\.png"])
    scores = api.evaluate(tmp_path / "run", color_classes)
    assert scores.groups.tolist() == [i[-5] for i in scores.ids]
    assert load_scores(tmp_path / "run" / "scores" / "validation.npz").groups.tolist() == scores.groups.tolist()
    every = api.evaluate(tmp_path / "run", color_classes, "all")
    assert every.groups.tolist() == [i[-5] for i in every.ids]
    assert every.source.learned == "30"
    api.train(color_classes, "vgg16-bn", tmp_path / "other", settings=["width=0.05", "epochs=1"])
    assert api.evaluate(tmp_path / "other", color_classes).groups is None


def test_a_run_that_began_without_groups_stays_as_it_is(tmp_path):
    root = class_folders(tmp_path / "data", 12, 0)
    kept = arrange(open_data(root), DataConfig(groups=None))
    write_groups(root, [f"{('cat', 'dog')[n % 2]}/{n}.png,p{n // 6}" for n in range(12)])
    data = open_data(root)
    assert arrange(data, DataConfig(groups=None)) == kept
    assert DataConfig(groups="none").groups is None
    assert arrange(data, DataConfig(validation=0.5, selection=0))["validation"][0].group
    assert not [f for f in examine(root, pattern=None).findings if f.check == "group-across-splits"]


def test_scores_of_other_tools_know_the_groups_of_the_data(tmp_path):
    root = class_folders(tmp_path / "data", 6, 0)
    write_groups(root, [f"{('cat', 'dog')[n % 2]}/{n}.png,p{n // 2}" for n in range(6)])
    rows = "".join(f"{('cat', 'dog')[n % 2]}/{n}.png,cat\n" for n in range(6))
    (tmp_path / "guess.csv").write_text("filename,label\n" + rows)
    scores = api.score(tmp_path / "guess.csv", root)
    assert dict(zip(scores.ids, scores.groups.tolist(), strict=True))["dog/3.png"] == "p1"
    truth = "".join(f"{n}.png,{'cat' if n % 2 else 'dog'},{'p1' if n < 2 else ''}\n" for n in range(4))
    (tmp_path / "truth.csv").write_text("filename,label,patient\n" + truth)
    (tmp_path / "guess.csv").write_text("filename,label\n" + "".join(f"{n}.png,cat\n" for n in range(4)))
    assert api.score(tmp_path / "guess.csv", tmp_path / "truth.csv").groups.tolist() == ["p1", "p1", "2.png", "3.png"]
    fields = mask_folders(tmp_path / "fields", 6, 0)
    write_groups(fields, [f"{n:02d},s{n // 3}" for n in range(6)])
    scores = api.score(fields / "train" / "masks", fields)
    assert dict(zip(scores.ids, scores.groups.tolist(), strict=True)) == {f"{n:02d}": f"s{n // 3}" for n in range(6)}
