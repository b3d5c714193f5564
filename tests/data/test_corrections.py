"""Labels that a person has put right: read everywhere, moving no image, refused where they no longer fit."""

import json
from dataclasses import replace

import pytest
from data_builders import class_folders, picture, save

from pixelproof import api
from pixelproof.config import DataConfig
from pixelproof.data import arrange, fingerprint, open_data
from pixelproof.data.doctor import examine
from pixelproof.data.run_data import samples_for
from pixelproof.errors import UserError
from pixelproof.evaluation.sentences import corrected_line
from pixelproof.runs import Run, load_scores
from pixelproof.runs.corrections_file import Correction, extended, load_corrections
from pixelproof.study.file import read_study
from pixelproof.study.plan import plan

HEAD = "filename,label,was,reason"
SLIM = ["width=0.03", "epochs=1", "device=cpu", "batch_size=8"]


def write_corrections(root, *lines, head=HEAD):
    (root / "corrections.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return root


def labels(data, samples):
    return {sample.id: data.scheme.names[sample.label] for sample in samples}


def ids(samples):
    return {sample.id for sample in samples}


def unlooked(parts):
    """Samples as if nobody had looked at them."""
    return {name: tuple(replace(sample, was=None) for sample in own) for name, own in parts.items()}


def test_lines_are_read_back_and_grow_as_their_person_writes_them(tmp_path):
    path = tmp_path / "corrections.csv"
    entries = [Correction('a, "b".png', "cat; old", "dog", "two\nlines"), Correction("#1.png", "cat")]
    path.write_text(extended("", entries))
    assert [entry[:4] for entry in load_corrections(path)] == [
        ('a, "b".png', "cat; old", "dog", "two lines"),
        ("./#1.png", "cat", "", ""),
    ]
    own = "label;filename\n# mine\ncat;x.png\n"  # as a spreadsheet saves it
    path.write_text(extended(own, [Correction("y.png", "dog", "lost")]))
    assert path.read_text().startswith(own)
    assert [entry[:3] for entry in load_corrections(path)] == [("x.png", "cat", ""), ("y.png", "dog", "")]


@pytest.mark.parametrize("name", ["train/cat/2.png", "train/cat/2", "./train/cat/2.png"])
def test_a_label_is_another_wherever_the_folder_is_read(tmp_path, capsys, name):
    root = class_folders(tmp_path, 12, 4)
    before = open_data(root)
    write_corrections(root, f"{name},dog,cat,seen", "# train/cat/0.png,dog", "validation/dog/1.png,dog,,found right")
    data = open_data(root)
    assert "note: 1 label of" in (said := capsys.readouterr().err)
    assert "corrected, as corrections.csv says: cat to dog (1)" in said
    now, then = labels(data, data.split("train")), labels(before, before.split("train"))
    assert {key for key in now if now[key] != then[key]} == {"cat/2.png"}
    assert now["cat/2.png"] == "dog"
    assert data.scheme == before.scheme
    assert fingerprint(data.split("train")) != fingerprint(before.split("train"))
    assert fingerprint(data.split("validation")) == fingerprint(before.split("validation"))  # it was right
    assert unlooked(data.as_given.splits) == before.splits
    diagnosis = examine(root)
    assert diagnosis.summary["corrected"] == {"cat to dog": 1}
    assert [f.files for f in diagnosis.findings if f.check == "corrected"] == [("train/cat/2.png",)]
    assert not [f for f in diagnosis.findings if f.check == "ignored-files"]


def test_identical_images_agree_when_one_label_is_corrected(tmp_path):
    root = class_folders(tmp_path, 12, 4)
    save(picture(0), root / "train" / "dog" / "copy.png")  # cat/0.png
    assert "conflicting-labels" in {finding.check for finding in examine(root).findings}
    write_corrections(root, "train/dog/copy.png,cat,dog")
    assert "conflicting-labels" not in {finding.check for finding in examine(root).findings}


def test_no_image_moves_to_another_part_when_a_label_is_corrected(tmp_path):
    """Or a model that learned from the wrong label would be scored on other images than one that did not."""
    root = class_folders(tmp_path, 60, 0)
    settings = [
        DataConfig(),
        DataConfig(groups=r"/(\d)"),
        DataConfig(limit=20, train_limit=11),
        *(DataConfig(cv_fold=f"{place}/3", selection=0.2) for place in (1, 2, 3)),
    ]
    before = [arrange(open_data(root), config) for config in settings]
    wrong = [f"cat/{n}.png" for n in (0, 2, 4, 6, 8, 10, 12, 30)]
    write_corrections(root, *(f"{name},dog,cat" for name in wrong), "dog/1.png,cat,dog")
    data = open_data(root)
    for config, parts in zip(settings, before, strict=True):
        after = arrange(data, config)
        assert {name: ids(own) for name, own in after.items()} == {name: ids(own) for name, own in parts.items()}
        changed = {sample.id for own in after.values() for sample in own if sample.corrected}
        assert changed == {*wrong, "dog/1.png"} & {sample.id for own in after.values() for sample in own}
        none = arrange(data, config.model_copy(update={"corrections": "none"}))
        assert unlooked(none) == parts
        scored = arrange(data, config.model_copy(update={"corrections": "scored"}))
        assert unlooked(scored) == unlooked(after) | {name: parts[name] for name in ("train", "selection")}
        looked = [{s.id for own in those.values() for s in own if s.was is not None} for those in (after, none, scored)]
        assert looked == [changed] * 3  # whatever is learned from, a person has looked at these and is not asked again


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["train/cat/3.png,dog"], r"line 2 of .*corrections\.csv names 'train/cat/3\.png', and .* no such image; did"),
        (["train/cat/0.png,dgo"], r"line 2 of .* names the class 'dgo' of 'train/cat/0\.png', .*mean 'dog'\?"),
        (["train/cat/0.png,dog,dog"], r"says that 'train/cat/0\.png' was 'dog', and the data give 'cat': the "
         "correction no longer fits; look at the image again, or remove the line"),
        (["train/cat/0.png,dog,cow"], "names the class 'cow'"),
        (["train/cat/0.png,dog", "train/cat/0,cat"], r"line 3 .* says 'cat' of 'train/cat/0', and another line 'dog'"),
        (["train/cat/0.png,"], r"line 2 of .* says no class for 'train/cat/0\.png'"),
        (["cat/0.png,dog"], r"names 'cat/0\.png', which may be .*; write its path"),
        ([f"{split}/cat/{n}.png,dog" for split in ("train", "validation") for n in (0, 2)],
         "leaves no image of class 'cat'"),
        (['train/cat/0.png,"dog', "train/dog/1.png,cat"], "line 2: cannot be read as CSV: unexpected end of data"),
    ],
)  # fmt: skip
def test_a_correction_that_cannot_be_meant_is_refused(tmp_path, lines, problem):
    root = write_corrections(class_folders(tmp_path, 4, 4), *lines)
    for reads in (open_data, examine, api.correct):
        with pytest.raises(UserError, match=problem):
            reads(root)


