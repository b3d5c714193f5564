"""The page as a whole: it stands alone, says all, trusts nobody, and is the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from report_folders import (
    SHOWN,
    class_scheme,
    classification_scores,
    make_classification,
    make_run,
    make_segmentation,
    make_study,
)
from report_pages import Page
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, roc_auc_score

from pixelproof.cli.report import report
from pixelproof.errors import UserError
from pixelproof.evaluation.units import subset
from pixelproof.labels import PRESETS, LabelClass
from pixelproof.report import classification, rendering
from pixelproof.report.artefacts import read_study
from pixelproof.report.classification import embeddings
from pixelproof.report.key_results import flattered, sentences
from pixelproof.report.page import build_report
from pixelproof.report.provenance import training_time
from pixelproof.runs import Run, Source, load_features, load_scores, load_shown, save_scores, save_shown
from pixelproof.runs.machine import processor

TEMPLATES = Path(rendering.__file__).with_name("templates")

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}", "$\\frac{1}$", "a'b&amp;c"]


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A copy of the study folder that a test may break."""
    return Path(shutil.copytree(built, tmp_path / "copy"))


def test_the_page_loads_nothing(built: Path):
    page = Page(built / "report.html")
    links = [values[key] for _, values in page.tags for key in ("src", "href", "srcset", "action") if key in values]
    assert len(links) > 20
    files = {link for link in links if not link.startswith(("#", "data:"))}
    assert {link.split("/")[0] for link in files} == {"tables", "figures"}
    assert all((built / link).is_file() for link in files)
    without_data = re.sub(r"data:[\w/+]+;base64,[\w+/=]+", "", page.source)
    assert not re.search(r"https?://|url\(|@import", without_data)


def test_every_inner_link_has_its_target(built: Path):
    page = Page(built / "report.html")
    ids = [values["id"] for _, values in page.tags if "id" in values]
    assert len(ids) == len(set(ids))
    links = [values["href"] for tag, values in page.tags if tag == "a"]
    wanted = {link[1:] for link in links if link.startswith("#")}
    assert len(wanted) > 10
    assert wanted <= set(ids)


def test_results_come_before_how_they_were_made_and_the_contents_follow(built: Path):
    page = Page(built / "report.html")
    ids = [values["id"] for _, values in page.tags if "id" in values]
    for part, first in (("part-1", "accuracy"), ("part-2", "masks")):
        sections = [
            name for name in ids if name.startswith(f"{part}-") and name not in (f"{part}-title", f"{part}-claims")
        ]
        assert sections[0] == f"{part}-{first}"
        assert sections[-2:] == [f"{part}-training", f"{part}-networks"]
        listed = [
            values["href"][1:] for tag, values in page.tags if tag == "a" and values["href"].startswith(f"#{part}-")
        ]
        assert list(dict.fromkeys(listed)) == sections
    assert ids.index("made") > ids.index("part-2-networks")


def test_how_to_find_a_class_on_the_page_is_that_of_the_probabilities(built: Path):
    scores = load_scores(built / "classification/vgg16/scores/validation.npz")
    assert scores.probabilities is not None
    (table,) = [t for t in Page(built / "report.html").tables if "ROC AUC" in t.rows[0]]
    assert len(table.rows) > 3
    for index, (name, n, *areas) in enumerate(table.rows[1:]):
        precision, auc = (cell.split(" ")[0] for cell in areas)  # less their intervals
        own, column = scores.truth == index, scores.probabilities[:, index]
        assert (name, n) == (scores.scheme.names[index], str(own.sum()))
        assert float(precision) == pytest.approx(average_precision_score(own, column), abs=6e-4)
        assert float(auc) == pytest.approx(roc_auc_score(own, column), abs=6e-4)


