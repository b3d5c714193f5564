"""What stands in ``results/`` is what its score files say, and what a study leaves gets there whole."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from pixelproof.api import compare
from pixelproof.comparison.wording.sentences import sentences
from pixelproof.data.images import read_image
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.labels import PRESETS, class_colors
from pixelproof.runs import load_scores, load_shown
from pixelproof.study.conduct import conduct_file
from small_data import write_color_classes, write_two_fields

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import collect_results  # noqa: E402
from collect_results import RESULTS, collect, write_page  # noqa: E402
from results_figures import recipes, seeds, summary  # noqa: E402
from results_page import render  # noqa: E402

COMMITTED = recipes(RESULTS)
STUDY = """
name: tiny
parts:
  patches:
    data: patches
    settings: {width: 0.03, epochs: 1, batch_size: 4, device: cpu}
    models: {vgg16: vgg16-bn}
  fields:
    data: fields
    settings: {width: 0.03, epochs: 2, batch_size: 4, crop: 32, device: cpu, lr: 3.0e-3}
    seeds: [3, 4]
    models:
      fcn32s: {model: fcn32s-bn, weights: "study:patches/vgg16"}
      fcn8s: fcn8s-bn
      both: {members: [fcn8s]}
    show: ["0001"]
"""


@pytest.mark.parametrize("recipe", COMMITTED, ids=lambda path: path.name)
def test_the_figures_of_a_recipe_are_those_of_its_score_files(recipe, pixelproof):
    stored = json.loads((RESULTS / f"{recipe.name}.json").read_text())
    values = []
    for seed in seeds(recipe):
        code, out, err = pixelproof("score", seed / "scores.npz", "--json")
        assert code == 0, err
        found = json.loads(out)
        values.append(found["accuracy"] if "accuracy" in found else found["protocols"]["unknown_counted"]["miou"])
    assert stored["values"] == pytest.approx(values, abs=1e-12)
    assert stored["mean"] == pytest.approx(sum(values) / len(values), abs=1e-12)
    assert (stored["std"] is None) == (len(values) == 1)
    assert stored == summary(recipe)


def test_the_page_is_what_the_files_say():
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == render(RESULTS)


def test_the_page_names_every_recipe_of_the_issue_and_what_is_not_run():
    page = (RESULTS / "README.md").read_text(encoding="utf-8")
    names = {recipe.name for recipe in COMMITTED}
    goals = {"vgg16": "VGG16, 50 classes", "fcn32s": "FCN32s", "fcn8s": "FCN8s", "best": "any model"}
    for recipe, title in goals.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {title} |")]
        assert ("**not run**" in row) == (recipe not in names)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study that ran to its end; read only."""
    folder = tmp_path_factory.mktemp("finished")
    write_color_classes(folder / "patches")
    write_two_fields(folder / "fields")
    (folder / "tiny.yaml").write_text(STUDY)
    conduct_file(folder / "tiny.yaml", folder, folder / "out")
    return folder / "out"


@pytest.fixture
def out(tmp_path, finished):
    """A copy to change."""
    return shutil.copytree(finished, tmp_path / "out")


def test_a_study_is_collected_and_its_page_follows_from_the_files(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(collect_results, "SHOWN", ("0001",))
    out, results = finished, tmp_path / "results"
    collect(out, results)
    write_page(results)
    assert [path.name for path in recipes(results)] == ["vgg16", "fcn32s", "fcn8s", "both"]
    assert [path.name for path in seeds(results / "fcn8s")] == ["seed-3", "seed-4"]
    stored = json.loads((results / "fcn8s.json").read_text())
    runs = [out / "fields" / name / "scores" / "validation.npz" for name in ("fcn8s", "fcn8s.seed-4")]
    values = [mean_iou(load_scores(path), "unknown_counted") for path in runs]
    assert (stored["seeds"], stored["values"], stored["scorings"]) == ([3, 4], values, [1, 1])
    assert stored["std"] == pytest.approx(np.std(values, ddof=1))
    classifier = json.loads((results / "vgg16.json").read_text())
    scores = load_scores(out / "patches" / "vgg16" / "scores" / "validation.npz")
    assert (classifier["mean"], classifier["std"]) == (accuracy(scores), None)

    both = json.loads((results / "both.json").read_text())
    assert (both["model"], both["epochs"], both["seeds"]) == ("ensemble", None, [3])

    page = (results / "README.md").read_text()
    assert "**both**: the mean of fcn8s and fcn8s.seed-4" in page
    assert f"| FCN8s | 0.7306 | 0.7306 | 0.7200 | {stored['mean']:.4f} ± {stored['std']:.4f} | 2 |" in page
    assert "| any model | 0.7306 | 0.7618 | 0.7400 | **not run** | 0 |" in page
    record = compare([results / name / "seed-3" / "scores.npz" for name in ("fcn32s", "fcn8s")])
    assert f"- `reference_full`, 3 images: {sentences(record.pairs[0], record)[0]}" in page
    assert "over images and seeds" in page  # the verdict over both seeds
    assert "**Not run**: lacks fcn8s-direct." in page

    shown = load_shown(out / "fields" / "fcn8s" / "shown" / "0001.npz")
    assert np.array_equal(
        read_image(results / "fcn8s" / "0001.png"), class_colors(PRESETS["deepglobe"])[shown.prediction]
    )
    assert "| 0001 | ![0001 by fcn32s](fcn32s/0001.png) | ![0001 by fcn8s](fcn8s/0001.png) |" in page

    everything = [path.read_text(errors="replace") for path in results.rglob("*.*") if path.suffix != ".npz"]
    # Of the machine it ran on, nothing is told.
    assert not any(str(folder) in text for text in everything for folder in (tmp_path, out))
    config = yaml.safe_load((results / "fcn32s" / "seed-3" / "config.yaml").read_text())
    assert config["model"]["weights"] == "study:patches/vgg16"
    assert not list(results.rglob("*.safetensors"))


def test_rehearsals_folds_and_runs_that_have_not_ended_are_no_results(out, tmp_path):
    rehearsed, folded = (
        ("config.yaml", f"{key}: null", f"{key}: {new}") for key, new in (("limit", 4), ("cv_fold", "1/5"))
    )
    for run, change in (("fcn32s", rehearsed), ("fcn8s", None), ("fcn8s.seed-4", folded)):
        folder = out / "fields" / run
        if change:
            name, old, new = change
            text = (folder / name).read_text()
            (folder / name).write_text(text.replace(old, new))
            assert old in text
        else:
            facts = json.loads((folder / "environment.json").read_text())
            (folder / "environment.json").write_text(json.dumps(facts | {"finished": False}))
    shutil.copytree(out / "patches" / "vgg16", out / "previous" / "old")
    found = collect(out, tmp_path / "results")
    names = sorted(path.relative_to(tmp_path / "results").as_posix() for path in found)
    assert names == ["both/seed-3", "fcn32s/seed-4", "vgg16/seed-0"]