def test_a_file_that_would_not_be_read_is_refused(tmp_path):
    root = class_folders(tmp_path, 4, 4)
    (root / "corrections.csv").symlink_to(root / "gone.csv")
    with pytest.raises(UserError, match=r"corrections\.csv does not exist"):
        open_data(root)
    (root / "corrections.csv").unlink()
    (root / "correction.csv").write_text("train/cat/0.png,dog\n")
    with pytest.raises(UserError, match=r"correction\.csv would not be read; rename it to corrections\.csv"):
        open_data(root)


def test_a_region_is_of_masks_alone(tmp_path):
    root = write_corrections(class_folders(tmp_path, 4, 4), "train/cat/0.png,dog,,,M0 0h1v1h-1z", head=f"{HEAD},region")
    with pytest.raises(UserError, match=r"corrects a region of a mask, and the images of .* are classified; take its"):
        open_data(root)


def test_classes_may_be_written_by_name_or_as_the_data_call_them(tmp_path):
    for n in range(8):
        save(picture(n), tmp_path / "images" / f"{n}.png")
    table = [f"{n}.png,{n % 2 + 3},p{n % 4}" for n in range(8)]
    (tmp_path / "labels.csv").write_text("\n".join(["filename,label,patient", *table]) + "\n")
    (tmp_path / "labels.yaml").write_text(
        "task: classification\nclasses:\n  - {name: cat, id: 3, alias_ids: [4]}\n  - {name: dog, id: 5}\n"
    )
    with pytest.raises(UserError, match=r"names the class '7' of '0\.png'"):
        open_data(write_corrections(tmp_path, "0.png,7"))
    data = open_data(write_corrections(tmp_path, "0.png,dog,cat", "1.png,5,4", "2.png,cat", "3.png,3"))
    found = {sample.id: sample for sample in data.split("train")}
    assert [found[f"{n}.png"].label for n in range(5)] == [1, 1, 0, 0, 0]
    assert [found[f"{n}.png"].corrected for n in range(5)] == [True, True, False, False, False]  # 3 and 4 are one class
    assert found["0.png"].group == "p0"


