"""Two sets of images: differences and their parts against independent implementations, and what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from comparison_builders import DEEPGLOBE, PETS, classifier, probable, segmenter, truths
from scipy.stats import binomtest, t
from sklearn.metrics import accuracy_score, f1_score, precision_score, roc_auc_score
from typer.testing import CliRunner

from pixelproof.cli.main import app
from pixelproof.comparison.unpaired import compare_sets
from pixelproof.comparison.wording.unpaired import no_worse, print_sets, sentences
from pixelproof.config import default_config
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation.metrics import mean_iou
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.languages import LANGUAGES
from pixelproof.report.page import build_report
from pixelproof.runs import ClassificationScores, Run, Scores, Source, save_scores
from pixelproof.runs.unpaired_file import FILE, load_unpaired
from pixelproof.verbs.compare import compare_models
from pixelproof.verbs.verify import verify_folder

PATHS = (Path("a.npz"), Path("b.npz"))


def outcomes(seed: int, images: int, shares: tuple[float, ...], skill: float, name: str) -> ClassificationScores:
    """A classifier of three classes whose errors go to the next class more often than to the one behind."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, images, p=shares)
    wrong = (truth + rng.choice([1, 2], images, p=[0.7, 0.3])) % 3
    scores = classifier(1, images=images, name=name)
    predicted = np.where(rng.random(images) < skill - 0.15 * truth, truth, wrong)
    return replace(scores, truth=truth, predicted=predicted, ids=tuple(f"{name}{i:04}" for i in range(images)))


OLD = outcomes(1, 160, (0.5, 0.3, 0.2), 0.9, "old")
NEW = outcomes(2, 90, (0.2, 0.3, 0.5), 0.8, "new")


def compared(a: Scores = OLD, b: Scores = NEW, metric: str | None = None, **options):
    """The record of two sets."""
    return compare_sets([a, b], PATHS, "unknown_counted", options.pop("groups", None), metric, **options)


def images_of(scores: ClassificationScores, padded: bool) -> list[np.ndarray]:
    """Units as rows (truth, predicted, weight); where wanted a right and a wrong one more of each class."""
    units = [np.array([[t, p, 1.0]]) for t, p in zip(scores.truth, scores.predicted, strict=True)]
    if padded:
        for k in range(3):
            units.append(np.array([[k, k, 1.0]]))
            units.append(np.array([[k, (k + 1) % 3, 0.5], [k, (k + 2) % 3, 0.5]]))
    return units


def test_accuracy_has_the_interval_that_two_exact_ones_make():
    found, ends = compared(), []
    for scores in (OLD, NEW):
        right, n = int(scores.correct.sum()), len(scores.ids)
        interval = binomtest(right, n).proportion_ci(method="exact")
        ends.append((right / n, interval.low, interval.high))
    (a, a_low, a_high), (b, b_low, b_high) = ends
    assert found.difference.value == pytest.approx(b - a)
    assert found.difference.low == pytest.approx(b - a - np.hypot(b - b_low, a_high - a))
    assert found.difference.high == pytest.approx(b - a + np.hypot(b_high - b, a - a_low))
    facing = (b_high - b, a - a_low)  # the ends towards each other, as b is lower
    freedom = sum(e**2 for e in facing) ** 2 / sum(e**4 / (n - 1) for e, n in zip(facing, (90, 160), strict=True))
    distance = (a - b) / np.hypot(*facing) * t.ppf(0.975, freedom)
    assert found.p == pytest.approx(2 * t.sf(distance, freedom))