def test_no_heading_skips_a_level(built: Path):
    levels = [int(tag[1]) for tag, _ in Page(built / "report.html").tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert max(np.diff(levels)) == 1


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html.j2")), ids=lambda path: path.name)
def test_every_page_has_headings_in_order_and_names_its_columns(template: Path):
    source = template.read_text("utf-8")
    if "<h1" in source and "<h3" in source:
        assert "<h2" in source.partition("<h3")[0]
    assert not re.search(r'<th scope="\w+"></th>', source)


def test_one_script_runs_and_the_policy_names_it(built: Path):
    page = Page(built / "report.html")
    assert len(page.scripts) == 1
    digest = base64.b64encode(hashlib.sha256(page.scripts[0].encode()).digest()).decode()
    policy = next(v["content"] for t, v in page.tags if v.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_names_and_titles_cannot_become_markup(tmp_path: Path):
    colors = [label.color for label in PRESETS["deepglobe"].classes]
    classes = tuple(LabelClass(name=name, id=i, color=colors[i]) for i, name in enumerate(HOSTILE))
    scheme = PRESETS["deepglobe"].model_copy(update={"classes": classes, "decode": "exact"})
    parts = make_classification(tmp_path, HOSTILE, per_class=5), make_segmentation(tmp_path, scheme, sizes=(32, 40))
    (tmp_path / "classification/vgg16/diagram.svg").write_text('<svg onload="alert(3)"><script>alert(4)</script></svg>')
    page = Page(build_report(make_study(tmp_path, *parts, title=HOSTILE[0])))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [key for _, values in page.tags for key in values if key.startswith("on")]
    assert [v for t, v in page.tags if t == "img" and not v["src"].startswith("data:")] == []
    for name in HOSTILE:
        assert name in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.source
    assert "alert(3)" not in page.source
    drawn = [ElementTree.parse(file) for file in (tmp_path / "figures").glob("*.svg")]
    texts = {text for each in drawn for text in each.getroot().itertext()}
    assert set(HOSTILE[2:]) < texts
    assert any(text.startswith("0 <script>alert(1)") for text in texts)
    assert not [node for each in drawn for node in each.iter() if node.tag.endswith("script")]


def test_all_items_of_the_study_are_there(built: Path):
    text = Page(built / "report.html").text
    scores = load_scores(built / "classification/vgg16/scores/validation.npz")
    right, total = int((scores.truth == scores.predicted).sum()), len(scores.ids)
    assert f"vgg16 classifies {right} of {total} validation images right ({100 * right / total:.1f}%)" in text
    line = f"Average loss: {scores.loss.mean():.4f}, Accuracy: {right}/{total} ({100 * right / total:.0f}%)"
    assert line in text
    for fact in (*SHOWN, "Conv2d(3, 64", "1,234,567", "988 million", "212 px", "perplexity 30", "0123456789abcdef"):
        assert fact in text
    for fact in ("pixelproof study studies/demo.yaml --out out", "training.epochs=12", "2 h 24 min", "1 h 12 min"):
        assert fact in text
    assert (
        "on a part of train set aside for it (n = 200 images); never on validation (epoch 10, accuracy 75.12%)" in text
    )
    assert "selection 200 choosing the epoch and fitting the temperature" in text
    assert "owl" in text
    assert "rangeland" in text


def test_how_long_all_runs_took_and_on_what(built: Path, copy: Path):
    page = " ".join(Page(built / "report.html").words)
    assert "The training times of all 3 runs add up to 3 h 36 min." in page
    assert processor() in page
    assert f"{os.cpu_count()} CPU" in page
    runs = list(read_study(copy).parts[1].models)
    runs[0].run.note({"seconds": None, "processor": ""})
    assert training_time(read_study(copy).parts) == "The training times of 2 of 3 runs add up to 2 h 24 min."
    assert training_time(read_study(runs[1].run.path).parts) == ""  # which says so itself


def test_the_best_of_many_is_called_flattered(built: Path):
    part = read_study(built).parts[1]
    assert flattered(part) == ""
    several = replace(part, models=(*part.models, part.models[0]))
    assert flattered(several).startswith("Which of 3 models is best was chosen on these images")
    tested = replace(several, record=part.record.model_copy(update={"test": True}))
    assert flattered(tested).endswith("its true score is told by the split test, below.")
    varied = replace(part, record=part.record.model_copy(update={"baseline": {"skips": "none"}}))
    assert "of 2 models" in flattered(varied)


def test_the_frequent_confusions_are_those_of_the_scores(built: Path):
    scores = load_scores(built / "classification/vgg16/scores/validation.npz")
    wrong = [(t, p) for t, p in zip(scores.truth.tolist(), scores.predicted.tolist(), strict=True) if t != p]
    most = max(wrong.count(pair) for pair in set(wrong))
    table = next(t for t in Page(built / "report.html").tables if "confusions" in t.kind)
    true, predicted, n = table.rows[1]
    assert n == f"{most} of 20 ({100 * most / 20:.0f}%)"
    assert wrong.count((int(true.split()[0]), int(predicted.split()[0]))) == most


@pytest.mark.parametrize(("mistakes", "said"), [((3, 2), "Its most frequent mistake"), ((2, 2), "One of its most")])
def test_a_mistake_as_frequent_as_another_is_not_the_most_frequent(built: Path, mistakes: tuple, said: str):
    part = read_study(built).parts[0]
    scores = part.models[0].scores
    predicted = scores.truth.copy()
    for label, images in enumerate(mistakes):
        predicted[np.flatnonzero(scores.truth == label)[:images]] = label + 1
    model = replace(part.models[0], scores=replace(scores, predicted=predicted))
    (sentence,) = sentences(replace(part, models=[model]))
    assert said in sentence
    assert f"is cat where the image shows owl ({mistakes[0]} of 20)" in sentence


def test_hovering_a_cell_tells_what_it_counts(built: Path):
    scores = load_scores(built / "classification/vgg16/scores/validation.npz")
    n = int(((scores.truth == 2) & (scores.predicted == 2)).sum())
    assert f"true dog, predicted dog: {n} of 20 images" in Page(built / "report.html").text


def test_images_are_described_and_counted(built: Path):
    images = [values for tag, values in Page(built / "report.html").tags if tag == "img" and values["src"] != "data:,"]
    # Three exhibits of picture, truth and two masks with errors; three diagrams; two curves a part; map; recall; pair.
    assert len(images) == 3 * 6 + 3 + 4 + 1 + 1 + 1
    assert all(values["alt"] for values in images)


def test_equal_artefacts_give_equal_bytes_without_torch(built: Path, copy: Path):
    (copy / "report.html").unlink()
    shutil.rmtree(copy / "figures")
    shutil.rmtree(copy / "tables")
    code = (
        "import sys; from pathlib import Path; from pixelproof.report.page import build_report\n"
        "build_report(Path(sys.argv[1]))\n"
        "loaded = {m.split('.')[0] for m in sys.modules} & {'torch', 'torchvision', 'timm'}\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code, copy], check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert (copy / "report.html").read_bytes() == (built / "report.html").read_bytes()
    for folder in ("figures", "tables"):
        first, second = ({p.name: p.read_bytes() for p in (place / folder).iterdir()} for place in (built, copy))
        assert first == second
        assert len(first) > 10


@pytest.mark.parametrize(
    ("run", "gone"),
    [
        ("classification/vgg16", ["metrics.csv", "architecture.json", "diagram.svg", "environment.json"]),
        ("classification/vgg16", ["config.yaml", "scores/validation.npz", "features/validation.npz"]),
        ("segmentation/fcn8s", ["scores/validation.npz", "shown/0097.npz"]),
    ],
)
def test_missing_artefacts_are_named(copy: Path, run: str, gone: list[str]):
    for name in gone:
        (copy / run / name).unlink()
    notices = re.findall(r"Not there yet: (.*?)\. Run the study again", Page(build_report(copy)).text)
    assert [sorted(name.strip() for name in notice.split(",")) for notice in notices] == [sorted(gone)]


def test_a_study_killed_before_its_first_run_has_a_page(copy: Path):
    shutil.rmtree(copy / "classification")
    shutil.rmtree(copy / "segmentation")
    text = Page(build_report(copy)).text
    assert "vgg16 has no scores yet." in text
    assert "fcn32s and fcn8s have no scores yet." in text
    assert "No model has been scored yet." in text


def test_a_run_folder_gets_a_page_of_its_own(copy: Path, capsys: pytest.CaptureFixture[str]):
    run = Run(copy / "segmentation/fcn8s")
    save_shown(run.shown("tile_3/0012"), replace(load_shown(run.shown(SHOWN[0])), id="tile_3/0012"))
    (run.path / "shown/tile_3/.0013.99.part.npz").touch()  # a kill left it
    report(run.path)
    assert capsys.readouterr().out.strip() == str(copy / "segmentation/fcn8s/report.html")
    text = Page(copy / "segmentation/fcn8s/report.html").text
    assert "Run fcn8s" in text
    assert (run.path / "tables" / "segmentation-fcn8s-confusion.csv").is_file()
    assert "tile_3/0012" in text
    assert "1,800 training images · 200 selection images · 250 validation images" in text
    assert all(i in text for i in SHOWN)


def test_a_run_without_scores_says_so(tmp_path: Path):
    run = make_run(tmp_path / "run", PRESETS["deepglobe"], "fcn8s")
    assert "scores/validation.npz" in Page(build_report(run.path)).text


def test_a_folder_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"holds neither a study \(study\.json\) nor a run"):
        build_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["scores/validation.npz", "features/validation.npz", "architecture.json", "environment.json"],
)
def test_a_damaged_artefact_is_named(copy: Path, name: str):
    path = copy / "classification/vgg16" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=re.escape(str(path))):
        build_report(copy)


