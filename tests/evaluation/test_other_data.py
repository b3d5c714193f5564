"""A run is scored on data it was not trained on: as that data is, with no part of it set aside."""

import json
import shutil
from dataclasses import replace

import pytest

import pixelproof.verbs.scoring as scoring
from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.models import build_model
from pixelproof.report.page import build_report
from pixelproof.runs import Source, load_scores, save_scores
from pixelproof.runs.arrays import load_arrays
from pixelproof.training.checkpoints import save_weights
from pixelproof.verbs.evaluate import evaluate_run
from pixelproof.verbs.train import train_run
from small_runs import COLORS, untrained_run

SETTINGS = ["width=0.03", "epochs=1", "batch_size=4", "crop=32", "device=cpu"]


@pytest.fixture
def flat(tmp_path, two_fields):
    """Eight tiles in one folder."""
    return shutil.copytree(two_fields / "train", tmp_path / "flat")


def test_validation_is_set_aside_in_the_data_a_run_learned_from_alone(tmp_path, two_fields, flat, capsys):
    run = train_run(flat, "fcn32s-bn", tmp_path / "run", settings=SETTINGS)
    assert len(evaluate_run(run.path, flat).ids) == 2
    (flat / "0007_mask.png").unlink()
    (flat / "0007_sat.png").unlink()
    with pytest.raises(UserError, match=r"'selection', and none is set aside, .* known are all, train"):
        evaluate_run(run.path, flat, "selection")
    assert len(evaluate_run(run.path, flat, "all").ids) == 7
    assert "flatters" not in capsys.readouterr().err


def test_data_of_other_labels_is_refused_with_what_differs(tmp_path, two_fields, color_classes):
    run = untrained_run(tmp_path / "run", "fcn32s")
    task = "the data is for classification, the run for segmentation; use data of the same classes$"
    with pytest.raises(UserError, match=task):
        evaluate_run(run.path, color_classes)
    labels = two_fields / "labels.yaml"
    name = run.labels().names[0]
    shutil.copy(run.path / "labels.yaml", labels)
    labels.write_text(labels.read_text("utf-8").replace(f"name: {name}", "name: other"), "utf-8")
    with pytest.raises(
        UserError, match=f"only the data has other, and only the run has {name}; .* or copy .*labels.yaml"
    ):
        evaluate_run(run.path, two_fields)


def test_a_split_may_be_named_as_its_folder(tmp_path, two_fields, pixelproof):
    run, other = (untrained_run(tmp_path / name, name) for name in ("fcn32s", "fcn8s"))
    (two_fields / "validation").rename(two_fields / "val")
    for each in (run, other):
        assert pixelproof("evaluate", each.path, two_fields, "--split", "val", "--device", "cpu")[0] == 0
        assert each.scores("validation").is_file()
    assert pixelproof("compare", run.path, other.path, "--split", "valid")[0] == 0
    code, _, err = pixelproof("evaluate", run.path, two_fields, "--split", "vla")
    assert code == 2
    assert "has no split 'vla'" in err
    assert err.rstrip().endswith("known are all, train, validation.")


def test_all_images_of_what_a_run_learned_from_flatter_it(tmp_path, two_fields, capsys):
    run = train_run(two_fields, "fcn32s-bn", tmp_path / "run", settings=SETTINGS)
    scores = evaluate_run(run.path, two_fields, "all")
    assert "warning: 8 of 11 images were learned from by this run: they flatter its figures" in capsys.readouterr().err
    assert len(scores.ids) == 11
    (run.path / "learned.npz").unlink()  # as in a run of an earlier version
    evaluate_run(run.path, two_fields, "all")
    assert "warning: some of these images were learned from by this run" in capsys.readouterr().err
    assert {"train/0000", "validation/0000"} <= set(scores.ids)
    assert load_scores(run.scores("all")).ids == scores.ids


def test_a_folder_with_nothing_but_a_test_split_is_scored(tmp_path, two_fields):
    run = untrained_run(tmp_path / "run", "fcn32s")
    shutil.move(two_fields / "train", tmp_path / "only" / "test")
    assert len(evaluate_run(run.path, tmp_path / "only", "test", device="cpu").ids) == 8


def test_classes_that_other_data_lacks_are_no_reason_to_refuse_it(tmp_path, color_classes):
    run = untrained_run(tmp_path / "run", "vgg16", COLORS, input_size=32)
    shutil.copy(run.path / "labels.yaml", color_classes)
    shutil.rmtree(color_classes / "train" / "red")
    assert len(evaluate_run(run.path, color_classes, device="cpu").ids) == 12
    assert len(evaluate_run(run.path, color_classes, "train", device="cpu").ids) == 20


def test_scores_of_other_images_are_not_replaced_unasked(tmp_path, two_fields, flat, monkeypatch):
    run = untrained_run(tmp_path / "run", "fcn32s")
    evaluate_run(run.path, two_fields, device="cpu")
    evaluate_run(run.path, two_fields, device="cpu", tta=True)  # of the same images, they are made anew
    other = shutil.copytree(flat, tmp_path / "other" / "validation").parent
    with pytest.raises(UserError, match=r"validation.npz holds the scores of other images; choose an --out"):
        evaluate_run(run.path, other, device="cpu")
    out = tmp_path / "other.npz"
    assert len(evaluate_run(run.path, other, device="cpu", out=out).ids) == len(load_scores(out).ids) == 8
    assert len(load_scores(run.scores("validation")).ids) == 3
    with pytest.raises(UserError, match=r"other.npz already exists"):
        evaluate_run(run.path, other, device="cpu", out=out)
    evaluate_run(run.path, other, device="cpu", overwrite=True)
    theirs, read = load_scores(run.scores("validation")), []
    assert len(theirs.ids) == 8
    monkeypatch.setattr("pixelproof.runs.scores.load_arrays", lambda *given: read.append(1) or load_arrays(*given))
    page = build_report(run.path).read_text("utf-8")
    assert theirs.source.fingerprint in page
    assert "n = 8" in page
    assert len(read) == 1