def plain(truth, predicted, sample_weight, metric):
    """Accuracy, mean F1 or the precision of the last class, in plain numbers, as the loops below ask them often."""
    hits = [sample_weight[(truth == k) & (predicted == k)].sum() for k in range(3)]
    named, true = ([sample_weight[each == k].sum() for k in range(3)] for each in (predicted, truth))
    if metric == "f1":
        return float(np.mean([2 * hits[k] / (named[k] + true[k]) for k in range(3)]))
    return sum(hits) / sample_weight.sum() if metric == "accuracy" else hits[2] / named[2]


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("accuracy", accuracy_score),
        ("f1", partial(f1_score, average="macro")),
        ("precision:fox", partial(precision_score, labels=[2], average="macro")),
    ],
)
def test_parts_are_those_of_weighted_images_and_vary_as_leaving_each_out_says(metric, figure):
    own = partial(plain, metric=metric)

    def parts(a, b, figure=own):
        shares = [np.bincount(rows[:, 0].astype(int), rows[:, 2], 3) / rows[:, 2].sum() for rows in (a, b)]
        plain = [figure(rows[:, 0], rows[:, 1], sample_weight=rows[:, 2]) for rows in (a, b)]
        weights = b[:, 2] * (shares[0] / shares[1])[b[:, 0].astype(int)]
        moved = figure(b[:, 0], b[:, 1], sample_weight=weights)
        return np.array([moved - plain[0], plain[1] - moved])

    found, padded = compared(metric=metric), metric != "accuracy"
    value = parts(*(np.concatenate(images_of(scores, False)) for scores in (OLD, NEW)), figure)
    assert [found.same.difference.value, found.shares.difference.value] == pytest.approx(value.tolist())
    assert sum(value) == pytest.approx(found.difference.value)
    units = [images_of(scores, padded) for scores in (OLD, NEW)]
    whole, spread = [np.concatenate(each) for each in units], np.zeros(2)
    for side, count in enumerate((160, 90)):
        for place in range(len(units[side])):
            rest = np.concatenate(units[side][:place] + units[side][place + 1 :])
            moved = parts(rest, whole[1]) if side == 0 else parts(whole[0], rest)
            spread += (moved - parts(*whole)) ** 2 * count / (count - 1)
    spread = np.sqrt(spread)
    for part, error in zip((found.same, found.shares), spread, strict=True):
        reach = part.difference.high - part.difference.value
        assert reach == pytest.approx(part.difference.value - part.difference.low)
        freedom = 1 / np.finfo(float).eps if reach < 1.961 * error else _freedom(reach / error)
        assert freedom > 10
        assert part.p == pytest.approx(2 * t.sf(abs(part.difference.value) / error, freedom), rel=1e-3, abs=1e-9)


def _freedom(quantile: float) -> float:
    """The degrees of freedom at which Student's 97.5% point is this."""
    low, high = 1.0, 1e6
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if t.ppf(0.975, middle) > quantile else (low, middle)
    return low


def test_masks_are_brought_to_the_same_shares_by_their_rows():
    old, new = segmenter(0.8, name="old"), segmenter(0.7, 5, truths(30, seed=4), name="new")
    new = replace(new, ids=tuple(f"n{i}" for i in new.ids))
    found = compared(old, new)
    first, second = (each.confusion.sum(axis=0).astype(float) for each in (old, new))
    values, classes = [], [k for k in range(7) if DEEPGLOBE.scored[k]]
    for k in classes:  # one class after the other, in plain numbers
        rows = [second[j] / max(second[j].sum(), 1) * first[j].sum() for j in range(7)]
        hit, predicted = rows[k][k], sum(row[k] for row in rows)
        values.append(hit / (first[k].sum() + predicted - hit))
    moved = float(np.mean(values))
    assert found.same.difference.value == pytest.approx(moved - mean_iou(old, "unknown_counted"))
    assert found.shares.difference.value == pytest.approx(mean_iou(new, "unknown_counted") - moved)
    assert found.verdict == "a"


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1", "recall:dog", "roc_auc"])
def test_exchanging_the_sets_turns_the_difference(metric):
    a, b = probable(1.5, name="a", images=120), probable(0.8, seed=4, name="b", images=240)
    b = replace(b, ids=tuple(f"n{i}" for i in b.ids))
    one, other = compared(a, b, metric), compared(b, a, metric)
    assert other.difference.low == pytest.approx(-one.difference.high)
    assert (other.p, other.verdict) == (pytest.approx(one.p), {"a": "b", "b": "a"}.get(one.verdict, "undecided"))
    assert (one.p < 0.05) == (one.difference.low > 0 or one.difference.high < 0)
    if metric == "roc_auc":
        values = [np.mean([roc_auc_score(s.truth == k, s.probabilities[:, k]) for k in range(3)]) for s in (a, b)]
        assert one.difference.value == pytest.approx(values[1] - values[0])
    assert (one.same is None) == (metric not in ("accuracy", "f1"))


