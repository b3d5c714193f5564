"""Figures: what they show, pixel by pixel where it matters."""

from __future__ import annotations

import base64
import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image
from report_folders import class_scheme, classification_scores, features_of, land

from pixelproof.evaluation.calibration import BINS, Reliability
from pixelproof.labels import PRESETS, VOID, LabelClass, LabelScheme, class_colors, distinct_colors
from pixelproof.numbers import shortened
from pixelproof.report.figures.confusion import contrast, matrix
from pixelproof.report.figures.curves import curves
from pixelproof.report.figures.masks import colored, error_map, mask_figure
from pixelproof.report.figures.reliability import reliability_diagram
from pixelproof.report.figures.style import MUTED, series, signed_tick, turn
from pixelproof.report.figures.tsne import legend, spread, tsne
from pixelproof.report.figures.wins import wins
from pixelproof.report.pictures import LARGEST, flat_uri, photo_uri
from pixelproof.runs import Shown

LAND = PRESETS["deepglobe"]


@pytest.fixture(scope="module")
def shown() -> Shown:
    image, truth = land("0010", 96, 7)
    prediction = np.roll(truth, 9, axis=1)
    truth[90:, 80:] = VOID
    return Shown("0010", image, truth, prediction)


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_an_error_map_marks_exactly_the_wrong_pixels(shown: Shown):
    picture = error_map(shown, LAND)
    colors = np.array([label.color for label in LAND.classes])
    scored = shown.truth < 6  # neither unknown nor void
    wrong = scored & (shown.truth != shown.prediction)
    assert wrong.any()
    assert (scored & ~wrong).any()
    assert (~scored).any()
    np.testing.assert_array_equal(picture[wrong], colors[shown.prediction[wrong]])
    right = picture[scored & ~wrong]
    assert (right == right[:, :1]).all()  # grey
    assert np.abs(right[:, None].astype(int) - colors).max(axis=2).min() > 60  # no class looks like it
    assert {tuple(c) for c in picture[~scored].tolist()} == {(178, 178, 178), (236, 236, 236)}


def test_a_pale_palette_gets_a_backdrop_it_stands_out_from():
    greys = LabelScheme(
        task="segmentation",
        classes=tuple(LabelClass(name=str(v), id=v, color=(v, v, v)) for v in (110, 128, 150)),
    )
    truth = np.zeros((20, 20), np.uint8)
    picture = error_map(Shown("a", np.full((20, 20, 3), 90, np.uint8), truth, truth), greys)
    assert picture.min() > 170


def test_masks_are_shown_in_the_schemes_colours(shown: Shown):
    picture = np.asarray(decoded(flat_uri(colored(shown.prediction, LAND))).convert("RGB"))
    expected = np.array([label.color for label in LAND.classes], np.uint8)[shown.prediction]
    np.testing.assert_array_equal(picture, expected)


def test_a_scheme_without_colours_gets_distinct_ones():
    scheme = LabelScheme(task="segmentation", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate("abc")))
    np.testing.assert_array_equal(class_colors(scheme)[:3], distinct_colors(3))


def test_large_masks_shrink_without_new_colours(shown: Shown):
    large = np.kron(shown.prediction, np.ones((12, 16), np.uint8))
    image = decoded(flat_uri(colored(large, LAND)))
    assert max(image.size) == LARGEST
    assert image.mode == "P"
    seen = {tuple(c) for c in np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0).tolist()}
    assert seen == {LAND.classes[i].color for i in np.unique(large)}


def test_more_colours_than_a_palette_holds_stay_exact():
    rgb = np.arange(30 * 30 * 3, dtype=np.uint16).astype(np.uint8).reshape(30, 30, 3)
    assert len(np.unique(rgb.reshape(-1, 3), axis=0)) == 256
    rgb[0, 0] = (1, 1, 1)
    np.testing.assert_array_equal(np.asarray(decoded(flat_uri(rgb)).convert("RGB")), rgb)


def test_photographs_shrink_in_proportion():
    image = decoded(photo_uri(np.zeros((600, 1536, 3), np.uint8)))
    assert (image.format, image.size) == ("JPEG", (768, 300))


