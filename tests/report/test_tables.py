"""Tables as files: the figures of ``--json`` to the last digit, and LaTeX that prints any name and claims no more."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_folders import class_scheme, classification_scores

from pixelproof.api import compare
from pixelproof.comparison.verdict import over_pairs
from pixelproof.errors import UserError
from pixelproof.evaluation.summary import summarise
from pixelproof.report.artefacts import read_study
from pixelproof.report.beside import Beside, named, put_beside
from pixelproof.report.tables.compared import better_than_others
from pixelproof.report.tables.files import comparison_tables, part_tables
from pixelproof.report.tables.latex import MARK, in_lines
from pixelproof.report.tables.models import confusions
from pixelproof.report.tables.printed import Printed, printed
from pixelproof.report.tables.table import Table
from pixelproof.runs import load_features, load_scores, save_scores
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.evidence_file import SeedGain
from pixelproof.runs.fields import Estimate
from pixelproof.runs.files import write_bytes

MODELS = ("fcn32s", "fcn8s")
NEXT = r"95\% interval"
HOSTILE = "a_b%$\\{}"
PRINTS = r"a\_b\%\$\textbackslash{}\{\}"


def rows(built: Path, name: str) -> list[dict[str, str]]:
    with (built / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_hold_the_figures_of_json(built: Path):
    scores = load_scores(built / "classification/vgg16/scores/validation.npz")
    figures = summarise(scores)
    (model,) = rows(built, "classification-models")
    assert (model["parameters"], model["epochs"], model["correct"]) == ("1234567", "12", str(figures["correct"]))
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "loss"):
        assert float(model[name]) == figures[name]
    assert float(model["accuracy_low"]) == figures["intervals"]["accuracy"]["low"]
    for row in rows(built, "classification-classes"):
        assert float(row["f1"]) == figures["f1"][row["class"]]
        assert float(row["recall_high"]) == figures["intervals"]["recall"][row["class"]]["high"]
        assert row["images"] == "20"
    matrix = rows(built, "classification-vgg16-confusion")
    assert [[int(row[name]) for name in scores.scheme.names] for row in matrix] == figures["confusion"]["counts"]
    right = [row["truth"] == row["predicted"] for row in rows(built, "classification-images")]
    assert right == scores.correct.tolist()
    features = load_features(built / "classification/vgg16/features/validation.npz")
    places = [(row["id"], float(row["x"])) for row in rows(built, "classification-tsne")]
    assert places == list(zip(features.ids, features.map[:, 0].tolist(), strict=True))


def test_tables_of_masks_and_pairs_hold_what_their_files_hold(built: Path):
    found = {name: summarise(load_scores(built / f"segmentation/{name}/scores/validation.npz")) for name in MODELS}
    for row in rows(built, "segmentation-classes"):
        value = found[row["model"]]["protocols"][row["protocol"]]["iou"][row["class"]]
        assert row["iou"] == ("" if value is None else repr(value))
    record = load_comparison(built / "segmentation/comparison.json")
    (pair,) = rows(built, "segmentation-pairs")
    assert (float(pair["difference"]), float(pair["p"])) == (record.pairs[0].difference, record.pairs[0].p)
    assert float(pair["p_adjusted"]) == over_pairs(record)["fcn32s", "fcn8s"]
    assert [row["outcome"] for row in rows(built, "segmentation-claims")] == ["holds", "opposite"]
    assert len(rows(built, "segmentation-learning-curves")) == 24


@pytest.mark.parametrize(("adjusted", "marked"), [(0.04, True), (0.06, False)])
def test_several_runs_have_mean_spread_and_a_mark_only_after_holm(built: Path, adjusted: float, marked: bool):
    part = read_study(built).parts[1]
    scores = {"fcn32s": (0.7, 0.72, 0.75), "fcn8s": (0.8, 0.84)}
    models = [model.model_copy(update={"scores": scores[model.name]}) for model in part.evidence.models]
    gain = SeedGain(
        a="fcn32s",
        b="fcn8s",
        seeds=(3, 2),
        difference=Estimate(value=0.1, low=0.01, high=0.2),
        p=0.02,
        adjusted=adjusted,
        verdict="b",
    )
    evidence = part.evidence.model_copy(
        update={"models": tuple(models), "over_seeds": (gain,), "metric": "boundary_f1"}
    )
    files = named(part_tables(replace(part, evidence=evidence)))
    first, second = csv.DictReader(files["segmentation-models.csv"].data.decode().splitlines())
    for row, runs in ((first, scores["fcn32s"]), (second, scores["fcn8s"])):
        assert row["metric"] == "boundary_f1"
        assert float(row["mean"]) == pytest.approx(np.mean(runs))
        assert float(row["std"]) == pytest.approx(np.std(runs, ddof=1))
        assert [row[f"run_{number}"] for number in (1, 2, 3)] == [*map(repr, runs), ""][:3]
    (pair, _) = csv.DictReader(files["segmentation-pairs.csv"].data.decode().splitlines())
    assert (pair["metric"], pair["over"]) == ("boundary_f1", "images and seeds")
    text = files["segmentation-models.tex"].data.decode()
    assert f" & {in_lines('Boundary F1')} & Runs" in text
    mark = MARK if marked else ""
    assert "& 72.3 $\\pm$ 2.5 & 3 \\\\\n" in text
    assert f"& \\textbf{{82.0}}{mark} $\\pm$ 2.8 & 2 \\\\\n" in text
    assert (MARK in text) == marked
    assert (("fcn8s", "") in better_than_others(part.comparison, evidence)) == marked


@pytest.mark.parametrize(
    ("metric", "whole", "column", "each"),
    [
        ("f1", "Mean F1", "f1", "F1"),
        ("precision:fox", "Precision of fox", "precision", "Precision"),
        ("roc_auc", "Mean ROC AUC", "roc_auc", "ROC AUC"),
        ("balanced_accuracy", "Balanced accuracy", "recall", "Recall"),
    ],
)
def test_tables_of_a_comparison_are_called_by_what_they_hold(
    tmp_path: Path, metric: str, whole: str, column: str, each: str
):
    scheme = class_scheme(["owl", "fox", "bee"])
    for name, skill in (("a", 0.6), ("b", 0.9)):
        save_scores(tmp_path / f"{name}.npz", classification_scores(scheme, 12, skill))
    record = compare([tmp_path / "a.npz", tmp_path / "b.npz"], metric=metric)
    files = named(comparison_tables(record, None))
    models, classes, images = (
        [*csv.DictReader(files[f"{kind}.csv"].data.decode().splitlines())] for kind in ("models", "classes", "images")
    )
    assert [float(row[metric]) for row in models] == [model.value for model in record.models]
    assert [row[column] for row in classes[:3]] == [repr(found.a) for found in record.pairs[0].classes.values()]
    right = load_scores(tmp_path / "b.npz").correct.tolist()
    assert [row["correct"] == "true" for row in images if row["model"] == record.models[1].name] == right
    texts = [files[f"{kind}.tex"].data.decode() for kind in ("models", "classes")]
    assert f"Model & {in_lines(whole)} \\\\\n" in texts[0]
    assert f": {each} of each class, in percent" in texts[1]
    assert ("\nMean & " in texts[1]) == (":" not in metric)


def test_a_class_may_be_called_as_the_first_column_of_a_confusion_matrix_is(built: Path):
    names = ["true", "true (predicted)", "fox"]
    scores = classification_scores(class_scheme(names), 12)
    found = summarise(scores)
    (table,) = confusions(read_study(built).parts[0], {"a": found})
    assert [[*row.values()] for row in table.rows] == [
        [name, *counts] for name, counts in zip(names, found["confusion"]["counts"], strict=True)
    ]


def stars(text: str) -> set[int]:
    """Return in which columns of a table for print there are marks."""
    lines = [line.split(" & ") for line in text[text.index("\\toprule") : text.index("\\bottomrule")].splitlines()]
    return {place for line in lines for place, cell in enumerate(line) if MARK in cell}


@pytest.mark.parametrize(
    ("metric", "head", "each"),
    [
        ("miou", "mIoU", True),
        ("boundary_iou", "Boundary IoU", False),
        ("iou:forest", "IoU of forest", True),
    ],
)
def test_only_what_was_tested_has_stars(built: Path, metric: str, head: str, each: bool):
    part = read_study(built).parts[1]
    record = compare([built / "segmentation" / name for name in MODELS], metric=metric)
    evidence = part.evidence.model_copy(update={"metric": metric})
    files = named(part_tables(replace(part, comparison=record, evidence=evidence)))
    texts = {kind: files[f"segmentation-{kind}.tex"].data.decode() for kind in ("models", "classes")}
    heads = next(line for line in texts["models"].splitlines() if line.startswith("Model"))
    assert f"mIoU & {in_lines(NEXT)}" in heads
    assert stars(texts["models"]) == {heads.split(" & ").index(in_lines(head))}
    assert ": IoU of each class" in texts["classes"]
    assert (stars(texts["classes"]) == {2}) == (MARK in texts["classes"]) == each
    (row, _) = csv.DictReader(files["segmentation-models.csv"].data.decode().splitlines())
    assert float(row[metric]) == pytest.approx(record.models[0].value)


def test_any_name_can_be_printed():
    names = [HOSTILE, "[2pt]", "*", "a--b-c", "~^<>|\x1b&#"]
    models = Table("models", "", [{"model": name, "accuracy": 0.5 + place / 10} for place, name in enumerate(names)])
    classes = Table("classes", "", [{"model": m, "class": c, "recall": None} for m in names for c in names])
    texts = [file.data.decode() for file in printed(Printed("a_b", HOSTILE, models, classes, "", frozenset()))]
    assert len(texts) == 2
    for text in texts:
        assert f"{{{PRINTS}: " in text
        lines = text[text.index("\\toprule") : text.index("\\bottomrule")].splitlines()
        assert [line.split(" & ")[0] for line in lines if line.endswith("\\\\")][-5:] == [
            PRINTS,
            "{[}2pt]",
            "{*}",
            "a-{}-b-c",
            r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}\textbackslash{}x1b\&\#",
        ]
        plain = re.sub(r"\\[\\{}%$&#_]", "", text)  # what is left are LaTeX's own, which stand in pairs
        assert plain.count("{") == plain.count("}")
        assert {line.count("&") for line in plain.splitlines() if line.endswith(" ")} in ({1}, {5})
    assert "90.0" in texts[0]
    assert MARK not in "".join(texts)


def test_a_file_of_before_is_removed_and_a_persons_own_is_kept(tmp_path: Path):
    files = [Beside((part, "x:y"), "csv", b"1\n", "what it is") for part in ("a", "A", "../a", "")]
    first = named(files)
    assert list(first) == ["a-x-y.csv", "A-x-y-2.csv", "a-x-y-3.csv", "x-y.csv"]
    put_beside(tmp_path, first)
    (tmp_path / "mine.csv").write_text("my own")
    put_beside(tmp_path, named(files[1:]))
    left = sorted(file.name for file in tmp_path.iterdir())
    assert left == ["A-x-y.csv", "a-x-y-2.csv", "index.csv", "mine.csv", "x-y.csv"]


@pytest.mark.parametrize("name", ["index.csv", "models.csv"])
def test_a_file_of_a_persons_own_is_neither_removed_nor_replaced(tmp_path: Path, name: str):
    files = {each: Beside((each,), "csv", b"1\n") for each in ("models.csv", "pairs.csv")}
    for own in {name, "mine.csv"}:
        (tmp_path / own).write_text("file,content\nmine.csv,my own\n")
    with pytest.raises(UserError, match=f"{name} is not of this page, which has a file of that name; move or rename"):
        put_beside(tmp_path, files)
    assert {path.name for path in tmp_path.iterdir()} == {name, "mine.csv"}
    (tmp_path / name).unlink()
    put_beside(tmp_path, files)
    (tmp_path / "pairs.csv").write_text("edited")
    put_beside(tmp_path, {})
    assert {path.name for path in tmp_path.iterdir()} == {"index.csv", "mine.csv", "pairs.csv"}


def test_what_an_interruption_leaves_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, then = ({name: Beside((), "csv", data) for name in names} for names, data in (("ab", b"1"), ("bcd", b"2")))
    put_beside(tmp_path, first)

    def killed(path: Path, data: bytes) -> None:
        write_bytes(path, data)
        if path.name == "c":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pixelproof.report.beside.write_bytes", killed)
        put_beside(tmp_path, then)
    put_beside(tmp_path, first)
    assert {path.name for path in tmp_path.iterdir()} == {"index.csv", "a", "b"}