def test_images_of_a_group_count_once_on_either_side():
    def thrice(scores: ClassificationScores) -> ClassificationScores:
        arrays = {n: np.repeat(getattr(scores, n), 3) for n in ("truth", "predicted", "rank", "loss", "confidence")}
        ids = tuple(f"{i}_{k}" for i in scores.ids for k in range(3))
        return replace(scores, **arrays, ids=ids, groups=np.repeat(np.array(scores.ids), 3))

    once = compared(metric="f1")
    for a, b in ((thrice(OLD), thrice(NEW)), (thrice(OLD), NEW), (OLD, thrice(NEW))):
        found = compared(a, b, "f1")
        assert found.difference.low == pytest.approx(once.difference.low)
        assert found.same.difference.low == pytest.approx(once.same.difference.low, rel=1e-6)
        assert {found.a.units, found.b.units} == {160, 90}
        assert any("groups" in each for each in sentences(found))
    alone = compared(thrice(OLD), thrice(NEW), "f1", groups="none")
    assert alone.difference.low > once.difference.low + 0.01


def test_few_images_decide_nothing_and_show_nothing():
    a, b = (replace(outcomes(1, 3, (1, 0, 0), skill, name)) for skill, name in ((2, "a"), (-1, "b")))
    found = compared(a, b, margin=0.5)
    assert found.difference.value == -1
    assert (found.verdict, no_worse(found)) == ("undecided", "open")
    assert found.p >= 0.05
    with pytest.raises(Refusal, match="1 image gives no interval"):
        compared(a, outcomes(1, 1, (1, 0, 0), 1, "c"))


@pytest.mark.parametrize(("margin", "outcome"), [(0.05, "refuted"), (0.2, "open"), (0.5, "shown")])
def test_margins(margin, outcome):
    found = compared(OLD, outcomes(3, 300, (0.5, 0.3, 0.2), 0.7, "new"), margin=margin)
    assert found.difference.low < -0.2 < found.difference.high < -0.05
    assert no_worse(found) == outcome
    more = [each for each in sentences(found) if "times as many images of both would show it" in each]
    if outcome == "open":  # difference - 0.17, interval down to -0.25: none could show it but for 0.1
        value, low = found.difference.value, found.difference.low
        assert f"about {((value - low) / (value + 0.2)) ** 2:.1f} times" in more[0]
    assert bool(more) == (outcome == "open")


def test_p_and_interval_agree_where_one_image_shows_a_class():
    lone = outcomes(5, 11, (1, 0, 0), 1, "lone")
    lone = replace(lone, truth=np.array([0] * 5 + [1] * 5 + [2]), predicted=np.array([0] * 5 + [1] * 5 + [0]))
    for metric in ("balanced_accuracy", "recall:fox"):
        found = compared(lone, NEW, metric)
        assert (found.p < 0.05) == (found.difference.low > 0 or found.difference.high < 0)
    assert found.classes["fox"].effective[0] is None
    assert any("rough" in each and "fox" in each for each in sentences(found))


def test_a_side_that_one_image_decides_tells_little_of_the_parts():
    truth = np.array([0] * 40 + [2])
    lone = replace(outcomes(5, 41, (1, 0, 0), 1, "lone"), truth=truth, predicted=np.zeros_like(truth))
    truth = np.where(NEW.truth == 1, 0, NEW.truth)
    wrong = np.cumsum(truth == 2) <= 5  # cats, and the first foxes, which are few at the shares of the other set
    found = compared(lone, replace(NEW, truth=truth, predicted=np.where(wrong, 0, truth)))
    assert (found.same.difference.value < 0.1, found.same.difference.high > 0.2) == (True, True)


