"""The page of a comparison: its own, and as a section of a study's report."""

import re
import shutil
from pathlib import Path

import pytest
from report_folders import classification_scores, make_classification, make_segmentation, make_study
from report_pages import Page

from pixelproof.api import compare
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.match import in_order
from pixelproof.comparison.wording.over_seeds import over_seeds
from pixelproof.comparison.wording.reasons import remarks
from pixelproof.comparison.wording.words import p_value
from pixelproof.errors import UserError
from pixelproof.report.comparison import boundaries, headline
from pixelproof.report.figures.forest import Difference, forest, with_interval
from pixelproof.report.page import build_report
from pixelproof.report.pair import pairs
from pixelproof.runs import Run, load_scores
from pixelproof.runs.comparison_file import load_comparison, save_comparison
from pixelproof.runs.evidence_file import MosaicFigure, load_evidence, save_evidence
from pixelproof.runs.fields import Estimate
from pixelproof.runs.study_file import ModelRecord

NUMBERS = re.compile(r"[+−]?\d*\.\d+|\d+")


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("compared")
    make_study(out, make_segmentation(out))
    return out


def test_a_study_shows_verdict_parts_of_the_gain_and_claims(compared):
    page = Page(build_report(compared))
    pair = load_comparison(compared / "segmentation" / "comparison.json").pairs[0]
    where = load_evidence(compared / "segmentation" / "evidence.json").gains[0].where
    assert "fcn8s is better than fcn32s" in page.text
    for value in (pair.difference, where.edges.value, where.interior.value):
        assert f"{100 * value:+.1f}".replace("-", "−") in page.text
    for record in pair.classes.values():
        estimate = Estimate(value=record.difference, low=record.low, high=record.high)
        assert f"{with_interval(estimate)} p {p_value(record.p)}" in page.text
    assert "confirmed" in page.text
    assert "refuted" in page.text
    assert "Skips make <edges> finer" in page.text
    assert "Skips make &lt;edges&gt; finer" in page.source


def test_classifiers_are_compared_on_the_page_of_their_study(tmp_path):
    part = make_classification(tmp_path, ["owl", "cat"])
    names = ("vgg16", "other")
    shutil.copytree(tmp_path / "classification" / "vgg16", tmp_path / "classification" / "other")
    record = compare([tmp_path / "classification" / name for name in names])
    save_comparison(tmp_path / "classification" / "comparison.json", record)
    models = tuple(ModelRecord(name=name, run=f"classification/{name}") for name in names)
    page = Page(build_report(make_study(tmp_path, part.model_copy(update={"models": models}))))
    ids = {values["id"] for _, values in page.tags if "id" in values}
    assert "part-1-comparison" in ids
    assert {values["href"][1:] for tag, values in page.tags if tag == "a" and values["href"].startswith("#")} <= ids


def test_both_languages_hold_the_same_numbers_and_names(compared):
    evidence = load_evidence(compared / "segmentation" / "evidence.json")
    for english, chinese in zip(remarks(evidence, "en"), remarks(evidence, "zh-Hant"), strict=True):
        # A claim's own words are its author's; the numbers after them are ours.
        a, b = (text.rpartition("”")[2] if "”" in text else text for text in (english.text, chinese.text))
        assert english.about == chinese.about
        assert sorted(NUMBERS.findall(a)) == sorted(NUMBERS.findall(b.rpartition("」這項")[2])), (a, b)
        assert ("fcn8s" in a) == ("fcn8s" in b)


def test_a_gain_that_is_undecided_lies_nowhere(compared):
    evidence = load_evidence(compared / "segmentation" / "evidence.json")
    record = load_comparison(compared / "segmentation" / "comparison.json")
    assert "where" in [remark.about for remark in remarks(evidence, "en", record)]
    unsure = record.model_copy(update={"pairs": [p.model_copy(update={"verdict": "undecided"}) for p in record.pairs]})
    assert "where" not in [remark.about for remark in remarks(evidence, "en", unsure)]