def test_the_mask_figure_takes_models_that_are_not_done(shown: Shown):
    data = mask_figure([[shown, None]], ["fcn32s", "fcn8s"], LAND)
    width, height = Image.open(io.BytesIO(data)).size
    assert width > 2 * height


@pytest.mark.parametrize("classes", [10, 50])
def test_every_class_has_its_number_colour_and_shape(classes: int):
    scheme = class_scheme([f"class {i}" for i in range(classes)])
    keys = legend(scheme)
    assert [key.number for key in keys] == [str(i) for i in range(classes)]
    assert len({key.color for key in keys}) == classes
    assert all(a.marker != b.marker for a, b in itertools.pairwise(keys))
    figure = tsne(features_of(classification_scores(scheme, 3))).decode()
    assert "<dc:date>" not in figure
    for key in keys:
        assert f"fill: {key.color}" in figure


def test_names_no_font_has_and_that_look_like_formulas_are_drawn():
    features = features_of(classification_scores(class_scheme(["山", "$\\frac$", "_x", "b"]), 3))
    assert tsne(features, "png", names=True).startswith(b"\x89PNG")


@pytest.mark.parametrize("classes", [3, 60])
def test_long_names_are_shortened(classes: int, shown: Shown):
    labels = tuple(LabelClass(name=f"{i} " + "W" * 200 + str(i), id=i) for i in range(classes))
    scheme = LabelScheme(task="segmentation", classes=labels)
    masks = Shown("I" * 150, shown.image, shown.truth % classes, shown.prediction % classes)
    mask_figure([[masks]], ["m" * 200], scheme)
    tsne(features_of(classification_scores(class_scheme(list(scheme.names)), 3)), names=True)
    rows = [{"epoch": float(e), "loss": 1.0 / e, "score": None} for e in (1, 2, 3)]
    assert curves({"a" * 300: rows, "b" * 300: rows}, {"loss": "loss"}, "loss", {}) is not None


def test_shortened_names_keep_both_ends_on_one_line():
    assert shortened("class of\nwheat", 40) == "class of wheat"
    assert shortened("winter wheat in 2024", 11) == "winte…2024"
    assert len(shortened("x" * 99, 20)) == 20


def test_a_class_without_images_has_no_number():
    scores = classification_scores(class_scheme(["a", "b", "c"]), 4)
    features = features_of(scores)
    gone = features.truth == 1
    features.truth[gone] = 2
    assert tsne(features).startswith(b"<?xml")


def test_numbers_part_where_they_would_overlap():
    anchors = np.array([[0.0, 0.0], [0.0, 0.0], [0.1, 0.05], [5.0, 5.0]])
    places = spread(anchors, 1.0, 0.5)
    np.testing.assert_allclose(places[3], anchors[3], atol=1e-4)
    for i in range(4):
        for j in range(i):
            apart = np.abs(places[i] - places[j])
            assert apart[0] > 0.99 or apart[1] > 0.49, (i, j)
    assert np.abs(places[:3]).max() < 2


def test_no_two_of_many_lines_look_alike_and_long_names_stand_beside_them():
    assert len({series(index) for index in range(32)}) == 32
    assert len({(series(index)[0], turn(index)) for index in range(32)}) == 32
    assert [turn(index) for index in range(4)] == [0, 1, 2, 3]
    rows = [{"epoch": float(e), "loss": 1.0 / e} for e in (1, 2, 3, 4)]
    assert curves({f"{index}" * 60: rows for index in range(9)}, {"loss": "loss"}, "loss", {}) is not None


def test_a_curve_needs_a_value():
    rows = [{"epoch": float(e), "loss": 1.0 / e, "score": None} for e in (1, 2, 3)]
    assert curves({"a": rows}, {"score": "mIoU"}, "mIoU", {}) is None
    assert curves({"a": []}, {"loss": "loss"}, "loss", {}) is None
    drawn = curves({"a": rows, "_b": rows[:1]}, {"loss": "loss"}, "loss", {"a": 2})
    assert drawn is not None
    assert drawn.startswith(b"<?xml")