def test_a_thousand_classes_have_parts_too_and_are_not_all_named(capsys):
    rng, sets = np.random.default_rng(8), []
    scheme = LabelScheme(task="classification", classes=tuple(LabelClass(name=f"c{i}", id=i) for i in range(1000)))
    for name, images in (("a", 60), ("b", 510)):
        truth = rng.choice(np.arange(0, 1000, 50), images, p=rng.dirichlet(np.full(20, 9)))
        predicted = np.where(rng.random(images) < 0.7, truth, rng.integers(0, 1000, images))
        scores = replace(classifier(1, images=images, name=name, scheme=scheme), truth=truth, predicted=predicted)
        sets.append(replace(scores, ids=tuple(f"{name}{i}" for i in range(images))))
    shares = [np.bincount(each.truth, minlength=1000) / len(each.ids) for each in sets]
    moved = np.mean(sets[1].correct * (shares[0] / np.maximum(shares[1], 1e-9))[sets[1].truth])
    found = compared(*sets)
    assert found.same.difference.value == pytest.approx(moved - sets[0].correct.mean())
    missing = tuple(f"class {i}" for i in range(25))
    said = sentences(found.model_copy(update={"missing": missing, "same": None, "shares": None}))
    assert any("class 19 and 5 more" in each and "class 20" not in each for each in said)
    print_sets(found, "en")
    assert "980 more by --json or --out" in " ".join(capsys.readouterr().out.split())


def test_what_cannot_be_told_is_said_in_every_language():
    lacking = replace(NEW, truth=np.where(NEW.truth == 1, 0, NEW.truth), ids=(OLD.ids[0], *NEW.ids[1:]))
    found = compared(OLD, lacking)
    assert (found.missing, found.same, found.common) == (("dog",), None, 1)
    for language in LANGUAGES:
        said = sentences(found, language)
        assert any("dog" in each and "new" in each for each in said)
        assert len(said) == len(sentences(found))
    assert any("hardly shows dog" in each for each in sentences(found))


@pytest.mark.parametrize(("metric", "images", "warned"), [("f1", 15, True), ("accuracy", 15, False), ("f1", 40, False)])
def test_a_mean_over_classes_of_few_images_beside_many_is_warned_of(metric, images, warned):
    few = outcomes(4, images, (0.4, 0.3, 0.3), 0.8, "few")
    for found in (compared(few, OLD, metric), compared(OLD, few, metric)):
        assert any("is often lower than that of many" in each for each in sentences(found)) == warned


def test_refusals():
    with pytest.raises(Refusal, match=r"same images; compare them without --unpaired"):
        compared(OLD, replace(OLD, predicted=OLD.truth, source=Source("again")))
    with pytest.raises(Refusal, match="'recall:dog' of new is undefined"):
        compared(OLD, replace(NEW, truth=np.zeros_like(NEW.truth)), "recall:dog")
    with pytest.raises(UserError, match="two at a time"):
        compare_sets([OLD, NEW, NEW], PATHS, "unknown_counted", None)
    with pytest.raises(Refusal, match="no probabilities"):
        compared(metric="roc_auc")


@pytest.fixture
def command(tmp_path: Path):
    """Run ``compare`` on two saved sets, the second of them or another one."""
    for scores, split in ((OLD, "validation"), (NEW, "test")):
        save_scores(tmp_path / f"{split}.npz", replace(scores, source=Source("net", split)))

    def run(*arguments: str, second: str = "test"):
        files = [str(tmp_path / f"{name}.npz") for name in ("validation", second)]
        return CliRunner().invoke(app, ["compare", *files, *arguments])

    return run


def rows_of(table: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(table.read_text("utf-8").splitlines()))


