"""The page of an assessment: what it concludes, that it holds nothing but what it was given, and that it is redrawn."""

import json

import numpy as np
import pytest
from PIL import Image
from report_pages import Page

from pixelproof.deploy.assess import assess_map
from pixelproof.errors import UserError
from pixelproof.report.figures.intervals import Measured, amounts, intervals
from pixelproof.report.page import build_report
from pixelproof.runs.assessment_file import load_assessment
from pixelproof.runs.fields import Estimate
from pixelproof.runs.points_folder import Design, DrawnPoint, MappedClass, load_design, save_points

NAMES = ("water", "land", "<b>ice</b>")
SIDE = 30


@pytest.fixture
def points(tmp_path):
    """A map of 30 x 30 pixels, half of it water; a third of what it shows as land is ice, which it does not know."""
    rng, half = np.random.default_rng(0), SIDE * SIDE / 2
    classes = [
        MappedClass(name=name, id=k, color=(80 * k, 0, 200), pixels=int(area), area=area)
        for k, (name, area) in enumerate(zip(NAMES, (half, half, 0), strict=True))
    ]
    places = [divmod(int(place), SIDE) for place in rng.choice(SIDE * SIDE, 60, replace=False)]
    drawn = [DrawnPoint(mapped=int(row >= SIDE / 2), column=column, row=row, weight=1) for row, column in places]
    nowhere = {"crs": None, "transform": None, "areas": None}
    design = Design(
        map="map.tif", height=SIDE, width=SIDE, seed=3, classes=tuple(classes), points=tuple(drawn), **nowhere
    )
    save_points(tmp_path / "points", design, [f"{k},0,0,,,0,0" for k in range(1, 61)])
    truth = [NAMES[2 if point.mapped and k % 3 == 0 else point.mapped] for k, point in enumerate(drawn)]
    truth[1] = "?"
    rows = ["point,truth", *(f"{k},{name}" for k, name in enumerate(truth, start=1))]
    (tmp_path / "points" / "points.csv").write_text("\n".join(rows), "utf-8")
    return tmp_path / "points"


