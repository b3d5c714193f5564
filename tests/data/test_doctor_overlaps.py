"""Images of different splits, or of a train that is divided, that show the same ground."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from zlib import crc32

import numpy as np
import pytest
from data_builders import index_mask, picture, save

from pixelproof.config import DataConfig
from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.data.doctor.places import Footprint
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.data.splits import divide

rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
shapely = pytest.importorskip("shapely", reason="the extra geo is not installed")
from rasterio.crs import CRS  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402

from pixelproof.data.doctor.ground import LEAST, MOST, overlaps  # noqa: E402

UTM = CRS.from_epsg(32633)
SIDE = 32  # pixels a side, of 10 m
LABELS = "task: segmentation\nclasses: [{name: a, id: 0}, {name: b, id: 1}, {name: c, id: 2}]\n"


def tile(path, x, y, *, crs=UTM, turn=0.0, pixel=10.0, count=3):
    """Write a tile, unlike all others, whose upper left corner lies at x and y in pixels; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.tile(picture(crc32(f"{path.parts[-3]}/{path.name}".encode())), (1, 1, 2))[..., :count]
    transform = from_origin(500_000 + 10 * x, 5_600_000 - 10 * y, pixel, pixel) @ rasterio.Affine.rotation(turn)
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": count, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform) as data:
        data.write(values.transpose(2, 0, 1))
    return path


def data_set(root, placed, **options):
    """Write tiles with masks: ``placed`` holds their corners in pixels by split and name; returns the folder."""
    for name, (x, y) in placed.items():
        split, _, name = name.rpartition("/")
        tile(root / split / "images" / f"{name}.tif", x, y, **options)
        save(index_mask(len(name), (SIDE, SIDE)), root / split / "masks" / f"{name}.png")
    (root / "labels.yaml").write_text(LABELS)
    return root


def windows(root, scenes=5, **options):
    """Write 3 x 3 half-overlapping windows of scenes that lie apart."""
    places = {(s, row, column) for s in range(scenes) for row in range(3) for column in range(3)}
    return data_set(root, {f"s{s}_{row}_{col}": (500 * s + 16 * col, 16 * row) for s, row, col in places}, **options)


def found(root, reader=RGB):
    """Return the findings about the ground, by check."""
    return {f.check: f for f in examine(root, reader).findings if "overlap" in f.check or f.check == "same-place"}


def square(x, y, width=1.0, height=1.0, crs="", grain=1 / 256):
    return Footprint(crs, (x, y + height, x + width, y + height, x + width, y, x, y), grain)


def turned(rng):
    """Return a random parallelogram of about a unit's size in a square of 6."""
    (x, y), angle = rng.uniform(0, 6, 2), rng.uniform(0, math.pi) * (rng.random() < 0.7)
    across = rng.uniform(0.3, 1.5) * np.array([math.cos(angle), math.sin(angle)])
    down = rng.uniform(0.3, 1.5) * np.array([-math.sin(angle), math.cos(angle)])
    corners = np.add([x, y], [0 * across, across, across + down, down])
    return Footprint("", tuple(corners.ravel().tolist()), 1 / 256)


