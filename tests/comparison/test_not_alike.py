"""What was not measured alike is not compared, and too little is not concluded from."""

from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import DEEPGLOBE, answer, classifier, saved, segmenter, truths

from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.labels import LabelScheme
from pixelproof.runs import Boundaries, Source, load_scores
from pixelproof.runs.arrays import save_arrays


def relabelled(scores):
    confusion = scores.confusion.copy()
    image = int(np.argmax(confusion[:, 0, 0] > 0))
    confusion[image, 0, 0] -= 1
    confusion[image, 1, 0] += 1
    return replace(scores, confusion=confusion)


def renamed(scheme):
    values = scheme.model_dump()
    values["classes"][0]["name"] = "city"
    return LabelScheme.model_validate(values)


GOOD = segmenter(0.6, 1)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (classifier(0.6), "differ in their task: segmentation and classification"),
        (
            replace(GOOD, scheme=renamed(DEEPGLOBE)),
            "label contracts: only a has urban, and only b has city; score",
        ),
        (segmenter(0.8, 2, truths(23)), "different images: only a has 'scene7_23'"),
        (replace(GOOD, ids=("x", "y", *GOOD.ids[2:])), "different images: only a has 'scene0_00' and 1 more"),
        (segmenter(0.8, 2, truths(seed=9)), "different truths: that of image 'scene0_00' differs"),
        (relabelled(segmenter(0.8, 2)), "different truths: that of image '"),
        (replace(segmenter(0.8, 2), source=Source("b", "", "other")), "data fingerprints known and other"),
    ],
)
def test_what_was_not_measured_alike_is_refused(pixelproof, tmp_path, other, said):
    a = replace(GOOD, source=Source("a", "validation", "known"))
    paths = saved(tmp_path, a=a, b=replace(other, source=replace(other.source, name="b")))
    code, out, err = pixelproof("compare", *paths, "--json")
    assert (code, out) == (1, "")
    assert said in err
    assert err.startswith("pixelproof: a and b ")
    assert err.count("\n") == 1


def test_an_unknown_fingerprint_is_no_other_fingerprint(pixelproof, tmp_path):
    a = replace(GOOD, source=Source("a", "validation", "known"))
    assert pixelproof("compare", *saved(tmp_path, a=a, b=segmenter(0.8, 2)))[0] == 0


@pytest.mark.parametrize(("looks", "said"), [("1 x 1", True), ("8 x 1", False), ("", False)])
def test_models_that_looked_in_different_ways_are_said_to(pixelproof, tmp_path, looks, said):
    a = replace(GOOD, source=Source("a", looks="8 x 1"))
    b = replace(segmenter(0.8, 2), source=Source("b", looks=looks))
    code, out, _ = pixelproof("compare", *saved(tmp_path, a=a, b=b))
    assert code == 0
    assert ("in different ways (symmetries x sizes: 8 x 1; 1 x 1)" in " ".join(out.split())) == said


def test_any_two_models_must_be_measured_alike(pixelproof, tmp_path):
    """The first tells nothing of its data, so it is compared with either, but they are not with each other."""
    others = [replace(segmenter(0.8, 2), source=Source("", "validation", known)) for known in ("this", "that")]
    code, _, err = pixelproof("compare", *saved(tmp_path, a=GOOD, b=others[0], c=others[1]))
    assert code == 1
    assert "b and c were scored on files of different content" in err


def test_relabelled_images_of_classifiers_are_refused(pixelproof, tmp_path):
    scores = classifier(0.6)
    truth = scores.truth.copy()
    truth[5] = 0
    code, _, err = pixelproof("compare", *saved(tmp_path, a=scores, b=replace(scores, truth=truth)))
    assert code == 1
    assert "that of image 'site1_05' differs" in err


def test_scores_from_before_labels_were_corrected_are_to_be_made_again(pixelproof, tmp_path):
    before = replace(classifier(0.6), source=Source("a", "validation", "then"))
    truth = before.truth.copy()
    truth[5] = (truth[5] + 1) % len(before.scheme.names)
    after = replace(before, truth=truth, source=Source("b", "validation", "now", corrected="1"))
    code, _, err = pixelproof("compare", *saved(tmp_path, a=before, b=after))
    assert code == 1
    said = "a and b were scored by other labels: 0 and 1 of their images have a corrected one; evaluate both again with"
    assert f"{said} --overwrite, for corrections.csv has changed" in " ".join(err.split())


