"""The page of a server, in a real browser: put an image in, see what the models say."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from serving import decoded, encoded, picture, running

from pixelproof.report.serve_page import serve_page

DATA = encoded(picture(60, 90))
PNG = {"name": "field.png", "mimeType": "image/png", "buffer": DATA}


def test_the_policy_lets_in_what_the_page_holds_and_nothing_else():
    page, policy = serve_page()
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert not re.findall(r"\b(?:src|href)=\"(?!data:)", page)
    assert not re.findall(r"\son\w+=|\sstyle=|innerHTML|insertAdjacentHTML|document\.write|\beval\b", page)
    assert "unsafe" not in policy


class Viewer:
    """The page in a browser; it must not have complained, nor asked anybody but its server."""

    def __init__(self, browser, client, width: int = 1400) -> None:
        self.client = client
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.trouble, self.requests = [], []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(client.url)
        self.page.locator("#models li").first.wait_for()

    def put_in(self, file=PNG) -> None:
        self.page.set_input_files("#file", file)
        self.page.locator("#status", has_text=re.compile(r"answers? in")).wait_for(timeout=30_000)
        self.settle()

    def settle(self) -> None:
        """Wait until what is queued has been drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def layer(self, name: str) -> None:
        self.page.click(f"[data-layer={name}]")
        self.settle()

    def pixels(self, panel: int) -> np.ndarray:
        """Return what a panel shows, uint8 [H, W, 3]."""
        canvas = self.page.locator("canvas").nth(panel)
        return decoded(base64.b64decode(canvas.evaluate("c => c.toDataURL().split(',')[1]")))[..., :3]

    def close(self) -> None:
        assert self.page.evaluate("() => document.documentElement.scrollWidth") <= self.page.viewport_size["width"]
        self.page.close()
        assert self.trouble == []
        assert [url for url in self.requests if not url.startswith((self.client.url + "/", "data:", "blob:"))] == []


@pytest.fixture
def viewer(browser, server):
    made = Viewer(browser, server)
    yield made
    made.close()


@pytest.mark.browser
def test_an_empty_page_says_what_to_do(viewer):
    assert viewer.page.locator(".drop").is_visible()
    assert viewer.page.locator("#models li").all_inner_texts() == [
        "fcn8s\nfcn8s, segmentation, 7 classes",
        "fcn32s\nfcn32s, segmentation, 7 classes",
        "colors\nvgg16, classification, 3 classes",
    ]
    assert not viewer.page.locator("#layers").is_visible()


@pytest.mark.browser
def test_masks_and_legends_appear(viewer, server):
    viewer.put_in()
    assert not viewer.page.locator("#empty").is_visible()
    assert viewer.page.locator("h2").all_inner_texts() == ["fcn8s", "fcn32s", "colors"]
    viewer.layer("mask")
    for panel, name in enumerate(("fcn8s", "fcn32s")):
        found = server.predict(name, DATA).json
        mask = decoded(base64.b64decode(found["mask"]))
        assert np.array_equal(viewer.pixels(panel), mask)
        legend = viewer.page.locator("article").nth(panel).locator(".legend button").all_inner_texts()
        shares = sorted((c["share"] for c in found["classes"].values() if c["pixels"]), reverse=True)
        assert [float(text.split("\n")[-1].strip("<%")) for text in legend] == pytest.approx(
            [100 * share for share in shares], abs=0.1
        )
    viewer.layer("image")
    assert np.array_equal(viewer.pixels(0), picture(60, 90))
    viewer.layer("overlay")
    mixed = 0.55 * picture(60, 90) + 0.45 * decoded(server.predict("fcn8s", DATA, "mask").body)
    assert np.abs(viewer.pixels(0) - mixed).max() < 3
    viewer.page.locator("#opacity").fill("100")
    viewer.settle()
    assert np.array_equal(viewer.pixels(1), decoded(server.predict("fcn32s", DATA, "mask").body))
    bars = viewer.page.locator("article").nth(2).locator(".bars li").all_inner_texts()
    assert sorted(bar.split("\n")[0] for bar in bars) == ["blue", "green", "red"]
    found = server.predict("colors", DATA).json
    said = f"{found['label']['name']}, {100 * found['probability']:.1f}% sure"
    assert viewer.page.locator(".reading").nth(2).inner_text() == said
    with viewer.page.expect_download() as download:
        viewer.page.locator("article a").first.click()
    assert download.value.suggested_filename == "field-fcn8s.png"
    assert np.array_equal(
        decoded(download.value.path().read_bytes()), decoded(server.predict("fcn8s", DATA, "mask").body)
    )