def test_by_the_command_line(tmp_path: Path, command):
    assert "or compare two sets of images with --unpaired" in str(command().exception)
    done = command("--unpaired", "--json", "--margin", "5", "--out", str(tmp_path / "out"))
    found = json.loads(done.stdout)
    assert (found["a"]["name"], found["b"]["name"]) == ("net (validation)", "net (test)")
    assert found["no_worse"] in ("shown", "refuted", "open")
    assert found["sentences"][0].startswith("160 and 90 images cannot tell whether the accuracy of net (test) is")
    assert load_unpaired(tmp_path / "out" / FILE).difference.value == found["difference"]["value"]
    assert "at equal shares" in (tmp_path / "out" / "report.html").read_text("utf-8")
    differences = rows_of(tmp_path / "out/tables/differences.csv")
    assert [row["part"] for row in differences] == ["all", "equal shares", "shares"]
    values = [float(row["difference"]) for row in differences]
    assert (values[0], values[1]) == (found["difference"]["value"], found["same"]["difference"]["value"])
    classes = rows_of(tmp_path / "out/tables/set-classes.csv")
    assert [(row["class"], float(row["value_b"])) for row in classes] == [
        (n, c["b"]) for n, c in found["classes"].items()
    ]
    assert len(list((tmp_path / "out/figures").glob("*.svg"))) == 1


def test_what_was_changed_is_found_and_the_page_made_again(tmp_path: Path, command):
    def verified():
        return CliRunner().invoke(app, ["verify", str(tmp_path / "out")])

    command("--unpaired", "--out", str(tmp_path / "out"))
    file, table, page = (tmp_path / "out" / name for name in (FILE, "tables/differences.csv", "report.html"))
    assert verified().exit_code == 0
    text, shown = file.read_text("utf-8"), page.read_text("utf-8")
    file.write_text(text.replace('"common": 0', '"common": 7'), encoding="utf-8")
    refused = verified()
    assert (refused.exit_code, "common" in refused.stdout) == (1, True)
    file.write_text(text, encoding="utf-8")
    table.write_text(table.read_text("utf-8").replace("equal shares", "shares"), encoding="utf-8")
    assert verified().exit_code == 1
    build_report(tmp_path / "out")
    assert page.read_text("utf-8") == shown
    assert verified().exit_code == 0


def test_a_comparison_is_not_replaced_unasked_nor_by_one_of_another_kind(tmp_path: Path, command):
    out = str(tmp_path / "out")
    assert command("--unpaired", "--out", out).exit_code == 0
    assert "--overwrite" in str(command("--unpaired", "--out", out).exception)
    assert command("--unpaired", "--out", out, "--overwrite").exit_code == 0
    with pytest.raises(UserError, match="holds a comparison of two sets"):
        compare_models([tmp_path / "validation.npz", tmp_path / "test.npz"], out, overwrite=True)


def test_other_classes_are_refused(tmp_path: Path, command):
    mine = tuple(LabelClass(name=f"my {each.name}", id=each.id) for each in PETS.classes)
    scheme = LabelScheme(task="classification", classes=mine)
    save_scores(tmp_path / "other.npz", replace(NEW, scheme=scheme, source=Source("other")))
    assert "label contracts" in str(command("--unpaired", second="other").exception)


def test_verify_reads_the_split_of_the_run_folder_beside_a_score_file(tmp_path: Path):
    run = Run.create(tmp_path / "run", default_config("classification", "vgg16").model_dump(mode="json"), PETS, {})
    for split, scores in (("validation", OLD), ("test", NEW)):
        run.scores(split).parent.mkdir(exist_ok=True)
        save_scores(run.scores(split), replace(scores, source=Source("run", split)))
    save_scores(tmp_path / "other.npz", replace(OLD, source=Source("other", "validation")))
    compare_models([tmp_path / "other.npz", run.path], tmp_path / "out", split="test", unpaired=True)
    assert {check.outcome for check in verify_folder(tmp_path / "out").checks} == {"right"}