def test_parts_of_an_undecided_gain_are_not_coloured(compared):
    evidence = load_evidence(compared / "segmentation" / "evidence.json")
    record = load_comparison(compared / "segmentation" / "comparison.json")
    unsure = record.model_copy(update={"pairs": [p.model_copy(update={"verdict": "undecided"}) for p in record.pairs]})
    for comparison, marks in ((record, {"better", ""}), (unsure, {""})):
        (pair,) = pairs(comparison, evidence)
        assert {row.verdict for row in pair.where.rows} <= marks
        assert ("better" in {row.verdict for row in pair.where.rows}) == ("better" in marks)


def test_several_seeds_are_spoken_of_wherever_there_are_any(compared):
    evidence = load_evidence(compared / "segmentation" / "evidence.json")
    bare = evidence.model_copy(update={"claims": (), "effects": ()})
    _, *others = evidence.models
    for runs, seeds in (([1] * len(evidence.models), ""), ([1, *[3] * len(others)], "1–3 seeds"), ([2] * 9, "2 seeds")):
        models = tuple(m.model_copy(update={"runs": r}) for m, r in zip(bare.models, runs, strict=False))
        changed = bare.model_copy(update={"models": models})
        said = [remark.text for remark in remarks(changed, "en") if remark.about == "seeds"]
        assert len(said) == bool(seeds)
        assert all(f"was trained with {seeds}" in text for text in said)


def test_the_verdict_of_a_page_is_over_all_seeds_where_there_are_several(compared, tmp_path):
    folder, part = tmp_path / "study", "segmentation"
    shutil.copytree(compared, folder)
    first, second = (
        in_order(load_scores(folder / part / n / "scores" / "validation.npz")) for n in ("fcn32s", "fcn8s")
    )
    save_evidence(folder / part / "evidence.json", gather({"fcn32s": [first, second], "fcn8s": [second, second]}))
    record, evidence = (
        load_comparison(folder / part / "comparison.json"),
        load_evidence(folder / part / "evidence.json"),
    )
    texts = [text["en"] for text in headline(record, evidence)]
    assert texts == over_seeds(evidence.over_seeds[0], evidence, "en")
    text = Page(build_report(folder)).text
    mean, spread = evidence.models[0].score, evidence.models[0].spread
    for shown in (texts[0], "Over all seeds", f"2 seeds, standard deviation {spread:.3f}", f"{mean:.3f}"):
        assert shown in text
    assert "fcn8s is better than fcn32s: " not in text.partition("The runs of the first seed")[0].replace(texts[0], "")


def test_a_lone_model_has_its_mean_over_seeds_and_the_page_says_what_is_of_the_first(tmp_path):
    part = make_classification(tmp_path, ["owl", "cat", "dog"])
    first = load_scores(Run(tmp_path / part.models[0].run).scores("validation"))
    evidence = gather({"vgg16": [first, classification_scores(first.scheme, 20, skill=0.4)]})
    save_evidence(tmp_path / "classification" / "evidence.json", evidence)
    page = Page(build_report(make_study(tmp_path, part)))
    mean, spread = f"{evidence.models[0].score:.1%}", f"2 seeds, standard deviation {evidence.models[0].spread:.1%}"
    for shown in (mean, spread, "That is of the first seed.", "The model was trained with 2 seeds."):
        assert shown in page.text
    for wrong in ("where two models differ", "Which is better"):
        assert wrong not in page.text


def test_the_headline_says_that_several_pairs_were_tested(compared):
    record = load_comparison(compared / "segmentation" / "comparison.json")
    assert len(headline(record, None)) == 1
    several = tuple(pair.model_copy(update={"p": 0.02, "verdict": "b"}) for pair in record.pairs * 3)
    _, caveat = headline(record.model_copy(update={"pairs": several}), None)
    said = "Adjusted for there being 3 pairs by Holm's method, p = .060: among so many, one may differ so by chance."
    assert caveat["en"] == said


