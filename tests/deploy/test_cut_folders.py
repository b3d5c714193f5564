"""Scenes and labels in folders, and a cut that goes on where it was killed."""

import json
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from cut_grounds import CRS
from map_scenes import UTM, noise, write_scene
from PIL import Image

from pixelproof.data import open_data, write_png
from pixelproof.deploy.cut import cut_scenes
from pixelproof.errors import UserError


def grid(step, *values):
    """A raster of classes in squares."""
    rows, columns = np.arange(90)[:, None] // step, np.arange(130) // step
    return np.array(values, np.uint8)[(rows + columns) % len(values)][None]


def test_folders_are_paired_by_name_and_what_is_alone_is_named(tmp_path, pixelproof):
    scenes, masks = tmp_path / "scenes", tmp_path / "masks"
    for folder in (scenes, masks):
        folder.mkdir()
    for name in ("a", "b_RGB", "c", "without"):
        write_scene(scenes / f"{name}.tif", noise(90, 130))
    (scenes / "notes.txt").write_text("none")
    write_scene(masks / "a.tif", grid(30, 1, 2))
    write_scene(masks / "b_label.tif", grid(30, 1, 5))
    write_png(masks / "c_mask.png", grid(30, 2, 5)[0])
    (masks / "c_mask.pgw").write_text(
        "".join(f"{v}\n" for v in (UTM.a, 0, 0, UTM.e, UTM.c + UTM.a / 2, UTM.f + UTM.e / 2))
    )
    write_scene(masks / "alone_mask.tif", grid(30, 1, 2))
    (masks / "c_mask.png.aux.xml").write_text(f"<PAMDataset><SRS>{CRS}</SRS></PAMDataset>")
    code, out, err = pixelproof("cut", scenes, "--labels", masks, "--out", tmp_path / "out", "--side", 45, "--json")
    assert code == 0, err
    said = "left out 1 scene without labels (without.tif) and 1 raster of classes without a scene (alone_mask.tif)"
    assert f"warning: {said}" in " ".join(err.split())
    assert set(json.loads(out)["classes"]) == {"1", "2", "5"}
    assert open_data(tmp_path / "out").scheme.ids == (1, 2, 5)
    for stem, values in (("a", (1, 2)), ("b_RGB", (1, 5)), ("c", (2, 5))):
        assert {path.stem.split("_b0")[0] for path in (tmp_path / "out" / "images").iterdir()} == {"a", "b_RGB", "c"}
        cut_scenes(scenes / f"{stem}.tif", masks, tmp_path / stem, side=45)
        for mask in (tmp_path / "out" / "masks").glob(f"{stem}_b*"):
            assert set(np.unique(np.array(Image.open(mask)))) <= set(values)
            [same] = (tmp_path / stem / "masks").glob(f"{stem}_b*{mask.stem[-10:]}.png")
            assert (np.array(Image.open(same)) == np.array(Image.open(mask))).all()


def test_masks_beside_scenes_and_slides_in_folders(tmp_path):
    for name, values in (("a", (0, 1)), ("b", (1, 2))):
        write_png(tmp_path / "slides" / f"{name}_sat.png", noise(90, 130).transpose(1, 2, 0))
        write_png(tmp_path / "slides" / f"{name}_mask.png", grid(9, *values)[0])
    found = cut_scenes(tmp_path / "slides", tmp_path / "slides", tmp_path / "out", side=64)
    assert found["tiles"] == 2 * 2
    assert open_data(tmp_path / "out").scheme.ids == (0, 1, 2)


def test_polygons_may_be_of_all_scenes_of_a_folder(scene, labels, tmp_path):
    (tmp_path / "scenes").mkdir()
    write_scene(tmp_path / "scenes" / "other.tif", noise(50, 60), transform=UTM * UTM.translation(60, 40))
    scene.rename(tmp_path / "scenes" / "scene.tif")
    labels = labels.rename(tmp_path / "scenes" / "labels.gpkg")
    cut_scenes(tmp_path / "scenes", labels, tmp_path / "out", side=64)
    assert {path.stem.rsplit("_b", 1)[0] for path in (tmp_path / "out" / "images").iterdir()} == {"scene", "other"}


