"""The page that asks a person about regions of masks, from the doubts of a segmenter to masks that are read anew."""

import re

import numpy as np
import pytest

from pixelproof import api
from pixelproof.data import open_data, write_png
from pixelproof.data.patches import read_truth
from pixelproof.data.reader import RGB
from pixelproof.explanation.regions import disagreements
from pixelproof.explanation.segmenter import chances_in, explain_segmenter, window_of
from pixelproof.labels import VOID
from pixelproof.labels.outlines import region_of
from pixelproof.prediction import Predictor
from pixelproof.report.review_page import Outlined, Question, SmallPicture, review_page
from pixelproof.runs.corrections_file import load_corrections
from pixelproof.runs.ranked_file import load_ranked
from pixelproof.verbs.review_masks import MaskReview, view_of
from pixelproof.windows import Window
from small_data import LAND
from small_runs import untrained_run
from waiting import wait_for

NO_PICTURE: SmallPicture = {"src": "data:,", "small": True}
RING = "M2 1h9v7h-9zM4 3h3v2h-3z"


@pytest.fixture
def explained(two_fields, tmp_path):
    """A data set, a run, and what ``explain`` makes of them; one image is called as a page must not read it."""
    for kind in ("sat", "mask"):
        file = two_fields / "train" / f"0000_{kind}.png"
        file.rename(file.with_name(f"<b onclick=alert(1)>_{kind}.png"))
    run = untrained_run(tmp_path / "run", "fcn8s", LAND)
    api.explain(run.path, two_fields, tmp_path / "why", device="cpu")
    return two_fields, run, tmp_path / "why"


@pytest.fixture
def opened(browser):
    """Open a page; nothing may be said in its console."""
    pages, trouble = [], []

    def open_(path):
        page = browser.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_
    assert trouble == []
    for page in pages:
        page.close()


