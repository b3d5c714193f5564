"""Scoring what any tool made: masks and tables."""

import csv
import json
import shutil

import numpy as np
import pytest

from pixelproof.data import open_data, read_image, write_png
from pixelproof.errors import UserError
from pixelproof.evaluation import accuracy, mean_iou, summarise
from pixelproof.evaluation.score import score
from pixelproof.evaluation.tables import print_scores
from pixelproof.labels import PRESETS, encode_colors
from pixelproof.runs import load_scores, save_scores
from pixelproof.runs.predictions_file import COLUMNS
from pixelproof.verbs.evaluate import evaluate_run
from pixelproof.verbs.predict import predict_run
from small_runs import untrained_run

DEEPGLOBE = PRESETS["deepglobe"]


@pytest.fixture
def masks(tmp_path):
    """Truth beside its images as the course lays it out, and predictions with 10% of the pixels changed."""
    rng = np.random.default_rng(0)
    for index in range(4):
        truth = rng.integers(0, 7, (20, 30)).astype(np.uint8)
        guess = np.where(rng.random(truth.shape) < 0.1, rng.integers(0, 7, truth.shape), truth).astype(np.uint8)
        write_png(tmp_path / "truth" / f"{index:04}_sat.png", np.zeros((20, 30, 3), np.uint8))
        write_png(tmp_path / "truth" / f"{index:04}_mask.png", encode_colors(DEEPGLOBE, truth))
        write_png(tmp_path / "guess" / f"{index:04}.png", encode_colors(DEEPGLOBE, guess))
    return tmp_path


