"""The page in a real browser, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("width", [1400, 420])
def test_the_page_opens_offline_and_enlarges_images(built: Path, browser, width: int):
    page = browser.new_page(viewport={"width": width, "height": 900})
    trouble: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto((built / "report.html").as_uri())

    images = page.eval_on_selector_all("main img", "all => all.map(i => [i.complete, i.naturalWidth])")
    assert len(images) > 20
    assert all(complete and pixels > 0 for complete, pixels in images)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    button = page.locator(".exhibit .zoom").nth(2)
    button.click()
    viewer = page.locator("#viewer")
    assert viewer.is_visible()
    assert viewer.locator("img").get_attribute("src") == button.locator("img").get_attribute("src")
    assert viewer.locator("img").bounding_box()["width"] > button.bounding_box()["width"]
    page.keyboard.press("ArrowRight")
    following = page.locator(".exhibit .zoom").nth(3).locator("img").get_attribute("src")
    assert viewer.locator("img").get_attribute("src") == following
    page.keyboard.press("Escape")
    assert not viewer.is_visible()

    assert trouble == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()