def test_each_folder_of_several_may_have_its_own_and_all_together_one(tmp_path):
    class_folders(tmp_path / "a", 12, 0)
    class_folders(tmp_path / "b", 12, 0)
    write_corrections(tmp_path / "a", "cat/0.png,dog,cat")
    root = tmp_path / "all"
    root.mkdir()
    (root / "folders.yaml").write_text("folders: [../a, ../b]\n")
    write_corrections(root, "b/cat/2.png,dog,cat,seen", "b/train/dog/1.png,cat,dog")
    data = open_data(root)
    assert {s.id for s in data.split("train") if s.corrected} == {"a/cat/0.png", "b/cat/2.png", "b/dog/1.png"}
    found = api.correct(root)
    assert (found["corrected"], found["changes"]) == (3, {"cat to dog": 2, "dog to cat": 1})
    with pytest.raises(UserError, match=r"another line 'dog'; remove one of them; .*all/corrections\.csv may hold"):
        open_data(write_corrections(root, "a/cat/0.png,cat"))


def test_lines_of_lists_are_added_unless_one_is_wrong(tmp_path, pixelproof):
    root, more = class_folders(tmp_path / "data", 12, 4), tmp_path / "more.csv"
    lines = "train/cat/0.png,dog,cat,seen\nvalidation/cat/0.png,dog,cat\ntrain/dog/3.png,dog,dog,found right\n"
    more.write_text(f"{HEAD}\n{lines}")
    code, out, _ = pixelproof("correct", root, more)
    assert code == 0
    assert "3 lines added to" in out
    assert f"2 labels of {root} corrected: cat to dog (2); 1 confirmed" in " ".join(out.split())
    assert "of these, 1 validation: scores there are by other labels than before, so evaluate again with" in out
    text = (root / "corrections.csv").read_text()
    assert "train/cat/0.png,dog,cat,seen\n" in text
    assert pixelproof("correct", root, more)[1].startswith("0 lines added")
    assert (root / "corrections.csv").read_text() == text
    more.write_text(f"{HEAD}\ntrain/cat/2.png,dog\ntrain/cat/4.png,cow\n")
    code, _, err = pixelproof("correct", root, more)
    assert (code, err.count("\n"), "line 3 of" in err) == (2, 1, True)
    assert (root / "corrections.csv").read_text() == text
    (root / "leave_out.csv").write_text("train/cat/0.png\n")  # one that is corrected and left out is both
    found = json.loads(pixelproof("correct", root, "--json")[1])
    assert (found["corrected"], found["splits"], found["added"]) == (2, {"train": 1, "validation": 1}, 0)
    assert arrange(open_data(root), DataConfig(leave_out="none"))
    whole = class_folders(tmp_path / "whole", 12, 0)
    more.write_text("cat/0.png,dog\n")
    assert "1 train, of which a part is set aside for the score" in pixelproof("correct", whole, more)[1]


