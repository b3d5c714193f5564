"""A figure is told alike wherever it stands: in per cent, or as a number of 0 to 1."""

import re

import numpy as np
import pytest

from pixelproof.comparison.compare import compare_scores
from pixelproof.comparison.wording.tables import print_comparison
from pixelproof.evaluation.tables import print_scores
from pixelproof.labels import LabelScheme
from pixelproof.report.class_table import class_table
from pixelproof.runs import ClassificationScores, Source
from pixelproof.runs.metric_names import FIGURES, PER_CENT, in_percent, told

NAMES = ("crack", "dent", "none")
SCHEME = LabelScheme.model_validate(
    {"task": "classification", "classes": [{"name": name, "id": i} for i, name in enumerate(NAMES)]}
)


def made(name: str, seed: int) -> ClassificationScores:
    rng, truth = np.random.default_rng(seed), np.arange(160) % 3
    predicted = np.where(rng.random(160) < 0.8, truth, rng.integers(0, 3, 160))
    nothing, ids = np.full(160, np.nan), tuple(f"{i:03}" for i in range(160))
    rank = np.full(160, -1)
    return ClassificationScores(ids, truth, predicted, rank, nothing, nothing, SCHEME, Source(name, "validation", "x"))


@pytest.mark.parametrize("figure", FIGURES)
def test_shares_are_in_per_cent_and_all_else_is_a_number(figure):
    shares = {"accuracy", "balanced_accuracy", "pixel_accuracy", "recall", "precision"}
    assert in_percent(figure) == in_percent(f"{figure}:a:b") == (figure in shares)
    assert told(figure, 0.91249) == ("91.2%" if figure in shares else "0.912")
    assert told(figure, None) == "–"


def test_every_figure_that_is_told_in_per_cent_is_one():
    assert set(PER_CENT) <= set(FIGURES)


def test_page_and_terminal_tell_a_class_alike(capsys):
    scores = made("one", 0)
    print_scores(scores)
    said = capsys.readouterr().out
    for line in class_table(scores).lines:
        row = next(row for row in said.splitlines() if row.split()[:1] == line.name.split()[1:])
        for part in (line.recall, line.precision):
            assert f"{part.text} ({part.interval})" in row
        assert row.split()[-1] == line.f1
    assert re.search(r"Accuracy \d\d\.\d\d% \(\d\d\.\d\d% to \d\d\.\d\d%\)", said)


@pytest.mark.parametrize(("metric", "form"), [("recall:dent", r"\d\d\.\d\d%"), ("f1", r"0\.\d{4} ")])
def test_a_comparison_tells_its_figures_likewise(capsys, metric, form):
    scores = [made("one", 0), made("two", 1)]
    print_comparison(compare_scores(scores, ["a", "b"], "unknown_counted", None, 0, metric), "en")
    row = next(row for row in capsys.readouterr().out.splitlines() if row.split()[:1] == ["dent"])
    assert len(re.findall(form, row)) == 2
