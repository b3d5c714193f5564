"""Images that a list leaves out: read everywhere without them, proposed by the doctor, and never deleted."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FuturesTimeout

import numpy as np
import pytest
from data_builders import class_folders, mask_folders, picture, save

from pixelproof import api
from pixelproof.config import DataConfig
from pixelproof.data import arrange, fingerprint, open_data
from pixelproof.data.doctor import examine
from pixelproof.data.run_data import samples_for
from pixelproof.errors import UserError
from pixelproof.runs import Run
from pixelproof.runs.learned import load_learned
from pixelproof.runs.left_out_file import Entry, counts_of, extended, load_list, save_list
from pixelproof.runs.locks import alone_in


def write_list(root, *lines):
    (root / "leave_out.csv").write_text("\n".join(lines) + "\n", "utf-8")


def ids(samples):
    return {sample.id for sample in samples}


def test_a_list_is_read_back_and_grows_as_its_person_writes_it(tmp_path):
    path, entries = (
        tmp_path / "leave_out.csv",
        [
            Entry('a, "b".png', "duplicate", "as c;\nd.png"),
            Entry("#1.png", "unreadable"),
            Entry(" f.png", "two\n# lines"),
            Entry("g\nh.png", "doubtful-label", sure=False),
            Entry("e.png", "doubtful-label", "looks like dog", sure=False),
        ],
    )
    save_list(path, entries)
    read = load_list(path)
    assert [entry[:3] for entry in read] == [
        ('a, "b".png', "duplicate", "as c; d.png"),
        ("./#1.png", "unreadable", ""),
        ("./ f.png", "two # lines", ""),
    ]
    assert [entry.line for entry in read] == [2, 3, 4]
    assert counts_of(["", "a", "a"]) == {"a": 2, "without a reason": 1}
    path.write_text(path.read_text().replace("# e", "e") + "filename,reason,note\n")  # as two lists joined
    assert [entry.name for entry in load_list(path)] == ['a, "b".png', "./#1.png", "./ f.png", "e.png"]
    own = 'reason;filename\n# mine, and; "kept\nold;x.png\n'  # as a spreadsheet saves it
    path.write_text(extended(own, [Entry("y.png", "new", "lost")]))
    assert path.read_text().startswith(own)
    assert [entry[:2] for entry in load_list(path)] == [("x.png", "old"), ("y.png", "new")]
    path.write_text("a.png\nsub/b.png,blurred\n")
    assert [entry[:2] for entry in load_list(path)] == [("a.png", ""), ("sub/b.png", "blurred")]


@pytest.mark.parametrize("name", ["train/cat/2.png", "train/cat/2", "./train/cat/2.png"])
def test_what_a_list_names_is_in_no_part(tmp_path, capsys, name):
    root = class_folders(tmp_path, 12, 4)
    before = open_data(root)
    write_list(root, "filename,reason", f"{name},blurred", "# train/dog/1.png,not sure", "validation/dog/1,blurred")
    data = open_data(root)
    assert "note: 2 images of" in (said := capsys.readouterr().err)
    assert "left out, as leave_out.csv says: 2 blurred" in said
    assert ids(before.split("train")) - ids(data.split("train")) == {"cat/2.png"}
    assert ids(before.split("validation")) - ids(data.split("validation")) == {"dog/1.png"}
    assert {name: ids(samples) for name, samples in data.whole.items()} == {
        name: ids(samples) for name, samples in before.splits.items()
    }
    assert data.scheme == before.scheme
    assert fingerprint(data.split("train")) != fingerprint(before.split("train"))
    parts = arrange(data, DataConfig())
    assert "cat/2.png" not in ids(parts["train"]) | ids(parts["selection"])
    assert (root / "train" / "cat" / "2.png").is_file()
    assert arrange(data, DataConfig(leave_out="none")).keys() == parts.keys()
    for name, own in arrange(data, DataConfig(leave_out="none")).items():
        assert ids(own) == ids(arrange(before, DataConfig())[name])


def test_all_other_images_stay_in_the_part_that_they_were_in(tmp_path):
    """Or a run without an image would be scored on others than one with it."""
    root = class_folders(tmp_path, 60, 0)
    settings = [DataConfig(), *(DataConfig(cv_fold=f"{place}/3", selection=0.2) for place in (1, 2, 3))]
    before = [arrange(open_data(root), config) for config in settings]
    gone = {"cat/0.png", "cat/2.png", "dog/1.png", "dog/7.png", "dog/9.png", "cat/30.png"}
    write_list(root, *gone)
    for config, parts in zip(settings, before, strict=True):
        after = arrange(open_data(root), config)
        assert {name: ids(own) for name, own in after.items()} == {name: ids(own) - gone for name, own in parts.items()}


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["filename", "train/cat/3.png"], r"line 2 of .*leave_out\.csv names 'train/cat/3\.png', and .* no such image; "
         r"did you mean 'train/cat/\d\.png'\?"),
        (["cat/0.png"], r"names 'cat/0\.png', which may be .*train/cat/0\.png or .*0\.png; write its path"),
        (["# all", "train/cat/0", "train/cat/2", "validation/cat/0", "validation/cat/2"],
         "leaves out all images of class 'cat'"),
        ([f"train/{name}.png" for name in ("cat/0", "cat/2", "dog/1", "dog/3")], "leaves out all images of train"),
        ([",blurred"], "names '', and"),
        (["train\\cat\\0.png"], r"no such image; did you mean 'train/cat/0\.png'\?"),
        (["/elsewhere/data/train/cat/0.png"], r"no such image; did you mean 'train/cat/0\.png'\?"),
        (["train/cat/7.png", "train/cat/0.png", "train/cat/8.png"],
         r"names 'train/cat/7\.png', and .* image \(nor for 1 further line\); did"),
        (['train/cat/0.png,"blurred', "train/dog/1.png"], "line 1: cannot be read as CSV: unexpected end of data"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_meant_is_refused(tmp_path, lines, problem):
    root = class_folders(tmp_path, 4, 4)
    write_list(root, *lines)
    for reads in (open_data, examine, api.leave_out):
        with pytest.raises(UserError, match=problem):
            reads(root)


def test_a_list_that_would_not_be_read_is_refused(tmp_path):
    root = class_folders(tmp_path, 4, 4)
    (root / "leave_out.csv").symlink_to(root / "gone.csv")
    with pytest.raises(UserError, match=r"leave_out\.csv does not exist"):
        open_data(root)
    (root / "leave_out.csv").unlink()
    (root / "leave-out.csv").write_text("train/cat/0.png\n")
    with pytest.raises(UserError, match=r"leave-out\.csv would not be read; rename it to leave_out\.csv"):
        open_data(root)


def test_a_name_with_a_comma_wants_quotes(tmp_path):
    root = class_folders(tmp_path, 8, 0)
    (root / "train" / "cat" / "0.png").rename(root / "train" / "cat" / "0, left.png")
    write_list(root, "train/cat/0, left.png,blurred")
    with pytest.raises(UserError, match=r"names 'train/cat/0', and .*; put a name that has a comma in quotes"):
        open_data(root)
    write_list(root, '"train/cat/0, left.png",blurred')
    assert [each.reason for each in open_data(root).left_out] == ["blurred"]


def test_of_two_who_add_at_once_each_keeps_what_the_other_added(tmp_path):
    root = class_folders(tmp_path / "data", 12, 0)
    (tmp_path / "more.csv").write_text("train/cat/2.png\n")
    with ThreadPoolExecutor() as pool:
        with alone_in(root):  # as another process does that is about to write
            adding = pool.submit(api.leave_out, root, tmp_path / "more.csv")
            with pytest.raises(FuturesTimeout):
                adding.result(timeout=0.5)
            write_list(root, "train/cat/0.png")
        assert adding.result()["added"] == 1
    assert [entry.name for entry in load_list(root / "leave_out.csv")] == ["train/cat/0.png", "train/cat/2.png"]


def test_a_class_that_is_left_out_of_train_is_named_with_the_list(tmp_path):
    root = class_folders(tmp_path, 8, 4)
    write_list(root, *(f"train/cat/{n}.png" for n in (0, 2, 4, 6)))
    with pytest.raises(UserError, match=r"'cat' has no image in the split train of .* but for those that leave_out"):
        arrange(open_data(root), DataConfig())


def test_a_run_knows_its_parts_when_the_list_has_changed(tmp_path):
    """What was set aside is still what it has not learned from, so it can be scored beside a run without them."""
    root = class_folders(tmp_path / "data", 24, 0)
    whole = arrange(open_data(root), DataConfig())
    cat, dog = (next(s.id for s in whole["train"] if s.id.startswith(name)) for name in ("cat", "dog"))
    scored = whole["validation"][0].id
    settings = ["width=0.03", "epochs=1", "device=cpu", "batch_size=8"]
    write_list(root, cat)
    api.train(root, "vgg16", tmp_path / "run", settings=settings)
    for gone in ([], [cat, dog], [dog], [dog, scored]):
        write_list(root, "filename", *gone)
        scores = api.evaluate(tmp_path / "run", root, overwrite=True)
        assert set(scores.ids) == ids(whole["validation"]) - {*gone}
        assert not scores.source.learned
    assert len(samples_for(Run.open(tmp_path / "run"), root, "train")) == len(whole["train"]) - 1
    shutil.rmtree(root / "train")  # other data, under a list as long
    other = class_folders(tmp_path / "data", 26, 0)
    for file in other.rglob("*.png"):
        file.write_bytes(file.read_bytes() + b"0")
    with pytest.raises(UserError, match=r"none is set aside, because .* did not learn from it"):
        api.evaluate(tmp_path / "run", root, overwrite=True)


def test_of_masks_what_has_no_partner_or_cannot_be_read_is_left_out(tmp_path):
    root = mask_folders(tmp_path, 6, 3)
    (root / "train" / "images" / "03.png").write_bytes(b"nothing")
    (root / "train" / "masks" / "04.png").write_bytes(b"nothing")
    save(picture(5), root / "train" / "images" / "alone.png")
    save(picture(6), root / "train" / "images" / "02.jpg")  # a second image of the sample 02
    write_list(root, "train/images/alone.png", "train/masks/04.png", "train/images/03.png", "train/images/02.jpg")
    data = open_data(root)
    assert ids(data.split("train")) == {"00", "01", "02", "05"}
    diagnosis = examine(root)
    assert not diagnosis.of("error")
    assert [(f.check, f.count) for f in diagnosis.findings if f.files] == [("left-out", 4)]
    write_list(root, "train/images/02.png", "03", "train/masks/04.png", "train/images/alone.png")
    assert next(s for s in open_data(root).split("train") if s.id == "02").image.suffix == ".jpg"


def planted(root):
    """Two classes with every fault that the doctor proposes to leave out."""
    class_folders(root, 24, 40)
    shutil.copy(root / "train/cat/0.png", root / "validation/cat/copy.png")
    shutil.copy(root / "train/cat/2.png", root / "train/cat/z.png")
    shutil.copy(root / "train/cat/4.png", root / "train/dog/4.png")
    shutil.copy(root / "validation/cat/0.png", root / "test_cat.png")
    for name in ("cat", "dog"):
        save(picture(5000 + (name == "dog")), root / "test" / name / "0.png")
    (root / "test_cat.png").rename(root / "test" / "cat" / "1.png")
    (root / "train" / "dog" / "broken.png").write_bytes(b"")
    save(np.full((32, 32, 3), 7, np.uint8), root / "train" / "dog" / "blank.png")
    save((picture(1003).astype(int) + 3).clip(0, 255).astype(np.uint8), root / "train" / "dog" / "near.png")
    return root


def test_the_doctor_proposes_what_leaves_scores_as_they_are(tmp_path, pixelproof):
    root = planted(tmp_path / "data")
    code, out, _ = pixelproof("doctor", root, "--out", tmp_path / "look")
    assert code == 1
    assert "leave_out.csv has 5 images to leave out and 3 comments to decide on; look at them, then: pixelproof" in out
    path = tmp_path / "look" / "leave_out.csv"
    assert {entry.name: entry.reason for entry in load_list(path)} == {
        "train/dog/broken.png": "unreadable",
        "train/dog/blank.png": "blank-image",
        "train/cat/0.png": "duplicate-across-splits",
        "train/cat/z.png": "duplicate",
        "validation/cat/0.png": "duplicate-across-splits",
    }
    text = path.read_text()
    assert "same pixels as validation/cat/copy.png in validation\n" in text
    assert "in test; this changes validation, whose scores are then others" in text
    assert "same pixels as train/dog/4.png with another label (cat here, dog there): leave out the wrong one" in text
    comments = [line.split(",")[:2] for line in text.splitlines() if line.startswith("# ")]
    assert sorted(comments) == [
        ["# train/cat/4.png", "conflicting-labels"],
        ["# train/dog/4.png", "conflicting-labels"],
        ["# train/dog/near.png", "near-duplicate"],
    ]
    page = (tmp_path / "look" / "report.html").read_text()
    assert "lists what may be left out: 5 images, and 3 images as comments, for a person to decide." in page
    files = sorted(root.rglob("*"))
    code, out, _ = pixelproof("leave-out", root, path)
    assert (code, sorted(set(root.rglob("*")) - set(files))) == (0, [root / "leave_out.csv"])
    assert "5 images added to" in out
    assert "of these, 1 validation: scores there are of other images than before" in out
    path.write_text(text.replace("# train/dog", "train/dog"))  # a person has decided
    assert "2 images added" in pixelproof("leave-out", root, path)[1]
    assert "7 images of" in pixelproof("leave-out", root)[1]
    diagnosis = examine(root)
    assert not diagnosis.of("error")
    assert not diagnosis.leave_out
    assert diagnosis.summary["left_out"]["duplicate-across-splits"] == 2


def test_a_list_with_one_wrong_line_changes_nothing(tmp_path, pixelproof):
    root = class_folders(tmp_path / "data", 12, 4)
    write_list(root, "# mine", "train/cat/0.png")
    (tmp_path / "more.csv").write_text("train/cat/2.png\ntrain/cat/99.png\n")
    code, _, err = pixelproof("leave-out", root, tmp_path / "more.csv")
    assert (code, err.count("\n")) == (2, 1)
    assert "line 2 of" in err
    assert (root / "leave_out.csv").read_text() == "# mine\ntrain/cat/0.png\n"


def test_every_verb_reads_the_data_without_them(color_classes, tmp_path, pixelproof, capsys):
    root, out = color_classes, tmp_path / "run"
    write_list(root, "train/red/0.png,doubtful-label", "train/red/1.png,duplicate", "validation/green/0.png,duplicate")
    run = api.train(root, "vgg16", out, settings=["width=0.03", "epochs=1", "device=cpu", "batch_size=8"])
    told = run.facts().data
    assert told.left_out == {"duplicate": 2, "doubtful-label": 1}
    assert told.images["train"] + told.images["selection"] == len(list((root / "train").rglob("*.png"))) - 2
    assert len(load_learned(run)[0].digests) == told.images["train"] + told.images["selection"]
    scores = api.evaluate(out, root)
    assert "green/0.png" not in scores.ids
    assert scores.source.fingerprint == told.fingerprint["validation"]
    assert "3 images, as leave_out.csv says: 2 duplicate, 1 doubtful-label" in api.report(out).read_text()
    api.predict(out, root / "validation", tmp_path / "guess")  # as a tool that knows nothing of the list
    assert set(api.score(tmp_path / "guess" / "predictions.csv", root).ids) == set(scores.ids)
    api.explain(out, root, tmp_path / "why", split="train")
    text = (tmp_path / "why" / "leave_out.csv").read_text()
    doubted = [line for line in text.splitlines() if line.startswith("# train/")]
    assert doubted
    assert "doubtful-label," in doubted[0]
    assert "leave_out.csv beside this page has a comment for each" in (tmp_path / "why" / "report.html").read_text()
    assert not load_list(tmp_path / "why" / "leave_out.csv")
    (tmp_path / "why" / "leave_out.csv").write_text(text.replace(doubted[0], doubted[0][2:]))  # a person confirms it
    assert api.leave_out(root, tmp_path / "why" / "leave_out.csv")["added"] == 1
    every = ["width=0.03", "epochs=1", "device=cpu", "leave_out=none"]
    whole = api.train(root, "vgg16", tmp_path / "whole", settings=every)
    assert not whole.facts().data.left_out
    assert "leave_out=none: they are read all the same" in capsys.readouterr().err
    assert set(api.evaluate(whole.path, root).ids) - set(scores.ids) == {"green/0.png"}
    code, _, err = pixelproof("train", root, "--out", out, "--resume")
    assert code == 2
    assert "began on, as other images are left out of it; give that data" in err