@pytest.mark.parametrize("among", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_search_finds_what_comparing_all_pairs_finds(seed, among):
    rng = np.random.default_rng(seed)
    some, others = [turned(rng) for _ in range(40)], [turned(rng) for _ in range(50)]
    result = overlaps(some, None if among else others)
    found = {(one, other): share for (one, other), share in zip(result.pairs.tolist(), result.shares, strict=True)}
    mine, theirs = ([shapely.Polygon(np.reshape(f.corners, (4, 2))) for f in each] for each in (some, others))
    theirs = mine if among else theirs
    for i, a in enumerate(mine):
        shares = {j: a.intersection(b).area / min(a.area, b.area) for j, b in enumerate(theirs) if not among or i != j}
        expected = {(i, j): share for j, share in shares.items() if share > LEAST}
        assert len(expected) < MOST
        assert {pair: pytest.approx(share) for pair, share in expected.items()} == {
            p: s for p, s in found.items() if p[0] == i
        }
        part = shapely.union_all([theirs[j] for _, j in expected]).intersection(a).area / a.area
        assert result.covered[i] == pytest.approx(part)


def test_of_many_that_overlap_those_that_share_most_are_kept():
    row = [square(0.01 * i, 0) for i in range(100)]
    result = overlaps(row[:1], row[1:])
    assert result.pairs.tolist() == [[0, j] for j in range(MOST)]
    np.testing.assert_allclose(result.shares, 0.99 - 0.01 * np.arange(MOST))
    assert result.covered[0] == pytest.approx(0.99)


def test_edges_that_touch_and_half_pixels_are_no_overlap():
    assert len(overlaps([square(0, 0)], [square(1, 0), square(0, 1), square(-1, -1)]).pairs) == 0
    for pixels in (16, 64, 512):
        beside = overlaps([square(0, 0, grain=1 / pixels)], [square(1 - 1 / pixels, 0, grain=1 / pixels)])
        overlap = overlaps([square(0, 0, grain=1 / pixels)], [square(1 - max(2 / pixels, 0.02), 0, grain=1 / pixels)])
        assert (len(beside.pairs), len(overlap.pairs)) == (0, 1)


def in_crs(footprint, source, target):
    x, y = rasterio.warp.transform(source, target, footprint.corners[::2], footprint.corners[1::2])
    return Footprint(target.to_wkt(), tuple(np.stack([x, y], axis=1).ravel().tolist()), footprint.grain)


@pytest.mark.parametrize(
    ("zones", "x", "y"),
    [
        ((32633, 32634), 788_000.0, 5_600_000.0),
        ((32660, 32601), 700_000.0, 1_000_000.0),  # on both sides of the date line
        ((32633, 4326), 400_000.0, 8_800_000.0),
        ((32633, 3857), 400_000.0, 5_600_000.0),
    ],
)
def test_footprints_in_different_crs_share_what_they_share_in_one(zones, x, y):
    own, other = map(CRS.from_epsg, zones)
    if zones == (32660, 32601):
        (x,), _ = rasterio.warp.transform("EPSG:4326", own, [179.99], [9.0])
    here = square(x, y, 2560, 2560, own.to_wkt())
    there = [
        in_crs(square(x + dx, y + dy, 2560, 2560), own, other) for dx, dy in ((1280, 0), (2560, 0), (0, 640), (9e4, 0))
    ]
    result = overlaps([here], there)
    assert result.pairs.tolist() == [[0, 0], [0, 2]] or result.pairs.tolist() == [[0, 2], [0, 0]]
    shares = dict(zip(result.pairs[:, 1].tolist(), result.shares, strict=True))
    assert shares == {0: pytest.approx(0.5, abs=0.003), 2: pytest.approx(0.75, abs=0.003)}
    assert result.covered[0] == pytest.approx(1 - 0.5 * 0.25, abs=0.003)


def test_degrees_on_both_sides_of_the_date_line():
    degrees = CRS.from_epsg(4326).to_wkt()
    west, across, east = (square(x, -16, 0.1, 0.1, degrees) for x in (179.9, 179.95, -180.0))
    assert sorted(overlaps([across], [west, east, square(0, -16, 0.1, 0.1, degrees)]).pairs[:, 1].tolist()) == [0, 1]
    zone = in_crs(square(179.98, -16, 0.1, 0.1), CRS.from_epsg(4326), CRS.from_epsg(32701))
    assert overlaps([zone], [square(x, -16, 0.1, 0.1, degrees) for x in (0.0, 90.0, -90.0)]).covered[0] == 0


def test_what_has_no_place_on_earth_is_compared_with_its_like_alone():
    moon = CRS.from_proj4("+proj=longlat +R=1737400 +no_defs").to_wkt()
    local = 'LOCAL_CS["a field",UNIT["metre",1]]'
    here = square(400_000, 5_600_000, 320, 320, UTM.to_wkt())
    others = [square(400_000, 5_600_000, 320, 320, crs) for crs in ("", local)] + [square(15, 50, 1, 1, moon)]
    assert len(overlaps([here], others).pairs) == 0
    assert overlaps(others, others).pairs.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_a_pole_in_a_footprint_overlaps_nothing_by_mistake():
    polar = square(-1e5, -1e5, 2e5, 2e5, CRS.from_epsg(3413).to_wkt())
    zones = [in_crs(square(500_000, 9_000_000, 1e4, 1e4), CRS.from_epsg(e), CRS.from_epsg(e)) for e in (32601, 32631)]
    assert len(overlaps([polar], zones).pairs) == 0
    assert overlaps([polar], [polar]).shares.tolist() == [1]


def test_tiles_of_train_and_validation_that_overlap(tmp_path):
    root = data_set(
        tmp_path, {"train/a": (0, 0), "train/b": (500, 0), "validation/c": (24, 0), "validation/d": (0, 32)}
    )
    (finding,) = found(root).values()
    assert (finding.check, finding.severity, finding.count) == ("overlap-across-splits", "error", 2)
    assert finding.files == ("validation/images/c.tif", "train/images/a.tif")
    assert "1 of 2 images of validation show ground of train, 12.5% of all that validation shows" in finding.message
    assert "validation/images/c.tif ~ train/images/a.tif 25%" in finding.message
    assert "split by place" in finding.fix


@pytest.mark.parametrize("crs", [UTM, None, CRS.from_epsg(3857)])
def test_tiles_that_touch_are_no_finding_and_windows_that_overlap_are(crs, tmp_path):
    for stride, checks in ((SIDE, []), (SIDE // 2, ["overlap-across-splits"])):
        board = {(row, column): ("train", "validation")[(row + column) % 2] for row in range(3) for column in range(3)}
        places = {f"{split}/{row}{column}": (stride * column, stride * row) for (row, column), split in board.items()}
        assert list(found(data_set(tmp_path / str(stride), places, crs=crs))) == checks


def test_an_origin_without_a_crs_is_no_place(tmp_path):
    for crs, checks in ((None, []), (UTM, ["overlap-across-splits"])):
        places = {"train/a": (-50_000, 560_000), "validation/b": (-50_000, 560_000)}
        assert list(found(data_set(tmp_path / str(crs), places, crs=crs))) == checks


def test_a_strip_at_the_border_is_a_warning(tmp_path):
    places = {f"validation/v{i}": (500 * i, 500) for i in range(9)} | {"train/a": (0, 0), "train/b": (24, 500)}
    finding = found(data_set(tmp_path, places))["overlap-across-splits"]
    assert (finding.severity, finding.count) == ("warning", 2)


def test_the_same_place_at_another_date(tmp_path):
    places = {
        f"{split}/p{i}-{year}": (500 * i, 0) for i in range(6) for split, year in (("train", 2019), ("test", 2020))
    }
    finding = found(data_set(tmp_path, places | {"validation/q-2019": (0, 900)}))["overlap-across-splits"]
    assert (finding.severity, finding.count) == ("error", 12)
    assert "6 of 6 images of test show ground of train, 100.0% of all that test shows" in finding.message
    assert "--set groups='([^/]+)[_-][^/_-]+$', which keeps all of these together in 7 scenes" in finding.fix


def test_windows_of_a_train_that_is_divided(tmp_path):
    finding = found(windows(tmp_path))["overlap-in-train"]
    assert (finding.severity, finding.count) == ("warning", 45)
    assert "45 of 45 images of train overlap others on the ground" in finding.message
    assert "--set groups='([^/]+)[_-][^/_-]+[_-][^/_-]+$', which keeps all of these together in 5 scenes" in finding.fix


def test_windows_of_one_scene_are_kept_together_by_no_name(tmp_path):
    assert "no part of the names keeps them together" in found(windows(tmp_path, scenes=1))["overlap-in-train"].fix


def test_the_setting_that_is_proposed_keeps_all_overlaps_in_one_part(tmp_path):
    root = windows(tmp_path)
    fix = found(root)["overlap-in-train"].fix
    config = DataConfig(groups=fix.split("groups='")[1].split("'")[0])
    assert len({sample.id.split("_")[0] for sample in divide(open_data(root), config)["validation"]}) == 1
    parts = [{s.id.split("_")[0] for s in samples} for samples in divide(open_data(root), config).values()]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 5


def test_a_scene_beside_its_tiles(tmp_path):
    root = data_set(tmp_path, {f"t{i:02}": (32 * (i % 5), 32 * (i // 5)) for i in range(20)})
    data_set(root, {"all": (0, 0)}, pixel=50.0)
    finding = found(root)["overlap-in-train"]
    assert finding.count == 21
    assert "21 of 21 images" in finding.message


def test_classes_that_lie_in_scenes_of_their_own_get_no_setting(tmp_path):
    for c in range(12):
        tile(tmp_path / "train" / "ab"[c // 6] / f"s{c // 2}_{c % 2}.tif", 100 * (c // 2) + 16 * (c % 2), 0)
    assert "--set groups='([^/]+)[_-][^/_-]+$'" in found(tmp_path)["overlap-in-train"].fix
    for c in range(12):
        (tmp_path / "train" / "ab"[c // 6] / f"s{c // 2}_{c % 2}.tif").rename(
            tmp_path / "train" / "ab"[c // 6] / f"{c}.tif"
        )
    assert "no part of the names" in found(tmp_path)["overlap-in-train"].fix


def test_tiles_turned_against_each_other(tmp_path):
    for name, turn in (("a", 45.0), ("b", 0.0)):
        tile(tmp_path / "train" / "images" / f"{name}.tif", 0, 0, turn=turn)
    tile(tmp_path / "validation" / "images" / "c.tif", -30, 0, turn=0)
    for path in tmp_path.rglob("images/*.tif"):
        save(index_mask(1), path.parents[1] / "masks" / f"{path.stem}.png")
    (tmp_path / "labels.yaml").write_text(LABELS)
    finding = found(tmp_path)["overlap-across-splits"]
    assert finding.files == ("validation/images/c.tif", "train/images/a.tif", "train/images/b.tif")


def test_images_without_a_place_are_left_out_and_counted(tmp_path):
    root = windows(tmp_path)
    for i in range(3):
        save(picture(i), root / "images" / f"x{i}.png")
        save(index_mask(i), root / "masks" / f"x{i}.png")
    finding = found(root)["overlap-in-train"]
    assert "45 of 45 images" in finding.message
    assert "; 3 images without a place left out)" in finding.message


@pytest.mark.parametrize(("suffix", "world"), [("png", "pgw"), ("jpg", "wld"), ("tif", "tfw"), ("JPG", "JGW")])
def test_world_files(suffix, world, tmp_path):
    root = data_set(tmp_path, {"train/a": (0, 0), "validation/b": (16, 0)})
    for path, x in ((root / "train/images/a.tif", 0), (root / "validation/images/b.tif", 160)):
        path.unlink()
        save(picture(x), path.with_suffix(f".{suffix}"))
    assert found(root) == {}
    for path, x in ((root / "train/images/a.tif", 0), (root / "validation/images/b.tif", 160)):
        path.with_suffix(f".{world}").write_text(f"10\n0\n0\n-10\n{x + 5}\n1000\n")
    assert " 50%" in found(root)["overlap-across-splits"].message


def test_images_read_by_their_bands(tmp_path):
    root = windows(tmp_path, count=5)
    assert found(root) == {}  # Pillow reads no five bands
    assert found(root, ImageReader((1, 5))).keys() == {"overlap-in-train"}


def test_the_place_of_a_scene_copied_to_its_tiles(tmp_path):
    places = {f"{('train', 'validation')[i % 2]}/t{i}": (0, 0) for i in range(12)} | {"train/far": (900, 0)}
    (finding,) = found(data_set(tmp_path, places)).values()
    assert (finding.check, finding.severity, finding.count) == ("same-place", "warning", 12)
    assert "cut from one scene" in finding.message


@pytest.mark.parametrize("absent", ["rasterio", "shapely"])
def test_without_the_extra_a_note_says_what_is_needed(absent, tmp_path):
    windows(tmp_path)
    code = (
        f"import sys; sys.modules['{absent}'] = None; sys.argv = ['pixelproof', 'doctor', {str(tmp_path)!r}, '--json'];"
    )
    command = [sys.executable, "-c", f"{code} from pixelproof.__main__ import run; run()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    checks = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    note = checks["overlap-unknown"]
    assert (done.returncode, note["severity"], note["count"]) == (0, "note", 45)
    assert f"need {absent}, which is not installed" in note["message"]
    assert "'.[geo]'" in note["fix"]
    assert "overlap-in-train" not in checks


def test_windows_of_a_turned_scene_cover_each_other_as_upright_ones_do():
    """Their edges meet but for rounding, which is hard for computational geometry."""
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    corners = [
        np.array([[x, y], [x + 2560, y], [x + 2560, y + 2560], [x, y + 2560]])
        for x in range(0, 25600, 1280)
        for y in range(0, 25600, 1280)
    ]
    upright, aslant = (
        overlaps([Footprint("", tuple((c @ way).ravel().tolist()), 1 / 256) for c in corners])
        for way in (np.eye(2), turn)
    )
    np.testing.assert_allclose(aslant.covered, upright.covered, rtol=1e-6)
    assert len(aslant.pairs) == len(upright.pairs)
