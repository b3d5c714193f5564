"""The numbers on the page against counts made by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_folders import class_scheme, make_segmentation, make_study
from report_pages import Page

from pixelproof.comparison.verdict import class_verdict
from pixelproof.errors import UserError
from pixelproof.evaluation import PROTOCOLS, frequency_weighted_iou, iou, mean_iou, pixel_accuracy
from pixelproof.evaluation.intervals import mask_intervals, share_intervals
from pixelproof.labels import PRESETS
from pixelproof.numbers import between, duration, interval, magnitude, share, signed
from pixelproof.report.artefacts import read_study
from pixelproof.report.class_table import weakest
from pixelproof.report.iou_tables import iou_tables
from pixelproof.report.key_results import _classifier_figures
from pixelproof.report.page import build_report
from pixelproof.report.pair import CHANGE
from pixelproof.report.rendering import templates
from pixelproof.runs import ClassificationScores, SegmentationScores, load_scores, save_scores
from pixelproof.runs.study_file import DataRecord, ImageCounts

MODELS = ("fcn32s", "fcn8s")


def scores_of(folder: Path) -> list[SegmentationScores]:
    found = [load_scores(folder / "segmentation" / name / "scores/validation.npz") for name in MODELS]
    return [scores for scores in found if isinstance(scores, SegmentationScores)]


def rewrite(folder: Path, model: str, confusion: np.ndarray) -> None:
    path = folder / "segmentation" / model / "scores/validation.npz"
    old = load_scores(path)
    save_scores(path, SegmentationScores(old.ids[: len(confusion)], confusion, old.scheme, old.source))


def tables_of(folder: Path) -> list[dict[str, list[str]]]:
    tables = [t.rows for t in Page(folder / "report.html").tables if t.kind == "figures iou"]
    return [{row[0]: [cell.split(" ")[0] for cell in row[1:]] for row in rows} for rows in tables]  # less intervals


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path, make_segmentation(tmp_path, sizes=(48, 64), images=4))


def test_iou_by_hand(built: Path):
    counted = tables_of(built)[0]
    for column, scores in zip((1, 2), scores_of(built), strict=True):
        total = scores.confusion.sum(axis=0)
        for index, name in enumerate(scores.scheme.names[:6]):
            hit = total[index, index]
            missed = total[index].sum() - hit
            false = sum(total[row, index] for row in range(7) if row != index)
            assert counted[name][column] == f"{hit / (hit + missed + false):.4f}"


def test_all_figures_are_those_of_the_metrics(built: Path):
    first, second = scores_of(built)
    tables = tables_of(built)
    assert len(tables) == len(PROTOCOLS)
    for table, protocol in zip(tables, PROTOCOLS, strict=True):
        for name, a, b in zip(first.scheme.names, iou(first, protocol), iou(second, protocol), strict=True):
            if name != "unknown":
                assert table[name][1:] == [f"{a:.4f}", f"{b:.4f}", signed(b - a)]
        rows = {
            "mIoU (mean of 6 classes)": [mean_iou(s, protocol) for s in (first, second)],
            "Frequency-weighted IoU": [frequency_weighted_iou(s, protocol) for s in (first, second)],
        }
        for name, (a, b) in rows.items():
            assert table[name] == [f"{a:.4f}", f"{b:.4f}", signed(b - a)]
        a, b = (100 * pixel_accuracy(s) for s in (first, second))
        assert table["Pixel accuracy (scored classes)"] == [f"{a:.2f}%", f"{b:.2f}%", signed(b - a, 2)]
        assert "unknown" not in table
    assert tables[0]["urban"] != tables[1]["urban"]  # the unknown corner is predicted as something


def test_every_iou_has_its_interval(built: Path):
    for scores, column in zip(scores_of(built), (0, 1), strict=True):
        for table, protocol in zip(iou_tables(read_study(built).parts[1]), PROTOCOLS, strict=True):
            ends = mask_intervals(scores, protocol)
            for index, line in enumerate(table.lines):
                assert line.values[column].interval == between(*ends["iou"][:, index])
            said = [line.values[column].interval for line in table.totals]
            assert said == [between(*ends["miou"]), "", interval(*ends["pixel_accuracy"], 2)]
    assert f"95% interval {between(*ends['miou'], 3)}; n = 9 images" in Page(built / "report.html").text


def guesses(images: list[int], hits: list[int]) -> ClassificationScores:
    """Return scores of so many images of each class, of which so many are named right, the others as the next class."""
    truth = np.repeat(np.arange(len(images)), images)
    right = np.concatenate([np.arange(n) < hit for n, hit in zip(images, hits, strict=True)])
    none = np.zeros(len(truth))
    predicted = np.where(right, truth, (truth + 1) % len(images))
    scheme = class_scheme([f"c{i}" for i in range(len(images))])
    return ClassificationScores(tuple(map(str, range(len(truth)))), truth, predicted, predicted, none, none, scheme)


def test_every_class_has_its_recall_and_precision(built: Path):
    (table,) = [t.rows for t in Page(built / "report.html").tables if "Recall (sensitivity)" in t.rows[0]]
    scores = load_scores(built / "classification/vgg16/scores/validation.npz")
    ends = share_intervals(scores)
    for index, (_, n, recall, called, precision, _) in enumerate(table[1:]):
        own, said, right = scores.truth == index, scores.predicted == index, scores.correct
        assert (n, called) == (str(own.sum()), str(said.sum()))
        for cell, of, name in ((recall, own, "recall"), (precision, said, "precision")):
            assert cell == f"{share(right[of].mean())} {interval(*ends[name][:, index])}"
    assert (
        f"balanced accuracy · vgg16 95% interval {interval(*ends['balanced_accuracy'])}; mean recall of 6"
        in Page(built / "report.html").text
    )


def test_one_image_is_no_images():
    images = ImageCounts(train=2, selection=1, validation=1)
    data = DataRecord(layout="", classes=1, images=images, fingerprint="")
    said = templates().get_template("macros.html.j2").module.data(data)
    assert said == "1 class · 2 training images · 1 selection image · 1 validation image"
    first, *_, last = _classifier_figures("m", guesses([1], [1]))
    assert first.note.endswith("; 1 of 1 image")
    assert last.note == "n = 1 image"


def test_the_class_that_is_found_least_is_named():
    assert weakest(guesses([20, 20], [10, 19])) == ""
    assert weakest(guesses([40, 6, 20], [30, 2, 19])) == (
        "Classes have 6 to 40 images; the lowest recall is that of c1: 33.3%, 2 of 6 images."
    )
    assert weakest(guesses([9, 9, 0], [5, 0, 0])) == "It finds no image of c1 (recall 0%)."
    assert weakest(guesses([3] * 6, [0] * 5 + [1])) == "It finds no image of c0, c1, c2 and 2 more (recall 0%)."


def test_pixels_that_are_left_out_are_not_counted(built: Path):
    true = scores_of(built)[0].confusion.sum(axis=(0, 2))
    text = Page(built / "report.html").text
    assert true[6] > 0
    said = re.findall(r"n = 9 images, ([\d,]+) pixels\. (?:Unknown ignored|Always answering)", text)
    assert said == [f"{true[:7].sum():,}", f"{true[:6].sum():,}"]
    for table, n in zip(iou_tables(read_study(built).parts[1]), (true[:7].sum(), true[:6].sum()), strict=True):
        assert [line.pixels for line in table.lines] == [share(pixels / n, 2) for pixels in true[:6]]


def test_models_that_are_no_better_than_one_answer_are_warned_of_at_the_head_of_their_part(study: Path):
    assert "is not shown to be better" not in Page(build_report(study)).text
    good, _ = scores_of(study)
    always = np.zeros_like(good.confusion)
    always[..., 1] = good.confusion.sum(axis=-1)
    rewrite(study, "fcn8s", always)
    text = Page(build_report(study)).text
    head, below = text.split("Errors are shown in the colour", 1)
    assert re.search(r"Scores of fcn8s: Always answering \w+, .* The model is not shown to be better .* It never", head)
    assert "Scores of fcn32s" not in head
    assert len(re.findall("Always answering", below)) == 1


def test_an_absent_class_is_a_dash_and_is_not_averaged(study: Path):
    for model, scores in zip(MODELS, scores_of(study), strict=True):
        confusion = scores.confusion.copy()
        confusion[:, 3, :] = 0
        confusion[:, :, 3] = 0
        rewrite(study, model, confusion)
    page = Page(build_report(study))
    counted = tables_of(study)[0]
    assert counted["forest"] == ["0.00%", "–", "–", "–"]
    values = [float(counted[name][1]) for name in ("urban", "agriculture", "rangeland", "water", "barren")]
    assert float(counted["mIoU (mean of 5 classes)"][0]) == pytest.approx(np.mean(values), abs=1e-4)
    assert "– is undefined" in page.text


def test_a_class_that_only_one_model_predicts_is_averaged_for_it_alone(study: Path):
    first, second = (scores.confusion.copy() for scores in scores_of(study))
    for confusion in (first, second):
        confusion[:, 3, :] = 0
        confusion[:, :, 3] = 0
    second[0, 0, 3] = 5
    rewrite(study, MODELS[0], first)
    rewrite(study, MODELS[1], second)
    build_report(study)
    counted = tables_of(study)[0]
    assert counted["forest"][1:] == ["–", "0.0000", "–"]
    assert "mIoU (mean of the classes defined for each model)" in counted


def test_worse_is_signed_and_said(study: Path):
    first, second = scores_of(study)
    rewrite(study, MODELS[0], second.confusion)
    rewrite(study, MODELS[1], first.confusion)
    page = Page(build_report(study))
    means = tables_of(study)[0]["mIoU (mean of 6 classes)"]
    assert means[2].startswith("−")
    assert f"fcn32s reaches mIoU {float(means[0]):.3f} against" in page.text


def test_a_difference_is_coloured_where_the_comparison_confirms_it(built: Path):
    part = read_study(built).parts[1]
    counted, ignored = iou_tables(part)
    pair = part.comparison.pairs[0]
    sure = {name: CHANGE[class_verdict(record)] for name, record in pair.classes.items()}
    assert "better" in sure.values()
    assert [line.values[2].change for line in counted.lines] == [sure[line.name] for line in counted.lines]
    assert [line.values[2].change for line in counted.totals] == ["better", "", ""]
    unsure = part.comparison.model_copy(update={"pairs": (pair.model_copy(update={"verdict": "undecided"}),)})
    assert iou_tables(replace(part, comparison=unsure))[0].totals[0].values[2].change == ""
    for table in (ignored, *iou_tables(replace(part, comparison=None))):  # which nobody has tested
        assert {line.values[2].change for line in table.lines + table.totals} == {""}


def test_a_comparison_under_either_protocol_colours_the_one_table_of_data_without_unknown(built: Path):
    part = read_study(built).parts[1]
    ignored = replace(part, comparison=part.comparison.model_copy(update={"protocol": "unknown_ignored"}))
    classes = [label.model_copy(update={"ignored": False}) for label in part.scheme.classes]
    scheme = part.scheme.model_copy(update={"classes": tuple(classes)})
    models = tuple(replace(model, scores=replace(model.scores, scheme=scheme)) for model in part.models)
    (table,) = iou_tables(replace(ignored, scheme=scheme, models=models))
    assert "better" in {line.values[2].change for line in table.lines}


def test_scores_on_other_images_are_refused(study: Path):
    rewrite(study, "fcn8s", scores_of(study)[1].confusion[:3])
    with pytest.raises(UserError, match=r"fcn8s.*scored on other images"):
        build_report(study)


def test_scores_under_another_contract_are_refused(study: Path):
    path = study / "segmentation/fcn8s/scores/validation.npz"
    old = load_scores(path)
    classes = (*old.scheme.classes[:6], old.scheme.classes[6].model_copy(update={"ignored": False}))
    other = PRESETS["deepglobe"].model_copy(update={"classes": classes})
    save_scores(path, SegmentationScores(old.ids, old.confusion, other))
    with pytest.raises(UserError, match="another label contract"):
        build_report(study)


def test_a_single_image_counts_by_the_same_rules(study: Path):
    text = Page(build_report(study)).text
    for scores in scores_of(study):
        alone = SegmentationScores(scores.ids[:1], scores.confusion[:1], scores.scheme)
        assert f"mIoU {mean_iou(alone, 'unknown_counted'):.3f} · {100 * pixel_accuracy(alone):.1f}% of" in text
    assert "mIoU over the classes that occur in its truth or in the mask" in text  # one in the mask alone counts as 0


def test_numbers_read_as_they_should():
    assert signed(0.07312) == "+0.0731"
    assert signed(-0.00002) == "0.0000"
    assert signed(-0.1) == "−0.1000"
    assert share(float("nan")) == "–"
    assert duration(3599.6) == "1 h 00 min"
    assert duration(None) == "–"
    assert magnitude(18384711) == "18.4 million"
