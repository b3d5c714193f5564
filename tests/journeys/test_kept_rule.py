"""A rule is chosen by a run's scores, kept in its folder, and used wherever the run answers, until it is stale."""

import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from pixelproof import api
from pixelproof.data import write_png
from pixelproof.evaluation.per_group import scores_per_group
from pixelproof.prediction.predictor import trained_network
from pixelproof.report.artefacts import read_study
from pixelproof.report.kept_rule import kept_rules
from pixelproof.runs import Run, load_scores, save_scores
from pixelproof.runs.rule_file import load_rule
from pixelproof.training.checkpoints import save_weights
from pixelproof.verbs.checks.rule import rule_checks
from small_runs import COLORS, need, untrained_run

WIDE = {"width": 0.1, "input_size": 32}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A run that was scored on validation and test, and the images, two of each group."""
    folder, rng = tmp_path_factory.mktemp("kept"), np.random.default_rng(0)
    run = untrained_run(folder / "run", "vgg16", COLORS, **WIDE)
    lines = ["filename,group"]
    for split, count in (("train", 1), ("validation", 4), ("test", 4)):
        for place, name in enumerate(COLORS.names):
            for index in range(2 * count):
                image = rng.integers(0, 256, (16, 16, 3)) * (rng.random(3) + (np.arange(3) == place)) / 2
                write_png(folder / "data" / split / name / f"{index}.png", image.clip(0, 255).astype(np.uint8))
                lines.append(f"{split}/{name}/{index}.png,{split}-{name}-{index // 2}")
    (folder / "data" / "groups.csv").write_text("\n".join(lines) + "\n", "utf-8")
    shutil.copy(run.path / "labels.yaml", folder / "data")
    for split in ("validation", "test"):
        api.evaluate(run.path, folder / "data", split, "cpu")
    return folder


@pytest.fixture
def run(scored, tmp_path):
    return Run(shutil.copytree(scored / "run", tmp_path / "run"))


def rows(table):
    return list(csv.DictReader(table.read_text("utf-8").splitlines()))


def middle(run, split):
    """Return a threshold of green and blue that some images, or groups, reach and others do not."""
    scores = load_scores(run.scores(split))
    return float(np.median(scores.probabilities[:, 1:].sum(axis=1)))


def test_a_rule_is_kept_used_and_left_out(pixelproof, run, scored, tmp_path):
    asked = ["--threshold", f"green+blue={middle(run, 'test')!r}"]
    code, out, err = pixelproof("score", run.path, *asked, "--keep")
    assert code == 0, err
    assert "rule.json: look at images from probability" in err
    rule = load_rule(run.rule)
    assert (rule.goal.kind, rule.unit, rule.chosen.split, rule.chosen.rows) == ("hand", "image", "validation", 24)
    images = scored / "data" / "test"
    code, _, err = pixelproof("predict", run.path, images, "--out", tmp_path / "kept", "--device", "cpu")
    assert code == 0
    assert f"kept rule ({run.rule}): {rule.says}; set by hand and tested, on validation (24 images)" in err
    pixelproof("predict", run.path, images, "--out", tmp_path / "hand", "--device", "cpu", "--no-rule", *asked)
    found, by_hand = (rows(tmp_path / name / "predictions.csv") for name in ("kept", "hand"))
    assert found == by_hand
    assert {row["look_for"] for row in found} == {"", "green+blue"}
    pixelproof("predict", run.path, images, "--out", tmp_path / "none", "--device", "cpu", "--no-rule")
    assert "look_for" not in rows(tmp_path / "none" / "predictions.csv")[0]
    other = ["--threshold", "red=0", "--out", tmp_path / "other", "--device", "cpu"]
    assert "take the place of the rule" in pixelproof("predict", run.path, images, *other)[2]
    assert {row["look_for"] for row in rows(tmp_path / "other" / "predictions.csv")} == {"red"}
    for command in (["score", run.scores("test")], ["evaluate", run.path, scored / "data", "--split", "test"]):
        code, out, _ = pixelproof(*command)
        assert all(f" on {split} " in out for split in ("validation", "test"))
        assert "It finds" in out
        here = json.loads(pixelproof(*command, "--json")[1])["rule"]["here"]
        assert (here["split"], here["own"], here["rows"]) == ("test", False, 24)
        assert "rule" not in json.loads(pixelproof(*command, "--json", "--no-rule")[1])


@pytest.mark.parametrize(("by", "options"), [("mean", []), ("any", ["--any", "green+blue"])])
def test_a_rule_for_groups_is_asked_of_groups(pixelproof, run, scored, tmp_path, by, options):
    asked = ["--threshold", f"green+blue={middle(run, 'test')!r}"]
    assert pixelproof("score", run.path, "--per-group", *options, *asked, "--keep")[0] == 0
    data = scored / "data" / "test"
    named = ["--per-group", scored / "data" / "groups.csv", "--device", "cpu"]
    code, _, err = pixelproof("predict", run.path, data, "--out", tmp_path / "out", *named)
    assert code == 0, err
    scores = scores_per_group(load_scores(run.scores("test")), "green+blue" if by == "any" else None)
    names = [n for n in scores.scheme.names if n != "red"]
    chance = scores.probabilities[:, [scores.scheme.names.index(n) for n in names]].sum(axis=1)
    reached = dict(zip(scores.ids, chance >= load_rule(run.rule).probability, strict=True))
    found = rows(tmp_path / "out" / "per_group.csv")
    assert {row["group"]: row["look_for"] == "green+blue" for row in found} == reached
    assert len(set(reached.values())) == 2
    assert [row["name"] for row in found] == [scores.scheme.names[n] for n in scores.predicted]
    of_images = rows(tmp_path / "out" / "predictions.csv")
    assert ("look_for" in of_images[0]) == (by == "any")
    _, _, err = pixelproof("predict", run.path, data, "--out", tmp_path / "images", "--device", "cpu")
    assert ("give --per-group to use it" in err) == (by == "mean")
    _, _, err = pixelproof("predict", run.path, data, "--out", tmp_path / "no", *named, "--any", "red")
    assert "leave --any out, or give --no-rule" in err
    by_hand = ["--any", "green+blue", *asked] if by == "any" else asked
    assert pixelproof("predict", run.path, data, "--out", tmp_path / "hand", *named, "--no-rule", *by_hand)[0] == 0
    assert rows(tmp_path / "hand" / "per_group.csv") == found


def test_a_stale_rule_is_not_used_silently(run, scored, tmp_path, pixelproof):
    def predicted(*options):
        return pixelproof(
            "predict", run.path, scored / "data" / "test" / "red", "--out", tmp_path / "out", "--overwrite", *options
        )

    keep = ["score", run.scores("validation"), "--find", "green=0.6", "--keep"]
    assert pixelproof(*keep)[0] == 0
    before = run.rule.read_bytes()
    code, _, err = pixelproof(*keep)
    assert (code, "keeps a rule already, rule.json; give --overwrite" in err) == (2, True)
    assert run.rule.read_bytes() == before
    assert pixelproof(*keep, "--overwrite")[0] == 0
    scores = load_scores(run.scores("validation"))
    save_scores(run.scores("validation"), replace(scores, loss=scores.loss + 1))
    code, _, err = predicted()
    assert code == 0
    assert "was made anew since" in err
    assert f"score {run.scores('validation')} --find green=0.6 --keep --overwrite'" in err
    code, _, err = predicted("--tta")
    assert (code, "images are looked at as 8 x 1" in err) == (0, True)
    shutil.copy(scored / "run" / "scores" / "validation.npz", run.scores("validation"))
    assert "made anew" not in predicted()[2]
    network = trained_network(run)
    with torch.no_grad():
        next(network.parameters()).mul_(0.9)
    save_weights(run.best, network)
    code, _, err = predicted()
    assert (code, "was chosen for other weights than the run has now; evaluate the run again" in err) == (2, True)
    assert predicted("--no-rule")[0] == 0
    assert "the kept rule is not tested here" in pixelproof("score", run.scores("test"))[2]
    code, _, err = pixelproof(*keep, "--overwrite")
    assert (code, "is of other weights than the run has now" in err) == (2, True)
    run.rule.write_text("{}", "utf-8")
    assert predicted()[0] == 2


def test_what_cannot_be_kept_is_refused_and_leaves_nothing(run, scored, tmp_path, pixelproof):
    shutil.copy(run.scores("validation"), tmp_path / "copy.npz")
    find, score = ["--find", "green=0.6", "--keep"], ["score", run.scores("validation")]
    for asked, said in (
        (["score", tmp_path / "copy.npz", *find], "of folds and seeds each run keeps its own rule"),
        ([*score, run.scores("test"), *find], "or not alone, its own score file"),
        (["score", tmp_path, *find], "or not alone, its own score file"),
        ([*score, "--keep"], "keeps one rule, and none is asked for"),
        ([*score, *find, "--cost", "green=5"], "keeps one rule, and 2 are asked for"),
        ([*score, *find, "--merge", "cold=green,blue"], "--merge makes others"),
        ([*score, *find, "--merge", "rot=red"], "--merge makes others"),
        (["evaluate", run.path, scored / "data", *find, "--out", tmp_path / "s.npz"], "--out puts these into"),
        (["evaluate", run.path, scored / "data", "--keep"], "none is asked for"),
    ):
        code, _, err = pixelproof(*asked)
        assert (code, said in err) == (2, True), err
    out, worthless = tmp_path / "s.npz", ["--cost", "green=0.00001", "--keep"]
    for asked in (["evaluate", run.path, scored / "data", *worthless], [*score, *worthless, "--out", out]):
        code, said, err = pixelproof(*asked)
        assert (code, "costs less on these images than looking at none" in err) == (2, True), err
        assert "Accuracy" in said  # the figures that tell why
    assert not run.rule.exists()
    assert not out.exists()
    assert pixelproof("evaluate", run.path, scored / "data", *find)[0] == 0
    assert load_rule(run.rule).chosen.rows == 24


@pytest.mark.parametrize("by", ["any", "mean"])
def test_a_server_answers_by_the_rule_and_says_so(run, scored, pixelproof, by, capsys):
    pytest.importorskip("fastapi")
    from pixelproof.deploy.serve.answers import answer
    from pixelproof.deploy.serve.models import load_models

    options = ["--any", "green+blue"] * (by == "any")
    threshold = f"green+blue={middle(run, 'test')!r}"
    assert pixelproof("score", run.path, "--per-group", *options, "--threshold", threshold, "--keep")[0] == 0
    rule = load_rule(run.rule)
    (served,) = load_models([run], "cpu", "torch", None, rule=True)
    assert f"kept rule ({run.rule}): {rule.says}" in capsys.readouterr().err
    assert served.facts()["rule"] == rule.brief()
    test = load_scores(run.scores("test"))
    for place in (0, 9, 20):
        found = answer(served, (scored / "data" / "test" / test.ids[place]).read_bytes())
        assert found["rule"] == rule.says
        reached = test.probabilities[place, 1:].sum() >= rule.probability
        assert found.get("look_for") == ({True: ["green+blue"], False: []}[bool(reached)] if by == "any" else None)
    (plain,) = load_models([run], "cpu", "torch", None)
    assert plain.facts()["rule"] is None
    assert "rule" not in answer(plain, (scored / "data" / "test" / test.ids[0]).read_bytes())


ENDINGS = {"onnx": ".onnx", "openvino": ".xml", "ncnn": ".param"}


@pytest.mark.parametrize(
    ("format", "by"),
    [
        ("onnx", "mean"),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (("onnx", None), ("openvino", "any"), ("ncnn", "any"))
        ),
    ],
)
def test_an_export_carries_the_rule_and_its_example_applies_it(run, scored, pixelproof, tmp_path, by, format):
    need("onnxruntime" if format == "onnx" else format)
    options = [] if by is None else ["--per-group", *(["--any", "green+blue"] * (by == "any"))]
    threshold = f"green+blue={middle(run, 'test')!r}"
    assert pixelproof("score", run.path, *options, "--threshold", threshold, "--keep")[0] == 0
    out = tmp_path / f"n{ENDINGS[format]}"
    code, _, err = pixelproof("export", run.path, "--format", format, "--out", out)
    assert code == 0, err
    rule, test = load_rule(run.rule), load_scores(run.scores("test"))
    assert f"kept rule ({run.rule}): {rule.says}" in err
    assert rule.says in out.with_name(f"{out.name}.README.md").read_text("utf-8")
    alone = "import runpy, sys; sys.modules |= {'pixelproof': None, 'torch': None}; script, *groups = sys.argv[1:]"
    each = "for group in groups: print('GROUP'); sys.argv = [script, *group.split(',')]; runpy.run_path(script)"
    groups = [np.flatnonzero(test.groups == group) for group in sorted(set(test.groups))[:2]]
    files = [",".join(str(scored / "data" / "test" / test.ids[n]) for n in members) for members in groups]
    command = [sys.executable, "-c", f"{alone}\n{each}", f"{out}.example.py", *files]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("GROUP\n")[1:]
    for members, answers in zip(groups, said, strict=True):
        chances = test.probabilities[members, 1:].sum(axis=1, dtype=np.float64)
        found = {"any": [chances.max()], "mean": [chances.mean()], None: list(chances)}[by]
        lines = [line for line in answers.splitlines() if "looked at from" in line]
        assert [line.startswith("look at") for line in lines] == [chance >= rule.probability for chance in found]
        assert [float(re.search(r"blue (\S+),", line)[1]) for line in lines] == pytest.approx(found, abs=2e-4)


def test_a_rule_is_shown_on_the_page_packed_and_checked(run, pixelproof, tmp_path):
    def outcome(folder=run.path):
        (check,) = rule_checks(folder, ["."], [])
        return check.outcome

    chances = load_scores(run.scores("validation")).probabilities[:, 1]
    keep = ["score", run.path, "--find", "green=0.9", "--keep", "--overwrite"]
    assert pixelproof(*keep)[0] == 0
    rule = load_rule(run.rule)
    code, out, _ = pixelproof("show", run.path)
    promise = "nothing is promised (4 independent images of it, and 29 are needed)"
    assert (code, f"kept rule        {rule.says}; {rule.origin}; {promise}" in out) == (0, True)
    assert json.loads(pixelproof("show", run.path, "--json")[1])["rule"] == rule.brief() | {"stale": None}
    checks = {check.file: check.outcome for check in api.verify(run.path).checks}
    assert (checks["rule.json"], "differs" in checks.values()) == ("right", False)
    packed = api.pack(run.path, tmp_path / "packed").folder
    assert outcome(packed) == "right"
    page = (packed / "report.html").read_text("utf-8")
    assert f"{rule.says[0].upper()}{rule.says[1:]}." in page
    assert "On validation, which chose it" in page
    assert '<th scope="col">On test</th>' in page
    stored = json.loads(run.rule.read_text("utf-8"))
    run.rule.write_text(json.dumps(stored | {"probability": float(chances.max())}), "utf-8")
    assert outcome() == "differs"
    run.rule.write_text(json.dumps(stored | {"chosen": stored["chosen"] | {"scores": "../../a.npz"}}), "utf-8")
    assert outcome() == "differs"
    run.rule.write_text(json.dumps(stored | {"chosen": stored["chosen"] | {"digest": "other"}}), "utf-8")
    assert outcome() == "not checked"
    run.rule.write_text(json.dumps(stored | {"chosen": stored["chosen"] | {"weights": "other"}}), "utf-8")
    (stale,) = kept_rules(read_study(run.path).parts[0])
    assert "The rule is not used any more, as it was chosen for other weights than the run has now" in stale.stale
    assert str(tmp_path) not in stale.stale
    assert "not used any more: " in pixelproof("show", run.path)[1]
    run.rule.write_text(json.dumps(stored | {"name": "x\x1b[2J"}), "utf-8")
    assert "contradicts itself" in kept_rules(read_study(run.path).parts[0])[0].stale
    code, _, err = pixelproof("export", run.path, "--format", "onnx", "--out", tmp_path / "n.onnx")
    assert (code, f"{run.rule} contradicts itself" in err) == (2, True)