def test_a_log_of_other_columns_is_named(copy: Path):
    path = copy / "classification/vgg16/metrics.csv"
    path.write_text(path.read_text().replace("epoch,loss", "epoch,los"))
    with pytest.raises(UserError, match=re.escape(str(path))):
        build_report(copy)


def test_an_edited_score_file_is_refused(copy: Path):
    path = copy / "segmentation/fcn8s/scores/validation.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["confusion"][0, 0, 0] += 1
    np.savez(path, **arrays)
    with pytest.raises(UserError, match="was changed after it was written"):
        build_report(copy)


def test_a_wrong_type_in_the_facts_is_refused(copy: Path):
    path = copy / "segmentation/fcn8s/architecture.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"parameters": "many"}))
    with pytest.raises(UserError, match=r"architecture\.json: 'parameters'"):
        build_report(copy)


def test_a_failed_build_leaves_the_old_page(copy: Path):
    before = (copy / "report.html").read_bytes()
    (copy / "segmentation/fcn8s/shown/0010.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"0010\.npz"):
        build_report(copy)
    assert (copy / "report.html").read_bytes() == before


def test_the_map_shows_every_image(built: Path):
    features = load_features(built / "classification/vgg16/features/validation.npz")
    assert f"n = {len(features.ids)} validation images" in Page(built / "report.html").text


def test_a_map_of_many_images_is_of_pixels(built: Path, monkeypatch: pytest.MonkeyPatch):
    part = read_study(built).parts[0]
    for most, kind in ((120, "data:image/svg+xml;"), (119, "data:image/png;")):
        monkeypatch.setattr(classification, "POINTS", most)
        assert embeddings(part)[0].picture.src.startswith(kind)


def test_other_splits_that_a_run_was_scored_on_are_told(tmp_path):
    scheme = class_scheme(["cat", "dog"])
    run = make_run(tmp_path / "run", scheme, "vgg16")
    run.best.parent.mkdir(parents=True)
    run.best.write_bytes(b"weights")
    scores = classification_scores(scheme, 20)
    save_scores(run.scores("validation"), replace(scores, source=Source("vgg16", "validation")))
    few = subset(scores, np.arange(10))
    save_scores(run.scores("test"), replace(few, source=Source("vgg16", "test")))
    save_scores(run.scores("train"), replace(scores, source=Source("vgg16", "train", weights="of another time")))
    save_scores(run.scores("copy"), scores)  # of validation, for some purpose
    other = classification_scores(class_scheme(["cat", "dog", "fox"]), 20)
    save_scores(run.scores("all"), replace(other, source=Source("vgg16", "all")))
    run.scores("old").write_bytes(b"junk")
    page = Page(build_report(run.path))
    (table,) = [each for each in page.tables if "Split" in each.rows[0]]
    (row,) = table.rows[1:]
    assert (
        "The scores of vgg16 on train are of other weights than its run has now; evaluate the run again." in page.text
    )
    low, high = binomtest(int(few.correct.sum()), 10).proportion_ci(method="exact")
    assert row == ["vgg16", "test", "10", f"{100 * few.correct.mean():.1f}%", f"{100 * low:.1f}% to {100 * high:.1f}%"]
    (run.path / "scores" / "test.npz").unlink()
    assert "On other images" not in Page(build_report(run.path)).text