def test_the_loss_on_selection_is_dashed_and_absent_from_earlier_logs():
    columns = {"loss": "training", "selection_loss": "selection part"}
    rows = [{"epoch": float(e), "loss": 1.0 / e, "selection_loss": 0.5 + e / 9} for e in range(1, 6)]
    earlier = [row | {"selection_loss": None} for row in rows]

    def dashed(*logs):
        drawn = curves(dict(zip("ab", logs, strict=True)), columns, "loss", {}).decode()
        return re.findall(r"stroke-dasharray[^\"]+stroke: (#\w+)", drawn)

    (first, dash), (second, other) = series(0), series(1)
    assert (dash, other) == ("-", "--")
    assert dashed(earlier, earlier) == [second, second]  # the line and its name: without it models have dashes
    assert dashed(rows, earlier) == [first, MUTED]
    assert dashed(rows, rows) == [first, second, MUTED]


def test_bars_of_gains_and_losses_are_alike():
    figure = wins([0.3, -0.1, 0.1, 0.2, -0.2], "mIoU, points").decode()
    outlines = re.findall(r'Collection_\d">\s*<defs>\s*<path [^>]*d="([^"]+)"', figure)
    assert len(outlines) == 2
    edges = np.unique(np.round([float(x) for path in outlines for x in re.findall(r"[ML] ?(\S+)", path)], 2))
    np.testing.assert_allclose(np.diff(edges), np.diff(edges)[0], atol=0.05)
    assert len(edges) == 6
    assert [signed_tick(value) for value in (-2.5, 0.0, 10.0)] == ["−2.5", "0", "+10"]


def test_a_reliability_of_0_or_1_is_not_cut():
    bins = np.ones(BINS)
    found = Reliability(bins, np.linspace(0, 1, BINS), np.linspace(0, 1, BINS).round(), 0.1, 0.0, 0.2)
    assert not re.search(r"<g clip-path=[^>]*>\s*<use", reliability_diagram({"as trained": found}).decode())


def test_a_matrix_holds_its_counts():
    counts = np.array([[8, 2, 0], [0, 0, 0], [1, 0, 9]])
    grid = matrix(counts, class_scheme(["a", "b", "c"]), "images")
    titles = {(cell.row, cell.column): cell.title for cell in grid.cells}
    assert titles == {
        (0, 0): "true a, predicted a: 8 of 10 images (80.0%)",
        (0, 1): "true a, predicted b: 2 of 10 images (20.0%)",
        (2, 0): "true c, predicted a: 1 of 10 images (10.0%)",
        (2, 2): "true c, predicted c: 9 of 10 images (90.0%)",
    }
    assert [cell.text for cell in grid.cells] == ["80", "20", "10", "90"]
    assert grid.frequent == [("0 a", "1 b", "2 of 10 (20%)"), ("2 c", "0 a", "1 of 10 (10%)")]


def test_numbers_of_a_matrix_can_be_read():
    wrong, right = np.arange(101), 100 - np.arange(101)
    for counts in (np.array([[r, w], [0, 1]]) for r, w in zip(right, wrong, strict=True)):
        for cell in matrix(counts, class_scheme(["a", "b"]), "images").cells:
            inks = [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in (cell.fill, cell.ink)]
            assert contrast(*inks) > 3.9, cell.title
    assert contrast((0, 0, 0), (255, 255, 255)) == 21


def test_of_very_many_classes_the_worst_are_drawn():
    names = [f"c{i}" for i in range(101)]
    counts = np.diag(np.arange(101)) + np.eye(101, k=1, dtype=int)  # of class 0 nothing is right, of 100 all
    counts[7] = 0
    grid = matrix(counts, class_scheme(names), "images")
    kept = [i for i in range(51) if i != 7]
    assert grid.names == [f"{i} c{i}" for i in kept]
    assert max(max(cell.row, cell.column) for cell in grid.cells) == 49
    assert {cell.title for cell in grid.cells if cell.row == 49} == {"true c50, predicted c50: 50 of 51 images (98.0%)"}
    assert grid.note == "The 50 of 101 classes of which the smallest share is right, among themselves."
    assert grid.summary.endswith(f"on the diagonal. {grid.note}")  # what a screen reader says of the grid
    whole = matrix(counts[:100, :100], class_scheme(names[:100]), "images")
    assert len(whole.names) == 100
    assert whole.summary.endswith("on the diagonal")
