"""The page in a real browser, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


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
    assert viewer.locator(".close").evaluate("close => close === document.activeElement")
    if width < 720:
        below = viewer.locator("img").bounding_box()
        assert viewer.locator(".step").first.bounding_box()["y"] >= below["y"] + below["height"]
    assert viewer.locator("img").get_attribute("src") == button.locator("img").get_attribute("src")
    assert viewer.locator("img").bounding_box()["width"] > button.bounding_box()["width"]
    page.keyboard.press("ArrowRight")
    following = page.locator(".exhibit .zoom").nth(3).locator("img").get_attribute("src")
    assert viewer.locator("img").get_attribute("src") == following
    viewer.locator("[aria-label='Previous picture']").click()
    assert viewer.locator("img").get_attribute("src") == button.locator("img").get_attribute("src")
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    page.locator(".diagram .zoom").first.click()  # which is alone
    assert not viewer.locator(".step").first.is_visible()
    page.keyboard.press("Escape")

    assert trouble == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()


@pytest.mark.parametrize("width", [1400, 1300, 420])
def test_every_part_can_be_reached_from_everywhere(built: Path, browser, width: int):
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.goto((built / "report.html").as_uri())
    menu, link = page.locator(".contents summary"), page.locator(".contents a[href='#part-2-iou']")
    assert menu.is_visible() == (width < 1360)
    if menu.is_visible():
        assert not link.is_visible()
        menu.click()
    assert all(each.is_visible() for each in page.locator(".contents a").all())
    link.click()
    assert link.is_visible() == (width >= 1360)
    page.wait_for_timeout(300)
    assert 0 <= page.locator("#part-2-iou").bounding_box()["y"] < 100
    page.set_viewport_size({"width": 1400, "height": 900})
    link.wait_for()
    page.close()


@pytest.mark.parametrize("size", [(390, 844), (390, 600), (844, 390)])
def test_no_part_in_the_menu_lies_beside_the_screen(built: Path, browser, size: tuple[int, int]):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto((built / "report.html").as_uri())
    page.locator(".contents summary").click()
    ends = page.eval_on_selector_all(".contents a", "all => all.map(a => a.getBoundingClientRect().right)")
    assert 0 < max(ends) <= size[0]
    page.close()


@pytest.mark.parametrize("way", ["escape", "click", "tab"])
def test_the_menu_closes_when_it_is_left(built: Path, browser, way: str):
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto((built / "report.html").as_uri())
    menu, links = page.locator(".contents summary"), page.locator(".contents a")
    menu.click()
    links.last.focus()
    assert links.last.is_visible()
    if way == "click":
        page.mouse.click(20, 880)
    else:
        page.keyboard.press({"escape": "Escape", "tab": "Tab"}[way])
    assert not links.last.is_visible()
    assert menu.evaluate("each => each === document.activeElement") == (way == "escape")
    page.close()


def test_the_tab_key_stops_at_boxes_that_scroll_and_they_have_names(built: Path, browser):
    page = browser.new_page(viewport={"width": 420, "height": 900})
    page.goto((built / "report.html").as_uri())
    page.wait_for_timeout(200)
    boxes = page.eval_on_selector_all(
        ".scroll", "all => all.map(b => [b.scrollWidth > b.clientWidth, b.tabIndex, b.getAttribute('aria-label')])"
    )
    assert {scrolls for scrolls, *_ in boxes} == {True, False}
    assert all((tab == 0) == scrolls == bool(name) for scrolls, tab, name in boxes)
    page.close()


def test_a_divider_is_dragged_between_two_masks(built: Path, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((built / "report.html").as_uri())
    box = page.locator(".versus").first
    article = page.locator(".exhibit").first
    left, right = box.locator("select").nth(0), box.locator("select").nth(1)
    assert [s.evaluate("s => s.selectedOptions[0].text") for s in (left, right)] == ["fcn32s", "fcn8s"]
    masks = [article.locator(".zoom img").nth(index).get_attribute("src") for index in (2, 4)]
    assert [box.locator(f"img.{side}").get_attribute("src") for side in ("left", "right")] == masks

    stage = box.locator(".stage")
    stage.scroll_into_view_if_needed()
    area = stage.bounding_box()
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 40)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.8, area["y"] + 40, steps=5)
    page.mouse.up()
    line = box.locator("i").bounding_box()
    assert abs((line["x"] - area["x"]) / area["width"] - 0.8) < 0.03

    right.select_option(label="Truth")
    truth = article.locator(".zoom img").nth(1).get_attribute("src")
    assert box.locator("img.right").get_attribute("src") == truth
    page.close()


def test_charts_and_colours_are_printed(built: Path, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((built / "report.html").as_uri())
    page.emulate_media(media="print")
    for chart in (".forest .point", ".dots .dot", ".bars .track i", ".swatches i", ".ramp"):
        mark = page.locator(chart).first
        assert mark.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact", chart
    page.close()


def test_names_in_forests_are_whole_on_a_phone(built: Path, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((built / "report.html").as_uri())
    names = page.locator(".forest .name")
    names.first.evaluate("name => { name.textContent = 'a class of a very long name'; }")
    assert all(names.evaluate_all("all => all.map(e => e.scrollWidth <= e.clientWidth)"))
    page.close()


def test_tables_are_printed_below_each_other(built: Path, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((built / "report.html").as_uri())
    page.emulate_media(media="print")
    shown = page.eval_on_selector_all(".tables, .tables > *", "all => all.map(e => getComputedStyle(e).display)")
    assert set(shown) == {"block"}
    page.close()


def test_wide_tables_fit_on_paper(built: Path, browser):
    page = browser.new_page(viewport={"width": 718, "height": 1000})  # of A4 with margins of 10 mm
    page.goto((built / "report.html").as_uri())
    page.emulate_media(media="print")
    tables = page.locator(".scroll > table")
    assert tables.count() > 5
    ends = tables.evaluate_all("all => all.map(e => [e.getBoundingClientRect().right, e.tHead?.innerText])")
    assert [end for end in ends if end[0] > 718] == []
    page.close()


def test_folded_parts_are_printed(built: Path, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((built / "report.html").as_uri())
    page.eval_on_selector_all("main details", "all => all.forEach(each => each.open = false)")
    hidden = page.locator("main details:not(.print) pre").first
    assert not hidden.is_visible()
    page.emulate_media(media="print")
    assert hidden.is_visible()
    assert not page.locator("details.print pre").first.is_visible()  # pages of layers
    page.close()


def test_the_discussion_changes_its_language(built: Path, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((built / "report.html").as_uri())
    first = page.locator(".discussion li").first
    english, chinese = first.locator("span[lang=en]"), first.locator("span[lang=zh-Hant]")
    assert english.is_visible()
    assert not chinese.is_visible()
    page.locator("[data-language=zh-Hant]").first.click()
    assert chinese.is_visible()
    assert not english.is_visible()
    assert page.locator("[data-language=zh-Hant]").first.get_attribute("aria-pressed") == "true"
    page.close()
