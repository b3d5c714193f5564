"""Killed and started again, a map goes on where it was."""

import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from map_scenes import make_run, noise, write_mosaic, write_scene

import pixelproof.deploy.map
from pixelproof import api
from pixelproof.deploy.geo import open_raster
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import MapSettings
from pixelproof.deploy.sources import source_files
from pixelproof.errors import UserError
from waiting import started, wait_for


def journal_of(out):
    return out.with_name(f".{out.name}.part") / "finished.txt"


def test_a_killed_map_continues_to_the_same_file(slim_run, tmp_path, capsys):
    scene = write_scene(tmp_path / "scene.tif", noise(256, 192))
    words = {"tile": 32, "device": "cpu"}
    api.map(slim_run.path, scene, tmp_path / "a.tif", probabilities=tmp_path / "a-p.tif", **words)
    command = ["map", slim_run.path, scene, "--out", tmp_path / "b.tif", "--probabilities", tmp_path / "b-p.tif"]
    command = [*command, "--tile", 32, "--device", "cpu"]
    code = "from pixelproof.cli.main import run; run()"
    journal = journal_of(tmp_path / "b.tif")
    with started([sys.executable, "-c", code, *command], stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: journal.is_file() and journal.read_text().count("\n") >= 10, process)
    assert not (tmp_path / "b.tif").exists()
    assert not (tmp_path / "b-p.tif").exists()
    with journal.open("a") as file:
        file.write("39")  # a kill can cut a line short
    facts = api.map(slim_run.path, scene, tmp_path / "b.tif", probabilities=tmp_path / "b-p.tif", **words)
    tiling = facts["tiling"]
    assert tiling["continued"] >= 10
    assert tiling["computed"] + tiling["continued"] == tiling["tiles"] == 48
    assert "going on" in capsys.readouterr().err
    for end in (".tif", "-p.tif", ".tif.aux.xml"):
        assert (tmp_path / f"b{end}").read_bytes() == (tmp_path / f"a{end}").read_bytes()
    assert not journal.parent.exists()


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_map_killed_while_its_files_get_their_names_is_finished(slim_run, tmp_path, monkeypatch, at):
    scene = write_scene(tmp_path / "scene.tif", noise(64, 64))
    files = {"probabilities": tmp_path / "p.tif", "polygons": tmp_path / "p.gpkg"}
    final = {tmp_path / "map.tif", tmp_path / "map.tif.aux.xml", *files.values()}
    replace, moved = Path.replace, []

    def dying(self, target):
        if Path(target) in final:
            moved.append(target)
            if len(moved) > at:
                raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", dying)
        api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu", **files)
    assert sum(path.exists() for path in final) == at
    api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu", **files)
    assert all(path.exists() for path in final)
    with pytest.raises(UserError, match="already exists"):
        api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu", **files)


def test_a_raster_with_a_colon_in_its_name_is_watched(slim_run, tmp_path):
    scene = write_scene(tmp_path / "2024-05-01T10:30.tif", noise(32, 32))
    with open_raster(scene) as opened:
        assert source_files(opened) == [scene]


@pytest.fixture
def interrupted(slim_run, tmp_path, monkeypatch):
    """A map whose second tile failed: the run, the scene and the map's name."""
    scene = write_scene(tmp_path / "scene.tif", noise(90, 64))
    from pixelproof.prediction import Predictor

    calls, call = [], Predictor.logits

    def failing(self, images):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return call(self, images)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Predictor, "logits", failing)
        api.map(slim_run.path, scene, tmp_path / "map.tif", tile=32, device="cpu")
    assert journal_of(tmp_path / "map.tif").read_text() == "0\n"
    return slim_run, scene, tmp_path / "map.tif"


def test_only_the_same_map_is_continued(interrupted, tmp_path):
    run, scene, out = interrupted
    with pytest.raises(UserError, match="unfinished map with another --tile"):
        api.map(run.path, scene, out, tile=64, device="cpu")
    other = make_run(tmp_path / "other", name="fcn32s")
    with pytest.raises(UserError, match="unfinished map with another network"):
        api.map(other.path, scene, out, tile=32, device="cpu")
    facts = api.map(run.path, scene, out, tile=32, device="cpu")
    assert (facts["tiling"]["continued"], facts["tiling"]["computed"]) == (1, 5)