@pytest.mark.browser
def test_a_pixel_is_read_in_all_panels_at_once(viewer, server, models):
    viewer.put_in()
    found = [models[k].predictor.confident_map(picture(60, 90), [1.0]) for k in (0, 1)]
    names = models[0].predictor.scheme.names

    def expected(x: int, y: int) -> list[str]:
        values = [maps[y, x] for maps in found]
        return [f"{names[int(c)]}, {round(100 * round(255 * float(p)) / 255)}% sure at {x}, {y}" for c, p in values]

    box = viewer.page.locator("canvas").nth(1).bounding_box()
    viewer.page.mouse.move(box["x"] + box["width"] * 33.5 / 90, box["y"] + box["height"] * 20.5 / 60)
    assert viewer.page.locator(".reading").all_inner_texts()[:2] == expected(33, 20)
    assert viewer.page.locator(".frame i:visible").count() == 4
    viewer.page.locator("canvas").first.focus()
    viewer.page.keyboard.press("ArrowRight")
    viewer.page.keyboard.press("Shift+ArrowDown")
    assert viewer.page.locator(".reading").all_inner_texts()[:2] == expected(34, 30)
    assert "fcn32s: " in viewer.page.locator("#status").inner_text()
    viewer.page.keyboard.press("Tab")
    assert viewer.page.locator(".frame i:visible").count() == 0
    assert " answers in " in viewer.page.locator("#status").inner_text()


@pytest.mark.browser
def test_all_panels_show_the_same_part(viewer):
    viewer.put_in()
    frame = viewer.page.locator(".frame").first.bounding_box()
    across, down = frame["x"] + frame["width"] * 0.75, frame["y"] + frame["height"] * 0.25
    viewer.page.keyboard.press("+")
    viewer.page.click("#in")  # four times: 3/8 to 5/8 of the image are seen
    viewer.page.mouse.move(across, down)
    assert [text.split(" at ")[1] for text in viewer.page.locator(".reading").all_inner_texts()[:2]] == ["50, 26"] * 2
    assert viewer.page.locator(".frame i.down").nth(1).evaluate("i => parseFloat(i.style.left)") == pytest.approx(
        100 * 4 * (50.5 / 90 - 3 / 8)
    )
    viewer.page.mouse.down()
    viewer.page.mouse.move(across - frame["width"] * 0.5, down, steps=4)  # the pixel comes along
    viewer.page.mouse.up()
    assert viewer.page.locator(".reading").nth(1).inner_text().endswith(" at 50, 26")
    viewer.page.locator("canvas").first.focus()
    viewer.page.keyboard.press("0")
    assert viewer.page.locator("#whole").is_disabled()
    viewer.page.mouse.move(across, down + 1)
    assert viewer.page.locator(".reading").first.inner_text().endswith(" at 67, 15")


