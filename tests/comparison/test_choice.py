"""A choice among candidates: the highest mean over seeds, and which others cannot be told from it."""

from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import classifier, probable, segmenter

from pixelproof.comparison.choice import best_of
from pixelproof.errors import Refusal
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.runs.choice_record import Candidate, ChoiceRecord


def chosen(metric=None, **runs):
    """Return the choice among candidates with these runs, by name."""
    bare = [Candidate(name=name, runs=tuple(f"{name}.{i}" for i in range(len(own)))) for name, own in runs.items()]
    made = best_of(bare, list(runs.values()), metric)
    assert ChoiceRecord.model_validate_json(made.model_dump_json()) == made
    return made


def test_the_mean_over_seeds_decides_and_not_the_luckiest_run():
    steady = [classifier(0.8, seed) for seed in (1, 2, 3)]
    wild = [classifier(skill, seed) for skill, seed in ((0.95, 4), (0.5, 5), (0.6, 6))]
    made = chosen(wild=wild, steady=steady)
    assert max(made.candidates[0].scores) > max(made.candidates[1].scores)
    assert (made.chosen, made.images) == ("steady", 90)
    assert made.best.score == pytest.approx(np.mean([accuracy(run) for run in steady]))
    assert made.candidates[0].spread == pytest.approx(np.std([accuracy(run) for run in wild], ddof=1))


def test_what_is_far_behind_is_told_and_what_is_near_is_not():
    made = chosen(
        far=[classifier(0.3, 1)], best=[classifier(0.9, 2)], near=[classifier(0.86, 3)], bad=[classifier(0, 4)]
    )
    assert [each.name for each in made.open] == ["near"]
    far = made.candidates[0]
    assert far.adjusted == pytest.approx(3 * far.p)
    assert far.difference.high < 0
    assert made.best.difference is None


def test_the_difference_is_that_of_the_paired_counts():
    a, b = classifier(0.9, 1), classifier(0.8, 2)
    behind = next(each for each in chosen(a=[a], b=[b]).candidates if each.difference)
    gap = b.correct.astype(float) - a.correct
    gap *= np.sign(gap.mean()) * -1
    assert behind.difference.value == pytest.approx(gap.mean())
    error = gap.std(ddof=1) / np.sqrt(len(gap))
    assert (behind.difference.high - behind.difference.value) / error == pytest.approx(1.98, abs=0.08)  # Student's t


def test_of_equals_the_first_is_taken():
    run = classifier(0.7)
    made = chosen(worse=[classifier(0.2)], first=[run, run], second=[run, run])
    assert made.chosen == "first"
    assert [each.name for each in made.open] == ["second"]
    assert made.candidates[2].difference.value == 0


def test_what_is_undefined_is_never_chosen_unless_all_is():
    never = replace(classifier(0.5), predicted=np.ones(90, np.int64))
    some = classifier(0.4)
    made = chosen("precision:fox", never=[never], lucky=[some, never], some=[some])
    assert (made.chosen, made.candidates[1].score, made.candidates[1].spread) == ("some", None, None)
    assert made.open == []
    nothing = chosen("precision:fox", a=[never], b=[never])
    assert (nothing.chosen, nothing.best.score, nothing.open) == ("a", None, [])


def test_masks_areas_and_groups_are_chosen_by_as_well():
    masks = chosen(a=[segmenter(0.5, 1)], b=[segmenter(0.8, 2)])
    assert masks.metric == "miou"
    assert masks.best.score == pytest.approx(mean_iou(segmenter(0.8, 2), "unknown_counted"))
    assert chosen("roc_auc", a=[probable(0.1, seed=2)], b=[probable(3, seed=3)]).chosen == "b"
    groups = np.array([name.split("_")[0] for name in classifier(0.5).ids])
    grouped = chosen(a=[replace(classifier(0.5), groups=groups)], b=[replace(classifier(0.8), groups=groups)])
    assert grouped.groups == 30


def test_one_image_or_one_group_tells_nothing_apart():
    alone = chosen(a=[classifier(0, images=1)], b=[classifier(1, images=1)])
    one = np.array(["same"] * 90)
    together = chosen(a=[replace(classifier(0.2), groups=one)], b=[replace(classifier(0.9), groups=one)])
    for made in (alone, together):
        assert (made.chosen, made.candidates[0].p, [each.name for each in made.open]) == ("b", None, ["a"])


def test_candidates_of_other_images_are_refused():
    with pytest.raises(Refusal, match="were scored on different images"):
        chosen(a=[classifier(0.5)], b=[classifier(0.5, images=60)])
