"""The split test in a study: scored at the end, and concluded from beside validation."""

import shutil

import pytest
import yaml

from pixelproof.errors import UserError
from pixelproof.report.page import build_report
from pixelproof.runs import Run, load_scores
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.evidence_file import load_evidence
from pixelproof.runs.scoring_log import read_scorings, scoring_log
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study
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


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"folds": 2}, "'test' scores the one network of a run, and 'folds' train several; give it to a part without"),
        ({"models": {"test": "vgg16-bn"}}, "beside 'test: true' no model can be called 'test'"),
        ({}, "part 'patches' asks for 'test', and .*patches has no split of that name"),
    ],
)
def test_what_cannot_be_scored_on_test_is_one_sentence(tmp_path, part, complaint):
    write_color_classes(tmp_path / "patches")
    with pytest.raises(UserError, match=complaint):
        conduct(study_of(tmp_path, **part), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