def test_every_verb_knows_what_was_corrected(color_classes, tmp_path, pixelproof):
    root, out = color_classes, tmp_path / "run"
    before = api.train(root, "vgg16", tmp_path / "before", settings=SLIM)
    api.evaluate(before.path, root)
    write_corrections(root, "train/red/0.png,blue,red", "validation/green/0.png,red,green,doubted by before")
    run = api.train(root, "vgg16", out, settings=SLIM)
    assert run.facts().data.corrected == {"red to blue": 1, "green to red": 1}
    scores = api.evaluate(out, root)
    assert scores.scheme.names[scores.truth[scores.ids.index("green/0.png")]] == "red"
    assert scores.source.corrected == "1"
    assert corrected_line(load_scores(run.scores("validation"))).startswith("1 of 12 images have a corrected label")
    code, found, err = pixelproof("evaluate", out, root, "--json", "--overwrite")
    assert (code, json.loads(found)["corrected"]) == (0, 1)
    assert "note: 1 of 12 images have a corrected label" in err
    page = api.report(out).read_text()
    assert "2 labels, as corrections.csv says: green to red (1), red to blue (1)" in page
    assert "1 of 12 images have a corrected label" in page
    with pytest.raises(UserError, match=r"by labels as they were before corrections\.csv changed, .*; give --overw"):
        api.evaluate(before.path, root)
    api.evaluate(before.path, root, overwrite=True)
    api.compare([before.path, out], tmp_path / "pair")
    said = (tmp_path / "pair" / "report.html").read_text()
    assert "1 of these 12 images have a corrected label" in said
    assert "12 張影像中有 1 張的標籤經過更正" in said
    api.predict(out, root / "validation", tmp_path / "guess")
    assert api.score(tmp_path / "guess" / "predictions.csv", root).source.corrected == "1"
    as_given = api.train(root, "vgg16", tmp_path / "given", settings=[*SLIM, "corrections=none"])
    assert not as_given.facts().data.corrected
    assert api.evaluate(as_given.path, root).source.corrected == ""
    code, _, err = pixelproof("train", root, "--out", tmp_path / "before", "--resume")
    assert (code, "began on, as other labels of it are corrected; give that data" in err) == (2, True)


def test_a_run_knows_its_parts_when_labels_are_corrected(tmp_path):
    """What was set aside is still what it has not learned from, so it can be scored by the right labels."""
    root = class_folders(tmp_path / "data", 24, 0)
    parts = arrange(open_data(root), DataConfig())
    api.train(root, "vgg16", tmp_path / "run", settings=SLIM)
    learned, scored = (next(s.id for s in parts[name] if s.id.startswith("cat")) for name in ("train", "validation"))
    write_corrections(root, f"{learned},dog,cat", f"{scored},dog,cat")
    scores = api.evaluate(tmp_path / "run", root)
    assert set(scores.ids) == ids(parts["validation"])
    assert (scores.source.learned, scores.source.corrected) == ("", "1")
    assert len(samples_for(Run.open(tmp_path / "run"), root, "train")) == len(parts["train"])


def test_a_study_may_learn_from_either_and_scores_by_the_same_labels(tmp_path, color_classes):
    write_corrections(color_classes, "train/red/0.png,blue,red", "validation/green/0.png,red,green")
    (tmp_path / "study.yaml").write_text(
        f"name: worth\nparts:\n  colors:\n    data: {color_classes}\n    models:\n      right: {{model: vgg16}}\n"
        "      given: {model: vgg16, corrections: scored}\n"
    )
    study = read_study(tmp_path / "study.yaml")
    right, given = plan(study, tmp_path, tmp_path / "out")["colors"]
    assert any(right.fingerprints[name] != given.fingerprints[name] for name in ("train", "selection"))
    assert right.fingerprints["validation"] == given.fingerprints["validation"]
    text = (tmp_path / "study.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text.replace("scored", "none"))
    with pytest.raises(UserError, match=r"different images, as labels of .* alone; give corrections=scored in"):
        plan(read_study(tmp_path / "study.yaml"), tmp_path, tmp_path / "out")


def test_all_wrong_lines_are_named_at_once(tmp_path):
    cats = sorted((class_folders(tmp_path) / "train" / "cat").iterdir())[:4]
    root = write_corrections(tmp_path, *(f"train/cat/{cat.name},cta,," for cat in cats))
    with pytest.raises(UserError, match=r"line 2 of .*'cta'.* \(3 further lines are wrong: 3, 4, 5\); did you"):
        open_data(root)