def test_folders_that_do_not_fit_are_one_sentence(tmp_path):
    def refused(problem, scenes, by, **options):
        with pytest.raises(UserError) as told:
            cut_scenes(scenes, by, tmp_path / "out", **options)
        assert problem in str(told.value)
        assert not (tmp_path / "out").exists()

    scenes, masks, empty = (tmp_path / name for name in ("scenes", "masks", "empty"))
    for folder in (scenes, masks, empty):
        folder.mkdir()
    for name in "ab":
        write_scene(scenes / f"{name}.tif", noise(90, 130))
    refused("empty holds no scenes; give a folder with GeoTIFF, PNG", empty, masks)
    refused("masks holds no raster of classes that is called as a scene is; call each raster as", scenes, masks)
    refused("masks holds no polygons, which --rest is for", scenes, masks, rest="other")
    write_scene(masks / "a.tif", grid(9, 3))
    refused("masks has 1 class, and two are needed; name others in --classes", scenes, masks)
    write_scene(masks / "a_gt.tif", grid(9, 3, 4))
    refused("a.tif and ", scenes, masks)
    (masks / "a.tif").unlink()
    with rasterio.open(write_scene(masks / "b.tif", grid(9, 3, 4)), "r+") as data:
        data.update_tags(CLASS_3="lake", CLASS_4="land")
    refused("a_gt.tif calls the value 3 '3', and ", scenes, masks)
    (tmp_path / "labels.yaml").write_text("task: segmentation\nclasses: [{name: lake, id: 3}, {name: land, id: 4}]\n")
    assert set(cut_scenes(scenes, masks, tmp_path / "out", classes=tmp_path / "labels.yaml")["classes"]) == {
        "lake",
        "land",
    }


KILLED = """
import os, sys
from pathlib import Path
from pixelproof.deploy import cut, cutting, sheet
cutting.BLOCKS = 4
where, name, number, *files = sys.argv[1:]
owner, calls = {"OpenSheet": sheet.OpenSheet, "Path": Path}[where], []
whole = getattr(owner, name)
def dying(self, *given):
    calls.append(given)
    if len(calls) == int(number):
        os._exit(9)
    return whole(self, *given)
setattr(owner, name, dying)
cut.cut_scenes(files[:-2], files[-2], files[-1], side=32)
"""


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def two(scene, tmp_path):
    return [scene, write_scene(tmp_path / "other.tif", noise(90, 70))]


# Amid the first scene's second row, amid the second scene, and while tiles are named by their blocks.
@pytest.mark.parametrize("at", [("OpenSheet", "tile", 6), ("OpenSheet", "tile", 14), ("Path", "rename", 9)])
def test_a_cut_that_was_killed_goes_on_to_the_same_files(two, labels, tmp_path, capfd, at, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.cutting.BLOCKS", 4)
    found = cut_scenes(two, labels, tmp_path / "whole", side=32)
    command = [sys.executable, "-c", KILLED, *map(str, [*at, *two, labels, tmp_path / "out"])]
    assert subprocess.run(command, check=False).returncode == 9
    assert not (tmp_path / "out").exists()
    begun = tmp_path / ".out.part"
    assert cut_scenes(two, labels, tmp_path / "out", side=32) == found
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert "going on: " in capfd.readouterr().err
    assert not begun.exists()


def test_what_was_cut_otherwise_is_not_gone_on_with(two, labels, tmp_path, capfd, monkeypatch):
    def stop(self, window):
        raise KeyboardInterrupt

    def interrupted():
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("pixelproof.deploy.sheet.OpenSheet.tile", stop)
            cut_scenes(two, labels, tmp_path / "out", side=32)

    interrupted()
    with pytest.raises(
        UserError, match=r"\.out\.part holds an unfinished cut with another --side; give .*, or delete it to"
    ):
        cut_scenes(two, labels, tmp_path / "out", side=45)
    with pytest.raises(UserError, match=r"an unfinished cut with another list of scenes"):
        cut_scenes(two[:1], labels, tmp_path / "out", side=32)
    write_scene(two[1], noise(90, 60))
    found = cut_scenes(two, labels, tmp_path / "out", side=32)
    assert "the data has changed since an unfinished cut was begun; starting anew" in capfd.readouterr().err
    assert found == cut_scenes(two, labels, tmp_path / "other", side=32)
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


def test_a_finished_cut_that_was_removed_is_made_again(two, labels, tmp_path, monkeypatch):
    """Though a process was killed before it had removed its notes."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pixelproof.deploy.journal.Journal.remove", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        cut_scenes(two, labels, tmp_path / "out", side=32)
    (tmp_path / "out").rename(tmp_path / "whole")
    cut_scenes(two, labels, tmp_path / "out", side=32)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