def test_a_model_without_boundaries_follows_no_grid_and_avoids_none(compared):
    evidence = load_evidence(compared / "segmentation" / "evidence.json")
    one, *others = evidence.models
    blank = one.model_copy(update={"mosaics": tuple(m.model_copy(update={"index": None}) for m in one.mosaics)})
    changed = evidence.model_copy(update={"models": (blank, *others)})
    said = [remark.text for remark in remarks(changed, "en") if remark.about == "mosaic"]
    assert len(said) == len(others)


def test_a_comparison_alone_has_a_page_and_its_first_language_can_be_chosen(compared, tmp_path):
    for name in ("comparison.json", "evidence.json"):
        (tmp_path / name).write_bytes((compared / "segmentation" / name).read_bytes())
    page = Page(build_report(tmp_path, "zh-Hant"))
    assert dict(page.tags)["body"]["data-shown"] == "zh-Hant"
    assert "fcn8s 優於 fcn32s" in page.text
    (tmp_path / "evidence.json").unlink()
    assert "fcn8s 優於 fcn32s" in Page(build_report(tmp_path, "zh-Hant")).text
    with pytest.raises(UserError, match="no language 'de'"):
        build_report(tmp_path, "de")


def test_an_index_is_bold_above_chance_after_all_tests_of_the_table(compared):
    evidence = load_evidence(compared / "segmentation" / "evidence.json")

    def figures(*p_values: float, high: float = 1.05) -> tuple[MosaicFigure, ...]:
        return tuple(MosaicFigure(stride=8, index=1.1, low=0.9, high=high, p=p) for p in p_values)

    first, second = evidence.models
    models = (
        first.model_copy(update={"mosaics": figures(0.0001, 0.0001, 0.033)}),
        second.model_copy(update={"mosaics": figures(0.0001, 0.0001, 0.0001, high=1.2)}),
    )
    changed = evidence.model_copy(update={"models": models, "truth": figures(0.033, 0.5, 0.9)})
    *_, rows = boundaries(changed)
    assert [[bold for _, bold in row.mosaics] for row in rows] == [[True, True, False], [False] * 3, [False] * 3]
    # The sentences call a mosaic what the table shows bold, and nothing else.
    said = [remark.text for remark in remarks(changed, "en") if remark.about == "mosaic"]
    assert ["no grid" in text for text in said] == [False, True]


@pytest.mark.parametrize(("splits", "said"), [(("test", "test"), "test images"), (("train", ""), "images")])
def test_the_split_of_the_images_is_that_of_the_comparison(compared, tmp_path, splits, said):
    record = load_comparison(compared / "segmentation" / "comparison.json")
    models = tuple(m.model_copy(update={"split": s}) for m, s in zip(record.models, splits, strict=True))
    save_comparison(tmp_path / "comparison.json", record.model_copy(update={"models": models}))
    assert f"The same {said} scored by both models." in Page(build_report(tmp_path)).text


def test_a_damaged_comparison_is_named(compared, tmp_path):
    (tmp_path / "comparison.json").write_text("[]")
    with pytest.raises(UserError, match=r"comparison\.json"):
        build_report(tmp_path)


def test_a_forest_plot_places_differences_on_one_axis():
    plot = forest(
        [
            Difference("a", Estimate(value=0.1, low=0.05, high=0.2)),
            Difference("b", Estimate(value=-0.04, low=-0.1, high=0.01)),
            Difference("c", Estimate(value=None)),
        ]
    )
    assert plot.ticks[0][0] == 0
    assert plot.ticks[-1][0] == 100
    labels = {label: place for place, label in plot.ticks}
    assert labels["0"] == pytest.approx(plot.zero)
    assert plot.rows[0].place == pytest.approx(labels["+10"])
    assert (plot.rows[0].low, plot.rows[0].high) == (pytest.approx(labels["+5"]), pytest.approx(labels["+20"]))
    assert plot.rows[1].low == pytest.approx(labels["−10"])
    assert (plot.rows[2].place, plot.rows[2].text) == (None, "–")
    assert forest([Difference("c", Estimate(value=None))]) is None
