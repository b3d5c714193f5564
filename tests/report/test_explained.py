"""Explanations on the page: what the artefacts say is there, escaped, and the map lies beside it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_folders import class_scheme, guessed, land, make_classification, make_run, make_segmentation, make_study
from report_pages import Page

from pixelproof.errors import UserError
from pixelproof.evaluation.calibration import UNIT, calibration_counts
from pixelproof.explanation.describe import Cloud, describe
from pixelproof.labels import PRESETS
from pixelproof.numbers import share
from pixelproof.report.calibration import calibrations, fitting
from pixelproof.report.explained import view
from pixelproof.report.page import build_report
from pixelproof.runs import (
    Shown,
    Thumbnails,
    load_features,
    load_scores,
    save_scores,
    save_thumbnails,
)
from pixelproof.runs.explanation_file import Failure
from pixelproof.runs.explanation_folder import ExplanationFolder, Findings
from pixelproof.runs.ranked_file import Ranked
from pixelproof.runs.study_file import ModelRecord
from waiting import wait_for

NAMES = ["owl", "cat", "<b>dog</b>", "fox"]


def explain_classification(folder: Path) -> None:
    """Write what ``explain`` and ``evaluate`` would leave beside a made-up run."""
    run = make_run(folder.parent / "unused", PRESETS["deepglobe"], "vgg16").__class__(folder)
    scores, features = load_scores(run.scores("validation")), load_features(run.features("validation"))
    sure = np.stack([scores.confidence, scores.confidence * 0.7], axis=1)
    right = (scores.truth == scores.predicted)[:, None]
    counts = np.stack([calibration_counts(sure[:, [i]], right) for i in (0, 1)], axis=1)
    save_scores(run.scores("validation"), replace(scores, calibration=counts))
    pixels = np.random.default_rng(0).integers(0, 256, (len(scores.ids), 8, 8, 3)).astype(np.uint8)
    save_thumbnails(run.thumbnails("validation"), Thumbnails(scores.ids, pixels))
    cloud = Cloud(scores.ids, scores.truth, scores.predicted, features.map, scores.scheme, "second-last")
    keys = tuple(f"validation/{i}" for i in scores.ids)
    wrong = [i for i, hit in enumerate(right[:, 0]) if not hit][:3]
    failures = tuple(
        Failure(
            id=scores.ids[i],
            truth=int(scores.truth[i]),
            predicted=int(scores.predicted[i]),
            confidence=float(scores.confidence[i]),
            loss=1.5,
        )
        for i in range(len(scores.ids))
        if i in wrong or scores.truth[i] == scores.predicted[i]
    )
    found = Findings(
        suspects=[Ranked("0_0", "validation", "owl", "<b>dog</b>", 1.0, "identical to <i>x</i>")],
        next=[Ranked("1_21", "validation", "cat", "cat", 0.9, "the model is unsure")],
        explanation=describe(cloud, "validation").model_copy(update={"failures": failures}),
        pictures=Thumbnails(keys, pixels),
        cams=Thumbnails(tuple(keys[i] for i in wrong[:2]), pixels[wrong[:2]]),
    )
    ExplanationFolder(run.explanation).save(found)


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of both tasks with its explanations and its report; read only."""
    out = tmp_path_factory.mktemp("explained")
    parts = make_classification(out, NAMES), make_segmentation(out, sizes=(48, 64))
    explain_classification(out / "classification" / "vgg16")
    image, truth = land("0010", 48, 7)
    shown = Shown("0010", image, truth, guessed(truth, 8))
    regions = [Ranked("0010", "train", "forest", "water", 0.12, "321 pixels", (1, 2, 3, 4))]
    following = [Ranked("0010", "validation", "", "", 1.0, "mIoU 0.10 on this image")]
    found = Findings(regions, following, worst=[shown], doubtful=[shown])
    ExplanationFolder(out / "segmentation" / "fcn8s" / "explanation").save(found)
    build_report(make_study(out, *parts))
    return out


