"""The split test in a study: scored at the end, and concluded from beside validation."""

import shutil

import numpy as np
import pytest
import yaml

from pixelproof.errors import UserError
from pixelproof.report.page import build_report
from pixelproof.runs import ClassificationScores, Run, Source, load_scores, save_scores
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.evidence_file import load_evidence
from pixelproof.runs.scoring_log import read_scorings, scoring_log
from pixelproof.runs.study_file import StudyRecord, save_study
from pixelproof.study.compare import compare_part
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study
from pixelproof.study.folds import scored
from pixelproof.study.plan import plan
from pixelproof.study.record import part_record
from pixelproof.study.steps import Steps
from small_data import write_color_classes

SETTINGS = {"width": 0.03, "epochs": 1, "batch_size": 4, "device": "cpu"}
PART = {"data": "patches", "test": True, "seeds": [0, 1], "settings": SETTINGS, "models": {"a": "vgg16-bn"}}
SECOND = {"a": "vgg16-bn", "b": {"model": "vgg16-bn", "lr": 0.01, "seeds": [0]}}


def study_of(folder, **part):
    values = {"name": "s", "parts": {"patches": PART | part}}
    (folder / "s.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return read_study(folder / "s.yaml")


def times(out):
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix in (".npz", ".safetensors")}


def test_what_is_asked_later_is_scored_on_test_at_the_end_and_once(tmp_path):
    shutil.copytree(write_color_classes(tmp_path / "patches") / "validation", tmp_path / "patches" / "test")
    out = tmp_path / "out"
    conduct(study_of(tmp_path, test=False), tmp_path, out)
    assert not list(out.rglob("test*"))
    before = times(out)

    page = conduct(study_of(tmp_path, models=SECOND), tmp_path, out).read_text()
    part, after = out / "patches", times(out)
    assert before.items() < after.items()
    scored = {name: part / name / "scores/test.npz" for name in ("a", "a.seed-1", "b")}
    assert min(after[path] for path in scored.values()) > (part / "evidence.json").stat().st_mtime_ns
    figures = load_evidence(part / "test/evidence.json").models[0].scores
    assert list(figures) == [load_scores(scored[name]).correct.mean() for name in ("a", "a.seed-1")]
    pair = load_comparison(part / "test/comparison.json").headline
    assert (pair.a, pair.b, pair.images) == ("a", "b", len(load_scores(scored["a"]).ids))
    for said in ("On test, between the two models", "Accuracy, mean over seeds", f"<td>{sum(figures) / 2:.1%}</td>"):
        assert said in page
    assert "Over all seeds" in build_report(part / "test").read_text()

    conduct(study_of(tmp_path, models=SECOND), tmp_path, out)
    assert times(out) == after
    log = [row.split for row in read_scorings(scoring_log(Run(part / "b")))]
    assert log == ["validation", "test"]

    by_f1 = conduct(study_of(tmp_path, models=SECOND, metric="f1"), tmp_path, out).read_text()
    assert "Mean F1, mean over seeds" in by_f1
    assert times(out) == after

    without = conduct(study_of(tmp_path, models=SECOND, test=False), tmp_path, out).read_text()
    assert "On other images" in without
    assert "On test" not in without


def guess(job, guesses):
    """Write the scores of a run that takes each class for the one whose place it has in ``guesses``."""
    truth = np.array([sample.label for sample in job.parts["validation"]])
    guessed, unknown = np.array(guesses)[truth], np.full(len(truth), np.nan)
    rank, source = (guessed != truth).astype(np.int64), Source(job.model, "validation", job.fingerprints["validation"])
    ids = tuple(sample.id for sample in job.parts["validation"])
    save_scores(
        job.run.scores("validation"),
        ClassificationScores(ids, truth, guessed, rank, unknown, unknown, job.data.scheme, source),
    )


def test_what_cannot_be_compared_says_why_and_keeps_its_evidence(tmp_path, capsys):
    write_color_classes(tmp_path / "patches")
    out = tmp_path / "out"
    study = study_of(tmp_path, models=SECOND, test=False, metric="precision:blue")
    part, jobs, steps = study.parts["patches"], plan(study, tmp_path, out)["patches"], Steps(out)
    for job, guesses in zip(jobs, ([1, 1, 2], [0, 1, 1], [0, 2, 2]), strict=True):
        guess(job, guesses)
    why = compare_part(part, scored(part, jobs, out / "patches", steps), out / "patches", steps)
    assert "the metric 'precision:blue' of a is undefined on these images" in why
    assert f"patches: not compared, because {why}" in capsys.readouterr().err
    assert not (out / "patches/comparison.json").exists()
    assert load_evidence(out / "patches/evidence.json").models[0].scores == (None, 1.0)
    record = part_record(part, "patches", jobs, out, {"validation": why, "test": ""}, {})
    save_study(out / "study.json", StudyRecord(name="s", title="s", command="", parts=(record,)))
    page = build_report(out).read_text()
    assert "On validation, the models are not compared: the metric &#39;precision:blue&#39; of a is" in page
    assert "On test" not in page
    assert "Over all seeds" in page
    for job in jobs:
        guess(job, [0, 1, 2])
    assert not compare_part(part, scored(part, jobs, out / "patches", steps), out / "patches", steps)
    assert (out / "patches/comparison.json").exists()


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"folds": 2}, "'test' scores the one network of a run, and 'folds' train several; give it to a part without"),
        (
            {"models": {"comparison.json": "vgg16-bn"}},
            "no model can be called 'comparison.json', as a file of the part",
        ),
        ({"models": {"test": "vgg16-bn"}}, "beside 'test: true' no model can be called 'test'"),
        ({}, "part 'patches' asks for 'test', and .*patches has no split of that name"),
    ],
)
def test_what_cannot_be_scored_on_test_is_one_sentence(tmp_path, part, complaint):
    write_color_classes(tmp_path / "patches")
    with pytest.raises(UserError, match=complaint):
        conduct(study_of(tmp_path, **part), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "part"), [("a.seed-1.npz", {"folds": 2}), ("evidence.json", {})])
def test_a_folder_where_a_file_goes_is_refused_before_training(tmp_path, name, part):
    write_color_classes(tmp_path / "patches")
    if "folds" in part:
        shutil.rmtree(tmp_path / "patches" / "validation")
    (tmp_path / "out" / "patches" / name).mkdir(parents=True)
    with pytest.raises(UserError, match=f"{name} lies where the study writes; move it away, or choose another"):
        plan(study_of(tmp_path, test=False, **part), tmp_path, tmp_path / "out")
