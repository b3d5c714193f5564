"""Thresholds that are found for a share of a class, or the least cost, against loops and draws of a known truth."""

from dataclasses import replace

import numpy as np
import pytest
from test_finding import made_up, scores_of

from pixelproof.errors import UserError
from pixelproof.evaluation.asked import Answers, answer, plain_answers, read_questions
from pixelproof.evaluation.cost import costs
from pixelproof.evaluation.finding import find, needed
from pixelproof.evaluation.merge_classes import with_merged_classes
from pixelproof.evaluation.tables import print_scores
from pixelproof.evaluation.threshold import looked
from pixelproof.runs import Source


def test_a_share_of_classes_is_found_as_of_one_and_told_what_it_takes(capsys):
    chances, truth = made_up(np.random.default_rng(1), 400, 4, 6)
    scores = scores_of(chances, truth)
    own, rare = np.isin(truth, [1, 3]), (truth == 2).sum()
    found = find(scores, "c1+c3", 0.9)
    assert found.promised
    assert found.trials == own.sum()
    assert found.looked.shares["sensitivity"].value >= 0.9
    merged = with_merged_classes(scores, {"new": ["c1", "c3"]})
    assert found.looked.probability == find(merged, "new", 0.9).looked.probability
    chosen = (chances[:, [1, 3]].astype(np.float32).sum(axis=1)) >= found.looked.probability
    assert found.looked.shares["others_looked_at"].hits == (chosen & ~own).sum()
    assert [needed(goal) for goal in (0.8, 0.9, 0.95, 0.98, 0.99)] == [14, 29, 59, 149, 299]
    answers = answer(scores, read_questions(scores.scheme, None, ["c2=0.98"], ["c2=50"]))
    print_scores(scores, answers)
    printed = capsys.readouterr().out
    assert f"To promise 98% of c2 takes 149 images of it, and here are {rare}." in printed
    least = plain_answers(answers)["costs"][0]["least"]["probability"]
    assert f"--threshold c2={least:g} --cost c2=50" in printed


def test_groups_count_for_a_promise(capsys):
    chances, truth = made_up(np.random.default_rng(2), 400, 3, 6)
    scores = replace(scores_of(chances, truth), groups=np.arange(400).astype(str))
    alone = find(scores, "c0", 0.9)
    assert alone.promised
    grouped = replace(scores, groups=(np.arange(400) % 20).astype(str))
    found = find(grouped, "c0", 0.9)
    assert (found.trials, found.promised) == (20, False)
    print_scores(grouped, Answers(found=[found]))
    printed = capsys.readouterr().out
    assert "takes 29 groups with images of it, and here are 20." in printed
    assert "What is promised counts groups" in printed


@pytest.mark.parametrize("times", [0.5, 3, 50])
def test_no_threshold_costs_less(times):
    chances, truth = made_up(np.random.default_rng(int(times)), 150, 3, 2)
    found = costs(scores_of(chances, truth), "c1", times, [("c1", 0.3), ("c0", 0.3)])
    own, column = truth == 1, chances[:, 1].astype(np.float32)

    def cost(least):
        looked_at = column >= np.float32(least)
        return (times * (own & ~looked_at).sum() + (~own & looked_at).sum()) / 150 * 1000

    assert found.least.value == pytest.approx(min(map(cost, [*np.unique(column), np.inf])))
    assert found.least.value == pytest.approx(cost(found.least.probability))
    assert (found.every.value, found.none.value) == pytest.approx((cost(0), cost(np.inf)))
    assert [each.value for each in found.tested] == pytest.approx([cost(0.3)])
    for each in (found.least, found.every, found.none):
        assert each.low <= each.value <= each.high


@pytest.mark.parametrize("missed", [0.1, 0.002])
def test_what_a_threshold_costs_lies_in_its_interval(missed):
    """Of a threshold that was chosen on other images, in 95% of draws, even where no miss is seen in most."""
    rng, held = np.random.default_rng(3), 0
    true = 1000 * (20 * 0.1 * missed + 0.9 * 0.2)
    for _ in range(300):
        own, lot = rng.random(400) < 0.1, rng.random(400)
        chance = np.where(own, lot >= missed, lot < 0.2) * 0.8 + 0.1
        found = costs(scores_of(np.stack([chance, 1 - chance], axis=1), 1 - own), "c0", 20, [("c0", 0.5)])
        held += found.tested[0].low <= true <= found.tested[0].high
    assert held >= 0.93 * 300


def test_scores_that_cannot_choose_are_refused():
    scores = scores_of(*made_up(np.random.default_rng(4), 50, 3, 6))
    for wrong, said in (
        (replace(scores, source=Source("m", "train")), "m has learned from some of these images"),
        (replace(scores, truth=np.zeros(50, int)), "is of 'c1'"),
        (replace(scores, probabilities=None), "hold no probabilities"),
    ):
        for ask in (find, costs):
            with pytest.raises(UserError, match=said):
                ask(wrong, "c1", 0.5)
    assert looked(replace(scores, truth=np.zeros(50, int)), "c1", 0.5).shares["sensitivity"].of == 0
    for text, said in (("c1=98", "a share of it between 0 and 1"), ("c1=0", "a share"), ("c7=0.5", "no class 'c7'")):
        with pytest.raises(UserError, match=said):
            read_questions(scores.scheme, None, [text], None)
    for text in ("c1=0", "c1=1e7", "c1=1e300", "c1=nan"):
        with pytest.raises(UserError, match="how many false alarms missing one costs, up to a million"):
            read_questions(scores.scheme, None, None, [text])