def write_csv(path, rows, header=("filename", "label")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_masks_of_another_tool(masks):
    scores = score(masks / "guess", masks / "truth")
    assert scores.ids == ("0000", "0001", "0002", "0003")
    assert 0.75 < mean_iou(scores, "unknown_counted") < 0.9
    perfect = score(masks / "truth", masks / "truth")
    assert mean_iou(perfect, "unknown_counted") == 1.0


def test_the_truth_may_be_a_whole_data_set(masks):
    (masks / "truth").rename(masks / "validation")
    for path in (masks / "validation").iterdir():
        write_png(masks / "data" / "validation" / path.name, read_image(path))
        write_png(masks / "data" / "train" / f"1{path.name}", read_image(path))
    direct = score(masks / "guess", masks / "validation")
    assert summarise(score(masks / "guess", masks / "data")) == summarise(direct)


def test_a_score_file_gives_the_same_figures(masks):
    scores = score(masks / "guess", masks / "truth")
    assert scores.boundaries.bands.shape == (len(scores.ids), 5, 7, 4)
    save_scores(masks / "s.npz", scores)
    assert summarise(score(masks / "s.npz", None)) == summarise(scores)
    assert load_scores(masks / "s.npz").source.name == "guess"


def test_labels_may_stand_beside_the_truth_or_be_given(masks, tmp_path):
    index = tmp_path / "index"
    for path in (masks / "guess").iterdir():
        write_png(index / path.name, np.array([[0, 1], [1, 255]], np.uint8))
    with pytest.raises(UserError, match=r"are of no known data set; give --labels"):
        score(index, index)
    (tmp_path / "labels.yaml").write_text(
        "task: segmentation\nclasses:\n  - {name: a, id: 0}\n  - {name: b, id: 1}\nvoid_ids: [255]\n"
    )
    assert mean_iou(score(index, index), "unknown_counted") == 1.0
    assert mean_iou(score(index, index, tmp_path / "labels.yaml"), "unknown_counted") == 1.0


def test_labels_of_the_other_task_are_refused(masks):
    table = write_csv(masks / "truth.csv", [("a.png", "a"), ("b.png", "b")])
    labels = {task: masks / f"{task}.yaml" for task in ("classification", "segmentation")}
    for task, path in labels.items():
        colors = [f"color: [{255 * k}, 0, 0], " if task == "segmentation" else "" for k in (0, 1)]
        path.write_text(f"task: {task}\nclasses: [{{{colors[0]}name: a, id: 0}}, {{{colors[1]}name: b, id: 1}}]\n")
    assert accuracy(score(table, table, labels["classification"])) == 1
    with pytest.raises(UserError, match=r"segmentation\.yaml is for segmentation, and .* --labels .* classification"):
        score(table, table, labels["segmentation"])
    shutil.copy(labels["classification"], masks / "labels.yaml")  # beside the truth
    for given in (labels["classification"], None):
        with pytest.raises(UserError, match=r"\.yaml is for classification, and .* --labels .* segmentation"):
            score(masks / "guess", masks / "truth", given)


def test_a_missing_prediction_is_an_error_and_so_is_one_too_many(masks):
    (masks / "guess" / "0002.png").unlink()
    with pytest.raises(UserError, match="guess has nothing for '0002'"):
        score(masks / "guess", masks / "truth")
    shutil.copy(masks / "guess" / "0001.png", masks / "guess" / "0002.png")
    shutil.copy(masks / "guess" / "0001.png", masks / "guess" / "0009.png")
    with pytest.raises(UserError, match="truth has nothing for '0009'"):
        score(masks / "guess", masks / "truth")


def test_another_size_is_an_error_that_names_both(masks):
    write_png(masks / "guess" / "0001.png", np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(UserError, match=r"0001\.png and its truth are 10x10 and 30x20 pixels"):
        score(masks / "guess", masks / "truth")


def test_an_unknown_colour_is_named_with_its_count(masks):
    (masks / "labels.yaml").write_text(
        "task: segmentation\nclasses:\n"
        "  - {name: land, id: 0, color: [0, 0, 0]}\n  - {name: sea, id: 1, color: [0, 0, 255]}\n"
    )
    write_png(masks / "guess" / "0000.png", np.full((20, 30, 3), 7, np.uint8))
    with pytest.raises(UserError, match=r"colour \(\d+, \d+, \d+\) in \d+ pixels"):
        score(masks / "guess", masks / "truth")


def test_a_table_against_a_table(tmp_path):
    truth = write_csv(tmp_path / "truth.csv", [("a.png", 0), ("b.png", 1), ("c.png", 10), ("d.png", 2)])
    guess = write_csv(tmp_path / "guess.csv", [("d.png", 2), ("a.png", 0), ("b.png", 2), ("c.png", 10)])
    scores = score(guess, truth)
    assert scores.scheme.names == ("0", "1", "2", "10")
    figures = summarise(scores)
    assert (figures["correct"], figures["total"], figures["accuracy"]) == (3, 4, 0.75)
    assert figures["loss"] is None
    assert figures["top5_accuracy"] is None
    rows = guess.read_text("utf-8")
    for first, mark in (("sep=;\n", ";"), ("", "\t")):  # as spreadsheets write them where a comma is in numbers
        guess.write_text(first + rows.replace(",", mark), "utf-8")
        assert summarise(score(guess, truth)) == figures


@pytest.mark.parametrize(
    ("rows", "header", "complaint"),
    [
        ([("a.png", 0), ("a.png", 1)], ("filename", "label"), r"line 3: 'a\.png' stands twice"),
        ([("a.png", 0)], ("file", "colour"), "has no columns for file name and label"),
        ([("a.png", 0), ("a.png ", 1)], ("filename", "label"), r"line 3: 'a\.png' stands twice"),
        ([("a.png", "0" * 200_000)], ("filename", "label"), r"guess\.csv, line 2: cannot be read as CSV"),
        ([], ("filename", "label"), "holds no labels"),
        ([("a.png",)], ("filename", "label"), "line 2: 1 cells, expected 2"),
        ([("a.png", 7)], ("filename", "label"), "'a.png' has label '7', which is not a class"),
        ([("x.png", 0)], ("filename", "label"), "has nothing for 'a.png'"),
    ],
)
def test_a_bad_table_is_one_sentence(tmp_path, rows, header, complaint):
    truth = write_csv(tmp_path / "truth.csv", [("a.png", 0)])
    with pytest.raises(UserError, match=complaint):
        score(write_csv(tmp_path / "guess.csv", rows, header), truth)


@pytest.mark.parametrize(
    ("labels", "names", "complaint"),
    [
        (["1", "01"], {}, r"truth\.csv: id 1 is given twice"),
        (["0", "1"], {"0": "fox", "1": "fox"}, r"truth\.csv: class name fox is given twice"),
        (["0", ""], {}, r"truth\.csv: 'classes\.0\.name'"),
    ],
)
def test_true_labels_that_are_no_contract_are_one_sentence(tmp_path, labels, names, complaint):
    (tmp_path / "id2label.json").write_text(json.dumps(names))
    truth = write_csv(tmp_path / "truth.csv", [(f"{i}.png", label) for i, label in enumerate(labels)])
    with pytest.raises(UserError, match=complaint):
        score(truth, truth)


@pytest.mark.parametrize("names", [{}, {"100001": "fox", "other": "ape"}])
def test_true_labels_too_large_for_ids_are_names(tmp_path, names):
    (tmp_path / "id2label.json").write_text(json.dumps(names))
    truth = write_csv(tmp_path / "truth.csv", [("a.png", 100001), ("b.png", 2)])
    assert accuracy(score(truth, truth)) == 1.0


def test_what_predict_writes_of_probabilities_is_scored_as_the_run_is(color_classes, tmp_path, pixelproof):
    run = untrained_run(tmp_path / "run", "vgg16", open_data(color_classes).scheme, input_size=16)
    scores = evaluate_run(run.path, color_classes, device="cpu")
    predict_run(run.path, color_classes / "validation", tmp_path / "out", device="cpu", probabilities=True)
    read = score(tmp_path / "out" / "probabilities.csv", color_classes)
    order = [read.ids.index(i) for i in scores.ids]
    for name in ("truth", "predicted", "rank", "loss", "confidence", "probabilities"):
        np.testing.assert_allclose(getattr(read, name)[order], getattr(scores, name), rtol=1e-4, err_msg=name)
    assert read.calibration.shape == scores.calibration.shape
    code, out, _ = pixelproof("score", tmp_path / "out" / "probabilities.csv", color_classes, "--json")
    assert code == 0
    figures, expected = json.loads(out), summarise(scores)
    assert figures["roc_auc"] == pytest.approx(expected["roc_auc"])
    assert figures["loss"] == pytest.approx(expected["loss"])
    assert figures["findings"] is not None


def test_probabilities_of_more_classes_than_the_truth_shows(tmp_path):
    truth = write_csv(tmp_path / "t.csv", [("a.png", "cat"), ("b.png", "dog")])
    columns, rows = ("dog", "file", "cat", "owl"), [(0.1, "b.png", 0.3, 0.6), (0.2, "a.png", 0.7, 0.1)]
    scores = score(write_csv(tmp_path / "p.csv", rows, columns), truth)
    assert scores.scheme.names == ("cat", "dog", "owl")
    assert (scores.ids, scores.predicted.tolist(), scores.rank.tolist()) == (("a.png", "b.png"), [0, 2], [0, 2])
    np.testing.assert_allclose(scores.loss, -np.log([0.7, 0.1]))
    save_scores(tmp_path / "s.npz", scores)
    assert summarise(load_scores(tmp_path / "s.npz")) == summarise(scores)


@pytest.mark.parametrize(
    ("rows", "columns", "complaint"),
    [
        (
            [("a.png", 0.5, 0.6)],
            ("file", "cat", "dog"),
            r"p\.csv, line 2: the probabilities add up to 1\.1, and not",
        ),
        ([("a.png", 2.5, -1.5)], ("file", "cat", "dog"), "line 2: '2.5' is no probability"),
        ([("a.png", "nan", 1)], ("file", "cat", "dog"), "line 2: 'nan' is no probability"),
        ([("a.png", "big", "red")], ("file", "size", "hue"), "line 2: 'big' is no probability; .* or a column 'label'"),
        ([("a.png", 0.5, 0.5)], ("file", "cat", "cat"), "two columns 'cat'"),
        ([("a.png", 0.5, 0.5)], ("file", "cat", "Dog"), "no class of|has no column for the class"),
        ([("a.png", 1)], ("file", "cat", "dog"), "line 2: 2 cells, expected 3"),
        ([("a.png", 1, 0), ("a.png", 1, 0)], ("file", "cat", "dog"), r"line 3: 'a\.png' stands twice"),
        ([("b.png", 1, 0)], ("file", "cat", "dog"), "has nothing for 'a.png'"),
    ],
)
def test_a_bad_table_of_probabilities_is_one_sentence(tmp_path, rows, columns, complaint):
    truth = write_csv(tmp_path / "t.csv", [("a.png", "cat")])
    (tmp_path / "labels.yaml").write_text("task: classification\nclasses: [{name: cat, id: 0}, {name: dog, id: 1}]\n")
    with pytest.raises(UserError, match=complaint):
        score(write_csv(tmp_path / "p.csv", rows, columns), truth, tmp_path / "labels.yaml")


def test_the_name_of_a_class_is_printed_as_it_is(tmp_path, capsys):
    truth = write_csv(tmp_path / "truth.csv", [("a.png", "[/b]"), ("b.png", "[red]\x1b[2J")])
    print_scores(score(truth, truth))
    out = capsys.readouterr().out
    assert "[/b]" in out
    assert "[red]\\x1b[2J" in out


def test_a_table_against_image_folders(color_classes, tmp_path):
    rows = [(f"{name}/{i}.png", name) for name in ("red", "green", "blue") for i in range(4)]
    rows[0] = (rows[0][0], "blue")
    assert accuracy(score(write_csv(tmp_path / "guess.csv", rows), color_classes)) == pytest.approx(11 / 12)


@pytest.mark.real
def test_the_real_truth_scored_against_itself(real_data):
    truth = real_data / "p1_data" / "val_gt.csv"
    scores = score(truth, real_data / "p1_data")
    assert (len(scores.ids), accuracy(scores)) == (2500, 1.0)
    assert scores.scheme.names[13] == "willow_tree"


def test_a_column_of_names_may_be_that_of_the_files(tmp_path):
    rows = [(str(i), str(3 * i % 10)) for i in range(10)]
    paths = [write_csv(tmp_path / name, rows, ("name", "label")) for name in ("p.csv", "t.csv")]
    assert accuracy(score(*paths)) == 1.0


def test_predictions_of_other_classes_are_refused(tmp_path):
    truth = write_csv(tmp_path / "t.csv", [("a.png", "cat"), ("b.png", "dog")])
    rows = [("a.png", 0, "owl", 0.9, ""), ("b.png", 1, "fox", 0.9, "")]
    own = write_csv(tmp_path / "p.csv", rows, COLUMNS)
    with pytest.raises(UserError, match=r"is of other classes than .* such as 'owl'"):
        score(own, truth)


def test_one_mask_called_so_does_not_hide_the_others(masks):
    for folder in ("guess", "clean"):
        for index in range(3):
            write_png(masks / folder / f"{index:04}.png", read_image(masks / "truth" / f"{index:04}_mask.png"))
        (masks / folder / "0002.png").rename(masks / folder / "road_seg.png")
    (masks / "guess" / "0003.png").unlink()
    assert score(masks / "guess", masks / "clean").ids == ("0000", "0001", "road")


def test_two_masks_of_one_image_are_refused(masks):
    write_png(masks / "guess" / "0000_pred.png", read_image(masks / "guess" / "0000.png"))
    for name in ("0001.tif", "0001.png"):
        write_png(masks / "twice" / name, read_image(masks / "guess" / "0001.png"))
    with pytest.raises(UserError, match="would both be the mask of one image"):
        score(masks / "twice", masks / "truth")


def test_what_would_not_be_read_is_refused(masks, tmp_path, color_classes):
    save_scores(masks / "s.npz", score(masks / "guess", masks / "truth"))
    with pytest.raises(UserError, match=r"holds its truth and labels, so .*truth would not be read"):
        score(masks / "s.npz", masks / "truth")
    table = write_csv(tmp_path / "p.csv", [("validation/red/10.png", "red")])
    with pytest.raises(UserError, match="has classes of its own"):
        score(table, color_classes, tmp_path / "labels.yaml")


def test_what_predict_wrote_is_scored_by_its_ids_where_classes_have_no_colours(tmp_path):
    index = np.array([[0, 7], [7, 0]], np.uint8)
    for folder in ("truth", "predicted/ids"):
        write_png(tmp_path / folder / "a.png", index)
    write_png(tmp_path / "predicted" / "masks" / "a.png", np.full((2, 2, 3), 90, np.uint8))
    labels = "task: segmentation\nclasses:\n  - {name: a, id: 0}\n  - {name: b, id: 7}\n"
    (tmp_path / "truth" / "labels.yaml").write_text(labels)
    assert mean_iou(score(tmp_path / "predicted", tmp_path / "truth"), "unknown_counted") == 1.0
