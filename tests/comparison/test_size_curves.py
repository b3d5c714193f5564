"""What scores by the number of training images show: chance, the law through them, and what is said of more."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import PETS, classifier, segmenter
from scipy.optimize import curve_fit

from pixelproof.comparison.sizes.chance import Chance, chance, of_difference
from pixelproof.comparison.sizes.curve import Size, half, size_curves
from pixelproof.comparison.sizes.forecast import extrapolated
from pixelproof.comparison.sizes.power_law import Observed, laws
from pixelproof.comparison.wording.sizes import size_sentences
from pixelproof.errors import Refusal
from pixelproof.languages import LANGUAGES
from pixelproof.runs import ClassificationScores

SHARES = np.array([0.125, 0.25, 0.5, 1.0])


def observed(means, shares=SHARES, noise=1e-3, seeds=3, images=1e-9):
    luck = Chance(seeds * noise**2, 0.0, len(means) * (seeds - 1)) if seeds > 1 else Chance(0.0, 0.0, 0)
    return Observed(shares, np.array(means), images * np.ones((len(means),) * 2), luck, seeds)


def model(skills, seeds=2, images=240):
    """Sizes of a classifier that is right on so much of the images."""
    return [
        Size(50 * 2**place, [f"{place}-{seed}" for seed in range(seeds)], own)
        for place, skill in enumerate(skills)
        for own in [[classifier(skill, seed=10 * place + seed, images=images) for seed in range(seeds)]]
    ]


def test_both_chances_are_found_again():
    rng = np.random.default_rng(0)
    labels, training, seeds = 4e-4, 1e-4, 4000
    steps = np.sqrt(labels * np.diff(1 / SHARES[::-1], prepend=1.0))  # draws inside each other, from all images on
    drawn = np.cumsum(rng.normal(size=(seeds, 4)) * steps, axis=1)[:, ::-1].T
    scores = drawn + np.sqrt(training) * rng.normal(size=drawn.shape)
    found = chance(SHARES, scores)
    assert (found.labels, found.training) == pytest.approx((labels, training), rel=0.1)
    assert found.between(SHARES, 1) == pytest.approx(np.cov(scores), rel=0.15, abs=3e-5)
    assert of_difference(found, 0.5, 1) == pytest.approx((scores[3] - scores[2]).var(), rel=0.1)
    assert found.freedom == 4 * (seeds - 1)
    assert chance(SHARES, scores[:, :1]) == Chance(0.0, 0.0, 0)
    assert chance(SHARES, np.full((4, 3), 0.5)) == Chance(0.0, 0.0, 8)
    assert chance(SHARES, np.full((4, 3), np.nan)).freedom == 0
    undefined = np.vstack([np.full(seeds, np.nan), scores[1:]])
    assert chance(SHARES, undefined) == chance(SHARES[1:], scores[1:])  # what is known of the others is not lost


@pytest.mark.parametrize(("limit", "gap", "exponent"), [(0.9, 0.1, 0.5), (0.97, 0.3, 0.3), (0.8, 0.05, 1.0)])
def test_a_law_is_that_of_least_squares_where_little_is_left_to_chance(limit, gap, exponent):
    shares, noise = 2.0 ** -np.linspace(3, 0, 7), 5e-4
    means = limit - gap * shares**-exponent + noise * np.random.default_rng(1).normal(size=7)

    def power(n, a, b, c):
        return a - b * n**-c

    best, covariance = curve_fit(power, shares, means, (limit, gap, exponent), sigma=[noise] * 7, absolute_sigma=True)
    law = laws(observed(means, shares, noise, seeds=200), 0)
    for times in (1, 2, 4):
        slope = np.array([1, -(times ** -best[2]), best[1] * times ** -best[2] * np.log(times)])
        spread = np.sqrt(slope @ covariance @ slope)
        assert np.median(law.at(times)) == pytest.approx(power(times, *best), abs=0.7 * spread)
        assert np.std(law.at(times)) == pytest.approx(spread, rel=0.25)


def test_more_chance_makes_wider_intervals():
    means = 0.9 - 0.1 * SHARES**-0.5
    widths = []
    for noise, images in itertools.product((1e-3, 4e-3), (1e-9, 4e-4)):
        found = extrapolated(observed(means, noise=noise, images=images), 400, 0).forecasts[0]
        widths.append([estimate.high - estimate.low for estimate in (found.gain, found.score)])
        assert found.gain.low < 0.1 * (1 - 2**-0.5) < found.gain.high
    (few, _), (same, images), (more, _), _ = widths
    assert more > 1.5 * few
    assert same == pytest.approx(few, rel=0.05)  # other images move all sizes alike, and so no gain
    assert images > 2 * 1.9 * 0.02


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (observed([0.6, 0.7, 0.76], SHARES[1:]), "few_sizes"),
        (observed([0.5, 0.6, 0.7, 0.76], seeds=1), "one_seed"),
        (observed([0.5, 0.6, 0.7, 0.76], images=np.nan), "few_images"),
        (observed([0.7, 0.65, 0.6, 0.5]), "no_power_law"),
        (observed([0.2, 0.7, 0.3, 0.8]), "no_power_law"),
        (observed([0.74, 0.8, 0.84, 0.9], noise=5e-3), "missed"),
        (observed([0.5, 0.55, 0.58, 0.6], noise=0.1), "too_wide"),
    ],
)
def test_where_the_points_say_nothing_that_is_said_and_why(given, why):
    found = extrapolated(given, 400, 0)
    assert (found.unknown, found.forecasts, found.band) == (why, (), ())
    assert found.exponent.value is None


def test_tried_backwards_it_foretells_what_lies_on_the_law_and_nothing_else():
    means = 0.9 - 0.1 * SHARES**-0.5
    assert extrapolated(observed(means), 400, 0).backtest.met
    assert not extrapolated(observed([*means[:3], means[3] + 0.05]), 400, 0).backtest.met


def test_a_curve_holds_what_its_scores_say():
    sizes = model((0.4, 0.6, 0.75, 0.85), seeds=3)
    record = size_curves({"net": sizes}, None, "steps")
    (curve,) = record.curves
    accuracy = [[run.correct.mean() for run in size.runs] for size in sizes]
    assert [point.scores for point in curve.points] == [pytest.approx(own) for own in accuracy]
    means = np.mean(accuracy, axis=1)
    assert [point.score.value for point in curve.points] == pytest.approx(means)
    assert (curve.last.before, curve.last.after, curve.last.gain.value) == (
        200,
        400,
        pytest.approx(means[3] - means[2]),
    )
    assert curve.whole.gain.value == pytest.approx(means[3] - means[0])
    assert curve.whole.p < 1e-3
    for each in curve.classes:
        place = PETS.names.index(each.name)
        recalls = [np.mean([run.correct[run.truth == place].mean() for run in size.runs]) for size in sizes[2:]]
        assert (each.before, each.after) == pytest.approx(recalls)
        assert each.gain.low < recalls[1] - recalls[0] < each.gain.high
    assert [each.gain.value for each in curve.classes] == sorted((c.gain.value for c in curve.classes), reverse=True)
    assert size_curves({"net": sizes}, None, "steps") == record


@pytest.mark.parametrize("metric", ["miou", "f1"])
def test_segmenters_and_other_figures_have_curves(metric):
    sizes = [Size(n, ["a", "b"], [segmenter(skill, seed) for seed in (n, n + 1)]) for n, skill in ((8, 0.3), (16, 0.6))]
    (curve,) = size_curves({"net": sizes}, metric, "epochs").curves
    assert curve.unknown == "few_sizes"
    assert curve.last.gain.value > 0.1
    assert len(curve.classes) == 6


@pytest.mark.parametrize(
    ("skills", "why"),
    [((1.0,) * 4, "all_alike"), ((0.0,) * 4, "all_alike"), ((0.7, 0.9, 1.0, 1.0), ("", "missed", "no_power_law"))],
)
def test_where_runs_are_all_right_or_all_wrong_nothing_breaks(skills, why):
    (curve,) = size_curves({"net": model(skills)}, None, "steps").curves
    assert curve.unknown in why
    assert curve.points[-1].score.low is None


def test_of_classifiers_that_have_learned_nothing_it_is_not_said_that_labels_bring_nothing():
    def idle(seed):
        """Right now and then, less often than one class alone would be."""
        run = classifier(0.0, images=240)
        return replace(run, predicted=np.where(np.arange(240) % 40 <= seed, run.truth, run.predicted))

    runs = [idle(seed) for seed in range(3)]
    sizes = [Size(50 * 2**place, [f"{place}-{seed}" for seed in range(3)], runs) for place in range(4)]
    (curve,) = size_curves({"net": sizes}, None, "steps").curves
    assert (curve.unknown, curve.forecasts) == ("none_better", ())
    (curve,) = size_curves({"net": sizes}, "balanced_accuracy", "steps").curves  # which one class may lose or win
    assert curve.unknown != "none_better"


def test_few_images_and_undefined_figures_are_told():
    (curve,) = size_curves({"net": model((0.2, 0.4, 0.6, 0.8), images=1)}, None, "steps").curves
    assert curve.unknown == "few_images"
    (curve,) = size_curves({"net": model((0.0, 0.0, 0.6, 0.8))}, "precision:cat", "steps").curves
    assert curve.unknown in ("", "few_images", "missed", "no_power_law", "too_wide")


def test_runs_of_other_images_make_no_curve():
    with pytest.raises(Refusal, match="different images"):
        size_curves({"net": [*model((0.4,)), *model((0.4, 0.6), images=120)[1:]]}, None, "steps")


def test_the_step_is_from_about_half():
    assert half(np.array([0.1, 0.4, 0.8, 1])) == 1
    assert half(np.array([0.25, 1])) == 0


@pytest.mark.parametrize("skills", [(0.4, 0.6, 0.75, 0.85), (0.8, 0.5), (0.6, 0.6)])
@pytest.mark.parametrize("seeds", [1, 3])
def test_sentences_stand_in_every_language(skills, seeds):
    for equal in ("steps", "epochs"):
        record = size_curves({"net": model(skills, seeds)}, None, equal)
        said = {tongue: size_sentences(record.curves[0], record, tongue) for tongue in LANGUAGES}
        assert len({len(each) for each in said.values()}) == 1
        assert all("{" not in text for each in said.values() for text in each)
    first = said["en"][0]
    assert skills != (0.6, 0.6) or "brought net nothing" in first
    assert ("cost net" in first) == (skills == (0.8, 0.5))
    assert ("cannot be told: each size was trained once" in first) == (seeds == 1 and len(skills) == 4)


def test_the_classes_that_gain_are_named():
    truth = classifier(1.0, images=300).truth
    rng = np.random.default_rng(0)

    def run(skill):
        right = rng.random(300) < np.where(truth == 2, skill, 0.8)
        plain = classifier(1.0, images=300)
        return ClassificationScores(**vars(plain) | {"predicted": np.where(right, truth, (truth + 1) % 3)})

    sizes = [Size(n, ["a", "b"], [run(skill), run(skill)]) for n, skill in ((50, 0.3), (100, 0.8))]
    record = size_curves({"net": sizes}, None, "steps")
    said = " ".join(size_sentences(record.curves[0], record, "en"))
    assert "Of the classes, fox (+" in said
    assert "gained beyond chance: the first to label more of." in said


@pytest.mark.parametrize("metric", ["miou", "pixel_accuracy"])
def test_nor_is_it_said_of_segmenters(metric):
    def sizes(skill):
        return [
            Size(50 * 2**place, [f"{place}-{seed}" for seed in range(3)], [segmenter(skill, seed) for seed in range(3)])
            for place in range(4)
        ]

    (curve,) = size_curves({"net": sizes(0.0)}, metric, "steps").curves
    assert (curve.unknown, curve.forecasts) == ("none_better", ())
    (curve,) = size_curves({"net": sizes(0.9)}, metric, "steps").curves
    assert curve.unknown != "none_better"