def test_a_raster_that_changed_is_mapped_anew(interrupted, capsys):
    run, scene, out = interrupted
    other = write_scene(scene.with_name("other.tif"), noise(90, 64))
    with pytest.raises(UserError, match="unfinished map with another scene"):
        api.map(run.path, other, out, tile=32, device="cpu")
    write_scene(scene, noise(90, 64, seed=2))
    facts = api.map(run.path, scene, out, tile=32, device="cpu")
    assert "the raster has changed" in capsys.readouterr().err
    assert facts["tiling"]["computed"] == 6


def test_every_part_of_a_mosaic_is_watched(slim_run, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        write_scene(tmp_path / name / "tile.tif", noise(30, 40))
    write_mosaic(tmp_path / "inner.vrt", ["a/tile.tif", "b/tile.tif"])
    mosaic = Scene(write_mosaic(tmp_path / "outer.vrt", ["inner.vrt"]), MapSettings())
    assert set(before := mosaic.fingerprint()) == {"outer.vrt", "inner.vrt", "a/tile.tif", "b/tile.tif"}
    write_scene(tmp_path / "a" / "tile.tif", noise(30, 40, seed=2))
    after = mosaic.fingerprint()
    assert [name for name in before if after[name] != before[name]] == ["a/tile.tif"]


def test_overwriting_starts_another_map_anew(interrupted):
    run, scene, out = interrupted
    assert api.map(run.path, scene, out, tile=64, device="cpu", overwrite=True)["tiling"]["computed"] == 2


def test_pixels_that_went_missing_are_computed_again(interrupted):
    run, scene, out = interrupted
    (journal_of(out).parent / "map.raw").unlink()
    assert api.map(run.path, scene, out, tile=32, device="cpu")["tiling"]["computed"] == 6


def test_two_processes_do_not_write_one_map(interrupted):
    run, scene, out = interrupted
    holder = (
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); print(flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, journal_of(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        with pytest.raises(UserError, match="another process is writing"):
            api.map(run.path, scene, out, tile=32, device="cpu")
        process.stdin.close()


@contextmanager
def small_disk(largest):
    """Limit the size of files, which stands for a disk that fills: writes fail in the same places."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_too_small_is_found_before_anything_is_computed(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(300, 400))
    with small_disk(20_000), pytest.raises(UserError):
        api.map(slim_run.path, scene, tmp_path / "out" / "map.tif", device="cpu")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("step", ["write_cog", "write_polygons"])
def test_a_disk_that_fills_at_the_end_costs_nothing_that_was_done(slim_run, tmp_path, monkeypatch, step):
    scene = write_scene(tmp_path / "scene.tif", noise(300, 400))
    whole = getattr(pixelproof.deploy.map, step)

    def cramped(*arguments):
        with small_disk(2_000):
            return whole(*arguments)

    words = {"tile": 64, "polygons": tmp_path / "out" / "p.gpkg", "probabilities": tmp_path / "out" / "c.tif"}
    words["device"] = "cpu"
    with monkeypatch.context() as patch, pytest.raises(UserError, match="run the same command again"):
        patch.setattr(pixelproof.deploy.map, step, cramped)
        api.map(slim_run.path, scene, tmp_path / "out" / "map.tif", **words)
    assert not list((tmp_path / "out").glob("[!.]*"))
    with subprocess.Popen(["true"]) as killed:
        pass
    (tmp_path / "out" / f".p.{killed.pid}.part.gpkg").touch()  # as a kill would have left it
    facts = api.map(slim_run.path, scene, tmp_path / "out" / "map.tif", **words)
    assert facts["tiling"]["computed"] == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"map.tif", "map.tif.aux.xml", "p.gpkg", "c.tif"}
