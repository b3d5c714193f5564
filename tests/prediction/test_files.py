"""Which files are predicted, under which names, and that all of it is written or nothing."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from pixelproof.config import ModelConfig
from pixelproof.data import write_png
from pixelproof.errors import UserError
from pixelproof.evaluation.per_group import scores_per_group
from pixelproof.evaluation.score import score
from pixelproof.labels import PRESETS, LabelClass, LabelScheme
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.files import predict_files
from pixelproof.prediction.gathering import gather
from pixelproof.runs.locks import alone_in
from pixelproof.verbs.predict import as_slice, predict_run
from small_runs import COLORS, untrained_run


def fill(root, *names):
    for name in names:
        write_png(root / name, np.random.default_rng(len(name)).integers(0, 256, (40, 40, 3)).astype(np.uint8))
    return root


def test_images_of_folders_keep_their_place(tmp_path):
    root = fill(tmp_path / "in", "a.png", "cat/1.png", "dog/1.png", "dog/old/2.png", "dog/.hidden.png", ".cache/3.png")
    (root / "dog" / "notes.txt").write_text("x")
    names = ["a.png", "cat/1.png", "dog/1.png", "dog/old/2.png"]
    assert list(gather([root], "classification")) == names
    assert list(gather([root], "segmentation")) == [name.removesuffix(".png") for name in names]
    assert gather([root / "dog" / "1.png", root / "dog" / "1.png"], "classification") == {"1.png": root / "dog/1.png"}


@pytest.mark.parametrize(
    "masks", ["scene/masks/{}.png", "train_labels/{}_L.png", "pairs/{}_mask.png", "Tile 1/masks/{}.png"]
)
def test_masks_beside_their_images_are_not_predicted(masks, tmp_path, capsys):
    images = {"scene": "scene/images", "train": "train", "pairs": "pairs", "Tile": "Tile 1/images"}
    place = next(folder for start, folder in images.items() if masks.startswith(start))
    suffix = "_sat" if place == "pairs" else ""
    root = fill(tmp_path, *(f"{place}/{n}{suffix}.png" for n in "ab"), *(masks.format(n) for n in "ab"))
    assert list(gather([root], "segmentation")) == [f"{place}/{n}{suffix}" for n in "ab"]
    assert capsys.readouterr().err == f"note: 2 files in {root} left out as the masks of images\n"


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_images_of_kinds_that_are_not_read_are_counted(task, tmp_path, capsys):
    root = fill(tmp_path, "a.png", "sub/b.png")
    for name in ("c.heic", "sub/d.heic", "sub/notes.txt"):
        (root / name).write_bytes(b"x")
    assert len(gather([root], task)) == 2
    assert capsys.readouterr().err == f"note: 2 files of kinds that are not read (.heic) in {root} left out\n"


@pytest.mark.parametrize(
    "names",
    [
        ["cam_l", "cam_r"],
        ["roof_1", "roof_2", "roof_label"],
        ["images/a", "unlabelled/b"],
        ["annotated/b", "images/a"],
        ["images/a", "target/b"],
    ],
)
def test_images_that_are_called_nearly_like_masks_are_predicted(names, tmp_path, capsys):
    assert list(gather([fill(tmp_path, *(f"{name}.png" for name in names))], "segmentation")) == names
    assert capsys.readouterr().err == ""


def test_names_that_would_be_written_over(tmp_path):
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "1.jpg").write_bytes((tmp_path / "a" / "1.png").read_bytes())
    with pytest.raises(UserError, match=r"1\.jpg and .*1\.png would both be predicted as '1'; predict them one by one"):
        gather([tmp_path / "a"], "segmentation")
    assert list(gather([tmp_path / "a"], "classification")) == ["1.jpg", "1.png"]
    with pytest.raises(UserError, match=r"would both be predicted as '1\.png'"):
        gather([tmp_path / "a", tmp_path / "b"], "classification")


def test_a_name_that_no_table_can_hold(tmp_path):
    path = tmp_path / os.fsdecode(b"bad\xff.png")
    path.write_bytes(b"x")
    assert len(gather([tmp_path], "segmentation")) == 1
    with pytest.raises(UserError, match="is not UTF-8"):
        gather([tmp_path], "classification")


def test_names_of_which_no_picture_can_be_called_are_refused_before_anything_is_predicted(tmp_path):
    image = np.zeros((4, 4, 3), np.uint8)
    write_png(tmp_path / "long" / f"{'z' * 210}.png", image)
    with pytest.raises(UserError, match=r"z+\.png is longer than 200 bytes; give a shorter one"):
        gather([tmp_path / "long"], "segmentation")
    assert len(gather([tmp_path / "long"], "classification")) == 1
    write_png(tmp_path / "both" / "a.png", image)
    write_png(tmp_path / "both" / "a.png.d" / "b.png", image)
    assert len(gather([tmp_path / "both"], "segmentation")) == 2
    (tmp_path / "both" / "a.png").rename(tmp_path / "both" / "a.jpg")
    (tmp_path / "both" / "a.png.d").rename(tmp_path / "both" / "a.png")
    with pytest.raises(UserError, match=r"the picture of .*a\.jpg would be called as the folder a\.png is"):
        gather([tmp_path / "both"], "segmentation")


def test_links_that_lead_in_circles(tmp_path):
    root = fill(tmp_path / "in", "x/1.png")
    (root / "x" / "again").symlink_to(root)
    (root / "self").symlink_to(root / "self")
    (root / "linked").symlink_to(fill(tmp_path / "elsewhere", "2.png"))
    assert list(gather([root], "classification")) == ["linked/2.png", "x/1.png"]


@pytest.fixture
def predictor():
    classes = tuple(LabelClass(name=name, id=i) for i, name in enumerate("ab"))
    scheme = LabelScheme(task="segmentation", classes=classes)
    return Predictor(build_model(ModelConfig(name="fcn32s", width=0.02), 2), scheme, "cpu")


def test_parts_are_all_images_once(predictor, tmp_path):
    root = fill(tmp_path / "in", "a.png", "b.png", "sub/c.png")
    for count in (1, 2, 3, 4):
        outs = [tmp_path / f"{count}{first}" for first in range(count)]
        parts = [predict_files(predictor, [root], out, part=slice(k, None, count)) for k, out in enumerate(outs)]
        assert sorted(chain(*parts)) == sorted(root.rglob("*.png"))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "1/0", "-1/2", "a/b", "1/2/3", "²/3"])
def test_a_part_that_is_none_is_named(part, tmp_path):
    with pytest.raises(UserError, match="is not a part of the images; give --part K/N"):
        as_slice(part)


def test_what_cannot_be_read_may_be_left_out(predictor, tmp_path, capsys):
    images = tmp_path / "images"
    for name in ("a", "b"):
        write_png(images / f"{name}.png", np.full((32, 32, 3), 90, np.uint8))
    (images / "in").mkdir()
    (images / "in" / "c.png").write_bytes((images / "a.png").read_bytes()[:-30])
    (images / "d.jpg").write_bytes(b"no image")
    (images / os.fsdecode(b"e\xff.png")).write_bytes(b"no image")
    assert predict_files(predictor, [images], tmp_path / "out", skip=True) == [images / "a.png", images / "b.png"]
    assert "3 images left out, as they cannot be read; left_out.csv says which and why" in capsys.readouterr().err
    rows = list(csv.reader((tmp_path / "out" / "left_out.csv").read_text("utf-8").splitlines()))
    assert [row[0] for row in rows] == ["filename", "d", "e\\udcff", "in/c"]
    assert "truncated" in rows[3][1]
    for path in (images / "d.jpg", images / "in" / "c.png", images / os.fsdecode(b"e\xff.png")):
        path.unlink()
    predict_files(predictor, [images], tmp_path / "out", overwrite=True, skip=True)
    assert not (tmp_path / "out" / "left_out.csv").exists()
    for path in images.glob("*.png"):
        path.write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"a\.png"):
        predict_files(predictor, [images], tmp_path / "none", skip=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["maps.csv", "maps.TIF"])
def test_a_file_is_no_place_for_predictions(name, predictor, tmp_path):
    root = fill(tmp_path / "in", "a.png")
    with pytest.raises(UserError, match=rf"--out .*{name} is called as a file, and predictions are written to a"):
        predict_files(predictor, [root], tmp_path / name)
    assert not (tmp_path / name).exists()
    assert len(predict_files(predictor, [root], tmp_path / "maps.v2")) == 1


def test_a_broken_file_leaves_nothing_behind(predictor, tmp_path):
    root = fill(tmp_path / "in", "a.png", "sub/b.png", "z.png")
    (root / "z.png").write_bytes((root / "z.png").read_bytes()[:-50])
    with pytest.raises(UserError, match=r"z\.png is truncated"):
        predict_files(predictor, [root], tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()
    (root / "z.png").unlink()
    assert len(predict_files(predictor, [root], tmp_path / "new" / "out")) == 2
    written = {p.relative_to(tmp_path / "new" / "out").as_posix() for p in (tmp_path / "new").rglob("*.png")}
    assert written == {f"{kind}/{name}.png" for kind in ("masks", "ids", "overlays") for name in ("a", "sub/b")}


@pytest.mark.parametrize(
    ("model", "scheme", "advice"),
    [
        ("fcn32s", PRESETS["deepglobe"], "map it with 'pixelproof map RUN FILE --bands 1,2,3 --out MAP.tif'"),
        ("vgg16", COLORS, "predict it with a run that was trained with bands"),
    ],
)
def test_bands_are_named_where_that_can_be_done(tmp_path, model, scheme, advice):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    run = untrained_run(tmp_path / "run", model, scheme, **({"input_size": 32} if model == "vgg16" else {}))
    profile = {"driver": "GTiff", "count": 4, "height": 8, "width": 8, "dtype": "uint16"}
    with rasterio.open(tmp_path / "four.tif", "w", **profile, transform=rasterio.Affine(1, 0, 5, 0, -1, 9)) as data:
        data.write(np.zeros((4, 8, 8), np.uint16))
    for backend in ("torch", "auto"):
        with pytest.raises(UserError, match=r"four\.tif holds 4 bands of uint16, which are not read") as caught:
            predict_run(run.path, tmp_path / "four.tif", tmp_path / "out", device="cpu", backend=backend)
        assert caught.value.remedy == advice


def test_a_failure_on_the_way_leaves_earlier_predictions_as_they_were(predictor, tmp_path, monkeypatch):
    root, out = fill(tmp_path / "in", "a.png", "b.png"), tmp_path / "out"
    predict_files(predictor, [root / "a.png"], out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    original = Predictor.class_map

    def fail_late(self, image):
        if (image == fail_late.last).all():
            raise OSError(28, "No space left on device")
        fail_late.last = image
        return original(self, image)

    fail_late.last = 256
    fill(root, "b.png")
    monkeypatch.setattr(Predictor, "class_map", fail_late)
    with pytest.raises(UserError, match="the disk is full"):
        predict_files(predictor, [root], out, overwrite=True)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    monkeypatch.undo()
    predict_files(predictor, [root / "b.png"], out, overwrite=True)
    assert sorted(p.name for p in out.rglob("*.png")) == ["b.png"] * 3


def test_earlier_predictions_make_room_and_all_else_stays(predictor, tmp_path):
    write_png(tmp_path / "a.png", np.zeros((20, 20, 3), np.uint8))
    write_png(tmp_path / "b.png", np.zeros((20, 20, 3), np.uint8))
    out = tmp_path / "out"
    predict_files(predictor, [tmp_path / "a.png"], out)
    (out / "mine.txt").write_text("mine")
    predict_files(predictor, [tmp_path / "b.png"], out, overwrite=True)
    assert [path.name for path in (out / "masks").iterdir()] == ["b.png"]
    assert sorted(path.name for path in out.iterdir()) == ["PREDICTIONS.txt", "ids", "masks", "mine.txt", "overlays"]


def test_what_another_process_writes_at_the_same_time_is_not_removed(predictor, tmp_path, monkeypatch):
    root, out = fill(tmp_path / "in", "a.png"), tmp_path / "out"
    out.mkdir()
    with alone_in(out), pytest.raises(UserError, match=r"another process is writing .*out; wait for it, or choose"):
        predict_files(predictor, [root], out)
    assert not list(out.iterdir())
    original = Predictor.class_map

    def late(self, image):
        fill(out, "masks/theirs.png")  # by one that has begun and ended since this one looked
        return original(self, image)

    monkeypatch.setattr(Predictor, "class_map", late)
    with pytest.raises(UserError, match="already holds something"):
        predict_files(predictor, [root], out)
    assert [path.name for path in out.rglob("*.png")] == ["theirs.png"]


def test_predictions_are_not_predicted_again(predictor, tmp_path):
    root = fill(tmp_path / "in", "a.png")
    predict_files(predictor, [root], root / "maps")
    assert predict_files(predictor, [root], root / "maps", overwrite=True) == [root / "a.png"]


def test_thresholds_are_applied_as_scores_test_them(tmp_path, pixelproof):
    run = untrained_run(tmp_path / "run", "vgg16", COLORS)
    root = fill(tmp_path / "in", *(f"{n * 'x'}a.png" for n in range(12)))
    predict_run(run.path, [root], tmp_path / "plain", device="cpu", probabilities=True)
    rows = list(csv.DictReader((tmp_path / "plain" / "probabilities.csv").read_text("utf-8").splitlines()))
    red = sorted(float(row["red"]) for row in rows)
    asked = ["--threshold", f"red={red[6]!r}", "--threshold", "green=0"]
    code, _, err = pixelproof("predict", run.path, root, "--out", tmp_path / "out", "--device", "cpu", *asked)
    assert code == 0, err
    found = list(csv.DictReader((tmp_path / "out" / "predictions.csv").read_text("utf-8").splitlines()))
    assert [row["look_for"] == "red; green" for row in found] == [float(row["red"]) >= red[6] for row in rows]
    assert {row["look_for"] for row in found} == {"red; green", "green"}
    plain = list(csv.DictReader((tmp_path / "plain" / "predictions.csv").read_text("utf-8").splitlines()))
    assert [row | {"look_for": ""} for row in plain] == [row | {"look_for": ""} for row in found]
    for wrong in ("rde=0.5", "red=2"):
        assert pixelproof("predict", run.path, root, "--out", tmp_path / "no", "--threshold", wrong)[0] == 2
    assert not (tmp_path / "no").exists()


def read(table):
    return list(csv.DictReader(table.read_text("utf-8").splitlines()))


def test_an_answer_for_each_group_is_that_of_its_scores(tmp_path):
    run, root = untrained_run(tmp_path / "run", "vgg16", COLORS), tmp_path / "in"
    fill(root, *(f"p{n % 3}_{n * 'x'}.png" for n in range(8)), "alone.png")
    groups = {file.name: file.name.partition("_")[0] for file in root.glob("*_*")} | {"alone.png": ""}
    (tmp_path / "groups.csv").write_text("filename,patient\n" + "".join(f"{n},{p}\n" for n, p in groups.items()))
    (tmp_path / "truth.csv").write_text("filename,label\n" + "".join(f"{name},red\n" for name in groups))
    predict_run(run.path, root, tmp_path / "out", device="cpu", probabilities=True)
    images = score(tmp_path / "out" / "probabilities.csv", tmp_path / "truth.csv")
    of_images = np.array([groups[sample_id] or sample_id for sample_id in images.ids])
    scores = scores_per_group(replace(images, groups=of_images))
    green = scores.probabilities[:, scores.scheme.names.index("green")]
    least = np.sort(green)[1:3].mean()
    named = {"per_group": tmp_path / "groups.csv", "device": "cpu", "overwrite": True}
    predict_run(run.path, root, tmp_path / "out", **named, threshold=["red=0.0", f"green={least}"])
    found = read(tmp_path / "out" / "per_group.csv")
    assert [row["group"] for row in found] == list(scores.ids) == ["alone.png", "p0", "p1", "p2"]
    assert [int(row["images"]) for row in found] == [1, 3, 3, 2]
    assert [row["name"] for row in found] == [scores.scheme.names[n] for n in scores.predicted]
    np.testing.assert_allclose([float(row["probability"]) for row in found], scores.confidence, atol=1e-6)
    assert [row["look_for"] for row in found] == ["red; green" if chance > least else "red" for chance in green]
    (root / "alone.png").unlink()
    predict_run(run.path, root, tmp_path / "out", **named | {"per_group": "^(.+)_"})
    plain = [{name: row[name] for name in row if name != "look_for"} for row in found]
    assert read(tmp_path / "out" / "per_group.csv") == plain[1:]
    predict_run(run.path, root, tmp_path / "out", device="cpu", overwrite=True)
    assert not (tmp_path / "out" / "per_group.csv").exists()


def test_groups_that_are_not_known_of_each_image_are_refused(tmp_path):
    run = untrained_run(tmp_path / "run", "vgg16", COLORS).path
    root = fill(tmp_path / "in", "p1_a.png", "p2_b.png")
    (tmp_path / "groups.csv").write_text("filename,group\nin/p1_a.png,p1\n")
    for options, said in (
        ({"per_group": tmp_path / "groups.csv"}, r"groups\.csv has no line for .*p2_b\.png; add one"),
        ({"per_group": "_(a)"}, r"groups '_\(a\)' finds no group in image 'p2_b\.png'"),
        ({"per_group": "p(.", "overwrite": True}, "is not a regular expression"),
        ({"per_group": tmp_path / "no.csv"}, r"no\.csv does not exist"),
        ({"per_group": "p.", "part": "1/2"}, "--part 1/2 leaves out images of groups that --per-group"),
    ):
        with pytest.raises(UserError, match=said):
            predict_run(run, root, tmp_path / "out", device="cpu", **options)
    masks = untrained_run(tmp_path / "masks", "fcn8s", PRESETS["deepglobe"]).path
    with pytest.raises(UserError, match="--per-group is for classifiers, and this run draws masks"):
        predict_run(masks, root, tmp_path / "out", device="cpu", per_group="p.")
    assert not (tmp_path / "out").exists()