def test_what_was_found_is_on_the_page(explained: Path):
    page = Page(explained / "report.html")
    for words in (
        "What vgg16 sees as alike",
        "How far to believe it",
        "without its own temperature",
        "with the fitted temperature",
        "Most confident errors",
        "Labels to doubt",
        "identical to <i>x</i>",
        "What to label or check next",
        "Every class in numbers",
        "The worst images of fcn8s",
        "Masks to doubt, by fcn8s",
        "forest → water",
        "mIoU 0.10 on this image",
    ):
        assert words in page.text
    assert "trustworthiness" in page.text
    assert not [tag for tag, _ in page.tags if tag in ("i", "b") and "dog" in tag]
    assert "<i>x</i>" not in page.source


@pytest.mark.parametrize("kind", ["suspects", "next"])
def test_a_list_goes_on_only_where_there_is_more(explained: Path, tmp_path: Path, kind: str):
    run = shutil.copytree(explained / "segmentation/fcn8s", tmp_path / "fcn8s")  # its page is that of a study of one
    folder = ExplanationFolder(run / "explanation")
    found = folder.read()
    assert found is not None
    rows = getattr(found, kind)
    for times, goes_on in ((12, []), (13, [f"The list goes on in {kind}.csv."])):
        folder.save(replace(found, **{kind: rows * times}))
        page = Page(build_report(run))
        assert re.findall(r"The list goes on in \w+\.csv\.", page.text) == goes_on


def test_classes_with_fewer_images_than_neighbours_are_marked(explained: Path):
    found = ExplanationFolder(explained / "classification/vgg16/explanation").read()
    assert found is not None
    assert found.explanation is not None
    classes, pair = list(found.explanation.classes), found.explanation.pairs[0]
    a, b = classes[pair.a].name, classes[pair.b].name
    assert view("vgg16", found, None).pairs[0][0] == f"{a}, {b}"
    classes[pair.a] = classes[pair.a].model_copy(update={"images": found.explanation.neighbours})
    small = replace(found, explanation=found.explanation.model_copy(update={"classes": tuple(classes)}))
    assert view("vgg16", small, None).pairs[0][0] == f"{a}*, {b}"


def test_a_model_with_nothing_alike_shifts_no_links(tmp_path: Path):
    part = make_classification(tmp_path, NAMES)
    explain_classification(tmp_path / "classification" / "vgg16")
    make_run(tmp_path / "classification" / "plain", class_scheme(NAMES), "vgg16")
    suspects = [Ranked("0_0", "validation", "owl", "cat", 1.0, "unsure")]
    ExplanationFolder(tmp_path / "classification" / "plain" / "explanation").save(Findings(suspects, []))
    models = (ModelRecord(name="plain", run="classification/plain"), *part.models)
    page = Page(build_report(make_study(tmp_path, part.model_copy(update={"models": models}))))
    ids = {values["id"] for _, values in page.tags if "id" in values}
    assert "part-1-2-alike" in ids
    assert {v["href"][1:] for tag, v in page.tags if tag == "a" and v["href"].startswith("#")} <= ids


def test_every_picture_is_inside_and_the_map_lies_beside(explained: Path):
    page = Page(explained / "report.html")
    assert not [values for _, values in page.tags if "loading" in values]  # those not seen yet would not be printed
    sources = [values["src"] for tag, values in page.tags if tag == "img"]
    assert all(source.startswith("data:") for source in sources)
    links = [values["href"] for tag, values in page.tags if tag == "a" and not values["href"].startswith("#")]
    maps = [link for link in links if link.endswith(".html")]
    assert maps == ["figures/explanation-classification-vgg16.html"]
    assert (explained / maps[0]).is_file()
    beside = Page(explained / links[0])
    assert beside.text.startswith("The demo study: what vgg16 sees as alike")
    ids = [values["id"] for _, values in page.tags if "id" in values]
    assert len(ids) == len(set(ids))