def test_masks_that_were_moved_are_refused_though_their_classes_count_as_many_pixels(pixelproof, tmp_path):
    rng, scored = np.random.default_rng(0), DEEPGLOBE.scored
    masks = [np.kron(rng.integers(0, 6, (6, 6)), np.ones((8, 8))).astype(np.uint8) for _ in range(12)]

    def against(truth):
        guesses = [np.where(rng.random(mask.shape) < 0.8, mask, 0).astype(np.uint8) for mask in truth]
        counts = [boundary_counts(mask, guess, scored) for mask, guess in zip(truth, guesses, strict=True)]
        return replace(segmenter(0.8, truth=truth), boundaries=Boundaries.stack(counts))

    moved = [np.roll(mask, 5, axis=1) for mask in masks]
    code, _, err = pixelproof("compare", *saved(tmp_path, a=against(masks), b=against(moved)), "--out", tmp_path / "c")
    assert code == 1
    assert "were scored against different truths: that of image 'scene0_00' differs" in err
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("make", [lambda seed: segmenter(0.6, seed, truths(1)), lambda seed: classifier(0.6, seed, 1)])
def test_one_image_gives_no_interval(pixelproof, tmp_path, make):
    code, out, err = pixelproof("compare", *saved(tmp_path, a=make(1), b=make(2)), "--json")
    assert (code, out) == (1, "")
    assert "1 image gives no interval" in err
    assert "at least 2" in err


def test_few_images_are_said_to_be_few(pixelproof, tmp_path):
    paths = saved(tmp_path, a=segmenter(0.3, 1, truths(5)), b=segmenter(0.9, 2, truths(5)))
    (pair,) = answer(pixelproof, *paths)["pairs"]
    assert pair["verdict"] == "undecided"  # five images have 32 exchanges, of which two are as extreme: p = .06
    assert "5 images are few: below 20, intervals are rough." in pair["sentences"]


def test_one_group_gives_no_interval_either(pixelproof, segmenters):
    code, _, err = pixelproof("compare", *segmenters, "--groups", "(scene)")
    assert (code, "1 group of images gives no interval" in err) == (1, True)


def test_a_model_against_itself_is_refused(pixelproof, segmenters, tmp_path):
    code, _, err = pixelproof("compare", segmenters[0], segmenters[0])
    assert (code, "is compared with itself" in err) == (1, True)
    code, _, err = pixelproof("compare", segmenters[0])
    assert (code, "at least two" in err) == (2, True)
    copy = saved(tmp_path, copy=load_scores(segmenters[0]))[0]
    (pair,) = answer(pixelproof, segmenters[0], copy)["pairs"]
    assert (pair["difference"], pair["low"], pair["high"], pair["p"], pair["ties"]) == (0, None, None, None, 23)
    assert pair["verdict"] == "undecided"
    other = saved(tmp_path, other=load_scores(segmenters[1]))[0]
    first, *_ = answer(pixelproof, segmenters[0], copy, other)["pairs"]
    assert first["p_adjusted"] is None
    assert "fcn32s and copy score the same on every image." in pair["sentences"]


def test_no_scored_pixel_is_refused(pixelproof, tmp_path):
    unknown = [np.full((4, 4), 6, np.uint8)] * 3
    code, _, err = pixelproof("compare", *saved(tmp_path, a=segmenter(1, 1, unknown), b=segmenter(0.5, 2, unknown)))
    assert (code, "no image of a shows a class that is scored" in err) == (1, True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "is not a readable scores file, or is truncated"),
        (lambda path: edit(path), "was changed after it was written"),
        (lambda path: save_arrays(path, "scores", 99, {}, {}), "scores file of version 99, expected"),
        (lambda path: path.unlink(), "does not exist"),
    ],
)
def test_a_damaged_score_file_is_an_error_that_names_it(pixelproof, segmenters, damage, said):
    damage(segmenters[1])
    code, out, err = pixelproof("compare", *segmenters, "--json")
    assert (code, out) == (2, "")
    assert f"{segmenters[1]} " in err
    assert said in err


def edit(path):
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["confusion"][0, 0, 0] += 1
    np.savez_compressed(path, **arrays)


def test_an_image_that_stands_twice_is_an_error(pixelproof, tmp_path):
    twice = replace(GOOD, ids=(GOOD.ids[1], *GOOD.ids[1:]))
    code, _, err = pixelproof("compare", *saved(tmp_path, a=twice, b=twice))
    assert (code, "'scene0_01' twice" in err) == (2, True)