@pytest.mark.browser
def test_two_fingers_zoom_all_panels(viewer):
    viewer.put_in()
    box = viewer.page.locator("canvas").first.bounding_box()
    fingers = viewer.page.context.new_cdp_session(viewer.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
        places = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    for canvas in viewer.page.locator(".frame canvas").all()[:2]:
        left, top, scale = re.findall(r"-?[\d.]+", canvas.evaluate("c => c.style.transform"))
        assert [float(scale), float(left), float(top)] == pytest.approx([3, -100, -100], abs=0.5)


@pytest.mark.browser
def test_a_class_is_pointed_out(viewer, server):
    viewer.put_in()
    viewer.layer("mask")
    ids = decoded(server.predict("fcn8s", DATA, "ids").body)
    button = viewer.page.locator("article").first.locator(".legend button").nth(1)
    name = button.locator(".name").inner_text()
    number = server.predict("fcn8s", DATA).json["classes"][name]["id"]
    before = viewer.pixels(0)
    button.hover()
    viewer.settle()
    after = viewer.pixels(0)
    assert np.array_equal(after[ids == number], before[ids == number])
    assert (after[ids != number] > 200).all()
    viewer.page.mouse.move(5, 5)
    viewer.settle()
    assert np.array_equal(viewer.pixels(0), before)


@pytest.mark.browser
def test_where_two_models_differ(viewer, server):
    viewer.put_in()
    a, b = (decoded(server.predict(name, DATA, "ids").body) for name in ("fcn8s", "fcn32s"))
    share = 100 * (a == b).mean()
    assert viewer.page.locator("#agreement").inner_text() == f"fcn8s and fcn32s agree on {share:.1f}% of pixels."
    viewer.page.keyboard.press("5")
    viewer.settle()
    for panel in (0, 1):
        differing = (viewer.pixels(panel) == (214, 0, 110)).all(axis=-1)
        assert np.array_equal(differing, a != b)
    viewer.put_in()  # the layer stays from image to image
    assert viewer.page.locator("[data-layer=disagreement]").get_attribute("aria-pressed") == "true"
    assert (viewer.pixels(0) == (214, 0, 110)).all(axis=-1).mean() == (a != b).mean()


@pytest.mark.browser
def test_a_tiff_which_the_browser_cannot_show(viewer):
    viewer.put_in({"name": "field.tif", "mimeType": "image/tiff", "buffer": encoded(picture(60, 90), "TIFF")})
    viewer.layer("image")
    assert np.array_equal(viewer.pixels(0), picture(60, 90))


@pytest.mark.browser
def test_what_the_server_says_of_a_broken_file_is_shown(browser, server):
    viewer = Viewer(browser, server, width=400)
    viewer.put_in({"name": "<img src=x>.png", "mimeType": "image/png", "buffer": DATA[:200]})
    assert viewer.page.locator(".notice:visible").all_inner_texts() == [
        *["the image is truncated or damaged; remove or replace it"] * 3
    ]
    assert "<img src=x>.png: 0 answers" in viewer.page.locator("#status").inner_text()
    viewer.put_in()
    assert viewer.page.locator(".notice:visible").count() == 0
    assert viewer.page.locator(".legend").count() == 2
    viewer.trouble = [text for text in viewer.trouble if "status of 400" not in text]  # how Chromium logs any of them
    viewer.close()


@pytest.mark.browser
def test_one_classifier_alone(browser, models):
    with running(models[2:]) as client:
        viewer = Viewer(browser, client)
        viewer.put_in()
        assert not viewer.page.locator("#layers").is_visible()
        assert not viewer.page.locator("#agreement").is_visible()
        assert viewer.page.locator(".bars li").count() == 3
        viewer.close()


@pytest.mark.browser
def test_a_threshold_that_is_reached_is_marked(browser, models):
    thresholds = [("red", 0.0), ("blue", 1.0)]
    with running([replace(models[2], thresholds=thresholds)]) as client:
        viewer = Viewer(browser, client)
        viewer.put_in()
        asked = "blue from probability 1 on."
        assert viewer.page.locator("article .notice").all_inner_texts() == [
            f"Look for red in this image. Thresholds: red from probability 0 on, {asked}"
        ]
        viewer.close()
    with running([replace(models[2], thresholds=thresholds[1:])]) as client:
        viewer = Viewer(browser, client)
        viewer.put_in()
        assert viewer.page.locator("article .notice").count() == 0
        said = viewer.page.locator("article .fine").inner_text()
        assert said == f"No class reaches its threshold. Thresholds: {asked}"
        viewer.close()
