"""Two models over all of their seeds, not by the luck of the first."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from test_ablation import cell, scores

from pixelproof.api import compare
from pixelproof.comparison.evidence.contrasts import Cell
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.evidence.over_seeds import seed_gains
from pixelproof.comparison.paired import holm
from pixelproof.comparison.wording.over_seeds import over_seeds
from pixelproof.evaluation import accuracy
from pixelproof.report.comparison import headline_pair
from pixelproof.report.tables.compared import better_than_others
from pixelproof.runs import Source, save_scores
from pixelproof.runs.claims import Claim
from pixelproof.schema import parse


def test_a_gain_is_the_difference_of_the_means_over_seeds():
    rng = np.random.default_rng(0)
    cells = [cell(name, {}, share, rng, seeds=n) for name, share, n in (("x", 0.5, 3), ("y", 0.7, 2), ("z", 0.71, 1))]
    mean = {c.name: np.mean([accuracy(run) for run in c.runs]) for c in cells}
    found = seed_gains(cells, "unknown_counted")
    assert [(g.a, g.b) for g in found] == list(itertools.combinations("xyz", 2))
    assert [g.seeds for g in found] == [(3, 2), (3, 1), (2, 1)]
    assert [g.difference.value for g in found] == pytest.approx([mean[g.b] - mean[g.a] for g in found])
    assert [g.verdict for g in found] == ["b", "b", "undecided"]
    assert [g.adjusted for g in found] == pytest.approx(holm(np.array([g.p for g in found])))


def test_models_that_were_trained_once_have_no_seeds_to_speak_of():
    rng = np.random.default_rng(0)
    assert seed_gains([cell(name, {}, 0.5, rng, seeds=1) for name in "xy"], "unknown_counted") == ()


def test_a_lucky_first_seed_is_no_verdict():
    """Its run is far better on the same images, and the others are not."""
    right = np.random.default_rng(0).random((6, 400)) < np.array([[0.6], [0.6], [0.6], [0.8], [0.6], [0.55]])
    x, y = [scores(row) for row in right[:3]], [scores(row) for row in right[3:]]
    (gain,) = seed_gains([Cell("x", {}, x), Cell("y", {}, y)], "unknown_counted")
    assert accuracy(y[0]) - accuracy(x[0]) > 0.15
    assert (gain.verdict, gain.difference.low < 0 < gain.difference.high) == ("undecided", True)
    assert seed_gains([Cell("x", {}, x[:2]), Cell("y", {}, [y[0], y[0]])], "unknown_counted")[0].verdict == "b"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.9, "On average over 3 seeds, y is better than x: +"),
        (0.2, "On average over 3 seeds, x is better than y: +"),
        (0.5, "These 400 images and 3 seeds cannot tell x from y (y minus x: "),
    ],
)
def test_the_verdict_in_words(share, said):
    rng = np.random.default_rng(3)
    models = {name: cell(name, {}, p, rng).runs for name, p in (("x", 0.5), ("y", share))}
    evidence = gather(models)
    assert [model.scores for model in evidence.models] == [tuple(map(accuracy, runs)) for runs in models.values()]
    (sentence,) = over_seeds(evidence.over_seeds[0], evidence, "en")
    assert sentence.startswith(said)
    assert "points accuracy" in sentence
    assert "over images and seeds" in sentence


def test_a_claim_is_of_all_seeds_though_one_model_has_fewer():
    """As an ensemble of the runs of the other has."""
    rng = np.random.default_rng(4)
    models = {"x": cell("x", {}, 0.5, rng, seeds=3).runs, "all": cell("all", {}, 0.6, rng, seeds=1).runs}
    test = {"model": "all", "against": "x", "metric": "accuracy"}
    evidence = gather(models, claims=[parse(Claim, {"id": "c", "says": "better", "tests": [test]}, "test")])
    (gain,), (result,) = evidence.over_seeds, evidence.claims[0].results
    assert (result.difference, result.p) == (gain.difference, gain.p)
    assert result.difference.value == pytest.approx(accuracy(models["all"][0]) - evidence.models[0].score)


def test_two_models_that_were_trained_once_are_compared_as_their_runs_are():
    """Whatever is known of the seeds of a third."""
    rng = np.random.default_rng(5)
    asked = (("x", 1, 0.6), ("y", 1, 0.6), ("z", 3, 0.95))
    cells = [cell(name, {}, share, rng, images=30, seeds=n) for name, n, share in asked]
    assert [(gain.a, gain.b) for gain in seed_gains(cells, "unknown_counted")] == [("x", "z"), ("y", "z")]
    models = {each.name: each.runs for each in cells}
    claims = [Claim(id="c", says={"en": "y"}, tests=({"model": "y", "against": "x", "metric": "accuracy"},))]
    both = [gather(some, claims=claims).claims[0] for some in (models, {name: models[name] for name in "xy"})]
    assert both[0] == both[1]
    assert gather(models).best == "z"


def test_few_images_give_no_verdict_over_seeds_and_no_end_lies_beyond_all():
    right = [scores(np.array(row, bool)) for row in ([0] * 5, [0, 0, 0, 0, 1], [1] * 5, [1, 1, 1, 1, 0])]
    (gain,) = seed_gains([Cell("x", {}, right[:2]), Cell("y", {}, right[2:])], "unknown_counted")
    assert (gain.p, gain.verdict) == (2**-4, "undecided")
    assert gain.difference.high <= 1


def test_a_run_whose_figure_is_undefined_does_not_undo_that_of_others():
    rng = np.random.default_rng(6)
    cells = [cell(name, {}, 0.5, rng) for name in "xyz"]
    never = replace(cells[2].runs[0], predicted=np.zeros_like(cells[2].runs[0].predicted))
    cells[2] = Cell("z", {}, [never, *cells[2].runs[1:]])  # it never answers b
    (first, *others) = seed_gains(cells, "unknown_counted", metric="precision:b")
    assert first.difference.low is not None or first.difference.value is not None
    alone = seed_gains(cells[:2], "unknown_counted", metric="precision:b")[0]
    assert first.difference.value == alone.difference.value
    assert all(each.difference.low is None for each in others)


def test_a_model_is_starred_only_where_it_beats_those_that_were_trained_once_too(tmp_path):
    rng = np.random.default_rng(7)
    models = {"z": cell("z", {}, 0.2, rng, seeds=3).runs} | {n: cell(n, {}, 0.8, rng, seeds=1).runs for n in "xy"}
    evidence = gather(models)
    paths = [tmp_path / f"{name}.npz" for name in models]
    for path, runs in zip(paths, models.values(), strict=True):
        save_scores(path, replace(runs[0], source=Source(path.stem)))
    record = compare(paths)
    assert [gain.verdict for gain in evidence.over_seeds] == ["b", "b"]
    assert record.pairs[-1].verdict == "undecided"  # x and y
    assert not {name for name, whole in better_than_others(record, evidence) if not whole}
    assert headline_pair(record, evidence) == ("z", evidence.best)