def test_scores_of_weights_that_were_trained_on_are_not_used_unawares(tmp_path, two_fields, pixelproof):
    run, other = (untrained_run(tmp_path / name, name) for name in ("fcn32s", "fcn8s"))
    for each in (run, other):
        evaluate_run(each.path, two_fields, device="cpu")
    assert pixelproof("compare", run.path, other.path)[0] == 0
    model = build_model(run_settings(run).model, len(run.labels().classes))
    save_weights(run.best, model)
    code, _, err = pixelproof("compare", other.path, run.path)
    said = f"the scores of {run.path} are of other weights than its run has now; evaluate it again"
    assert (code, said in err) == (1, True)
    assert pixelproof("compare", other.path, run.scores("validation"))[0] == 1
    code, _, err = pixelproof("report", run.path)
    said = "scores of fcn32s are of other weights than its run has now; evaluate the run again"
    assert (code, said in err, said in (run.path / "report.html").read_text("utf-8")) == (0, True, True)
    scores = load_scores(run.scores("validation"))
    save_scores(run.scores("validation"), replace(scores, source=replace(scores.source, weights="")))  # as of before
    assert pixelproof("compare", run.path, other.path)[0] == 0
    assert "other weights" not in pixelproof("report", run.path)[2]


def test_scores_of_a_training_that_has_not_finished_are_noted(tmp_path, two_fields, capsys):
    run = untrained_run(tmp_path / "run", "fcn32s")
    for finished, noted in ((True, False), (False, True)):
        run.note({"finished": finished})
        evaluate_run(run.path, two_fields, device="cpu")
        assert ("has not finished; these are the scores of its best" in capsys.readouterr().err) is noted


def test_what_another_process_has_written_meanwhile_is_not_replaced_unasked(tmp_path, two_fields, monkeypatch):
    run, out = untrained_run(tmp_path / "run", "fcn32s"), tmp_path / "out.npz"
    monkeypatch.setattr(scoring, "evaluate", lambda *given: out.write_text("theirs") and evaluate(*given))
    with pytest.raises(UserError, match=r"out\.npz already exists"):
        evaluate_run(run.path, two_fields, device="cpu", out=out)
    assert out.read_text() == "theirs"
    evaluate_run(run.path, two_fields, device="cpu", out=out, overwrite=True)
    assert len(load_scores(out).ids) == 3
    own, others = run.scores("validation"), replace(load_scores(out), source=Source("run", "validation", "others"))
    monkeypatch.setattr(scoring, "evaluate", lambda *given: save_scores(own, others) or evaluate(*given))
    with pytest.raises(UserError, match=r"validation\.npz holds the scores of other images"):
        evaluate_run(run.path, two_fields, device="cpu")
    assert load_scores(own).source == others.source


def test_known_images_are_counted_whatever_they_are_called(tmp_path, color_classes, pixelproof):
    settings = ["width=0.02", "epochs=1", "input_size=16", "device=cpu"]
    first = train_run(color_classes, "vgg16", tmp_path / "first", settings=settings)
    swapped = tmp_path / "swapped"
    for file in color_classes.rglob("*.png"):
        split, label, name = file.relative_to(color_classes).parts
        if name == "0.png" or (split == "validation" and name == "1.png"):
            split = {"train": "validation", "validation": "train"}[split]
        (swapped / split / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, swapped / split / label / f"copy-{len(list(swapped.rglob('*')))}.png")
    weights = first.path / "checkpoints" / "best.safetensors"
    train = ["--model", "vgg16", "--weights", weights, "--out", tmp_path / "pool"]
    code, _, err = pixelproof("train", swapped, *train, *(word for each in settings for word in ("--set", each)))
    assert code == 0
    assert "3 of 9 validation images were learned from by first, whose weights this run begins with" in err
    code, out, err = pixelproof("evaluate", tmp_path / "pool", color_classes, "--json")
    assert "warning: 6 of 12 images were learned from by this run: they flatter its figures" in err
    assert json.loads(out)["learned_from"]["images"] == 6
    code, out, err = pixelproof("evaluate", tmp_path / "pool", swapped, "--out", tmp_path / "own.npz")
    assert "warning: 3 of 9 images were learned from by this run, or by first, whose weights it began with" in err
    pixelproof("evaluate", first.path, color_classes)
    code, out, _ = pixelproof("compare", tmp_path / "pool", first.path)
    assert "pool has learned from 6 of these 12 images, which flatters it." in out.replace("\n", " ")
    page = build_report(tmp_path / "pool").read_text("utf-8")
    assert "Scores of vgg16: 6 of 12 images were learned from by this run" in page
    (tmp_path / "pool" / "learned.npz").write_bytes(b"")
    code, _, err = pixelproof("evaluate", tmp_path / "pool", color_classes)
    assert code == 0
    assert "which images pool has learned from is not known" in err
