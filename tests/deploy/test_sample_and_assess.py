"""Points drawn from a map, looked up by a person, and what they say of it and of other maps."""

import csv
import json

import numpy as np
import pytest
import rasterio
from map_scenes import UTM, noise, write_scene

from pixelproof.deploy.assess import assess_map
from pixelproof.deploy.chips import chips, outlines
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.draw import allocate, draw
from pixelproof.deploy.geo import open_raster
from pixelproof.deploy.map import map_scene
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.sample import sample_map
from pixelproof.deploy.settings import MapSettings
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.runs.assessment_file import as_json
from pixelproof.runs.points_folder import NOBODY, load_design, load_truth
from waiting import wait_for

NAMES = {1: "water", 2: "land", 3: "<b>ice</b>"}


def write_map(path, values, names=NAMES, **options):
    """Write [H, W] as a map whose tags name its classes."""
    write_scene(path, values[None], **({"nodata": 255} | options))
    with open_raster(path, mode="r+") as data:
        data.update_tags(**{f"CLASS_{value}": name for value, name in (names or {}).items()})
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A true map, and one that errs in a tenth of the pixels, [60, 80]."""
    folder, rng = tmp_path_factory.mktemp("maps"), np.random.default_rng(5)
    truth = np.ones((60, 80), np.uint8)
    truth[:, 30:] = 2
    truth[40:50, 60:75] = 3
    mapped = np.where(rng.random(truth.shape) < 0.1, rng.integers(1, 4, truth.shape), truth).astype(np.uint8)
    mapped[:5] = 255
    return write_map(folder / "truth.tif", truth), write_map(folder / "map.tif", mapped)


def fill(folder, truth, only=None):
    """Say at each point what the true map has there, as a person would."""
    with rasterio.open(truth) as data:
        values = data.read(1)
    rows = list(csv.reader((folder / "points.csv").read_text("utf-8").splitlines()))
    for row in rows[1 : None if only is None else only + 1]:
        row[-1] = NAMES[values[int(row[6]), int(row[5])]]
    with (folder / "points.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def assessed(*arguments, **options):
    return as_json(assess_map(*arguments, **options))


def test_points_lie_in_their_classes_and_come_again_with_their_seed(world):
    source = ClassMap(world[1])
    first, again, other = (draw(source, 120, 20, seed) for seed in (0, 0, 1))
    places = list(zip(first.columns, first.rows, strict=True))
    assert len(set(places)) == len(places) == 120
    np.testing.assert_array_equal(source.at(first.columns, first.rows), first.mapped)
    assert places == list(zip(again.columns, again.rows, strict=True))
    assert places != list(zip(other.columns, other.rows, strict=True))
    counts = np.bincount(first.mapped)
    assert counts.min() >= 20
    np.testing.assert_array_equal(counts, allocate(first.pixels, first.areas, 120, 20))
    # The order says nothing of the class, so that whoever stops early has a sample of all.
    assert len(set(first.mapped[:12].tolist())) > 1


def test_every_pixel_of_a_class_is_as_likely(world):
    source = ClassMap(world[1])
    hits = np.zeros((60, 80))
    for seed in range(300):
        found = draw(source, 90, 30, seed)
        hits[found.rows, found.columns] += 1
    with rasterio.open(world[1]) as data:
        ice = hits[data.read(1) == 3]
    share = ice.mean() / 300
    # Binomial counts vary as much as that, and no more.
    assert ice.var() / 300 == pytest.approx(share * (1 - share), rel=0.25)
    assert hits[:5].sum() == 0


def test_where_pixels_shrink_towards_a_pole_they_are_drawn_less_often(tmp_path):
    degrees = rasterio.transform.from_origin(0, 80, 0.5, 0.5)
    path = write_map(tmp_path / "map.tif", np.ones((160, 40), np.uint8), crs="EPSG:4326", transform=degrees)
    found = draw(ClassMap(path), 3000, 1, 0)
    latitude = 80 - 0.5 * (found.rows + 0.5)
    # Half of the ground between the equator and 80 degrees lies below 29.5; half of the pixels below 40.
    assert (latitude < np.degrees(np.arcsin(np.sin(np.radians(80)) / 2))).mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("points", [100, 300, 400])
def test_in_degrees_estimates_are_right_however_many_pixels_are_drawn(tmp_path, points):
    degrees = rasterio.transform.from_origin(0, 80, 2, 2)
    path = write_map(tmp_path / "map.tif", np.ones((40, 10), np.uint8), crs="EPSG:4326", transform=degrees)
    found = []
    for seed in range(1 if points == 400 else 60):
        drawn = draw(ClassMap(path), points, 1, seed)
        found.append(drawn.weights[drawn.rows < 20].sum() / drawn.weights.sum())
    north = (np.sin(np.radians(80)) - np.sin(np.radians(40))) / np.sin(np.radians(80))
    # On the ellipsoid the northern half has .0014 more of the ground than on a sphere.
    assert np.mean(found) == pytest.approx(north, abs=0.002 + 3 * np.std(found) / len(found) ** 0.5)


def test_points_go_to_classes_by_area_with_some_for_each():
    pixels, areas = np.array([9000, 900, 3, 0]), np.array([9.0, 0.9, 0.003, 0.0])
    assert allocate(pixels, areas, 100, 10).tolist() == [80, 17, 3, 0]
    assert allocate(np.array([4, 2]), np.array([4.0, 2.0]), 100, 10).tolist() == [4, 2]
    # What one class cannot give, others do: all pixels are drawn where so many are asked for.
    assert allocate(pixels, areas, 9903, 1).tolist() == [9000, 900, 3, 0]
    with pytest.raises(UserError, match="20 points are too few for 10 in each of 3 classes; give more --points or a"):
        allocate(pixels, areas, 20, 10)


def test_a_census_says_exactly_what_is_there(world, tmp_path):
    truth, mapped = world
    design = sample_map(mapped, tmp_path / "points", points=60 * 80, least=1)
    assert len(design.points) == 55 * 80
    fill(tmp_path / "points", truth)
    found = assessed(tmp_path / "points", truth)
    with rasterio.open(truth) as one, rasterio.open(mapped) as two:
        true, said = one.read(1)[5:], two.read(1)[5:]
    assert found["overall_accuracy"]["value"] == pytest.approx((true == said).mean())
    for value, name in NAMES.items():
        row = found["classes"][name]
        assert row["true_hectares"]["value"] == pytest.approx((true == value).sum() * 100 / 10_000)
        assert row["mapped_hectares"]["value"] == pytest.approx((said == value).sum() * 100 / 10_000)
        assert row["users_accuracy"]["value"] == pytest.approx((true == value)[said == value].mean())
        assert row["producers_accuracy"]["value"] == pytest.approx((said == value)[true == value].mean())
    (other,) = found["others"]
    assert other["overall_accuracy"]["value"] == pytest.approx(1)
    assert other["gains"]["overall_accuracy"]["value"] == pytest.approx((true != said).mean())


def test_another_map_may_lie_in_other_coordinates_and_have_no_names(world, tmp_path):
    truth, mapped = world
    sample_map(mapped, tmp_path / "points", points=200)
    fill(tmp_path / "points", truth)
    with rasterio.open(truth) as data:
        values = np.kron(data.read(1), np.ones((3, 3), np.uint8))
    plain = write_map(tmp_path / "fine.tif", values, None, transform=UTM * UTM.scale(1 / 3))
    degrees = tmp_path / "degrees.tif"
    with rasterio.open(plain) as data:
        to = rasterio.warp.calculate_default_transform(data.crs, "EPSG:4326", data.width, data.height, *data.bounds)
        moved = np.full(to[2:0:-1], 255, np.uint8)
        rasterio.warp.reproject(
            values, moved, src_transform=data.transform, src_crs=data.crs, dst_transform=to[0], dst_crs="EPSG:4326"
        )
    write_map(degrees, moved, crs="EPSG:4326", transform=to[0])
    found = assessed(tmp_path / "points", [plain, degrees])
    assert [one["overall_accuracy"]["value"] for one in found["others"]] == pytest.approx([1, 1], abs=0.03)
    nowhere = write_map(tmp_path / "nowhere.tif", values, crs=None)
    with pytest.raises(UserError, match=r"nothing says how .*nowhere.tif lies on map.tif, which has another size"):
        assess_map(tmp_path / "points", nowhere)
    half = write_map(tmp_path / "half.tif", np.ones((30, 80), np.uint8))
    with pytest.raises(UserError, match=r"half.tif holds no data at \d+ points of 200; draw points from a map"):
        assess_map(tmp_path / "points", half)
    strange = write_map(tmp_path / "strange.tif", np.ones((60, 80), np.uint8), {1: "sand"})
    with pytest.raises(UserError, match="has the class 'sand' at a point, and the points know water, land"):
        assess_map(tmp_path / "points", strange)


def test_what_was_looked_up_so_far_is_assessed(world, tmp_path, pixelproof):
    truth, mapped = world
    folder = tmp_path / "points"
    assert pixelproof("sample", mapped, "--out", folder, "--points", 150)[0] == 0
    code, _, err = pixelproof("assess", folder)
    assert code == 2
    assert "says of no point where the map says 'water' what is there; look up more of the first points, or all." in err
    fill(folder, truth, only=60)
    rows = (folder / "points.csv").read_text("utf-8").splitlines()
    rows[61] += "?"
    (folder / "points.csv").write_text("\n".join(rows), "utf-8")
    code, out, _ = pixelproof("assess", folder, "--json")
    found = json.loads(out)
    assert (code, found["points"]) == (0, {"drawn": 150, "with_truth": 60, "unclear": 1})
    assert sum(row["points"] for row in found["classes"].values()) == 60
    code, out, _ = pixelproof("assess", folder)
    assert "60 of 150 points have a truth, of 1 nobody can tell; in brackets 95% intervals" in out
    assert "overall accuracy" in out


def test_a_map_of_ours_is_sampled_as_it_was_counted(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(90, 70))
    facts = map_scene(slim_run.path, scene, tmp_path / "map.tif", device="cpu", backend="torch")
    design = sample_map(tmp_path / "map.tif", tmp_path / "points", scene, points=40, least=1)
    assert {each.name: each.pixels for each in design.classes} == {
        name: row["pixels"] for name, row in facts["classes"].items()
    }
    assert {each.name: each.area / 10_000 for each in design.classes} == pytest.approx(
        {name: row["hectares"] for name, row in facts["classes"].items()}
    )
    assert load_design(tmp_path / "points") == design
    assert {each.name: each.color for each in design.classes}["water"] == (0, 0, 255)
    assert (tmp_path / "points" / "label.html").is_file()


def test_a_class_of_one_pixel_is_assessed_and_one_that_nobody_can_tell_left_out(tmp_path, pixelproof):
    values = np.ones((30, 30), np.uint8)
    values[:, 20:] = 2
    values[0, 0] = 3
    mapped = write_map(tmp_path / "map.tif", values)
    sample_map(mapped, tmp_path / "points", points=90)
    fill(tmp_path / "points", mapped)
    assert assessed(tmp_path / "points")["classes"][NAMES[3]]["points"] == 1
    table = tmp_path / "points" / "points.csv"
    table.write_text(table.read_text("utf-8").replace(NAMES[3], "?"), "utf-8")
    code, out, err = pixelproof("assess", tmp_path / "points", "--json")
    assert (code, json.loads(out)["points"]["unclear"]) == (0, 1)
    assert "nobody can tell what is where the map says '<b>ice</b>', so its ground is left out" in err


def test_maps_without_names_are_compared_by_ids_alone(tmp_path):
    values = np.ones((30, 30), np.uint8)
    values[:, 20:] = 2
    mapped = write_map(tmp_path / "map.tif", values, {1: "one", 2: "two"})
    sample_map(mapped, tmp_path / "points", points=60)
    table = tmp_path / "points" / "points.csv"
    table.write_text(table.read_text("utf-8").replace(",\n", ",one\n"), "utf-8")
    plain = write_map(tmp_path / "plain.tif", values, None)
    (found,) = assessed(tmp_path / "points", plain)["others"]
    assert found["gains"]["overall_accuracy"]["value"] == 0
    swapped = write_map(tmp_path / "swapped.tif", values, {1: "2", 2: "1"})
    with pytest.raises(UserError, match="the class '1' is called as another one or its id; give --labels"):
        sample_map(swapped, tmp_path / "others", points=60)


@pytest.mark.parametrize("crs", [None, "foo"])
def test_a_design_that_contradicts_itself_is_refused(world, tmp_path, crs, capfd):
    sample_map(world[1], tmp_path / "points", points=90)
    fill(tmp_path / "points", world[0])
    file = tmp_path / "points" / "design.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"crs": crs}), "utf-8")
    with pytest.raises(UserError, match=r"a CRS needs a transform|the CRS of design.json cannot be read"):
        assess_map(tmp_path / "points", world[0])
    assert "ERROR" not in capfd.readouterr().err


def test_a_person_may_use_any_spreadsheet(world, tmp_path):
    design = sample_map(world[1], tmp_path / "points", points=30, least=5)
    table = tmp_path / "filled.csv"
    table.write_text("\ufeffTruth;Point;x\n 2 ;1;3,5\nland;3.0\n?;2\n;\n;4\n3.0;5\n", "utf-8")
    assert load_truth(table, design)[:6] == [1, NOBODY, 1, None, 2, None]
    table.write_text("sep=,\n\npoint,truth\n1,land\n", "utf-8")
    assert load_truth(table, design)[:2] == [1, None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("point,truth\n1,watr", "line 2: there is no class 'watr'; did you mean 'water'?"),
        ("point,truth\n1,land\n99,land", "line 3: there is no point '99'; keep the lines of points.csv"),
        ("point,truth\n1,land\n1,water", "line 3: point 1 stands twice; remove one of the lines"),
        ("id,class\n1,land", "has no columns 'point' and 'truth'; keep those of points.csv"),
        ("", "has no columns 'point' and 'truth'"),
        ('point,truth\n1,"land\n' + "2,land\n" * 90, "line 92: there is no class 'land 2,land"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_line(world, tmp_path, text, problem):
    sample_map(world[1], tmp_path / "points", points=30, least=5)
    (tmp_path / "points" / "points.csv").write_text(text, "utf-8")
    with pytest.raises(UserError) as told:
        assess_map(tmp_path / "points")
    assert problem in str(told.value)


def test_points_that_somebody_may_have_worked_on_are_never_replaced(world, tmp_path):
    sample_map(world[1], tmp_path / "points", points=30, least=5)
    before = (tmp_path / "points" / "points.csv").read_bytes()
    with pytest.raises(UserError, match="points already exists; choose another --out"):
        sample_map(world[1], tmp_path / "points", points=30, least=5, seed=1)
    assert (tmp_path / "points" / "points.csv").read_bytes() == before


def test_maps_of_other_programs_are_read(tmp_path):
    values = np.array([[0, 7, 7], [40, 40, 0]], np.int16)
    plain = write_scene(tmp_path / "plain.tif", values[None], nodata=0)
    source = ClassMap(plain)
    assert source.scheme.names == ("7", "40")
    assert next(source.rows("read"))[1].tolist() == [[VOID, 0, 0], [1, 1, VOID]]
    labels = tmp_path / "labels.yaml"
    labels.write_text("task: segmentation\nclasses: [{name: a, id: 7}, {name: b, id: 40}, {name: c, id: 9}]\n", "utf-8")
    assert ClassMap(plain, labels).scheme.names == ("a", "b", "c")
    labels.write_text("task: segmentation\nclasses: [{name: a, id: 7}]\n", "utf-8")
    with pytest.raises(UserError, match="holds the value 40, which is no class: it knows 1 class; name it in a"):
        next(ClassMap(plain, labels).rows("read"))


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.zeros((3, 4, 4), np.uint8), "has 3 bands of uint8; give a map of classes"),
        (np.zeros((1, 4, 4), np.float32), "has 1 band of float32; give a map of classes"),
        (np.arange(400, dtype=np.uint16).reshape(1, 20, 20), "has more than 255 values"),
        (
            np.full((1, 4, 4), -3, np.int16),
            "holds the value -3, which can be no class; if it means no data, say so: gdal_edit",
        ),
        (np.full((1, 4, 4), 9, np.uint8), "holds no data"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, pixels, problem):
    with pytest.raises(UserError) as told:
        ClassMap(write_scene(tmp_path / "map.tif", pixels, nodata=9 if pixels.dtype == np.uint8 else None))
    assert problem in str(told.value)


def test_classes_come_by_their_numbers_and_names_in_one_line(tmp_path):
    values = np.array([[1, 2, 10, 11]], np.uint8)
    path = write_map(tmp_path / "map.tif", values, {10: "ten  of ", 2: "two", 1: "one", 11: "eleven"})
    assert ClassMap(path).scheme.names == ("one", "two", "ten of", "eleven")
    twice = write_map(tmp_path / "twice.tif", values, {1: "one", 2: "one", 10: "a", 11: "b"})
    with pytest.raises(UserError, match=r"twice.tif, by its tags: class name one is given twice"):
        ClassMap(twice)
    empty = write_map(tmp_path / "empty.tif", np.full((4, 4), 255, np.uint8))
    with pytest.raises(UserError, match=r"empty.tif holds no data; give a map that does"):
        sample_map(empty, tmp_path / "points")


def test_a_map_that_lies_nowhere_is_measured_in_pixels(world, tmp_path):
    with rasterio.open(world[1]) as data:
        values = data.read(1)
    nowhere = write_map(tmp_path / "map.tif", values, crs=None)
    design = sample_map(nowhere, tmp_path / "points", points=90)
    assert (design.areas, design.transform) == (None, None)
    assert design.classes[0].area == design.classes[0].pixels
    fill(tmp_path / "points", world[0])
    found = assessed(tmp_path / "points", world[0])
    assert found["classes"]["water"]["true_hectares"] is None
    assert found["others"][0]["overall_accuracy"]["value"] == pytest.approx(1)


def test_a_finer_scene_in_another_projection_is_cut_around_each_point(world, tmp_path, capsys):
    with rasterio.open(world[1]) as data:
        west, south, east, north = rasterio.warp.transform_bounds(data.crs, "EPSG:4326", *data.bounds)
    # Red grows eastward and green southward, so that a cut-out's middle says where it lies; a strip is missing.
    east -= (east - west) / 10
    place = rasterio.transform.from_bounds(west, south, east, north, 500, 400)
    red, green = np.meshgrid(np.linspace(0, 250, 500), np.linspace(0, 250, 400))
    scene = write_scene(
        tmp_path / "fine.tif", np.stack([red, green, 0 * red]).astype(np.uint8), crs="EPSG:4326", transform=place
    )
    source, seen = ClassMap(world[1]), Scene(scene, MapSettings())
    columns, rows = np.array([10, 50, 79]), np.array([10, 40, 30])
    outlined = outlines(seen, source, columns, rows)
    cut = list(chips(seen, outlined))
    assert cut[2] is None
    for (pixels, outline), column, row in zip(cut[:2], columns, rows, strict=False):
        assert pixels[128, 128, 0] == pytest.approx(250 * (column + 0.5) / 72, abs=4)
        assert pixels[128, 128, 1] == pytest.approx(250 * (row + 0.5) / 60, abs=4)
        assert np.ptp(outline[:, 0]) == pytest.approx(500 / 72, abs=1)
        assert outline.mean(axis=0) == pytest.approx([128.5, 128.5], abs=0.51)
    assert (cut[0][0][0, 0] == 128).all()  # beyond the scene's border
    sample_map(world[1], tmp_path / "points", scene, points=60, least=5)
    assert "lie beyond" in capsys.readouterr().err
    away = write_scene(tmp_path / "away.tif", noise(60, 80), transform=UTM * UTM.translation(9000, 0))
    with pytest.raises(UserError, match=r"no point of .*map.tif lies on .*away.tif; give an image of the same ground"):
        sample_map(world[1], tmp_path / "others", away, points=60, least=5)
    plain = write_scene(tmp_path / "plain.tif", noise(60, 80), crs=None)  # of the same pixels
    assert outlines(Scene(plain, MapSettings()), source, columns, rows)[0, 0].tolist() == [10, 10]
    nowhere = write_scene(tmp_path / "nowhere.tif", noise(9, 9), crs=None)
    with pytest.raises(UserError, match=r"nothing says how .*nowhere.tif lies on .*map.tif"):
        sample_map(world[1], tmp_path / "others", nowhere, points=60, least=5)
    assert not (tmp_path / "others").exists()


def test_a_cut_out_holds_three_pixels_of_a_coarse_map(world, tmp_path):
    fine = write_scene(tmp_path / "fine.tif", noise(1500, 1200), transform=UTM * UTM.scale(1 / 150))
    (cut,) = chips(
        Scene(fine, MapSettings()), outlines(Scene(fine, MapSettings()), ClassMap(world[1]), *np.array([[4], [5]]))
    )
    assert cut is not None
    assert np.ptp(cut[1], axis=0) == pytest.approx([257 / 3, 257 / 3], abs=0.5)
    assert cut[1].mean(axis=0) == pytest.approx([128.5, 128.5], abs=0.6)


@pytest.fixture
def labelling(world, tmp_path, browser):
    """Thirty points of a map, and the page that asks about them; nothing may be said in its console."""
    scene = write_scene(tmp_path / "scene.tif", noise(60, 80))
    design = sample_map(world[1], tmp_path / "points", scene, points=30, least=5)
    page, trouble = browser.new_page(), []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((tmp_path / "points" / "label.html").as_uri())
    yield design, page
    assert trouble == []
    page.close()


def answer_two(page):
    page.keyboard.press("1")
    page.locator("#classes button").nth(2).click()
    page.keyboard.press("X")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("x")  # once more takes it back


def status_of(page):
    return page.locator("#status").inner_text()


@pytest.mark.browser
def test_the_page_takes_answers_keeps_them_and_does_not_say_what_the_map_says(labelling, tmp_path):
    design, page = labelling
    assert "mapped" not in (tmp_path / "points" / "label.html").read_text("utf-8")
    assert page.locator("#classes button").all_inner_texts()[2].startswith("<b>ice</b>")
    answer_two(page)
    page.reload()
    assert status_of(page) == "2 of 30 points have an answer."
    assert page.locator("#point").input_value() == "3"
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "points.csv"
    assert load_truth(saved, design)[:4] == [0, 2, None, None]
    assert saved.read_text("utf-8").splitlines()[2:] == [
        f"{line}{'<b>ice</b>' if k == 0 else ''}"
        for k, line in enumerate((tmp_path / "points" / "points.csv").read_text("utf-8").splitlines()[2:])
    ]


@pytest.mark.browser
def test_the_page_goes_on_with_a_table_starts_anew_and_says_where_nothing_is_kept(labelling, tmp_path):
    _, page = labelling
    answer_two(page)
    page.reload()
    other = tmp_path / "other.csv"
    other.write_text('truth;point;x\n"<b>ice</b>";5;1,5\n?;6;2,5\n2;7;3,5\n;;\n', "utf-8")
    page.set_input_files("#load", other)
    wait_for(lambda: status_of(page) == "5 of 30 points have an answer.")
    other.write_text("truth,point\nsand,5\n", "utf-8")
    page.set_input_files("#load", other)
    wait_for(lambda: status_of(page) == "Point 5: there is no class sand.")
    assert page.locator("#point").input_value() == "3"
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#anew")
    assert status_of(page) == "0 of 30 points have an answer."
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    page.keyboard.press("2")
    assert "This browser keeps nothing: save the table" in status_of(page)