def test_galleries_say_what_they_leave_out_and_what_is_of_another_split(explained: Path):
    folder = explained / "classification/vgg16"
    found = ExplanationFolder(folder / "explanation").read()
    assert found is not None
    keys = (*found.pictures.ids[:-1], "train/0_0")
    stranger = replace(found.suspects[0], split="train")
    both = replace(found, suspects=[*found.suspects, stranger], pictures=Thumbnails(keys, found.pictures.pixels))
    bold, worst, doubtful = view("vgg16", both, None).galleries[:3]
    scores = load_scores(folder / "scores/validation.npz")
    errors = (scores.truth != scores.predicted).sum()
    assert bold.note.startswith(f"The first 3 of {errors} errors, the surest first, by the probabilities that predict")
    assert "Beside the first 2, in orange" in bold.note
    assert worst.note.startswith(f"Of the 24 with the highest loss of {len(scores.ids)} images")
    assert [tile.picture.caption for tile in doubtful.tiles] == ["0_0", "0_0 (train)"]
    assert doubtful.tiles[1].picture.alt.startswith("Image 0_0 (train), ")


@pytest.mark.parametrize(
    ("split", "columns", "said"),
    [
        (
            "validation",
            2,
            ", not on these images,",
        ),
        (
            "selection",
            2,
            ", which are these images,",
        ),
        ("validation", 1, ""),
    ],
)
def test_where_the_temperature_was_fitted_is_said_as_it_is(explained: Path, split: str, columns: int, said: str):
    scores = load_scores(explained / "classification/vgg16/scores/validation.npz")
    assert scores.calibration is not None
    source = replace(scores.source, split=split)
    asked = replace(scores, source=source, calibration=scores.calibration[:, :columns])
    sentence = f"The temperature is fitted on the selection part{said} and changes no class."
    assert fitting(calibrations({"vgg16": asked})) == (sentence if said else "")


def test_grad_cam_stands_beside_the_errors_it_explains(explained: Path):
    alts = [values["alt"] for tag, values in Page(explained / "report.html").tags if tag == "img"]
    assert len([alt for alt in alts if alt.startswith("What speaks for ")]) == 2


def test_ece_on_the_page_is_that_of_the_counts(explained: Path):
    scores = load_scores(explained / "classification/vgg16/scores/validation.npz")
    right = scores.truth == scores.predicted
    bins = np.minimum((scores.confidence * 15).astype(int), 14)
    gaps = [abs(right[bins == b].sum() - scores.confidence[bins == b].sum()) for b in range(15)]
    (table,) = [t for t in Page(explained / "report.html").tables if t.rows[0][1:] == ["ECE", "95% interval"]]
    assert float(table.rows[1][1]) == pytest.approx(sum(gaps) / len(right), abs=2e-3)


def test_what_to_leave_to_a_person_on_the_page_is_that_of_the_counts(explained: Path):
    scores = load_scores(explained / "classification/vgg16/scores/validation.npz")
    assert scores.calibration is not None
    sure = scores.calibration[:, -1, :, 2].sum(axis=1) / UNIT
    page = Page(explained / "report.html")
    (table,) = [t for t in page.tables if t.rows[0][1:] == ["Images kept", "Of them right", "95% interval"]]
    for confidence, kept, right, _ in table.rows[1:]:
        above = sure >= float(confidence)
        assert (kept, right) == (share(above.mean()), share(scores.correct[above].mean()))
    assert len(table.rows) > 3


@pytest.mark.parametrize("name", ["explanation.json", "suspects.csv", "pictures.npz"])
def test_a_damaged_explanation_is_named(explained: Path, name: str):
    path = explained / "classification/vgg16/explanation" / name
    content = path.read_bytes()
    try:
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(UserError, match=re.escape(str(path))):
            build_report(explained)
    finally:
        path.write_bytes(content)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 420])
def test_it_opens_in_a_browser(explained: Path, browser, width: int):
    page = browser.new_page(viewport={"width": width, "height": 900})
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((explained / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    button = page.locator(".gallery .zoom").first
    button.click()
    assert page.locator("#viewer img").get_attribute("src") == button.locator("img").get_attribute("src")
    page.keyboard.press("Escape")
    page.locator("a[href^='figures/explanation']").click()
    wait_for(lambda: page.evaluate("document.getElementById('images').children.length > 0"))
    assert trouble == []
    page.close()