@pytest.fixture
def better(tmp_path):
    """Another map of the same pixels, which shows as water what is."""
    values = np.ones((SIDE, SIDE), np.uint8)
    values[: SIDE // 2] = 0
    Image.fromarray(values).save(tmp_path / "other.png")
    return tmp_path / "other.png"


def test_what_it_says_follows_from_the_points(points, better, tmp_path, pixelproof):
    code, out, _ = pixelproof("assess", points, "--map", better, "--out", tmp_path / "out")
    assert code == 0
    page = tmp_path / "out" / "report.html"
    assert out.splitlines()[-1] == str(page)
    text, record = Page(page).text, load_assessment(tmp_path / "out" / "assessment.json")
    wrong = sum(
        truth not in (-1, point.mapped) for truth, point in zip(record.truth, record.design.points, strict=True)
    )
    land = record.classes["land"]
    assert f"{wrong} points where map.tif errs" in text
    assert f"too much land ({50:.1f} % of the area where there is {100 * land.true_share.value:.1f}," in text
    assert f"too little {NAMES[2]} (0.0 % of the area" in text
    assert "59 of 60 points have a truth, 1 of which nobody can tell" in text
    assert "Which of map.tif and other.png is right more often, these points cannot say: 0.0" in text
    html = page.read_text("utf-8")
    assert NAMES[2] not in html
    assert html.count("<circle") - 1 == 59 - wrong
    assert html.count("<path") - 1 == wrong


def test_it_is_redrawn_from_what_lies_beside_it_and_never_replaced_unasked(points, tmp_path, pixelproof):
    assess_map(points, out=points)
    page = points / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert build_report(points) == page
    assert page.read_bytes() == before
    code, _, err = pixelproof("assess", points, "--out", points)
    assert code == 2
    assert "already exists" in err
    assert pixelproof("assess", points, "--out", points, "--overwrite")[0] == 0
    assert page.read_bytes() == before
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}")
    with pytest.raises(UserError, match="holds a study or a run, whose page would be replaced"):
        assess_map(points, out=tmp_path / "study", overwrite=True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"truth": [0]}, "the truth is not that of the points"),
        ({"classes": {}}, "the figures of map.tif are not those of the points' classes"),
        ({"points": {"drawn": 60, "with_truth": 60, "unclear": 1}}, "the points do not add up"),
        ({"error_matrix": [[1.0]]}, "the figures of map.tif are not those"),
        ({"overall_accuracy": {"value": 0.5, "low": 0.6, "high": 0.9}}, "0.5 from 0.6 to 0.9 is no figure with its"),
        ({"miou": {"value": 5, "low": 4, "high": 6}}, "5.0 from 4.0 to 6.0 is no figure with its interval"),
        ({"areas": "planimetric"}, "hectares are said where areas are known, and nowhere else"),
        ({"version": 9}, "is a record of points that were assessed of version 9, expected 1; assess them again with"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(points, change, problem):
    assess_map(points, out=points)
    file = points / "assessment.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(UserError) as told:
        build_report(points)
    assert problem in str(told.value)


def test_ground_that_nobody_can_tell_is_left_out_and_said_to_be(points, pixelproof):
    table = points / "points.csv"
    design = load_design(points)
    rows = table.read_text("utf-8").splitlines()
    for k, point in enumerate(design.points, start=1):
        if point.mapped == 0:
            rows[k] = f"{k},?"
    table.write_text("\n".join(rows), "utf-8")
    measured = design.model_copy(update={"areas": "planimetric", "crs": "EPSG:32633", "transform": (1, 0, 0, 0, -1, 0)})
    save_points(points, measured, [])
    table.write_text("\n".join(rows), "utf-8")
    code, out, err = pixelproof("assess", points, "--out", points)
    assert code == 0
    assert "nobody can tell what is where the map says 'water'" in err
    assert "left out, as nobody can tell what is there: water" in out
    record, text = load_assessment(points / "assessment.json"), Page(points / "report.html").text
    assert record.left_out == ("water",)
    assert record.classes["water"].mapped_hectares == Estimate(value=None)
    assert record.classes["water"].iou == record.classes["water"].producers_accuracy == Estimate(value=None)
    assert record.miou.value == pytest.approx((record.classes["land"].iou.value + 0) / 2)  # and of ice, which it lacks
    land = record.classes["land"]
    assert land.mapped_hectares.value == pytest.approx(450 / 10_000)  # as the map has it, and no more
    assert land.true_hectares.value < land.mapped_hectares.value
    assert (
        "Nobody can tell what is at any point where it says water: that ground is left out of everything here" in text
    )
    assert "too little water" not in text
    assert record.unit.name == "m²"
    assert "450.0" in text


def test_units_fit_the_map(points):
    design = load_design(points)
    record = assess_map(points)
    for area, name, digits in ((300.0, "m²", 1), (3e5, "ha", 1), (3e9, "ha", 0), (3e12, "km²", 0)):
        classes = tuple(each.model_copy(update={"area": area}) for each in design.classes)
        sized = record.model_copy(
            update={"areas": "planimetric", "design": design.model_copy(update={"classes": classes})}
        )
        assert (sized.unit.name, sized.unit.digits) == (name, digits)
    assert record.unit.key == "share"


@pytest.mark.browser
def test_it_opens_without_trouble_and_fits_a_phone(points, better, tmp_path, browser):
    assess_map(points, better, out=tmp_path / "out")
    page = browser.new_page(viewport={"width": 390, "height": 800})
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((tmp_path / "out" / "report.html").as_uri())
    assert page.locator(".intervals").count() == 4
    assert page.locator("body").bounding_box()["width"] <= 390
    assert trouble == []


def test_small_amounts_are_seen_beside_large_ones():
    big, small = Estimate(value=900.0, low=800.0, high=1000.0), Estimate(value=9.0, low=4.0, high=16.0)
    beside = ((0, 10.0, "by one"), (1, None, "by another"))
    plot = amounts([Measured("a", big, "900"), Measured("b", small, "9", beside=beside)])
    assert [label for _, label in plot.ticks] == ["0", "100", "200", "500", "1,000"]
    assert plot.ticks[-1][0] == pytest.approx(100)
    assert plot.rows[1].bar == pytest.approx((100 * 0.004**0.5, 100 * 0.016**0.5))
    assert [dot.title for dot in plot.rows[1].dots] == ["9", "by one"]
    assert amounts([Measured("a", Estimate(value=0.0), "0")]).rows[0].dots[0].place == 0


def test_an_undefined_share_has_a_row_without_marks():
    (row,) = intervals([Measured("a", Estimate(value=None), "–", 0)]).rows
    assert (row.bar, row.dots) == (None, [])
