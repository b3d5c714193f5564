"""The interactive map, in a real browser without a network: every image can be found, by mouse, keyboard and name."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_folders import class_scheme, classification_scores, features_of
from report_pages import Page

from pixelproof.errors import UserError
from pixelproof.report.map_page import map_page
from pixelproof.runs import Features, Thumbnails, load_features, load_thumbnails
from waiting import wait_for

NAMES = ["owl", "cat", "dog", "</script><script>alert(1)</script>", "bee", '"><img src=x onerror=alert(2)>']
PER_CLASS = 50
WRITTEN = """
  window.written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    window.written.push([text, x, y]);
    write.call(this, text, x, y);
  };
"""
"""Notes every text that a page draws, and where."""


@pytest.fixture(scope="module")
def mapped() -> tuple[Features, Thumbnails]:
    features = features_of(classification_scores(class_scheme(NAMES), PER_CLASS))
    pixels = np.random.default_rng(0).integers(0, 256, (len(features.ids), 4, 4, 3)).astype(np.uint8)
    return features, Thumbnails(features.ids, np.repeat(np.repeat(pixels, 8, axis=1), 8, axis=2))


@pytest.fixture
def page_file(mapped, tmp_path: Path) -> Path:
    path = tmp_path / "explanation.html"
    path.write_text(map_page(*mapped, "Six classes"), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, page_file: Path):
    """The open page; it must not have asked the network for anything, nor complained."""
    page = browser.new_page(viewport={"width": 1300, "height": 850})
    trouble, requests = [], []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    page.on("request", lambda request: requests.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto(page_file.as_uri())
    wait_for(lambda: page.evaluate("document.getElementById('images').children.length > 0"))
    yield page
    page.close()
    assert trouble == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def listed(page) -> list[int]:
    return [int(i) for i in page.eval_on_selector_all("#images button", "all => all.map(b => b.dataset.image)")]


def test_the_page_is_whole_and_trusts_nobody(mapped, page_file: Path):
    page = Page(page_file)
    assert [tag for tag, _ in page.tags].count("script") == 2  # the data, which no browser runs, and the program
    policy = next(v["content"] for t, v in page.tags if v.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    data, program = re.findall(r"<script[^>]*>(.*?)</script>", page.source, re.DOTALL)
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()}'" in policy
    assert [c["name"] for c in json.loads(data)["classes"]] == NAMES
    assert json.loads(data)["ids"] == list(mapped[0].ids)
    assert not [key for _, values in page.tags for key in values if key.startswith("on")]
    assert not re.search(
        r"https?://(?!www\.w3\.org/2000/svg)", re.sub(r"data:[\w/+]+;base64,[\w+/=]+", "", page.source)
    )
    assert "trustworthiness 0.951, continuity 0.942" in page.text
    assert page.source == map_page(*mapped, "Six classes")


def test_the_sheet_holds_every_thumbnail_in_its_place(mapped, page_file: Path):
    uri = next(v["src"] for t, v in Page(page_file).tags if v.get("id") == "sheet")
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))).convert("RGB")).astype(int)
    columns = sheet.shape[1] // 32
    for i in (0, 17, len(mapped[0].ids) - 1):
        top, left = 32 * (i // columns), 32 * (i % columns)
        cell = sheet[top : top + 32, left : left + 32]
        assert np.abs(cell - mapped[1].pixels[i]).mean() < 12  # the sheet is compressed
        assert np.abs(cell - mapped[1].pixels[i - 1]).mean() > 40


def test_features_and_thumbnails_of_different_images_are_refused(mapped):
    features, thumbnails = mapped
    with pytest.raises(UserError, match="are of different images"):
        map_page(features, replace(thumbnails, ids=thumbnails.ids[::-1]), "")


def test_perplexity_and_seed_are_numbers_to_read(mapped):
    features, thumbnails = mapped
    features = replace(features, settings=features.settings | {"perplexity": 11 / 3, "seed": 12345678})
    assert "perplexity 3.7, seed 12345678." in map_page(features, thumbnails, "")


@pytest.mark.browser
def test_pointing_at_an_image_shows_what_is_known_of_it(mapped, page):
    features, _ = mapped
    box = page.locator("#map").bounding_box()
    assert not page.locator("#card").is_visible()
    for x in np.linspace(0.1, 0.9, 40):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] / 2)
        if page.locator("#card").is_visible():
            break
    i = features.ids.index(page.text_content("#card-id"))
    assert page.text_content("#card-truth") == f"{features.truth[i]} {NAMES[features.truth[i]]}"
    mark = "✓" if features.truth[i] == features.predicted[i] else "✗"
    assert page.text_content("#card-predicted") == f"{features.predicted[i]} {NAMES[features.predicted[i]]} {mark}"
    assert page.text_content("#card-confidence") == f"{100 * features.confidence[i]:.0f}%"
    background = page.eval_on_selector("#card-thumb", "e => getComputedStyle(e).backgroundImage")
    assert background.startswith('url("data:image/webp;base64,')


@pytest.mark.browser
def test_a_class_is_isolated_and_freed_again(mapped, page):
    features, _ = mapped
    before = page.locator("#map").screenshot()
    page.locator("#classes button").nth(2).click()
    assert [features.truth[i] for i in listed(page)] == [2] * PER_CLASS
    assert page.text_content("#status") == "50 of 300 images"
    assert page.locator("#classes button[aria-pressed=true]").count() == 1
    page.wait_for_timeout(100)
    assert page.locator("#map").screenshot() != before
    page.locator("#by").select_option("predicted")
    assert {features.predicted[i] for i in listed(page)} == {2}
    page.keyboard.press("Escape")
    assert page.text_content("#status") == ""
    page.locator("#wrong").check()
    assert listed(page) == np.flatnonzero(features.truth != features.predicted).tolist()


@pytest.mark.browser
def test_a_name_stands_at_the_median_of_its_class(mapped, page_file: Path, browser):
    features, _ = mapped
    page = browser.new_page(viewport={"width": 1300, "height": 850})
    page.add_init_script(WRITTEN)
    page.goto(page_file.as_uri())
    wait_for(lambda: page.evaluate("window.written.length > 0"))
    written = {text: (x, y) for text, x, y in page.evaluate("window.written")}
    box = page.locator("#map").bounding_box()
    size = np.array([box["width"], box["height"]])
    page.close()
    low, high = features.map.min(axis=0), features.map.max(axis=0)
    scale = 0.92 * (size / (high - low)).min()
    for index in range(2, len(NAMES)):  # the first two lie as one
        median = np.median(features.map[features.truth == index].astype(float), axis=0)
        middle = size / 2 + (median - (low + high) / 2) * scale * (1, -1)
        place = written.get(NAMES[index], written.get(str(index)))
        assert place == pytest.approx(middle.tolist(), abs=0.05)


@pytest.mark.browser
def test_an_image_is_found_by_its_name(mapped, page):
    page.fill("#search", "4_201")
    assert [mapped[0].ids[i] for i in listed(page)] == ["4_201"]
    assert page.text_content("#card-id") == "4_201"
    page.fill("#search", "nowhere")
    assert listed(page) == []
    assert page.text_content("#status") == "0 of 300 images"


@pytest.mark.browser
def test_a_lasso_lists_what_is_inside(mapped, page):
    features, _ = mapped
    page.locator("#lasso").click()
    box = page.locator("#map").bounding_box()
    left, top, right, bottom = box["x"] + 4, box["y"] + 4, box["x"] + box["width"] / 2, box["y"] + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    inside = listed(page)
    assert 0 < len(inside) < 300
    # The map is centred, so its left half is what lies left of the middle of its extent.
    x = features.map[:, 0]
    middle = (x.min() + x.max()) / 2
    assert sorted(inside) == np.flatnonzero(x < middle).tolist()[: len(inside)]
    assert page.text_content("#status") == f"{(x < middle).sum()} of 300 images"


@pytest.mark.browser
def test_every_image_can_be_had_with_the_keyboard_alone(mapped, page):
    while page.locator("#more").is_visible():
        page.locator("#more").focus()
        page.keyboard.press("Enter")
    assert listed(page) == list(range(300))
    page.locator("#images button").nth(299).focus()
    assert page.text_content("#card-id") == mapped[0].ids[299]
    page.locator("#map").focus()
    seen = set()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown") * 3:
        page.keyboard.press(key)
        seen.add(page.text_content("#card-id"))
    assert len(seen) > 3
    chosen = page.text_content("#card-id")
    assert page.text_content("#status").startswith(f"{chosen}, true class ")
    page.keyboard.press("Enter")
    truth = mapped[0].truth
    assert {truth[i] for i in listed(page)} == {truth[mapped[0].ids.index(chosen)]}


@pytest.mark.browser
def test_it_zooms_and_fits_a_narrow_screen(page):
    before = page.locator("#map").screenshot()
    page.locator("#in").click()
    page.wait_for_timeout(100)
    assert page.locator("#map").screenshot() != before
    page.locator("#home").click()
    page.wait_for_timeout(100)
    assert page.locator("#map").screenshot() == before
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


@pytest.mark.browser
def test_a_finger_shows_an_image_and_two_zoom(page_file: Path, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.add_init_script(WRITTEN)
    page.goto(page_file.as_uri())
    box = page.locator("#map").bounding_box()
    _, x, y = next(place for place in page.evaluate("window.written") if place[0] == "dog")
    page.touchscreen.tap(box["x"] + x, box["y"] + y)
    assert page.locator("#card").is_visible()
    assert page.text_content("#card-truth") == "2 dog"
    page.touchscreen.tap(box["x"] + 2, box["y"] + 2)
    assert not page.locator("#card").is_visible()

    # What lies between two fingers stays there, twice as large.
    fingers = context.new_cdp_session(page)
    x, y = box["width"] / 2, box["height"] / 2
    before = page.evaluate("window.written")
    assert len(before) > 2
    for apart, kind in ((40, "touchStart"), (60, "touchMove"), (80, "touchMove")):
        places = [{"x": box["x"] + x + side * apart, "y": box["y"] + y, "id": side + 1} for side in (-1, 1)]
        page.evaluate("window.written = []")
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
        page.wait_for_timeout(100)
    after = {text: place for text, *place in page.evaluate("window.written")}
    for text, *place in before:
        if text in after:
            assert after[text] == pytest.approx([x + 2 * (place[0] - x), y + 2 * (place[1] - y)], abs=0.1)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert not page.locator("#card").is_visible()
    context.close()


@pytest.mark.browser
def test_embed_writes_a_page_that_works(pixelproof, color_classes, tmp_path, browser):
    slim = [word for s in ("width=0.03", "epochs=1", "device=cpu") for word in ("--set", s)]
    assert pixelproof("train", color_classes, "--model", "vgg16", "--out", tmp_path / "run", *slim)[0] == 0
    assert pixelproof("embed", tmp_path / "run", color_classes, "--out", tmp_path / "e")[0] == 0
    page = browser.new_page()
    page.goto((tmp_path / "e" / "explanation.html").as_uri())
    ids = load_features(tmp_path / "e" / "features.npz").ids
    assert load_thumbnails(tmp_path / "e" / "thumbnails.npz").ids == ids
    assert len(listed(page)) == len(ids) == 12
    page.fill("#search", "red/2")
    assert page.text_content("#card-truth") == "2 red"
    page.close()


@pytest.mark.browser
@pytest.mark.real
@pytest.mark.slow
def test_all_images_of_the_real_validation_set_are_on_a_page_that_works(pixelproof, real_data, tmp_path, browser):
    slim = [word for s in ("width=0.05", "epochs=1", "device=cpu") for word in ("--set", s)]
    data = real_data / "p1_data"
    assert pixelproof("train", data, "--model", "vgg16-bn", "--out", tmp_path / "run", *slim)[0] == 0
    assert pixelproof("embed", tmp_path / "run", data, "--out", tmp_path / "e")[0] == 0
    page = browser.new_page(viewport={"width": 1300, "height": 850})
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto((tmp_path / "e" / "explanation.html").as_uri())
    wait_for(lambda: page.evaluate("document.getElementById('images').children.length > 0"))
    while page.locator("#more").is_visible():
        page.locator("#more").click()
    assert listed(page) == list(range(2500))
    page.locator("#classes button").nth(33).click()
    features = load_features(tmp_path / "e" / "features.npz")
    assert {features.truth[i] for i in listed(page)} == {33}
    assert len(listed(page)) == 50
    page.keyboard.press("Escape")
    page.fill("#search", "13_477.png")
    assert page.text_content("#card-truth") == "13 willow_tree"
    page.fill("#search", "")
    box = page.locator("#map").bounding_box()
    for x in np.linspace(0.2, 0.8, 40):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] / 2)
        if page.locator("#card").is_visible():
            break
    i = features.ids.index(page.text_content("#card-id"))
    assert page.text_content("#card-truth").startswith(f"{features.truth[i]} ")
    page.close()