def saved(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def outline_at(page):
    return page.locator(".stage .inner").first.get_attribute("d")


def drawn(outline, shape):
    full = np.zeros(shape, bool)
    region = region_of(outline, *shape)
    full[region.window] = region.inside
    return full


def truths_of(root):
    return {(split, s.id): read_truth(s, LAND) for split, own in open_data(root).whole.items() for s in own}


def key_of(row):
    return ("train" if row.split == "selection" else row.split, row.id)


@pytest.mark.browser
def test_answers_about_regions_put_masks_right(explained, opened, tmp_path):
    root, run, why = explained
    suspects, before = load_ranked(why / "suspects.csv"), truths_of(root)
    page = opened(why / "review.html")
    outlines = answer_right_proposed_void_and_untold(page, suspects)
    corrections, left = saved_and_loaded_again(page, suspects, outlines, tmp_path)
    assert api.correct(root, corrections)["added"] == 3
    assert api.leave_out(root, left)["added"] == 1
    expected = {key: mask.copy() for key, mask in before.items()}
    labels = (None, LAND.names.index(suspects[1].suggested), VOID)
    for row, outline, label in zip(suspects[:3], outlines, labels, strict=True):
        mask = before[key_of(row)]
        inside = drawn(outline, mask.shape)
        assert inside.sum() == int(re.match(r"([\d,]+) pixels", row.why)[1].replace(",", ""))
        assert (mask[inside] == LAND.names.index(row.given)).all()  # all of it, and not its box alone
        if label is not None:
            expected[key_of(row)][inside] = label
    now = truths_of(root)
    for key, mask in expected.items():
        np.testing.assert_array_equal(now[key], mask)
    none_of_these_is_asked_again(run, root, suspects[:3], outlines, tmp_path / "then")


def answer_right_proposed_void_and_untold(page, suspects):
    """Answer four regions, and leave a fifth one's image out; return the outlines of the first three."""
    assert page.locator("h1").inner_text() == f"Which class is it? {len(suspects)} doubted regions"
    first = page.locator("#classes button").all_inner_texts()
    assert first[0].startswith(f"{suspects[0].given}: the mask is right")
    assert first[1].startswith(f"{suspects[0].suggested}: proposed")
    outlines = []
    for key in "y1vx":
        outlines.append(outline_at(page))
        page.keyboard.press(key)
    page.keyboard.press("l")
    page.reload()
    return outlines[:3]


def saved_and_loaded_again(page, suspects, outlines, folder):
    """Save both lists, start anew and go on with them; return their paths."""
    asked = [(row.split, row.id) for row in suspects]
    answered = f"{4 + asked.count(asked[4])} of {len(suspects)} regions have an answer."
    assert page.locator("#status").inner_text() == answered
    corrections, left = saved(page, "Save corrections.csv", folder), saved(page, "Save leave_out.csv", folder)
    said = load_corrections(corrections)
    assert [each.region for each in said] == outlines
    assert [(each.label, each.was) for each in said] == [
        (suspects[0].given, suspects[0].given),
        (suspects[1].suggested, suspects[1].given),
        ("void", suspects[2].given),
    ]
    assert len(left.read_text().splitlines()) == 3  # a head, what cannot be told, and one image
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#anew")
    page.set_input_files("#load", corrections)
    wait_for(lambda: page.locator("#status").inner_text() == f"3 of {len(suspects)} regions have an answer.")
    page.set_input_files("#load", left)
    wait_for(lambda: page.locator("#status").inner_text() == answered)
    assert saved(page, "Save corrections.csv", folder).read_bytes() == corrections.read_bytes()
    return corrections, left


def none_of_these_is_asked_again(run, root, looked_at, outlines, out):
    api.explain(run.path, root, out, device="cpu")
    asked = load_ranked(out / "suspects.csv")
    shapes = {key: mask.shape for key, mask in truths_of(root).items()}
    for row in asked:
        for known, outline in zip(looked_at, outlines, strict=True):
            if key_of(known) == key_of(row):
                left, top, width, height = row.box
                inside = drawn(outline, shapes[key_of(row)])[top : top + height, left : left + width]
                assert not inside.all()
    places = [{(row.split, row.id, row.box) for row in rows} for rows in (looked_at, asked)]
    assert not places[0] & places[1]


@pytest.mark.browser
def test_the_region_is_drawn_to_the_pixel_over_image_mask_and_answer(tmp_path, opened):
    """The browser fills the outline as we do, and hides what would sway."""
    pixels = np.full((10, 12, 3), 90, np.uint8)
    write_png(tmp_path / "a.png", pixels)
    where = Outlined(RING, "f", 1, 0, 12, 10, 1, 2)
    asked = [Question("a.png", "here", "forest", "water", "why", (("water", 0.8),), 0, region=where)]
    page_text = review_page("run", LAND.names, asked, [NO_PICTURE] * 3, [], 1, LAND)
    (tmp_path / "page.html").write_text(page_text)
    page = opened(tmp_path / "page.html")
    assert page.locator(".stage svg").count() == 3
    inside = page.evaluate(
        """() => [...document.querySelectorAll('.stage .inner')].map((path) => {
            const box = path.ownerSVGElement.viewBox.baseVal;
            const flat = new Path2D(path.getAttribute('d'));
            const context = new OffscreenCanvas(1, 1).getContext('2d');
            return [...Array(10)].map((_, y) => [...Array(12)].map((_, x) =>
                context.isPointInPath(flat, x + box.x + .5, y + box.y + .5, 'evenodd')));
        })"""
    )
    for each in inside:
        np.testing.assert_array_equal(each, drawn(RING, (10, 13))[:, 1:])
    assert page.locator("#over").is_hidden()
    page.keyboard.press("o")
    assert page.locator("#over").is_visible() or page.locator("#over").get_attribute("hidden") is None
    page.keyboard.press("b")
    for part in ("#masked", "#answered", "#over-it", "#over", "#opinion"):
        assert page.locator(part).is_hidden()
    assert not any(word in page.locator("main").inner_text() for word in ("proposed", "is right", "here", "why", "%"))
    assert "http" not in page_text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.browser
def test_an_image_is_left_out_as_a_whole_and_comes_back(tmp_path, opened):
    regions = [f"M{k} 0h2v2h-2z" for k in (0, 4, 8)]
    asked = [
        Question(file, "", "forest", "water", f"why {k}", (), 0, region=Outlined(outline, "f", 0, 0, 12, 10, 0, 0))
        for k, (file, outline) in enumerate(zip(("a.png", "b.png", "a.png"), regions, strict=True))
    ]
    (tmp_path / "page.html").write_text(review_page("run", LAND.names, asked, [NO_PICTURE], [], 3, LAND))
    page = opened(tmp_path / "page.html")
    status = page.locator("#status")
    page.keyboard.press("l")
    assert status.inner_text() == "2 of 3 regions have an answer."
    assert page.locator("#point").input_value() == "2"
    lines = saved(page, "Save leave_out.csv", tmp_path).read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["a.png"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    assert status.inner_text() == "0 of 3 regions have an answer."


def test_what_is_shown_of_a_large_image_holds_the_region_and_what_is_around_it():
    window = Window(0, 768, 768, 768)
    assert view_of((800, 3, 40, 50), window) == window  # as large as a page shows
    whole = Window(0, 0, 2000, 1500)
    for box in ((0, 0, 20, 30), (1400, 1900, 100, 100), (100, 200, 1200, 900), (5, 5, 1490, 1990)):
        view = view_of(box, whole)
        left, top, width, height = box
        assert view.left <= left
        assert left + width <= view.left + view.width <= 1500
        assert view.top <= top
        assert top + height <= view.top + view.height <= 2000
    assert view_of((700, 1000, 20, 30), whole) == Window(823, 518, 384, 384)


def test_what_is_shown_as_the_answer_is_what_was_doubted(two_fields, tmp_path, monkeypatch):
    """Also of images so large that they are looked at in windows, which cut regions."""
    monkeypatch.setattr("pixelproof.explanation.segmenter.LARGE", 40 * 40)
    monkeypatch.setattr("pixelproof.explanation.segmenter.TILE", 32)
    run = untrained_run(tmp_path / "run", "fcn8s", LAND)
    predictor, data = Predictor.open(run, "cpu"), open_data(two_fields)
    parts = {"train": data.split("train"), "validation": data.split("validation")}
    findings = explain_segmenter(predictor, parts, "validation")
    assert {row.box[:2] != (0, 4) for row in findings.suspects} == {True, False}
    for row in findings.suspects:
        sample = next(each for each in parts[row.split] if each.id == row.id)
        image, truth = RGB(sample.image), read_truth(sample, LAND)
        window = window_of(image, row.box)
        answer = np.full(truth.shape, VOID)
        answer[window.slices] = chances_in(predictor, image, window).argmax(axis=0)
        inside = drawn(row.outline, truth.shape)
        assert set(answer[inside]) == {LAND.names.index(row.suggested)}
        assert set(truth[inside]) == {LAND.names.index(row.given)}
    review = MaskReview(data, parts, predictor)
    review.ask(findings)
    assert [each.region.outline for each in review.questions] == [row.outline for row in findings.suspects]
    assert all(each.chances[0][0] == each.suggested for each in review.questions)


def test_a_region_whose_outline_is_long_is_asked_about_in_parts(monkeypatch):
    monkeypatch.setattr("pixelproof.explanation.regions.LONGEST", 40)
    chances = np.zeros((2, 60, 60), np.float32)
    chances[0], chances[1, 10:50:1, 10:50] = 0.1, 0.9
    chances[1, 10:16, 10:50:8] = 0
    truth = np.zeros((60, 60), np.uint8)
    parts = disagreements(truth, chances, np.array([True, True]), 3600, left=100, top=200)
    assert len(parts) > 1
    assert max(len(part.outline) for part in parts) <= 40
    whole = sum(drawn(part.outline, (300, 200)).astype(int) for part in parts)
    monkeypatch.setattr("pixelproof.explanation.regions.LONGEST", 10_000)
    (one,) = disagreements(truth, chances, np.array([True, True]), 3600, left=100, top=200)
    np.testing.assert_array_equal(whole, drawn(one.outline, (300, 200)))
    looked = np.zeros((60, 60), bool)
    looked[:40] = True
    (rest,) = disagreements(truth, chances, np.array([True, True]), 3600, looked=looked)
    assert rest.box == (10, 40, 40, 10)
